"""Consistency of a cell's explanations: rows, pair sets, floors and summaries by hand, and what is refused."""

import math

import numpy as np
import pandas as pd
import pytest
from interpretation_toys import OWN, SCORES, SHARED, attributions, ledger, value
from interpretation_toys import PAIR_CELL as CELL

from flat.errors import ArtefactError
from flat.files.artefacts import write_table
from flat.interpretation.consistency import SCHEMA, belonging, left_out, measure, summarise


def measured(**options):
    return measure(attributions(), ledger(OWN), ledger(SHARED), **CELL, **options)


def test_rows_of_a_cell(tmp_path):
    frame = measured()
    assert [tuple(row) for row in frame[["example_id", "source", "status", "changed", "n_words"]].values] == [
        ("e1", "own", "succeeded", True, 3),
        ("e1", "shared", "succeeded", True, 3),
        ("e1", "repeat", "succeeded", False, 3),
        ("e2", "own", "skipped", False, 2),
        ("e2", "shared", "failed", True, 2),
        ("e3", "own", "failed", True, 3),
        ("e4", "own", "failed", False, 2),
    ]
    assert set(map(tuple, frame[list(CELL)].values)) == {tuple(CELL.values())}
    assert value(frame, "e1", "own", "kendall_tau") == pytest.approx(2 / 3)
    assert value(frame, "e1", "shared", "kendall_tau") == pytest.approx(-1)
    assert value(frame, "e2", "own", "kendall_tau") == 1
    assert value(frame, "e3", "own", "kendall_tau") == pytest.approx(-1)
    assert value(frame, "e3", "own", "tau_dropped") == 1
    assert value(frame, "e1", "own", "ti_1") == pytest.approx(0.5)  # class 0: position 2 against 1
    assert [value(frame, "e1", "own", f"chance_{k}") for k in (1, 2, 3, 10)] == pytest.approx([1 / 3, 2 / 3, 1, 1])
    write_table(tmp_path / "consistency.parquet", frame, SCHEMA)


def test_gold_takes_the_labels_class_alone():
    frame = measured(classes="gold")  # the label is 1
    assert value(frame, "e1", "own", "kendall_tau") == 1
    assert math.isnan(value(frame, "e3", "own", "kendall_tau"))
    assert value(frame, "e2", "shared", "kendall_tau") == -1


def test_sizes_of_scores_are_ranked_apart_from_their_signs():
    signed = {
        ("e1", "original"): ([3, -2, 1], [0, -1, 2]),
        ("e1", "adversarial"): ([3, 2, -1], [0, 1, -2]),
    }
    # signed, class 0: (3, -2, 1) and (3, 2, -1) agree in the pairs 0-1 and 0-2 alone; class 1: in none
    # sizes: (3, 2, 1) and (0, 1, 2) on both sides
    only = {"e1": OWN["e1"]}
    frame = measure(attributions(signed), ledger(only), **CELL)
    assert value(frame, "e1", "own", "kendall_tau") == pytest.approx((1 / 3 - 1) / 2)
    assert value(frame, "e1", "own", "kendall_tau_absolute") == 1
    # signed top 1: word 0 and 0; word 2 and 1. top 2: {0, 2} and {0, 1}; {2, 0} and {1, 0}
    assert [value(frame, "e1", "own", f"ti_{k}") for k in (1, 2, 3)] == pytest.approx([1 / 2, 1 / 2, 1])
    assert [value(frame, "e1", "own", f"ti_absolute_{k}") for k in (1, 2, 3)] == [1, 1, 1]
    summary = summarise(frame).set_index(["pair_set", "metric", "k"])["value"]
    assert summary["successful", "kendall_tau_absolute", 0] == 1
    assert summary["successful", "topk_intersection_absolute", 1] == 1
    # equal sizes of opposite signs are a constant ranking for the one measure, none for the other
    signs = {("e1", "original"): ([2, -2, 2],) * 2, ("e1", "adversarial"): ([2, 1, -3],) * 2}
    frame = measure(attributions(signs), ledger(only), **CELL)
    # signs: words 0 and 2 tie in the first; (0, 1) agrees, (1, 2) does not: 0 / sqrt(2 * 3)
    assert value(frame, "e1", "own", "kendall_tau") == 0
    assert math.isnan(value(frame, "e1", "own", "kendall_tau_absolute"))
    assert value(frame, "e1", "own", "tau_absolute_dropped") == 2


def test_who_has_no_pair_and_why():
    frame = measured()
    assert left_out(frame, "saved") == {}
    assert left_out(frame, "all") == {"skipped": 1, "unchanged": 1}  # e2; e4
    assert left_out(frame, "successful") == {"skipped": 1, "failed": 2}  # e2; e3, e4
    assert left_out(frame, "shared") == {"unchanged": 2}  # e3, e4: the base model's attack had nothing to attack
    summary = summarise(frame).set_index(["pair_set", "metric", "k"])
    assert tuple(summary.loc[("successful", "left_out_failed_percent", 0), ["value", "n"]]) == (50, 4)
    assert tuple(summary.loc[("shared", "left_out_unchanged_percent", 0), ["value", "n"]]) == (50, 4)
    for name in ("saved", "all", "successful", "shared"):
        assert belonging(frame, name).sum() + sum(left_out(frame, name).values()) == 4


def test_undefined_taus_for_want_of_words_are_told_from_constant_rankings():
    own = {"e1": ("succeeded", "good", "bad"), "e2": ("succeeded", "a good plot", "a bad plot")}
    scores = {
        ("e1", "original"): ([1], [2]),
        ("e1", "adversarial"): ([2], [1]),
        ("e2", "original"): ([1, 2, 3], [0, 0, 0]),
        ("e2", "adversarial"): ([1, 2, 3], [1, 2, 3]),
    }
    summary = summarise(measure(attributions(scores, own), ledger(own), **CELL)).set_index(["pair_set", "metric", "k"])
    tau = summary.loc[("successful", "kendall_tau", 0)]
    assert (tau["value"], tau["n"], tau["dropped"]) == (1, 1, 3)
    short = summary.loc[("successful", "undefined_short_percent", 0)]
    assert (short["value"], short["n"]) == (pytest.approx(200 / 3), 3)


def test_pair_sets_by_hand():
    frame = measured()
    ids = {
        name: list(frame[belonging(frame, name)]["example_id"])
        for name in ("saved", "all", "successful", "shared", "floor")
    }
    assert ids == {
        "saved": ["e1", "e2", "e3", "e4"],
        "all": ["e1", "e3"],
        "successful": ["e1"],
        "shared": ["e1", "e2"],
        "floor": ["e1"],
    }
    with pytest.raises(ValueError, match="unknown pair set 'own'"):
        belonging(frame, "own")


def test_summary_by_hand():
    summary = summarise(measured()).set_index(["pair_set", "metric", "k"])
    tau = {
        name: tuple(summary.loc[(name, "kendall_tau", 0), ["value", "n", "dropped"]])
        for name in summary.index.levels[0]
    }
    assert tau["saved"] == pytest.approx(((2 / 3 + 1 - 1 + 1) / 4, 4, 1))
    assert tau["all"] == pytest.approx(((2 / 3 - 1) / 2, 2, 1))
    assert tau["successful"] == pytest.approx((2 / 3, 1, 0))
    assert tau["shared"] == pytest.approx((-0.5, 2, 0))
    assert tau["floor"] == pytest.approx((2 / 3, 1, 0))
    # shared, TI@1: e1 0 and 0; e2 1 and 0. Chance: 1/3 and 1/2
    assert summary.loc[("shared", "topk_intersection", 1), "value"] == pytest.approx(0.25)
    assert summary.loc[("shared", "topk_chance", 1), "value"] == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert summary.loc[("saved", "topk_intersection", 10), "value"] == 1
    assert set(summary.index.levels[2]) == set(range(11))
    assert list(summary.reset_index().columns[3:7]) == list(CELL)


def test_an_undefined_pair_is_left_out_of_tau_and_counted():
    summary = summarise(measured(classes="gold")).set_index(["pair_set", "metric", "k"])
    assert tuple(summary.loc[("all", "kendall_tau", 0), ["value", "n", "dropped"]]) == (1.0, 1, 1)
    assert summary.loc[("all", "topk_intersection", 1), "n"] == 2


def test_cells_are_summarised_apart_and_empty_sets_say_so():
    scores = {key: value for key, value in SCORES.items() if key[1] in ("original", "adversarial")}
    first = measure(attributions(scores), ledger(OWN), **CELL)
    failed = {**OWN, "e1": ("failed", *OWN["e1"][1:])}
    second = measure(attributions(scores), ledger(failed), **{**CELL, "seed": 4})
    summary = summarise(pd.concat([second, first]))
    assert list(dict.fromkeys(summary["seed"])) == [3, 4]
    tau = summary[summary["metric"] == "kendall_tau"].set_index(["seed", "pair_set"])
    assert tau.loc[(3, "successful"), "n"] == 1
    assert tau.loc[(4, "successful"), "n"] == 0
    assert math.isnan(tau.loc[(4, "successful"), "value"])
    assert math.isnan(tau.loc[(3, "shared"), "value"])
    assert "floor" not in set(summary["pair_set"])


# --- what does not fit is refused, with the example's name


def changed_row(frame, example, **columns):
    frame = frame.copy()
    at = frame.index[frame["example_id"] == example][0]
    for name, value_ in columns.items():
        frame.at[at, name] = value_
    return frame


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        (changed_row(ledger(OWN), "e1", perturbed_words=["a", "very", "warm", "film"]), "word 1: .*'good', 'very'"),
        (
            changed_row(ledger(OWN), "e1", swaps=[]),
            "word 1: the texts show .*'good', 'warm'.*, the ledger's swaps say None",
        ),
        (changed_row(ledger(OWN), "e1", swaps=[{"position": 2, "from": "good", "to": "warm"}]), "word 1"),
        (changed_row(ledger(OWN), "e1", swaps=[{"position": 1, "from": "good", "to": "dull"}]), "word 1"),
        (changed_row(ledger(OWN), "e1", original_words=["a", "fine", "film"]), "word 1"),
    ],
)
def test_a_misaligned_pair_is_refused(own, problem):
    with pytest.raises(ArtefactError, match=rf"example e1: {problem}"):
        measure(attributions(), own, ledger(SHARED), **CELL)


def test_attributions_of_other_texts_are_refused():
    other = {**OWN, "e3": ("failed", "a dull film", "a bad film")}
    with pytest.raises(ArtefactError, match="example e3: explained words are not the ledger's"):
        measure(attributions(own=other), ledger(OWN), ledger(SHARED), **CELL)
    incomplete = {key: value_ for key, value_ in SCORES.items() if key != ("e3", "adversarial")}
    with pytest.raises(ArtefactError, match="example e3: its adversarial text was not explained"):
        measure(attributions(incomplete), ledger(OWN), ledger(SHARED), **CELL)
    endless = {**SCORES, ("e3", "adversarial"): ([1, 2, np.inf], [0, 0, 0])}
    with pytest.raises(ArtefactError, match="example e3: a score is not finite"):
        measure(attributions(endless), ledger(OWN), ledger(SHARED), **CELL)
    short = {**SCORES, ("e3", "adversarial"): ([1, 2], [0, 0])}
    with pytest.raises(ArtefactError, match="example e3: explained words are not the ledger's"):
        measure(attributions(short), ledger(OWN), ledger(SHARED), **CELL)
    with pytest.raises(ArtefactError, match=r"example e1: explained [(]shared[)], but no ledger"):
        measure(attributions(), ledger(OWN), **CELL)
    one_class = attributions()
    one_class = one_class[~((one_class["side"] == "original") & (one_class["target"] == 1))]
    with pytest.raises(ArtefactError, match=r"example e1: class 1 was not explained [(]original[)]"):
        measure(one_class, ledger(OWN), ledger(SHARED), **CELL)
