"""Claims: what config/claims.yaml says, what is refused, how the rule judges, and how often it is wrong by chance."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import yaml

from flat.analysis import statistics
from flat.analysis.claims import claim as claims
from flat.analysis.claims.claim import Claim, Evidence, verdict
from flat.analysis.claims.evidence import CellResult, judge, single_result
from flat.analysis.claims.printed import printed_difference, printed_wins
from flat.analysis.outcomes import Outcome, resample
from flat.errors import ArtefactError
from flat.paper import printed as paper
from flat.study.load import load as load_study

ROOT = Path(__file__).parents[3]
FILE = ROOT / "config" / "claims.yaml"
FAMILIES = {"AA FLAT>adv", "AA adv>base", "KT", "TI", "LIME KT", "LIME TI", "Table 4", "SA non-inferiority"}


@pytest.fixture(scope="module")
def all_claims():
    return claims.load(FILE)


@pytest.fixture(scope="module")
def printed():
    return paper.load(ROOT / "config" / "paper")


def claim(**changes) -> Claim:
    estimand = {"kind": "contrast", "metric": "after_attack_accuracy_percent", "of": "FLAT", "minus": ["adv"]}
    values = {
        "name": "one",
        "statement": "FLAT is more robust.",
        "where": "Table 3",
        "family": "AA",
        "direction": "above",
    }
    cells = {"datasets": ["sst2"], "models": ["CNN"], "attacks": ["pwws"]}
    return Claim.model_validate({**values, "estimand": estimand, "cells": cells, **changes})


# --- the file


def test_the_families_and_counts_of_the_paper_are_there(all_claims):
    assert {c.family for c in all_claims} >= FAMILIES
    sizes = {c.name: (c.wins, c.size) for c in all_claims}
    assert sizes["aa-flat-above-adv"] == sizes["kt-flat-above-adv"] == sizes["lime-ti-flat-above-base"] == (32, 32)
    assert sizes["transfer-flat-above-adv"] == (24, 24) and sizes["aa-flat-15-points-on-imdb"] == (8, 8)
    margins = {c.margin for c in all_claims if c.family == "SA non-inferiority"}
    assert margins == {-1.0}


def test_printed_wins_are_those_of_the_printed_tables(all_claims, printed):
    for one in all_claims:
        if one.estimand.kind == "contrast":
            differences = [printed_difference(printed, one, *pair) for pair in one.contrasts()]
        else:
            differences = [
                r.printed for r in single_result(one, load_study(ROOT / "config/demo.yaml"), None, (), printed)
            ]
        wins, cells = printed_wins(one, differences)
        assert (wins, cells) == ((one.wins, one.size) if one.tables else (0, 0)), one.name


def test_printed_statements_hold_as_printed(printed):
    """The counts that statements name beside those against the margin."""
    names = {c.name: c for c in claims.load(FILE)}
    kt = names["kt-adv-not-above-base"].model_copy(update={"margin": 0.0, "direction": "above"})
    assert printed_wins(kt, [printed_difference(printed, kt, *pair) for pair in kt.contrasts()]) == (14, 32)
    sa = names["sa-flat-not-below-base"].model_copy(update={"margin": -0.001})
    assert printed_wins(sa, [printed_difference(printed, sa, *pair) for pair in sa.contrasts()]) == (20, 32)


def test_printed_differences_by_hand(all_claims, printed):
    (one,) = [c for c in all_claims if c.name == "aa-flat-above-adv"]
    found = {
        (of["dataset"], of["model"], of["attack"]): printed_difference(printed, one, of, m) for of, m in one.contrasts()
    }
    assert found["sst2", "LSTM", "textfooler"] == Decimal("17.76") - Decimal("12.36")
    (groups,) = [c for c in all_claims if c.name == "flat-above-group-masks"]
    first = printed_difference(printed, groups, *next(groups.contrasts()))
    assert first == Decimal("25.18") - Decimal("1.20")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"direction": "upwards"}, "direction"),
        ({"wins": 2}, "2 of only 1 cells"),
        ({"surprise": 1}, "surprise"),
        ({"cells": {"datasets": [], "models": ["CNN"], "attacks": ["pwws"]}}, "datasets"),
        ({"estimand": {"kind": "contrast", "metric": "accuracy", "of": "FLAT", "minus": ["adv"]}}, "metric"),
        ({"estimand": {"kind": "contrast", "metric": "kendall_tau", "of": "FLAT", "minus": ["adv"]}}, "need both"),
        (
            {"estimand": {"kind": "contrast", "metric": "test_accuracy_percent", "of": "adv", "minus": ["adv"]}},
            "compared with itself",
        ),
        ({"estimand": {"kind": "rank", "of": "FLAT"}}, "estimand"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused(tmp_path, changes, problem):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump({"claims": [claim().model_dump(mode="json") | changes]}))
    with pytest.raises(ArtefactError, match=problem) as refused:
        claims.load(path)
    assert "claims.0" in str(refused.value)


def test_a_claim_stands_once_and_the_file_must_be_yaml(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump({"claims": [claim().model_dump(mode="json")] * 2}))
    with pytest.raises(ArtefactError, match="one stands twice"):
        claims.load(path)
    for text in ("claims: [", "other: 1"):
        path.write_text(text)
        with pytest.raises(ArtefactError):
            claims.load(path)


def test_models_are_attacked_as_they_were_trained_unless_the_claim_says_otherwise():
    of, minus = next(claim().contrasts())
    assert (of["train_attack"], minus["train_attack"], of["attack"]) == ("pwws", "pwws", "pwws")
    base = {"kind": "contrast", "metric": "after_attack_accuracy_percent", "of": "FLAT", "minus": ["base"]}
    cells = {"datasets": ["sst2"], "models": ["CNN"], "attacks": ["pso"], "train_attack": "textfooler"}
    of, minus = next(claim(estimand=base, cells=cells).contrasts())
    assert (of["train_attack"], minus["train_attack"], minus["attack"]) == ("textfooler", "none", "pso")


# --- the rule


def evidence(**changes) -> Evidence:
    values = {"gain": 3.0, "low": 1.0, "high": 5.0, "p": 0.01, "seeds": 5, "cells": 4, "wins": 4}
    return Evidence(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "share", "expected"),
    [
        ({}, 1.0, "reproduced"),
        ({"cells": 0}, 1.0, "not run"),
        ({"seeds": 4}, 1.0, "direction only"),  # too few seeds
        ({"seeds": 1, "p": float("nan"), "low": float("nan")}, 1.0, "direction only"),
        ({"p": 0.06}, 1.0, "direction only"),  # the test does not find it
        ({"low": -0.1}, 1.0, "direction only"),  # the interval reaches beyond the margin
        ({"wins": 3}, 1.0, "direction only"),  # the paper says: in every cell
        ({"wins": 3}, 0.75, "reproduced"),
        ({"reversals": 1}, 0.5, "direction only"),
        ({"gain": -3.0, "low": -5.0, "high": -1.0, "wins": 0}, 1.0, "contradicted"),
        ({"gain": -3.0, "low": -5.0, "high": -1.0, "wins": 0, "seeds": 3}, 1.0, "inconclusive"),
        ({"gain": -3.0, "low": -5.0, "high": 1.0, "wins": 0}, 1.0, "inconclusive"),
        ({"gain": 0.0, "low": -1.0, "high": 1.0, "p": 1.0}, 1.0, "inconclusive"),
    ],
)
def test_the_rule(changes, share, expected):
    assert verdict(evidence(**changes), share) == expected


def result(of, minus, draws=None, model="CNN", seeds=None) -> CellResult:
    keys = {"dataset": "sst2", "model": model, "attack": "pwws", "metric": "after_attack_accuracy_percent"}
    seeds = tuple(range(len(of))) if seeds is None else seeds
    return CellResult(keys, ("FLAT", "adv"), None, seeds, tuple(of), tuple(minus), 100, draws)


def test_margins_and_directions_turn_the_evidence():
    of, minus = [10.0, 11, 9, 10, 10], [12.0, 11.5, 12.5, 12, 12]
    draws = np.random.default_rng(0).normal(-2, 0.3, size=1000)
    for direction, margin, said in [
        ("above", 0.0, "contradicted"),
        ("below", 0.0, "reproduced"),
        ("above", -3.0, "reproduced"),  # non-inferiority
        ("below", -3.0, "contradicted"),
        ("above", -2.0, "inconclusive"),
    ]:
        (item,) = judge([(claim(direction=direction, margin=margin), [result(of, minus, draws)])])
        assert item.verdict == said, (direction, margin)
        assert item.value == pytest.approx(-2.0)


def test_seeds_that_not_every_cell_has_do_not_count():
    long = result([30.0, 31, 29, 30, 32], [10.0, 11, 9, 10, 10], np.full(10, 20.0))
    short = result([50.0], [20.0], model="LSTM", seeds=(0,))
    cells = {"datasets": ["sst2"], "models": ["CNN", "LSTM"], "attacks": ["pwws"]}
    (item,) = judge([(claim(cells=cells), [long, short])])
    assert (item.seeds, item.verdict) == (1, "direction only") and np.isnan(item.interval[0])
    assert item.value == pytest.approx((20.4 + 30) / 2)


def test_holm_corrects_over_the_cells_and_claims_of_a_family():
    def noisy(gap):
        return result([10 + gap, 11 + gap, 9 + gap, 10 + gap, 10 + gap], [10.0, 11, 9, 10, 10], np.full(10, gap))

    two = [(claim(name=name, family=family), [noisy(gap)]) for name, family, gap in [("a", "F", 1.1), ("b", "F", 9.0)]]
    alone = judge(two[:1])[0]
    together = judge(two)[0]
    assert alone.p == together.p and alone.p_holm == alone.p
    assert together.p_holm == pytest.approx(together.p) and judge(two)[1].p_holm == pytest.approx(2 * judge(two)[1].p)
    apart = judge([two[0], (claim(name="b", family="G"), [noisy(9.0)])])
    assert apart[1].p_holm == apart[1].p


def test_the_rule_is_rarely_wrong_by_chance_where_pooling_examples_often_is():
    """No difference between strategies; seeds spread by 2.6 points; 5 seeds, 1000 attacked examples of one cell."""
    from scipy.stats import chi2_contingency

    rng, runs, examples, seeds = np.random.default_rng(8), 1500, 1000, 5
    wrong = pooled = 0
    one = claim()
    for run in range(runs):
        rates = np.clip(0.30 + 0.026 * rng.normal(size=(2, seeds, 1)), 0, 1)
        flat, adv = 100.0 * (rng.random((2, seeds, examples)) < rates)
        sides = [Outcome(tuple(range(seeds)), values, (), example_seed=run % 3) for values in (flat, adv)]
        draws = resample(*sides, seed=run, draws=500)
        cell = result(sides[0].means, sides[1].means, draws)
        (item,) = judge([(one, [cell])])
        wrong += item.verdict in ("reproduced", "contradicted")
        right = [int((side == 100).sum()) for side in (flat, adv)]
        table = [[hits, seeds * examples - hits] for hits in right]
        pooled += chi2_contingency(table, correction=False).pvalue < statistics.ALPHA
    assert wrong / runs <= 0.06
    assert pooled / runs > 0.25


def test_the_rule_finds_a_real_difference():
    """Eleven points between strategies are found in most studies of five seeds (the spread as above)."""
    rng, found = np.random.default_rng(9), 0
    for run in range(200):
        rates = np.array([0.41, 0.30])[:, None, None] + 0.026 * rng.normal(size=(2, 5, 1))
        sides = [Outcome(tuple(range(5)), 100.0 * (rng.random((5, 500)) < rate), (), run % 3) for rate in rates]
        cell = result(sides[0].means, sides[1].means, resample(*sides, seed=run, draws=500))
        found += judge([(claim(), [cell])])[0].verdict == "reproduced"
    assert found / 200 > 0.9
