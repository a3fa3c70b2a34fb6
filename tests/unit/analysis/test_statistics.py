"""Intervals and tests against independent implementations, and what they promise on simulated data."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from flat.analysis import statistics

NAN = float("nan")


def outcomes(rng, seeds, examples, spread, difficulty=0.7, level=-0.8):
    """(seeds, examples) of 0 and 1: an example's difficulty is shared by all seeds, a seed shifts all its examples."""
    latent = level + difficulty * rng.normal(size=examples) + spread * rng.normal(size=(seeds, 1))
    return (latent + rng.normal(size=(seeds, examples)) > 0).astype(float)


def test_marks_say_what_the_number_of_seeds_permits():
    levels = [statistics.permitted(n) for n in range(7)]
    assert levels == ["", "checkpoint-level", *["descriptive"] * 3, "verdicts allowed", "verdicts allowed"]
    assert [statistics.mark(n) for n in (0, 1, 3, 5)] == ["", "ᶜ", "ᵈ", "ᵛ"]


# --- bootstrap


def test_one_seed_is_scipy_s_percentile_bootstrap():
    values = np.random.default_rng(3).gamma(2.0, size=60)
    ours = statistics.interval(statistics.resampled_means(values[None], 10_000, seed=1)[:, 0])
    reference = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=10_000, rng=4).confidence_interval
    assert ours == pytest.approx((reference.low, reference.high), abs=0.02)


def test_a_resample_by_hand():
    values = np.array([[1.0, 2.0, 4.0], [NAN, 8.0, 16.0]])
    drawn = np.random.default_rng(5).integers(3, size=(50, 3), dtype=np.int32)
    found = statistics.resampled_means(values, 50, seed=5)
    for draw, row in zip(drawn, found, strict=True):
        assert row[0] == pytest.approx(values[0, draw].mean())
        left = values[1, draw][~np.isnan(values[1, draw])]
        assert row[1] == pytest.approx(left.mean()) if len(left) else np.isnan(row[1])


def test_large_sets_are_resampled_in_parts(monkeypatch):
    values = np.random.default_rng(0).normal(size=(2, 40))
    monkeypatch.setattr(statistics, "_KEPT", 10)
    monkeypatch.setattr(statistics, "_CHUNK", 40 * 7)
    found = statistics.resampled_means(values, 3000, seed=2)
    assert found.shape == (3000, 2)
    np.testing.assert_allclose(found.mean(axis=0), values.mean(axis=1), atol=0.02)
    np.testing.assert_allclose(found.std(axis=0), values.std(axis=1) / math.sqrt(40), rtol=0.1)


def test_the_second_level_has_the_variance_of_a_mean_of_seeds():
    means = np.array([10.0, 12.0, 17.0])
    found = statistics.over_seeds(np.tile(means, (200_000, 1)), seed=1)
    assert found.mean() == pytest.approx(13.0, abs=0.02)
    assert found.var() == pytest.approx(np.var(means, ddof=1) / 3, rel=0.02)


def test_counts_alone_are_resampled_as_binomials():
    found = statistics.resampled_shares([30, 0], [100, 50], 20_000, seed=1)
    assert found[:, 0].mean() == pytest.approx(30, abs=0.1) and found[:, 0].std() == pytest.approx(4.58, abs=0.1)
    assert (found[:, 1] == 0).all()


def test_interval_of_nothing_is_undefined():
    assert all(map(math.isnan, statistics.interval(np.array([NAN]))))
    assert all(map(math.isnan, statistics.interval(statistics.resampled_means(np.empty((1, 0)), 10)[:, 0])))


@pytest.mark.parametrize(("seeds", "examples", "spread"), [(5, 1000, 0.08), (5, 1500, 0.08), (10, 1500, 0.08)])
def test_intervals_cover_the_truth(seeds, examples, spread):
    """Spread 0.08 of the latent score is a standard deviation of 2.2 points of accuracy between seeds."""
    rng, runs = np.random.default_rng(11), 1200
    truth = stats.norm.cdf(-0.8 / math.sqrt(1 + 0.7**2 + spread**2))
    covered = 0
    for run in range(runs):
        means = statistics.resampled_means(outcomes(rng, seeds, examples, spread), 600, seed=run % 3)
        low, high = statistics.interval(statistics.over_seeds(means, seed=run))
        covered += low <= truth <= high
    assert 0.93 <= covered / runs <= 0.97


# --- tests


def test_welch_is_scipy_s_with_a_margin():
    a, b = [61.0, 63.5, 60.2, 66.0, 62.1], [58.0, 57.1, 60.9]
    assert statistics.welch(a, b) == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)
    shifted = stats.ttest_ind([x + 1 for x in a], b, equal_var=False).pvalue
    assert statistics.welch(a, b, threshold=-1.0) == pytest.approx(shifted)
    assert math.isnan(statistics.welch([1.0], [2.0]))
    assert statistics.welch([3, 3], [3, 3]) == 1 and math.isnan(statistics.welch([3, 3], [2, 2]))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_holm_is_statsmodels(p_values):
    from statsmodels.stats.multitest import multipletests

    np.testing.assert_allclose(statistics.holm(p_values), multipletests(p_values, method="holm")[1], atol=1e-12)


def test_holm_leaves_out_what_was_not_tested():
    assert statistics.holm([0.01, NAN, 0.04])[::2] == pytest.approx([0.02, 0.04])
    assert math.isnan(statistics.holm([0.01, NAN])[1])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
@settings(max_examples=60, deadline=None)
def test_mcnemar_is_statsmodels(pairs):
    from statsmodels.stats.contingency_tables import mcnemar

    a, b = [int(x) for x, _ in pairs], [int(y) for _, y in pairs]
    table = np.zeros((2, 2))
    for x, y in zip(a, b, strict=True):
        table[1 - x, 1 - y] += 1
    assert statistics.mcnemar(a, b) == pytest.approx(mcnemar(table, exact=True).pvalue)


def test_the_detectable_difference_is_detected_as_often_as_said():
    rng, a, b = np.random.default_rng(2), np.array([-1.0, 0, 1, 2, -2]), np.array([0.5, -0.5, 1, -1, 0])
    shift = statistics.minimum_detectable(a, b)
    spreads = a.std(ddof=1), b.std(ddof=1)
    one, two = (rng.normal(scale=spread, size=(20_000, 5)) for spread in spreads)
    found = stats.ttest_ind(one + shift, two, axis=1, equal_var=False).pvalue < 0.05
    assert found.mean() == pytest.approx(0.80, abs=0.02)
    assert math.isnan(statistics.minimum_detectable([1.0], [2.0]))
    assert math.isnan(statistics.minimum_detectable([1, 1], [2, 2]))
    assert statistics.minimum_detectable([0, 1e-9], [0, 1]) > 1  # Welch's freedom is one


def test_rank_agreement_is_tau_b():
    ours, printed = [1.0, 1.0, 3.0, 2.0], [0.4, 0.1, 0.9, 0.9]
    assert statistics.rank_agreement(ours, printed) == pytest.approx(stats.kendalltau(ours, printed).statistic)
    by_hand = (4 - 0) / math.sqrt(5 * 5)  # pairs: 4 concordant, one tied in each
    assert statistics.rank_agreement(ours, printed) == pytest.approx(by_hand)
    assert math.isnan(statistics.rank_agreement([1, 2], [1, 2]))


def test_shares_that_are_all_alike_have_an_exact_interval():
    low, high = statistics.exact_share(0.0, 14)
    assert low == 0 and high == pytest.approx(100 * (1 - 0.025 ** (1 / 14)))
    assert statistics.exact_share(100.0, 14)[1] == 100
