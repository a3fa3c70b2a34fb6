"""Caches and local stand-ins change nothing: whole attacks and chains of edits equal TextAttack's own."""

import importlib
import random

import numpy as np
import pytest
from attack_toys import (
    ALL,
    BUILT,
    ODD_TEXTS,
    SENTENCES,
    BagOfWords,
    Encoder,
    Tagger,
    WordSynonyms,
    spec,
    stock_recipe,
    toy_resources,
)

from flat.attacks.textattack_adapter import build as recipes
from flat.attacks.textattack_adapter.environment import as_installed, textattack
from flat.attacks.textattack_adapter.words import attack_words
from flat.attacks.victim import Victim


class _StockVictim(textattack.models.wrappers.ModelWrapper):
    """No cache, no batching of ours."""

    def __init__(self, model):
        self.model = model

    def __call__(self, texts):
        return self.model.logits([text.split() for text in texts])

    max_length = 50

    def tokenize(self, inputs, strip_prefix=False):
        return [text.split() for text in inputs]

    def get_grad(self, text):
        """By hand: of the cross entropy of the answer by the roots of the words' weights (``BagOfWords.embed``)."""
        weights = dict(zip(self.model.words, self.model.weight.tolist(), strict=True))
        roots = np.sqrt([abs(weights.get(word.lower(), 0.0)) for word in text.split()])
        (answer,) = self([text])
        wrong = 1 / (1 + np.exp(answer.max() - answer.min()))  # the probability of the other class
        sign = 1 if answer.argmax() else -1
        return {"gradient": (-sign * 2 * wrong * 2 * roots)[:, None]}


class _StockEncoder(textattack.constraints.semantics.sentence_encoders.UniversalSentenceEncoder):
    def encode(self, sentences):
        return Encoder()(sentences)


class _StockTags(textattack.constraints.grammaticality.PartOfSpeech):
    def _get_pos(self, before_ctx, word, after_ctx):
        words = [*before_ctx, word, *after_ctx]
        return Tagger().universal_tags(words)[words.index(word)]


class _StockSwap(textattack.transformations.WordSwap):
    def _get_replacement_words(self, word):
        return WordSynonyms().of(word)


def outcomes(attack):
    found = []
    for number, (text, label) in enumerate(SENTENCES):
        random.seed(number)
        np.random.seed(number)
        attack.clear_cache()
        if isinstance(attack.goal_function.model, Victim):
            attack.goal_function.model.start_example()
        result = attack.attack(text, label)
        found.append((type(result).__name__, result.perturbed_result.attacked_text.text, result.num_queries))
    return found


@pytest.mark.parametrize("recipe", ALL)
def test_whole_attacks_equal_those_of_uncached_stock_components(recipe, tmp_path, monkeypatch):
    """The masked language models of the stock components pad every text to 512 tokens and answer at each of them."""
    toys = toy_resources(tmp_path)
    ours = outcomes(recipes.build(spec(recipe), Victim(BagOfWords().eval()), toys))
    entry = BUILT[recipe]
    module = importlib.import_module(f"textattack.attack_recipes.{entry.module}")
    stop = textattack.constraints.pre_transformation.StopwordModification
    replaced = {
        "UniversalSentenceEncoder": _StockEncoder,
        "PartOfSpeech": _StockTags,
        "WordSwapWordNet": _StockSwap,
        "StopwordModification": lambda stopwords=None: stop(stopwords or toys.stopwords),
    }
    for name, value in replaced.items():
        if hasattr(module, name):
            monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(
        textattack.shared.AttackedText, "pos_of_word_index", lambda text, i: Tagger().universal_tags(text.words)[i]
    )
    stock = stock_recipe(recipe, _StockVictim(BagOfWords().eval()), monkeypatch, tmp_path)
    for name, value in spec(recipe)["parameters"].items():
        targets, attribute = entry.parameters[name]
        for part in targets(stock):
            setattr(part, attribute, value)
    assert ours == outcomes(stock)
    assert {kind for kind, _, _ in ours} >= {"SuccessfulAttackResult", "SkippedAttackResult"}
    assert any(text != original for (_, text, _), (original, _) in zip(ours, SENTENCES, strict=True))


def stock_edit(text, new_words):
    with as_installed():
        new = text.generate_new_attacked_text(new_words)
        assert new.words is not None  # split by the stock function
        return new


@pytest.mark.parametrize("seed", range(20))
def test_quick_edits_give_the_object_that_textattack_gives(seed):
    """Chains of edits: replaced, dropped and inserted words, words with punctuation, words of other alphabets.

    TextAttack cannot edit a text that holds its separator "<SPLIT>"; ours can (test_attacks_marks).
    """
    AttackedText = textattack.shared.AttackedText
    stock = stock_edit
    draw = random.Random(seed)
    texts = [*ODD_TEXTS, *(text for text, _ in SENTENCES), "a a a <SPLAT> aa", "'s 's s ' s", "SPLIT it < S > P"]
    words = ["new", "'hood", "U.S.", "", "two words", "x-y", "--", "naïve", "中文", "s", "a", "A"]
    compared = 0
    for text in texts:
        one = other = AttackedText(text)
        for _ in range(4):
            if not one.num_words:
                break
            new_words = list(one.words)
            for i in draw.sample(range(len(new_words)), k=draw.randint(0, min(3, len(new_words)))):
                new_words[i] = draw.choice(words)
            try:
                other = stock(other, new_words)
            except (IndexError, ValueError) as error:  # it stumbles over some odd texts: so do we
                with pytest.raises(type(error)):
                    one.generate_new_attacked_text(new_words)
                break
            places = [i for i, (old, new) in enumerate(zip(one.words, new_words, strict=True)) if old != new]
            same = one.replace_words_at_indices(places, [new_words[i] for i in places])
            one = one.generate_new_attacked_text(new_words)
            assert same == one and same.words == one.words and hash(same) == hash(one.text)
            assert list(same.attack_attrs["modified_indices"]) == list(one.attack_attrs["modified_indices"])
            assert one.text == other.text
            assert one.words == other.words == attack_words(one.text)
            assert one == other and hash(one) == hash(other)
            mine, its = one.attack_attrs, other.attack_attrs
            assert list(mine) == list(its)
            for name in ("modified_indices", "newly_modified_indices"):
                assert list(mine[name]) == list(its[name])  # in the same order too
            assert mine["original_index_map"].tolist() == its["original_index_map"].tolist()
            assert mine["original_index_map"] is not mine["previous_attacked_text"].attack_attrs["original_index_map"]
            assert mine["previous_attacked_text"].text == its["previous_attacked_text"].text
            assert one.column_labels == other.column_labels and one.tokenizer_input == other.tokenizer_input
            compared += 1
    assert compared > 40
