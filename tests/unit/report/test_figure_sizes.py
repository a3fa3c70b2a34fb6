"""Figures in the width and letters that a study asks for: nothing is clipped at 3.3 inches with four strategies."""

import re
import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from figure_boxes import STRATEGIES, check, curves_study
from figure_examples import CORRELATIONS, IMPORTANCE, measured, saliency_inputs, synonyms, words_of
from PIL import Image
from pydantic import ValidationError
from table_examples import study

from flat.plugins.registry import METRICS
from flat.report.figures import curves, faithfulness, figure_3, figure_4, figure_5, figure_6, style
from flat.report.tables.index import Index
from flat.study.artefacts import FigureStyle

COLUMN = FigureStyle(columns=1)  # 3.3 inches
FOUR = STRATEGIES[:4]


def of_figure_3():
    inputs = saliency_inputs()
    for kind in ("attributions", "ledgers"):
        inputs[kind] = {name: inputs[kind]["base"] for name in FOUR}
    return figure_3.draw(**inputs | {"strategies": {name: name for name in FOUR}}, examples=2)


def of_figure_6(columns):
    datasets = {name: name.upper() for name in "abcd"[:columns]}
    rows = [
        measured(name, 0.1 * k, k=k, dataset=dataset, model="x", train_attack="none")
        for name in FOUR for dataset in datasets for k in (1, 5, 10)
    ]  # fmt: skip
    return figure_6.draw(
        pd.DataFrame(rows), models={"x": "CNN", "z": "BERT"}, datasets=datasets, strategies={n: n for n in FOUR}
    )


def of_curves(columns):
    ledger = pd.DataFrame({"status": ["succeeded", "failed", "skipped"] * 5, "queries": np.arange(15) * 20})
    cells = [
        ({"attack": "pwws", "dataset": dataset, "model": "x", "strategy": name}, ledger)
        for dataset in "abcd"[:columns] for name in FOUR
    ]  # fmt: skip
    return curves.draw(curves_study(4, columns, False), cells)


def of_faithfulness(columns):
    datasets = {name: name.upper() for name in "abcd"[:columns]}
    rows = [
        measured(name, 0.1 * i, metric=metric, k=0, dataset=dataset, model="x", method="ig", pair_set=pair_set)
        for i, name in enumerate(FOUR) for dataset in datasets
        for metric, pair_set in (("kendall_tau", "shared"), ("deletion", ""))
    ]  # fmt: skip
    return faithfulness.draw(
        Index(pd.DataFrame(rows)),
        models={"x": "CNN"},
        datasets=datasets,
        strategies={name: name for name in FOUR},
        train_attacks=dict.fromkeys(FOUR, "textfooler"),
        methods=["ig", "lime"],
        metrics=[METRICS["deletion"]],
    )


DRAWN = {
    "3": of_figure_3,
    "4": lambda: figure_4.draw(IMPORTANCE, CORRELATIONS),
    "5": lambda: figure_5.draw(synonyms([0.1, 0.2]), synonyms([0.3])),
    "not run": lambda: style.not_run(3, "the study explains nothing of what this figure would show"),
    **{f"6, {n} data sets": lambda n=n: of_figure_6(n) for n in (1, 2, 4)},
    **{f"curves, {n} data sets": lambda n=n: of_curves(n) for n in (1, 2, 4)},
    **{f"faithfulness, {n} data sets": lambda n=n: of_faithfulness(n) for n in (1, 2)},
}
ON_PANELS = ("not run", "median 0.15", "median 0.3")


def check_boxes(drawing, name):
    inside = words_of(drawing.figure).split("\n") if name in ("3", "not run") else ON_PANELS
    text = {t.get_text() for t in drawing.figure.findobj() if hasattr(t, "get_text")}
    check(drawing.figure, inside=[*inside, *text] if name in ("3", "not run") else inside)


@pytest.mark.parametrize("font", [6.0, 8.0, 9.0])
@pytest.mark.parametrize("name", DRAWN)
def test_nothing_is_clipped_in_a_column_with_four_strategies(name, font):
    with style.asked(FigureStyle(columns=1, font_pt=font)):
        drawing = DRAWN[name]()
    assert drawing.figure.get_figwidth() * drawing.scale == pytest.approx(3.3)
    check_boxes(drawing, name)
    smaller = [note for note in drawing.notes if note.startswith("Letters of")]
    assert len(smaller) == (drawing.scale * style.DRAWN_PT < font - 0.05)


def test_a_column_has_the_letters_that_were_asked_for_where_one_or_two_panels_stand_side_by_side():
    for name in ("4", "5", "6, 1 data sets", "6, 2 data sets", "curves, 2 data sets", "faithfulness, 1 data sets"):
        with style.asked(COLUMN):
            assert DRAWN[name]().scale == 1, name


def test_without_the_key_figures_are_as_wide_as_they_need():
    for name, width in (("3", 7.0), ("4", 7.0), ("5", 7.0), ("6, 1 data sets", 4.0), ("curves, 2 data sets", 5.4)):
        drawing = DRAWN[name]()
        assert (drawing.figure.get_figwidth(), drawing.scale) == (width, 1.0), name


@pytest.mark.parametrize(("asked", "width"), [(FigureStyle(width_in=4.5, font_pt=6), 4.5), (COLUMN, 3.3)])
def test_the_files_have_the_width_that_was_asked_for(asked, width, tmp_path):
    with style.asked(asked):
        drawing = of_figure_6(4)
    files = style.write(drawing, tmp_path / "a")
    data = files["pdf"].read_bytes()
    box = re.search(rb"/MediaBox \[ ?([\d. ]+) ?\]", data).group(1).split()
    assert float(box[2]) == pytest.approx(72 * width, abs=0.01)
    streams = [zlib.decompress(s) for s in re.findall(rb"FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", data, re.S)[:3]]
    factor = f"{drawing.scale:.4f}"[:4].encode()
    assert any(b" cm" in text and factor in text.split(b" cm")[0] for text in streams)
    with Image.open(files["png"]) as picture:
        assert picture.width == pytest.approx(style.PNG_DPI * width, abs=1)
    again = style.write(drawing, tmp_path / "b")
    assert all(files[kind].read_bytes() == again[kind].read_bytes() for kind in files)


def test_what_cannot_be_drawn_is_refused_and_older_studies_keep_their_digest():
    for values in ({"width_in": 0.5}, {"font_pt": 40}, {"columns": 3}, {"width": 3}):
        with pytest.raises(ValidationError):
            FigureStyle(**values)
    assert "figures" not in study().model_dump() and "figures" in study(figures={"columns": 1}).model_dump()


def test_a_figure_of_another_scale_keeps_its_words():
    with style.asked(COLUMN):
        small = of_figure_6(4)
    assert all(name in words_of(small.figure) for name in FOUR) and replace(small, scale=1.0).frame.equals(small.frame)
