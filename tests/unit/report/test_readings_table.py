"""The table of readings by hand, and what tables say of the reading of their models."""

import math
from dataclasses import replace

import pytest
from table_examples import build, entry, make_extras, row, study, tau

from flat.analysis.guards.flags import frame
from flat.analysis.measurements import rows_of
from flat.report.tables import notes as table_notes
from flat.report.tables import render
from flat.report.tables.layout import wide
from flat.study.grid import (
    Cell,
)


@pytest.fixture(scope="module")
def extras():
    return make_extras()


def measured(metric, value, strategy, **more):
    return row(metric, value, strategy=strategy, train_attack="textfooler", **more)


def test_the_table_by_hand(extras):
    flat = {"strategy": "FLAT", "train_attack": "textfooler"}
    rows = [
        measured("test_accuracy_percent", 80.0, "FLAT"),
        measured("test_accuracy_percent", 82.5, "FLAT-softmax"),
        measured("after_attack_accuracy_percent", 30.0, "FLAT", attack="textfooler"),
        measured("after_attack_accuracy_percent", 12.0, "FLAT-softmax", attack="textfooler"),
        measured("after_attack_accuracy_percent", 99.0, "FLAT", attack="pwws"),
        tau(0.5, "shared", **flat),
        tau(0.25, "shared", **flat | {"strategy": "FLAT-softmax"}),
        tau(0.75, "saved", **flat),
    ]
    table = build("readings", rows, extras)
    first = ("LSTM", "SST2 †", "FLAT", "(reading: paper)")
    second = ("LSTM", "SST2 †", "FLAT, softmax", "keep: all; double_softmax")
    titles = ("SA", "Δ SA", "AA", "Δ AA", "KT", "Δ KT")
    assert [entry(table, first, t).text for t in titles] == ["80.00ᶜ", "", "30.00ᶜ", "", "0.50ᶜ", ""]
    assert [entry(table, second, t).text for t in titles] == [
        "82.50ᶜ",
        "+2.50ᶜ",
        "12.00ᶜ",
        "−18.00ᶜ",
        "0.25ᶜ",
        "−0.25ᶜ",
    ]
    assert entry(table, first, "KT", "saved").text == "0.75ᶜ"
    assert "Δ KT" not in [text for text, _ in wide(table, "saved").header[-1]]  # no second row has a KT there
    # CNN comes last although its row stands between: a model's rows stay together
    assert [line.labels[0] for line in wide(table).body] == ["LSTM", "LSTM", "CNN"]
    assert entry(table, ("CNN", "AG", "FLAT", "(reading: paper)"), "SA").text == "not run"
    assert set(table.frame["printed"]) == {"–"}


FIRST = ("LSTM", "SST2 †", "FLAT", "(reading: paper)")
SECOND = ("LSTM", "SST2 †", "FLAT, softmax", "keep: all; double_softmax")
ORIGIN_TITLES = ("AA at T", "saturated %", "AA, known words", "unknown word used %", "φ(unknown)", "φ, mean")


def titles_of(table, pair_set=None):
    return [text for text, _ in wide(table, pair_set).header[-1]]


def test_columns_that_say_where_aa_comes_from(extras):
    """Calibrated AA and saturation as the guards measured them; a mean and its spread where there are several seeds."""
    attack = {"attack": "textfooler"}
    rows = [
        measured("aa_known_words_percent", 40.0, "FLAT", **attack),
        measured("aa_known_words_percent", 44.0, "FLAT", seed=1, **attack),
        measured("oov_success_percent", 50.0, "FLAT", **attack),
        measured("oov_success_percent", 53.0, "FLAT", attack="pwws", seed=1),  # another attack's
        measured("unknown_word_importance", 0.25, "FLAT"),
        measured("unknown_word_importance", 0.5, "FLAT-softmax"),
        measured("mean_word_importance", 0.75, "FLAT"),
    ]
    cell = Cell("sst2", "LSTM", "FLAT", "textfooler", 0)
    values = {"aa_calibrated_percent": (12.0, 100), "aa_at_one_percent": (30.0, 100), "saturated_percent": (61.5, 300)}
    guarded = [*rows_of(cell, 3, "textfooler", values), *rows_of(cell, 3, "pwws", {"saturated_percent": (1.0, 300)})]
    table = build("readings", rows, replace(extras, guards=frame(guarded)), seeds=[0, 1])
    shown = [entry(table, FIRST, title).text for title in ORIGIN_TITLES]
    assert shown == ["12.00ᶜ", "61.5ᶜ", "42.00 ± 2.83ᵈ", "50.00ᶜ", "0.250ᶜ", "0.750ᶜ"]
    assert [entry(table, SECOND, title).text for title in ORIGIN_TITLES] == ["", "", "", "", "0.500ᶜ", ""]
    lines = table.frame.set_index(["strategy", "metric"])["ours"]
    assert lines["FLAT", "aa_at_one_percent"] == 30.0  # in the csv alone
    assert "AA at T = 1" not in titles_of(table)
    told = " ".join(table.notes)
    assert "on examples: SST2 100." in told and "exceeds 0.999" in told and "φ: learned importance" in told
    assert "stand with their standard deviation" in told


def test_columns_that_were_not_measured_are_left_out(extras):
    rows = [
        measured("test_accuracy_percent", 80.0, "FLAT"),
        measured("aa_known_words_percent", 40.0, "FLAT-softmax", attack="textfooler"),
    ]
    table = build("readings", rows, extras)
    labels = ["Model", "Data", "Trained as", "Differs in"]
    always = ["SA", "AA", "KT", "TI@5"]  # and no difference, of which there is none
    assert titles_of(table) == titles_of(table, "saved") == [*labels, *always, "AA, known words"]
    assert entry(table, FIRST, "AA, known words").text == "" and entry(table, FIRST, "KT").text == "not run"
    assert set(table.frame["metric"]) & {"saturated_percent", "unknown_word_importance"} == set()
    assert not any("φ" in note or "Saturated" in note for note in table.notes)
    for text in (render.to_markdown(table), render.to_tex(table), render.to_csv(table)):
        assert "AA, known words" in text or "aa_known_words_percent" in text
    block = study().artefacts.model_dump()
    block["readings"]["explained"] = False
    table = build("readings", rows, extras, artefacts=block)
    assert titles_of(table) == [*labels, *always[:2], "AA, known words"] and table.views == ("",)
    assert "Kendall" not in table.caption and not any("shared" in note for note in table.notes)


def test_rows_are_compared_with_the_first_that_is_trained_in_the_same_way(extras):
    strategies = study().model_dump()["strategies"]
    strategies["adv-softmax"] = {"title": "adv, softmax", "switches": {"double_softmax": True}}
    names = ("base", "adv", "FLAT", "adv-softmax", "FLAT-softmax")
    artefacts = study().artefacts.model_dump()
    artefacts["readings"]["rows"] = [{"dataset": "sst2", "model": "LSTM", "strategy": name} for name in names]
    aa = dict(zip(names, (2.0, 3.0, 4.0, 13.0, 44.0), strict=True))
    rows = [
        row("after_attack_accuracy_percent", value, strategy=name, attack="textfooler", train_attack=trained)
        for name, value in aa.items()
        for trained in ["none" if name == "base" else "textfooler"]
    ]
    table = build("readings", rows, extras, strategies=strategies, artefacts=artefacts)
    own = "(reading: paper)"
    differs = {"base": own, "adv": own, "FLAT": own, "adv, softmax": "double_softmax", "FLAT, softmax": SECOND[-1]}
    assert [line.labels[2:] for line in wide(table).body] == list(differs.items())
    shown = [entry(table, ("LSTM", "SST2 †", *labels), "Δ AA").ours for labels in differs.items()]
    assert shown == ["", "", "", "+10.00", "+40.00"]


def test_differences_are_taken_seed_by_seed(extras):
    values = {"FLAT": {0: 10.0, 1: 30.0, 2: 50.0}, "FLAT-softmax": {0: 11.0, 1: 33.0}}
    rows = [
        measured("test_accuracy_percent", value, name, seed=seed)
        for name, seeds in values.items()
        for seed, value in seeds.items()
    ]
    table = build("readings", rows, extras, seeds=[0, 1, 2])
    labels = ("LSTM", "SST2 †", "FLAT, softmax", "keep: all; double_softmax")
    assert entry(table, labels, "Δ SA").text == "+2.00 ± 1.41ᵈ"  # of +1 and +3; seed 2 has no partner
    line = table.frame[(table.frame["strategy"] == "FLAT-softmax") & (table.frame["minus"] == "first row")].iloc[0]
    assert line["ours"] == pytest.approx(2.0) and line["ours_sd"] == pytest.approx(math.sqrt(2)) and line["seeds"] == 2


def test_data_of_a_readings_row_alone_are_in_no_table_of_the_paper(extras):
    values = study().model_dump()
    values["datasets"]["masked"] = values["datasets"]["ag"] | {"title": "AG masked"}
    values["artefacts"]["readings"]["rows"].append({"dataset": "masked", "model": "CNN", "strategy": "FLAT"})
    changes = {"datasets": values["datasets"], "artefacts": values["artefacts"]}
    rows = [measured("test_accuracy_percent", 1.0, "FLAT", dataset="masked", model="CNN")]
    for key in ("1", "2", "3", "6", "7", "8"):
        laid_out = wide(build(key, rows, extras, **changes))
        titles = [text for line in (*laid_out.header, *(row.labels for row in laid_out.body)) for text in line]
        assert not any("AG masked" in text for text in titles)
    table = build("readings", rows, extras, **changes)
    assert entry(table, ("CNN", "AG masked", "FLAT", "nothing"), "SA").text == "1.00ᶜ"


# --- notes below every table


def reading_note(extras, rows, key="5", **changes):
    (found,) = [n for n in build(key, rows, extras, **changes).notes if n.startswith("Reading of the method")]
    return found


def test_tables_name_the_reading_of_their_own_models(extras):
    rows = [measured("test_accuracy_percent", 1.0, "FLAT")]
    assert reading_note(extras, rows) == "Reading of the method: paper, the equations as printed (docs/method.md)."
    method = {"reading": "authors", "switches": {"keep": "all"}}
    strategies = study().model_dump()["strategies"]
    strategies["FLAT"]["switches"] = {"double_softmax": False}
    strategies["adv"]["switches"] = {"entropy_over": "words"}  # adv has no mask: says nothing
    rows.append(measured("test_accuracy_percent", 1.0, "adv"))
    note = reading_note(extras, rows, key="2", method=method, strategies=strategies)
    assert "authors, what the published code does; set otherwise: " in note
    assert "keep: all (LSTM-adv, LSTM-FLAT)" in note and "no double_softmax (LSTM-FLAT)" in note
    assert "entropy_over" not in note
    data = study().model_dump()["datasets"]
    data["sst2"]["cleaning"]["mask_unknown"] = True
    assert "mask_unknown (SST2)" in reading_note(extras, rows, key="2", datasets=data)


def test_notes_speak_of_the_models_shown_only(extras):
    """FLAT-softmax keeps failed tries too: Table 5 does not show it, the readings do."""
    rows = [measured("test_accuracy_percent", 1.0, name) for name in ("FLAT", "FLAT-softmax")]
    told = {key: " ".join(build(key, rows, extras).notes) for key in ("5", "readings")}
    assert "best failed tries" in told["readings"] and "best failed tries" not in told["5"]


def test_limits_and_counts_of_each_attack(extras):
    attacks = study().model_dump()["attacks"]
    attacks["pwws"] |= {"query_budget": 150, "time_limit": 2.5}
    attacks["gene"] = attacks["pwws"] | {"title": "Gene", "recipe": "gene"}
    attacks["iga"] = attacks["gene"] | {"title": "IGA", "recipe": "iga", "time_limit": None}
    block = study().artefacts.model_dump()
    block["transfer"]["attacks"] = ["pwws", "gene", "iga"]
    sizes = {"pwws": 60, "gene": 20, "iga": 20}
    rows = [row("after_attack_accuracy_percent", 5.0, attack=name, n=n) for name, n in sizes.items()]
    table = build("4", rows, extras, attacks=attacks, artefacts=block)
    assert "Attacked test examples, the same for every model: SST2: PWWS 60, Gene 20, IGA 20." in table.notes
    bounds = (
        "PWWS, Gene: at most 150 queries and 2.5 s (which depends on the machine) an example; IGA: at most 150 queries"
    )
    assert any(note.startswith(bounds) for note in table.notes)
    assert table_notes.limits(study(), table.frame) == ""


# --- switches
