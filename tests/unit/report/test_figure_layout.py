"""Texts of figures stay on the canvas, off one another and off the panels, however many strategies a study has."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from figure_boxes import LONG, MODELS, STRATEGIES, TITLES, check, curves_study, titled
from figure_examples import CORRELATIONS, measured, saliency_inputs, synonyms, words_of

from flat.plugins.registry import METRICS
from flat.report.figures import curves as figure_curves
from flat.report.figures import faithfulness, figure_3, figure_4, figure_5, figure_6
from flat.report.figures import style as figure_style
from flat.report.figures.text_fit import cut, widest, width_of, wrapped
from flat.report.tables.index import Index


def pairs(counts, columns):
    """(strategies, columns, whether titles are long): each two of the values together, the largest with long titles."""
    last = len(counts) + len(columns)
    return [(n, k, (last - i - j) % 2 == 0) for i, n in enumerate(counts) for j, k in enumerate(columns)]


@pytest.mark.parametrize(("count", "columns", "long"), pairs([1, 3, 8], [1, 4]))
def test_the_figure_of_faithfulness_fits(count, columns, long):
    datasets = dict(zip("abcd"[:columns], TITLES, strict=False)) if long else {n: n.upper() for n in "abcd"[:columns]}
    models = dict(zip("xyz", MODELS, strict=True)) if long else {"x": "LSTM", "z": "BERT"}
    metrics = [METRICS["comprehensiveness"], replace(METRICS["deletion"], title=LONG if long else "Deletion")]
    rows = [
        measured(name, 0.1 * i, metric=metric, k=0, dataset=dataset, model="x", method=method, pair_set=pair_set)
        for i, name in enumerate(STRATEGIES[:count]) for dataset in datasets for method in ("ig", "lime")
        for metric, pair_set in (("kendall_tau", "shared"), ("comprehensiveness", ""), ("deletion", ""))
    ]  # fmt: skip
    drawing = faithfulness.draw(
        Index(pd.DataFrame(rows)),
        models=models,
        datasets=datasets,
        strategies=titled(count, long),
        train_attacks=dict.fromkeys(STRATEGIES, "textfooler"),
        methods=["ig", "lime"],
        metrics=metrics,
        stand_ins={"a": "sentences of films from a package, without labels of phrases"},
    )
    check(drawing.figure)
    shown = " ".join(words_of(drawing.figure).split())
    wanted = [*titled(count, long).values(), *(metric.shown for metric in metrics), "Integrated gradients", "LIME"]
    assert all(" ".join(title.split()) in shown for title in wanted)


@pytest.mark.parametrize(("count", "columns", "long"), pairs([1, 4, 8], [1, 2, 4]))
def test_figure_6_fits(count, columns, long):
    datasets = dict(zip("abcd"[:columns], TITLES, strict=False)) if long else {n: n.upper() for n in "abcd"[:columns]}
    models = dict(zip("xyz", MODELS, strict=True)) if long else {"x": "LSTM", "z": "BERT"}
    rows = [
        measured(name, 0.1 * k, k=k, dataset=dataset, model="x", train_attack="none")
        for name in STRATEGIES[:count] for dataset in datasets for k in (1, 5, 10)
    ]  # fmt: skip
    stand_ins = {
        "a": "sentences of films from a package, without labels of phrases",
        "b": "Donaudampfschifffahrtstexte",
    }
    drawing = figure_6.draw(
        pd.DataFrame(rows), models=models, datasets=datasets, strategies=titled(count, long), stand_ins=stand_ins
    )
    check(drawing.figure)
    shown = " ".join(words_of(drawing.figure).split())
    assert all(" ".join(title.split()) in shown for title in titled(count, long).values())  # wrapped, not cut


@pytest.mark.parametrize(("count", "columns", "long"), pairs([1, 4, 8], [1, 2, 4]))
def test_curves_fit(count, columns, long):
    ledger = pd.DataFrame({"status": ["succeeded", "failed", "skipped"] * 5, "queries": np.arange(15) * 20})
    cells = [
        ({"attack": attack, "dataset": dataset, "model": "x", "strategy": name}, ledger)
        for attack in ("pwws", "iga") for dataset in "abcd"[:columns] for name in STRATEGIES[:count]
    ]  # fmt: skip
    drawing = figure_curves.draw(curves_study(count, columns, long), cells)
    check(drawing.figure)
    shown = " ".join(words_of(drawing.figure).split())
    assert all(" ".join(title.split()) in shown for title in titled(count, long).values())


# --- Figures 3 to 5


@pytest.mark.parametrize("count", [1, 3, 8])
def test_figure_3_fits_and_names_titles_that_it_cuts(count):
    inputs = saliency_inputs()
    strategies = titled(count, long=True)
    for kind in ("attributions", "ledgers"):
        inputs[kind] = {name: inputs[kind]["base"] for name in strategies}
    classes = ["a class whose name is longer than its column", "positive"]
    drawing = figure_3.draw(**inputs | {"strategies": strategies, "classes": classes}, examples=2)
    check(drawing.figure, inside=words_of(drawing.figure).split("\n"))  # all of it is drawn on one axes
    (note,) = [note for note in drawing.notes if note.startswith("Titles in full")]
    assert LONG in note


def test_figure_4_fits_with_millions_of_words():
    words = pd.DataFrame({"word": ["the", "a", "rare"], "phi": np.float32([-0.123456, 0.5, 0.75])})
    counts = {"frequency": [12_345_678, 900_000, 0], "substitution_frequency": [9_876_543, 0, 1]}
    numbers = [{**row, "r": -0.123456, "p": 1.23e-290, "n": 13_836_000} for row in CORRELATIONS]
    check(figure_4.draw(words.assign(**counts), numbers).figure)


def test_figure_5_fits_with_millions_of_pairs():
    many = synonyms(np.linspace(0, 0.6, 1_000_000))
    check(figure_5.draw(many, synonyms([0.1])).figure, inside=("median 0.3", "median 0.1"))


def test_a_reason_that_is_long_is_wrapped():
    reason = " ".join(["the study explains nothing of what this figure would show"] * 6)
    drawing = figure_style.not_run(3, reason)
    check(drawing.figure, inside=[*words_of(drawing.figure).split("\n"), wrapped(reason, 0.94 * 7, 7)])
    assert drawing.caption == f"Not run: {reason}."


# --- texts made to fit


def test_wrapping_loses_nothing_and_fits():
    text = "a google/electra-base-discriminator and Donaudampfschifffahrtsgesellschaft, then more"
    for width in (0.3, 0.8, 2.0, 20.0):
        lines = wrapped(text, width, 8)
        assert lines.replace("\n", "").replace(" ", "") == text.replace(" ", "")
        assert widest(lines, 8) <= width
    assert wrapped(text, 20, 8) == text
    assert "google/electra-\n" in wrapped(text, 0.95, 8)  # at a hyphen rather than within a syllable


def test_cut_texts_end_in_an_ellipsis_and_fit():
    shown = cut("a rather long title", 0.7, 8.5, bold=True)
    assert shown.endswith("…") and width_of(shown, 8.5, bold=True) <= 0.7
    assert cut("base", 0.7, 8.5, bold=True) == "base"
