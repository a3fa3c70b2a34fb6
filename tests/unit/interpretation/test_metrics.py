"""Metrics of pairs: against formulas worked out by hand and scipy's, in the files of pairs, and what is refused."""

import math

import numpy as np
import pytest
from interpretation_toys import OWN, PAIR_CELL, SHARED, attributions, ledger, value
from plugin_toys import wrapped
from scipy import stats

from flat.errors import FlatError
from flat.files.artefacts import read_table, write_table
from flat.interpretation import consistency, ranking
from flat.interpretation.metrics import chosen
from flat.plugins.own.metrics import ALWAYS
from flat.plugins.registry import METRICS

LETTERS = "abcdefg"


def compare(name, before, after, **options) -> float:
    (metric,) = chosen({name: options}, "pairs")
    return metric.value("e", np.asarray(before, float), np.asarray(after, float))


def scores_of(order: str) -> list[int]:
    """Scores of a, b, c ... that rank them in this order."""
    return [-order.index(letter) for letter in sorted(order)]


def overlap_by_hand(order: str, other: str, p: float) -> float:
    """Eq. 32 of Webber et al. for lists of one length, with sets."""
    agreement = [len(set(order[:d]) & set(other[:d])) / d for d in range(1, len(order) + 1)]
    return (1 - p) / p * sum(a * p**d for d, a in enumerate(agreement, 1)) + agreement[-1] * p ** len(order)


@pytest.mark.parametrize(("other", "p", "expected"), [("abcdefg", 0.9, 1.0), ("bacdefg", 0.9, 0.9), ("ba", 0.5, 0.5)])
def test_rank_biased_overlap_of_rankings_worked_out_by_hand(other, p, expected):
    """Of a swap at the top only the first agreement is lost: 1 - (1 - p)."""
    order = "".join(sorted(other))
    assert compare("rbo", scores_of(order), scores_of(other), p=p) == pytest.approx(expected, abs=1e-12)


def test_rank_biased_overlap_is_the_papers_sum_and_weighs_the_top_most():
    rng = np.random.default_rng(0)
    for p in (0.1, 0.5, 0.9, 0.99):
        for _ in range(20):
            first, second = ("".join(rng.permutation(list(LETTERS))) for _ in range(2))
            found = compare("rbo", scores_of(first), scores_of(second), p=p)
            assert found == pytest.approx(overlap_by_hand(first, second, p), abs=1e-12)
    at_top, at_end = (compare("rbo", scores_of(LETTERS), scores_of(o)) for o in ("bacdefg", "abcdegf"))
    assert at_top < at_end < 1
    assert math.isnan(compare("rbo", [], [])) and compare("rbo", [3], [-1]) == 1


def test_spearman_is_scipys_with_ties_and_without():
    rng = np.random.default_rng(1)
    for size in (2, 3, 8, 40):
        for values in (lambda n: rng.normal(size=n), lambda n: rng.integers(3, size=n)):
            before, after = values(size), values(size)
            if len(set(before)) > 1 and len(set(after)) > 1:
                found = compare("spearman", before, after)
                assert found == pytest.approx(stats.spearmanr(before, after).statistic, abs=1e-12)
    assert compare("spearman", [1, 2, 3], [10, 20, 31]) == 1 and compare("spearman", [1, 2, 3], [3, 2, 1]) == -1
    assert all(math.isnan(compare("spearman", *pair)) for pair in (([1, 1], [1, 2]), ([1], [1]), ([], [])))


def test_the_measures_of_every_study_are_declared_as_they_are_computed():
    rng = np.random.default_rng(2)
    before, after = rng.normal(size=(2, 9))
    assert compare("kendall-tau", before, after) == ranking.kendall_tau(before, after)
    for k in (1, 5, 30):
        assert compare("topk-intersection", before, after, k=k) == ranking.topk_intersections(before, after, [k])[0]
    assert set(ALWAYS) == {"kendall_tau", "topk_intersection"} and all(METRICS[m.name] is m for m in ALWAYS.values())


def test_every_metric_of_pairs_stays_in_its_range_and_has_its_best_of_equal_rankings():
    rng = np.random.default_rng(3)
    for name in (name for name in METRICS if METRICS[name].of == "pairs"):
        for size in (1, 2, 7):
            before, after = rng.normal(size=(2, size))
            compare(name, before, after)  # raises outside of the range
            best = compare(name, before, before)
            assert math.isnan(best) or best == pytest.approx(METRICS[name].high)


# --- in the files of pairs


def measured(**further):
    return consistency.measure(attributions(), ledger(OWN), ledger(SHARED), **PAIR_CELL, further=further)


def test_further_metrics_are_columns_behind_those_of_every_study(tmp_path):
    plain, frame = measured(), measured(rbo={"p": 0.5}, spearman={}, comprehensiveness={})
    assert frame[plain.columns].equals(plain) and list(plain.columns) == consistency.SCHEMA.names
    assert list(frame.columns[len(plain.columns) :]) == [
        "metric_rbo", "dropped_rbo", "metric_spearman", "dropped_spearman"
    ]  # fmt: skip
    # e1, its own pair: [1, 2, 3] against [1, 3, 2] of class 0, equal rankings of class 1
    by_hand = (overlap_by_hand("cba", "bca", 0.5) + 1) / 2
    assert value(frame, "e1", "own", "metric_rbo") == pytest.approx(by_hand)
    assert value(frame, "e1", "own", "metric_spearman") == pytest.approx((0.5 + 1) / 2)
    # e3: the scores of class 1 are all equal, which no rank correlation is defined of
    assert value(frame, "e3", "own", "metric_spearman") == pytest.approx(-1)
    assert value(frame, "e3", "own", "dropped_spearman") == 1 and value(frame, "e3", "own", "dropped_rbo") == 0
    path = tmp_path / "consistency.parquet"
    write_table(path, frame, consistency.schema(["rbo", "spearman"]))
    assert consistency.summarise(read_table(path)).equals(consistency.summarise(frame))


def test_further_metrics_are_averaged_over_every_pair_set_with_the_noise_floor():
    plain, frame = measured(), measured(spearman={}, rbo={})
    found, before = consistency.summarise(frame), consistency.summarise(plain)
    kept = found[~found["metric"].isin(["spearman", "rbo"])].reset_index(drop=True)
    assert kept.equals(before)
    line = found[found["metric"].eq("spearman")].set_index("pair_set")
    assert set(line.index) == {"saved", "all", "successful", "shared", "floor"} and (line["k"] == 0).all()
    # saved: e1 0.75, e2 1, e3 -1 (one class of two), e4 1; floor: e1 against itself, 1 and 0.5
    assert (line.loc["saved", "value"], line.loc["saved", "n"]) == (pytest.approx(1.75 / 4), 4)
    assert line.loc["saved", "dropped"] == 1 and line.loc["floor", "value"] == pytest.approx(0.75)


def test_a_pair_without_a_defined_class_is_dropped_and_counted(monkeypatch):
    wrapped(monkeypatch, "metrics", "rbo", lambda make: lambda before, after, options: math.nan)
    frame = measured(rbo={})
    assert frame["metric_rbo"].isna().all() and (frame["dropped_rbo"] == 2).all()
    line = consistency.summarise(frame, ["saved"]).set_index("metric").loc["rbo"]
    assert math.isnan(line["value"]) and (line["n"], line["dropped"]) == (0, 8)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (1.5, r"metric rbo, example e1: returned 1.5, outside of its declared range \[0, 1\]"),
        (-math.inf, "example e1: returned -inf"),
        (None, "example e1: returned None"),
        (1 + 1e-12, None),  # rounding
    ],
)
def test_a_value_outside_of_the_declared_range_names_metric_example_and_value(monkeypatch, answer, says):
    wrapped(monkeypatch, "metrics", "rbo", lambda make: lambda before, after, options: answer)
    if says is None:
        assert measured(rbo={})["metric_rbo"].eq(1).all()
    else:
        with pytest.raises(FlatError, match=says):
            measured(rbo={})
