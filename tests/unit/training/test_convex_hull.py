"""ASCC-defense on a linear model: the hull, one step of the search by hand, the loss by hand."""

import numpy as np
import pytest
import torch
from objective_toys import LABELS, TEXTS, gradients, linear, softmax, step, sums

from flat.plugins.own.objectives import Hull
from flat.plugins.registry import OBJECTIVES
from flat.training.objectives.convex_hull import START, ConvexHull, divergences, inside
from flat.training.objectives.sides import sides
from flat.training.objectives.substitutes import Substitutes

NEAR = {"a": ["b", "g"], "e": ["nowhere", "h"], "d": ["stop"]}  # "nowhere" is no word of the model


class Space:
    index = NEAR

    def neighbours(self, word, k):
        return [(other, 0.9) for other in NEAR[word]][:k]


def hull(**options):
    made = ConvexHull.__new__(ConvexHull)
    made.options, made._ids = Hull(**options), {}
    made.substitutes = Substitutes(Space(), frozenset(), 10, 0.5)
    return made


def of_words(model, corners):
    """The words of each token's corners."""
    ids, valid = corners.ids, corners.valid
    texts, tokens, _ = ids.shape
    return [[[model.words[i] for i in ids[n, t][valid[n, t]]] for t in range(tokens)] for n in range(texts)]


def test_the_corners_are_a_word_and_its_synonyms_that_the_model_knows():
    model = linear()
    found = of_words(model, hull().corners(model, model.encode(TEXTS)))
    pad = ["<pad>"]
    assert found == [[["a", "b", "g"], ["b"], ["c"]], [["d"], pad, pad], [["e", "h"], ["f"], pad]]


def drawn(given, shape):
    generator = torch.Generator().manual_seed(1)
    return START * torch.randn(shape, generator=generator).double().numpy()


def test_one_step_of_the_search_by_hand():
    """Adam's first step is the rate times the sign of the gradient.

    Along the weight of a corner e the divergence has the slope e W^T (q - p), the entropy -(log w + 1) / words.
    """
    model, objective = linear(), hull(steps=1, rate=0.5, sparsity=0.3)
    given = step(model)
    (side,) = sides(given)
    corners = objective.corners(model, side.batch)
    found = objective.worst(given, side, corners).numpy()
    assert model.training
    logits, valid = drawn(given, corners.ids.shape), corners.valid.numpy()
    vectors = model.embedding.weight.detach().numpy()[corners.ids.numpy()]  # (texts, tokens, corners, dim)
    w, b = model.output.weight.detach().numpy(), model.output.bias.detach().numpy()
    start = softmax(np.where(valid, logits, -1e4))
    present = side.batch.present.numpy()
    seen = ((start[..., None] * vectors).sum(2) * present[..., None]).sum(1)
    p, q = softmax(sums(model, TEXTS) @ w.T + b), softmax(seen @ w.T + b)
    slope = np.einsum("btkd,bd->btk", vectors, (q - p) @ w)
    slope = slope + 0.3 * (np.log(np.maximum(start, 1e-300)) + 1) / present.sum(1)[:, None, None]
    slope = start * (slope - (start * slope).sum(-1, keepdims=True))  # through softmax
    several = valid.sum(-1, keepdims=True) > 1
    moved = np.where(several & valid, logits + 0.5 * np.sign(slope), logits)
    np.testing.assert_allclose(found, softmax(np.where(valid, moved, -1e4)), atol=1e-5)
    assert np.abs(found - start).max() > 0.05


def test_the_search_finds_a_point_that_changes_the_answer_more_the_longer_it_takes():
    model, gains = linear(), []
    for steps in (1, 3, 30):
        objective, given = hull(steps=steps, rate=0.3, sparsity=0.0), step(model)
        (side,) = sides(given)
        corners = objective.corners(model, side.batch)
        moved = model.classify(inside(model, corners, objective.worst(given, side, corners)), side.batch)
        gains.append(float(divergences(model(side.batch), moved).sum().detach()))
    assert gains[0] < gains[1] < gains[2]
    # no vertex of the hull does better: the divergence of a linear model is convex in the point, so a vertex is worst
    best = {}
    for text, ends in (("a b c", ["a", "b", "g"]), ("e f", ["e", "h"])):
        words = text.split()
        for end in ends:
            texts = [words, [end, *words[1:]]]
            logits = model(model.encode(texts))
            best.setdefault(text, []).append(float(divergences(logits[:1], logits[1:]).detach()))
    assert gains[2] == pytest.approx(sum(max(found) for found in best.values()), rel=0.05)


def test_sparsity_draws_the_weights_to_one_corner():
    """Of a model that answers everything alike, so that nothing else moves them."""
    model, largest = linear(), []
    with torch.no_grad():
        model.output.weight.zero_()
    for sparsity in (0.0, 10.0):
        objective, given = hull(steps=60, rate=0.2, sparsity=sparsity), step(model)
        (side,) = sides(given)
        corners = objective.corners(model, side.batch)
        largest.append(float(objective.worst(given, side, corners)[0, 0].max()))
    assert largest[0] < 0.5 and 0.99 < largest[1] <= 1


def test_the_loss_by_hand():
    model, objective = linear(), hull(weight=2.0, steps=2)
    given = step(model)
    (side,) = sides(given)
    corners = objective.corners(model, side.batch)
    weights = objective.worst(given, side, corners)
    weight, bias, terms = gradients(objective, step(model))  # the same draws
    w, b = model.output.weight.detach().numpy(), model.output.bias.detach().numpy()
    seen = sums(model, TEXTS)
    others = (inside(model, corners, weights) * side.batch.present.unsqueeze(-1)).sum(1).detach().numpy()
    p, q, gold = softmax(seen @ w.T + b), softmax(others @ w.T + b), np.eye(2)[LABELS]
    ce, apart = -np.log((p * gold).sum(1)).mean(), (p * np.log(p / q)).sum(1).mean()
    assert (terms["ce_original"], terms["divergence"]) == pytest.approx((ce, apart), abs=1e-9) and apart > 1e-3
    assert terms["total"] == pytest.approx(ce + 2 * apart, abs=1e-9)
    along = np.log(p / q) + 1
    slope = p * (along - (p * along).sum(1, keepdims=True))
    by_hand = ((p - gold).T @ seen + 2 * (slope.T @ seen + (q - p).T @ others)) / 3
    np.testing.assert_allclose(weight, by_hand, atol=1e-9)
    assert np.isfinite(bias).all()


def test_its_passes_are_those_of_the_search_and_of_both_answers():
    assert OBJECTIVES["ascc"].passes(Hull(steps=7)) == 9.0
