"""Kendall's tau and top-k intersection, by hand and against scipy."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import kendalltau

from flat.interpretation.ranking import chance_topk, kendall_tau, likeness, topk_intersections


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], 1.0),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1.0),
        ([1, 2, 3, 4], [2, 1, 3, 4], 4 / 6),  # five pairs agree, one does not
        ([-3, -1, 2], [-1, -3, 2], 1 / 3),  # signed: -3 < -1, whatever their sizes
        ([1, 1, 2], [1, 2, 3], 2 / math.sqrt(2 * 3)),  # one pair tied in a: tau-b
        ([1, 1, 2], [2, 2, 1], -1.0),  # tied in both
    ],
)
def test_kendall_tau_by_hand(a, b, expected):
    assert kendall_tau(np.array(a), np.array(b)) == pytest.approx(expected)
    assert kendall_tau(np.array(b), np.array(a)) == pytest.approx(expected)


@pytest.mark.parametrize("a", [[5, 5, 5], [1], []])
def test_tau_of_a_constant_or_a_single_score_is_undefined(a):
    assert math.isnan(kendall_tau(np.array(a), np.arange(len(a))))
    assert math.isnan(kendall_tau(np.arange(len(a)), np.array(a)))


def test_equal_to_scipy_with_and_without_ties():
    draw = np.random.default_rng(0)
    for round_ in range(200):
        n = int(draw.integers(2, 40))
        if round_ % 2:
            a, b = draw.normal(size=n).astype(np.float32), draw.normal(size=n).astype(np.float32)
        else:
            a, b = draw.integers(-2, 3, n), draw.integers(-2, 3, n)
        np.testing.assert_allclose(kendall_tau(a, b), kendalltau(a, b).statistic, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("a", "b", "k", "expected"),
    [
        ([3, 2, 1, 0], [3, 0, 1, 2], 1, 1.0),
        ([3, 2, 1, 0], [3, 0, 1, 2], 2, 0.5),  # {0, 1} and {0, 3}
        ([3, 2, 1, 0], [3, 0, 1, 2], 3, 2 / 3),  # {0, 1, 2} and {0, 2, 3}
        ([3, 2, 1, 0], [3, 0, 1, 2], 9, 1.0),  # k is cut to the four words
        ([-9, 1, 2], [9, 1, 2], 2, 0.5),  # most positive, not largest: {2, 1} and {0, 2}
        ([0, 0, 0], [0, 0, 1], 1, 0.0),  # of equal scores the leftmost ranks first: {0} and {2}
        ([0, 0, 0], [1, 0, 0], 1, 1.0),
        ([1, 5, 5], [1, 5, 4], 1, 1.0),
    ],
)
def test_topk_intersection_by_hand(a, b, k, expected):
    assert topk_intersections(np.array(a), np.array(b), [k]) == [pytest.approx(expected)]
    assert topk_intersections(np.array(b), np.array(a), [k]) == [pytest.approx(expected)]


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_chance_is_the_mean_over_all_rankings(k):
    rankings = [np.array(order) for order in itertools.permutations(range(4))]
    mean = np.mean([topk_intersections(rankings[0], other, [k]) for other in rankings])
    assert chance_topk(4, k) == pytest.approx(mean)


def test_vectors_of_different_length_are_a_defect():
    with pytest.raises(ValueError, match="shapes"):
        kendall_tau(np.arange(3), np.arange(4))
    with pytest.raises(ValueError, match="shapes"):
        topk_intersections(np.arange(3), np.arange(4), [1])
    with pytest.raises(ValueError, match="shapes"):
        likeness(np.zeros((1, 3)), np.zeros((2, 3)))


def test_a_pair_is_the_mean_over_its_classes():
    original = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    other = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])  # alike for class 0, reversed for class 1
    found = likeness(original, other)
    assert found.kendall_tau == pytest.approx(0.0)
    assert found.tau_dropped == 0
    assert found.ti[:3] == pytest.approx((0.5, 0.75, 1.0))  # class 1: TI@1 = 0, TI@2 = 1/2
    assert found.ti[9] == 1.0


def test_an_undefined_class_is_dropped_from_tau_and_counted_but_kept_in_ti():
    original = np.array([[3.0, 2.0, 1.0], [0.0, 0.0, 0.0]])
    other = np.array([[3.0, 1.0, 2.0], [0.0, 0.0, 1.0]])
    found = likeness(original, other)
    assert found.kendall_tau == pytest.approx(1 / 3)
    assert found.tau_dropped == 1
    assert found.ti[0] == pytest.approx(0.5)
    nothing = likeness(np.zeros((2, 3)), np.zeros((2, 3)))
    assert math.isnan(nothing.kendall_tau)
    assert nothing.tau_dropped == 2
