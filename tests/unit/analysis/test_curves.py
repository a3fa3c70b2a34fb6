"""Robustness curves: by hand, equal to AA at the end, drawn from exact counts only."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_examples import study

from flat.analysis import curves
from flat.analysis.measurements import ledger_values
from flat.report.figures import curves as figure_curves
from flat.report.figures import files as figures
from flat.report.figures import style
from flat.study.cells import AttackedCell, Cell
from flat.study.grid import curve_cells

STATUS = ["succeeded", "failed", "skipped", "succeeded"]
QUERIES = [10, 90, 1, 40]


def ledger(status=STATUS, queries=QUERIES):
    return pd.DataFrame({"status": status, "queries": queries})


def cell(strategy="base", **more):
    keys = {"dataset": "sst2", "model": "LSTM", "strategy": strategy, "attack": "textfooler", "seed": 0}
    return keys | {"train_attack": "none" if strategy == "base" else keys["attack"]} | more


def test_accuracy_under_each_budget_by_hand():
    found = curves.after_attack_accuracy(STATUS, QUERIES, [0, 9, 10, 39, 40, 1000])
    assert found.tolist() == [75, 75, 50, 50, 25, 25]


@given(st.lists(st.tuples(st.sampled_from(["succeeded", "failed", "skipped"]), st.integers(1, 500)), min_size=1))
def test_a_curve_falls_from_clean_to_after_attack_accuracy(rows):
    status, queries = zip(*rows, strict=True)
    budget = curves.budgets(max(queries))
    found = curves.after_attack_accuracy(status, queries, budget)
    frame = ledger(status, queries).assign(example_id=range(len(rows)), similarity_unchecked=False)
    frame = frame.assign(swaps=[[]] * len(rows), original_words=[["a"]] * len(rows))
    values = ledger_values(frame)
    assert found[0] == pytest.approx(values["attacked_accuracy_percent"][0])
    assert found[-1] == pytest.approx(values["after_attack_accuracy_percent"][0])
    assert (np.diff(found) <= 0).all() and budget[0] == 0 and budget[-1] == max(queries)


@pytest.mark.parametrize("largest", [0, 1, 2, 9, 12_345])
def test_budgets_are_whole_numbers_up_to_the_largest(largest):
    found = curves.budgets(largest)
    assert found[0] == 0 and found[-1] == largest and found == sorted(set(found)) and len(found) < 120


def test_seeds_are_averaged_and_models_of_a_column_share_their_budgets():
    three = [(cell("FLAT", seed=s), ledger(queries=[q, 90, 1, 40])) for s, q in enumerate((10, 10, 80))]
    frame = curves.curves(curves.by_seed([(cell(), ledger(queries=[10, 300, 1, 40])), *three]))
    flat = frame[frame["strategy"].eq("FLAT")].set_index("budget")
    assert set(flat["seeds"]) == {3} and flat.index[-1] == 300
    at = flat[flat.index <= 30].iloc[-1]
    assert (at["aa_percent"], at["low"], at["high"]) == (pytest.approx(100 * (0.5 + 0.5 + 0.75) / 3), 50, 75)
    assert frame[frame["strategy"].eq("base")]["seeds"].eq(1).all()


def test_cells_of_a_lazy_search_have_no_curve():
    plain = study()
    assert {a.attack for a in curve_cells(plain)} == {"textfooler", "pwws"}
    attacks = plain.model_dump()["attacks"]
    attacks["textfooler"]["search"] = "lazy"
    found = curve_cells(study(attacks=attacks))
    assert {a.attack for a in found} == {"pwws"}
    assert AttackedCell(Cell("ag", "CNN", "FLAT", "pwws", 0), "pwws") in found


def test_the_figure_shows_what_was_run_and_says_what_was_not(tmp_path):
    cells = [(cell(), ledger()), (cell("FLAT"), ledger(queries=[30, 90, 1, 80]))]
    drawing = figure_curves.draw(study=study(), cells=cells)
    files = style.write(drawing, tmp_path)
    assert {path.name for path in files.values()} == {"curves.pdf", "curves.png", "curves.csv"}
    assert len(pd.read_csv(files["csv"])) == len(drawing.frame) > 10
    words = [text.get_text() for axes in drawing.figure.axes for text in axes.texts]
    assert words.count("not run") == 2 * 2 - 1  # one attack, models x data sets of the study file
    assert any("not drawn: PWWS" in note for note in drawing.notes)
    back = figures.read(tmp_path, "curves")
    assert (back.name, back.stem, back.title) == ("Curves", "curves", drawing.title)
    again = style.write(figure_curves.draw(study=study(), cells=cells), tmp_path / "again")
    assert all(files[kind].read_bytes() == again[kind].read_bytes() for kind in files)


@pytest.mark.parametrize("model", ["LSTM", "CNN"])
def test_no_panel_lies_on_the_numbers_of_an_axis(model):
    drawing = figure_curves.draw(study=study(), cells=[(cell(model=model), ledger())])
    drawing.figure.canvas.draw()
    boxes = [axes.get_window_extent() for axes in drawing.figure.axes]
    numbers = [
        label.get_window_extent()
        for axes in drawing.figure.axes
        for label in axes.get_xticklabels()
        if label.get_text() and not axes.texts
    ]
    assert numbers and not any(number.overlaps(box) for number in numbers for box in boxes)


def test_without_exact_counts_there_is_a_panel_that_says_so():
    drawing = figure_curves.draw(study=study(), cells=[])
    assert not drawing.is_run and "exact counts" in drawing.caption
