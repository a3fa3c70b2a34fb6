"""Objectives that make texts before an epoch: synonym augmentation and A2T, with a small synonym space."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from objective_toys import LABELS, TEXTS, gradients, linear, softmax, step, sums

from flat.plugins.own.objectives import Attacked, Replaced
from flat.training.objectives.a2t import A2T
from flat.training.objectives.a2t import gradients as importances_of
from flat.training.objectives.augmentation import Augmentation, replaced
from flat.training.objectives.plain import Plain
from flat.training.objectives.substitutes import Substitutes
from flat.training.strategy import Epoch

NEAR = {
    "a": [("b", 0.9), ("c", 0.85), ("z", 0.8), ("d", 0.3)],  # z is no word of the texts, d is too far
    "b": [("a", 0.9)],
    "e": [("f", 0.95), ("g", 0.9), ("h", 0.85)],
    "f": [("h", 0.9)],
    "stop": [("a", 0.99)],
}
SPLIT = [["a", "b", "c"], ["d"], ["e", "f", "g", "h"], ["stop", "A"]]


class Space:
    def __init__(self):
        self.index = {word: number for number, word in enumerate(NEAR)}

    def neighbours(self, word, k):
        return NEAR[word][:k]


def substitutes(neighbours=10, least_cosine=0.5):
    return Substitutes(Space(), frozenset(["stop"]), neighbours, least_cosine)


def test_substitutes_are_near_words_of_the_train_split():
    found = substitutes().among(SPLIT)
    assert found.of("a") == ("b", "c") and found.of("A") == ("b", "c")
    assert found.of("stop") == found.of("d") == found.of("nowhere") == ()
    assert substitutes(neighbours=1).among(SPLIT).of("a") == ("b",)
    assert substitutes(least_cosine=0.9).among(SPLIT).of("e") == ("f", "g")


@pytest.mark.parametrize(("rate", "changed"), [(0.1, 1), (0.5, 2), (1.0, 3)])
def test_as_many_words_are_replaced_as_asked_each_by_a_neighbour(rate, changed):
    text, space = ["stop", "a", "d", "b", "e"], substitutes().among(SPLIT)  # three can be replaced
    seen = set()
    for seed in range(200):
        found = replaced(text, rate, space, np.random.default_rng(seed))
        places = [place for place in range(5) if found[place] != text[place]]
        assert len(places) == changed
        assert all(found[place] in space.of(text[place]) for place in places)
        seen |= {(place, found[place]) for place in places}
    assert seen == {(1, "b"), (1, "c"), (3, "a"), (4, "f"), (4, "g"), (4, "h")}


def test_replacements_are_drawn_uniformly():
    space = substitutes().among(SPLIT)
    found = [replaced(["e"], 1.0, space, np.random.default_rng(seed))[0] for seed in range(3000)]
    counts = [found.count(word) for word in ("f", "g", "h")]
    assert sum((count - 1000) ** 2 / 1000 for count in counts) < 13.8  # chi squared, 2 degrees, 0.1 %


def of(kind, options, space=None):
    """An objective with the toy space, without the resources that it would read."""
    made = kind.__new__(kind)
    made.options, made.substitutes = options, space or substitutes()
    made.tagger = SimpleNamespace(universal_in_context=lambda before, words, after: ["NOUN"] * len(words))
    return made


def epoch(model, number=2, seed=0, texts=SPLIT, labels=(0, 1, 1, 0)):
    rows = np.arange(len(texts))
    return Epoch(number, model, texts, np.array(labels), rows, np.random.default_rng(seed))


@pytest.mark.parametrize(("share", "texts"), [(1.0, [0, 2, 3]), (0.5, None)])
def test_an_epochs_copies_are_those_of_its_own_draws(share, texts):
    objective = of(Augmentation, Replaced(share=share))
    found = objective.before_epoch(epoch(None))
    again, other = (objective.before_epoch(epoch(None, seed=seed)) for seed in (0, 1))
    assert found == again and found.texts != other.texts
    assert texts is None or found.rows == texts  # nothing can be replaced in row 1
    assert len(found.rows) <= 4 * share
    for row, copy in zip(found.rows, found.texts, strict=True):
        assert len(copy) == len(SPLIT[row]) and sum(a != b for a, b in zip(copy, SPLIT[row], strict=True)) == 1


@pytest.mark.parametrize(("pairs_weight", "share"), [("union", 2 / 3), ("expectation", 1.0)])
def test_made_texts_are_fitted_with_their_originals_labels(pairs_weight, share):
    model, made, rows = linear(), [["b"], ["h", "h"]], [2, 0]
    weight, _, terms = gradients(Plain(), step(model, made=made, made_rows=rows, pairs_weight=pairs_weight))
    w, b = model.output.weight.detach().numpy(), model.output.bias.detach().numpy()
    total, slope = 0.0, 0.0
    for texts, labels, part in ((TEXTS, LABELS, 1.0), (made, LABELS[rows], share)):
        seen = sums(model, texts)
        p = softmax(seen @ w.T + b)
        total += part * -np.log(p[range(len(texts)), labels]).mean()
        slope = slope + part * (p - np.eye(2)[labels]).T @ seen / len(texts)
    assert terms["total"] == pytest.approx(total, abs=1e-9) and terms["ce_made"] > 0
    np.testing.assert_allclose(weight, slope, atol=1e-9)


# --- A2T


class Positions(type(linear())):
    """The first word counts most: its embedding is taken 9 times, the second 8 times ..."""

    def encode_embeddings(self, embeddings, batch):
        counted = torch.arange(9, 9 - embeddings.shape[1], -1, dtype=embeddings.dtype)
        return super().encode_embeddings(embeddings * counted[None, :, None], batch)


def model_of(seed=0):
    model = linear(seed=seed, words=["<pad>", "<unk>", *"abcdefgh", "stop"]).eval()
    model.__class__ = Positions
    return model


def test_importance_is_the_norm_of_the_gradient_by_hand():
    model = model_of()
    right, found = importances_of(model, TEXTS, LABELS)
    w, b = model.output.weight.detach().numpy(), model.output.bias.detach().numpy()
    vectors = model.embedding.weight.detach().numpy()
    for text, label, is_right, importance in zip(TEXTS, LABELS, right, found, strict=True):
        counted = 9 - np.arange(len(text))
        p = softmax((counted[:, None] * vectors[[model.index[word] for word in text]]).sum(0) @ w.T + b)
        assert (p.argmax() == label) == is_right
        by_hand = counted * np.abs(w.T @ (p - np.eye(2)[label])).sum()
        np.testing.assert_allclose(importance, by_hand, rtol=1e-9)


def test_importance_of_a_word_is_the_mean_over_its_pieces():
    model = linear().eval()
    batch = model.encode([["a", "b", "c"]])
    joined = type(batch)(batch.ids, batch.present, batch.special, torch.tensor([[0, 0, 1]]))
    model.encode = lambda texts: joined
    _, (found,) = importances_of(model, [["ab", "c"]], np.array([0]))
    assert len(found) == 2 and found[0] == pytest.approx(found[1], rel=1e-12)  # of a sum all gradients are alike


def by_hand(model, text, label, limit, near):
    """The greedy search written out: words from left to right, which is their order of importance here."""
    current = list(text)
    asked = lambda words: softmax(model.logits([words])[0].astype(float))[label]  # noqa: E731
    for place in range(len(text)):
        options = [[*current[:place], word, *current[place + 1 :]] for word in near.of(text[place])]
        if not options or limit == 0:
            continue
        best = min(options, key=asked)
        if asked(best) >= asked(current):
            continue
        current, limit = best, limit - 1
        if model.logits([current])[0].argmax() != label:
            return current
    return None


@pytest.mark.parametrize("least_words", [1, 2, 4])
def test_the_attack_is_the_greedy_search(least_words):
    objective = of(A2T, Attacked(least_words=least_words, least_cosine=0.5))
    near, outcomes = objective.substitutes.among(SPLIT), set()
    for seed in range(12):
        model = model_of(seed)
        for text in (["a", "e", "b"], ["e", "f"], ["d", "a"], ["stop", "d"]):
            label = int(model.logits([text])[0].argmax())
            found = objective.attacked(model, text, label, list(range(len(text))), near)
            assert found == by_hand(model, text, label, max(math.ceil(0.1 * len(text)), least_words), near)
            outcomes.add(found is not None)
            if found is not None:
                assert sum(a != b for a, b in zip(found, text, strict=True)) <= least_words
    assert outcomes == {True, False}


def test_a_substitute_of_another_part_of_speech_is_passed_over():
    objective = of(A2T, Attacked(least_cosine=0.5))
    objective.tagger = SimpleNamespace(
        universal_in_context=lambda before, words, after: ["NOUN" if word in "ac" else "VERB" for word in words]
    )
    assert objective._others(["a"], 0, objective.substitutes.among(SPLIT)) == ["c"]


def test_before_an_epoch_a_share_of_the_texts_is_attacked_and_none_in_the_clean_ones():
    texts = [[word, other] for word in "abef" for other in "abcdefgh"]
    model = model_of(3)
    labels = model.logits(texts).argmax(1)
    labels[:4] = 1 - labels[:4]  # the model gets these wrong: nothing is left to attack
    given = {"texts": texts, "labels": labels}
    objective = of(A2T, Attacked(share=0.1, least_cosine=0.5), substitutes())
    assert objective.before_epoch(epoch(model, 1, **given)) is None
    found = objective.before_epoch(epoch(model, 2, **given))
    assert len(found.rows) == math.ceil(0.1 * len(texts)) == len(set(found.rows)) and min(found.rows) >= 4
    for row, text in zip(found.rows, found.texts, strict=True):
        assert model.logits([text])[0].argmax() != labels[row]
    assert found == objective.before_epoch(epoch(model, 2, **given))
    every = of(A2T, Attacked(share=1.0, least_cosine=0.5)).before_epoch(epoch(model, 2, **given))
    assert len(found.rows) < len(every.rows) < len(texts)
