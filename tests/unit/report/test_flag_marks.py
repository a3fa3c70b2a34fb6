"""Flags in tables and figures: a mark at each entry of a flagged cell, and a note that says why."""

from dataclasses import replace

import pytest
from table_examples import entry, make_extras, row, study

from flat.analysis import measurements as robustness
from flat.analysis.guards import flags as guards
from flat.paper.catalogue import FIGURES
from flat.report import build as tables
from flat.report.figures import flags as figure_flags
from flat.report.figures import style
from flat.report.tables import render
from flat.report.tables.flag_marks import Flags, note
from flat.study.cells import AttackedCell, Cell

AA = "after_attack_accuracy_percent"
BASE = Cell("sst2", "LSTM", "base", "none", 0)
ADV = Cell("sst2", "LSTM", "adv", "textfooler", 0)


@pytest.fixture(scope="module")
def flags():
    rows = guards.flag_rows(BASE, "textfooler", {"miscalibrated": "AA 50.0 % falls to 10.0 %"})
    rows += guards.flag_rows(ADV, "", {"unequal_compute": "rounds: 2 (FLAT 1)"})
    return guards.frame(rows, guards.FLAGS_SCHEMA)


def build(key, rows, flags, **extras):
    return tables.build(key, study(), robustness.frame_of(rows), replace(make_extras(), flags=flags, **extras))


MEASURED = [
    row("test_accuracy_percent", 80.0),
    row("test_accuracy_percent", 81.0, strategy="adv", train_attack="textfooler"),
    row("test_accuracy_percent", 82.0, strategy="adv", train_attack="pwws"),
    row(AA, 50.0, attack="textfooler"),
    row(AA, 40.0, attack="pwws"),
    row(AA, 30.0, attack="textfooler", strategy="adv", train_attack="textfooler"),
]


def test_a_flag_marks_the_entries_of_its_attack_and_those_of_none(flags):
    table = build("3", MEASURED, flags)
    assert entry(table, ("TextFooler §", "LSTM-base"), "SST2 † AA").ours == "50.0 ¶"
    assert entry(table, ("PWWS", "LSTM-base"), "SST2 † AA").ours == "40.0"
    assert entry(table, ("TextFooler §", "LSTM-adv"), "SST2 † AA").ours == "30.0 ¶"
    accuracy = build("2", MEASURED, flags)
    shown = [entry(accuracy, labels, "SST2 †").ours for labels in (("LSTM-base", "–"), ("LSTM-adv", "TextFooler §"))]
    assert shown == ["80.00 ¶", "81.00 ¶"] and entry(accuracy, ("LSTM-adv", "PWWS"), "SST2 †").ours == "82.00"


def test_notes_say_which_cells_and_why_in_every_format(flags):
    table = build("3", MEASURED, flags)
    said = [note for note in table.notes if "¶" in note]
    assert said == [
        f"¶ Flagged miscalibrated, {guards.FLAGS['miscalibrated']} (docs/guards.md): LSTM-base on SST2 †, TextFooler § "
        "(AA 50.0 % falls to 10.0 %).",
        f"¶ Flagged unequal compute, {guards.FLAGS['unequal_compute']} (docs/guards.md): LSTM-adv on SST2 † trained on "
        "TextFooler § (rounds: 2 (FLAT 1)).",
    ]
    assert r"50.0 \P{}" in render.to_tex(table) and "miscalibrated" in render.to_csv(table)


def test_a_note_names_the_seed_where_the_cell_has_several_though_the_study_has_one():
    more = guards.flag_rows(replace(BASE, seed=1), "textfooler", {"constant": "97.0 % of 40 answers are alike"})
    chosen = study(overrides=[{"where": {"models": ["LSTM"]}, "seeds": [0, 1]}])
    (said,) = note(chosen, guards.frame(more, guards.FLAGS_SCHEMA).to_dict("records"))
    assert said.endswith("(seed 1: 97.0 % of 40 answers are alike).")


def test_without_flags_nothing_is_marked():
    for key in ("2", "3"):
        table = build(key, MEASURED, None)
        assert "¶" not in render.to_markdown(table) and set(table.frame["flags"]) == {""}


def test_the_table_of_guards_shows_the_checked_cells_and_flagged_others(flags):
    values = {"saturated_percent": (60.0, 10), "median_margin": (9.5, 10), AA: (50.0, 10)}
    other = AttackedCell(Cell("sst2", "LSTM", "FLAT", "textfooler", 0), "pwws")
    measured = [*robustness.rows_of(BASE, 0, "textfooler", values), *robustness.rows_of(other.cell, 1, "pwws", values)]
    more = guards.frame(
        [*flags.to_dict("records"), *guards.flag_rows(other.cell, "pwws", {"saturated": "60.0 %"})], guards.FLAGS_SCHEMA
    )
    table = build("guards", [], more, guards=guards.frame(measured))
    assert entry(table, ("SST2 †", "TextFooler §", "LSTM-base"), "margin").ours == "9.50 ¶"
    assert entry(table, ("SST2 †", "PWWS", "LSTM-FLAT (trained on TextFooler §)"), "saturated %").ours == "60.0 ¶"
    assert entry(table, ("AG", "PWWS", "CNN-FLAT"), "AA").ours == "not run"


def shown(chosen, number):
    """The (trained model, attack) pairs of a figure."""
    return [(attacked.cell, attacked.attack) for attacked in FIGURES[number].cells(chosen)]


def test_a_figure_knows_the_cells_it_shows(flags):
    chosen = study()
    assert (BASE, "textfooler") in shown(chosen, 3)
    assert [cell.strategy for cell, _ in shown(chosen, 5)] == ["FLAT", "FLAT-nogamma"]
    assert {attack for _, attack in shown(chosen, 6)} == {"textfooler"}
    assert [flag["flag"] for flag in Flags(flags).of_cells(shown(chosen, 6))] == [
        "miscalibrated",
        "unequal_compute",
    ]
    assert Flags(flags).of_cells(shown(chosen, 4)) == []


def test_a_flagged_figure_is_marked_and_says_why(flags):

    class Picture:
        texts = ()

        def text(self, x, y, text, **style):
            self.texts += (text,)

    drawing = replace(style.not_run(6, "nothing"), figure=Picture(), is_run=True)
    found = figure_flags.marked(study(), drawing, flags)
    assert found.figure.texts == ("¶ flagged cells: see the notes",) and len(found.notes) == len(drawing.notes) + 2
    assert figure_flags.marked(study(), drawing, None) is drawing
