"""Readings of the method: switches resolved, what differs between two rows, the table by hand, notes, refusals."""

import copy
import math
from dataclasses import replace

import pytest
import yaml
from table_examples import ROOT, build, entry, make_extras, row, study, tau

from flat.analysis.guards.flags import frame
from flat.analysis.measurements import rows_of
from flat.errors import StudyError
from flat.report.tables import notes as table_notes
from flat.report.tables import render
from flat.report.tables.layout import wide
from flat.report.tables.readings import differences
from flat.study import paths
from flat.study.cells import base_of
from flat.study.grid import (
    AttackedCell,
    Cell,
    attacked_cells,
    calibrated_cells,
    explained_cells,
    reading_cells,
    reported_datasets,
    trained_cells,
)
from flat.study.load import parse
from flat.study.readings import means_something, switches_of

DEMO = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
FLAT = {"title": "FLAT", "mask": "variational", "beta": 0.1, "gamma": 0.1}


@pytest.fixture(scope="module")
def extras():
    return make_extras()


def demo(rows, *, strategies=None, masked=True, **changes):
    """The demo study's values with a readings block; ``masked``: with a copy of SST2 that masks unknown words."""
    values = copy.deepcopy(DEMO)
    values["strategies"] |= strategies or {}
    if masked:
        values["datasets"]["sst2-masked"] = copy.deepcopy(values["datasets"]["sst2"])
        values["datasets"]["sst2-masked"]["cleaning"]["mask_unknown"] = True
    cells = [dict(zip(("dataset", "model", "strategy"), cell, strict=True)) for cell in rows]
    values["artefacts"]["readings"] = {"attack": "textfooler", "rows": cells}
    return values | changes


ROWS = [("sst2", "CNN", "FLAT"), ("sst2", "CNN", "softmax"), ("sst2-masked", "CNN", "FLAT")]
SOFTMAX = {"softmax": FLAT | {"switches": {"double_softmax": True}}}


def test_rows_enter_the_grids_with_their_base_models_and_without_lime():
    chosen = parse(demo(ROWS, strategies=SOFTMAX))
    softmax, masked = (
        Cell("sst2", "CNN", "softmax", "textfooler", 0),
        Cell("sst2-masked", "CNN", "FLAT", "textfooler", 0),
    )
    base = Cell("sst2-masked", "CNN", "base", "none", 0)
    assert {softmax, masked, base} <= set(trained_cells(chosen))
    assert {AttackedCell(c, "textfooler") for c in (softmax, masked, base)} <= set(attacked_cells(chosen))
    explained = {method: set(explained_cells(chosen, method)) for method in ("ig", "lime")}
    assert {AttackedCell(c, "textfooler") for c in (softmax, masked)} == explained["ig"] - explained["lime"]
    assert AttackedCell(softmax, "pwws") not in attacked_cells(chosen)


def test_rows_are_attacked_again_and_explained_where_the_block_says_so():
    values = demo(ROWS, strategies=SOFTMAX)
    plain, block = parse(values), values["artefacts"]["readings"]
    rows = set(reading_cells(plain))
    beyond = {a for a in rows if a.cell.strategy == "softmax" or a.cell.dataset == "sst2-masked"}
    assert len(beyond) == 2 and not beyond & set(calibrated_cells(plain))
    block["calibrated"] = True
    calibrated = parse(values)
    assert set(calibrated_cells(calibrated)) == set(calibrated_cells(plain)) | rows  # whatever calibration.where says
    assert attacked_cells(calibrated) == attacked_cells(plain)
    block["explained"] = False
    unexplained = parse(values)
    assert set(explained_cells(plain, "ig")) - set(explained_cells(unexplained, "ig")) == beyond
    assert beyond <= set(attacked_cells(unexplained))
    values["guards"]["calibration"] = None
    with pytest.raises(StudyError, match=r"readings\.calibrated: it is true, but guards\.calibration is null"):
        parse(values)


def test_rows_of_base_and_adv_are_compared_with_the_base_models_texts():
    """“shared” of a row outside the main tables: explained on the texts stored from the base model of its data."""
    authors = {"title": "adv, authors", "switches": {"keep": "everything", "double_softmax": True}}
    chosen = parse(
        demo([("sst2-masked", "CNN", name) for name in ("base", "authors")], strategies={"authors": authors})
    )
    base = AttackedCell(Cell("sst2-masked", "CNN", "base", "none", 0), "textfooler")
    adv = AttackedCell(Cell("sst2-masked", "CNN", "authors", "textfooler", 0), "textfooler")
    assert {base, adv} <= set(explained_cells(chosen, "ig")) and AttackedCell(base_of(adv.cell), adv.attack) == base
    assert switches_of(chosen, "CNN", "authors")["keep"] == "everything"


def test_data_of_a_readings_row_alone_are_not_reported():
    assert "sst2-masked" not in reported_datasets(parse(demo(ROWS, strategies=SOFTMAX)))
    assert {"sst2", "imdb", "ag", "trec"} <= set(reported_datasets(parse(demo(ROWS, strategies=SOFTMAX))))
    main = demo(ROWS, strategies=SOFTMAX)
    main["artefacts"]["ablation"] |= {"dataset": "sst2-masked"}
    assert "sst2-masked" in reported_datasets(parse(main))


def test_what_differs_from_the_first_row():
    other = FLAT | {"gamma": 0, "start": "own", "switches": {"keep": "all", "detach_importance": False}}
    changes = {"overrides": [{"where": {"strategies": ["other"]}, "rounds": {"count": 2}}]}
    chosen = parse(demo([*ROWS, ("sst2", "CNN", "other")], strategies=SOFTMAX | {"other": other}, **changes))
    first = Cell("sst2", "CNN", "FLAT", "textfooler", 0)

    def apart(dataset, strategy):
        return differences(chosen, Cell(dataset, "CNN", strategy, "textfooler", 0), first)

    assert apart("sst2", "FLAT") == []
    assert apart("sst2", "softmax") == ["double_softmax"]
    assert apart("sst2-masked", "FLAT") == ["mask_unknown"]
    assert apart("sst2", "other") == ["keep: all", "start: own", "gamma: 0", "rounds: 2"]
    assert differences(chosen, first, Cell("sst2", "CNN", "softmax", "textfooler", 0)) == ["no double_softmax"]


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
    assert [entry(table, first, t).text for t in titles] == ["80.00ᶜ", "0.00ᶜ", "30.00ᶜ", "0.00ᶜ", "0.50ᶜ", "0.00ᶜ"]
    assert [entry(table, second, t).text for t in titles] == [
        "82.50ᶜ",
        "+2.50ᶜ",
        "12.00ᶜ",
        "-18.00ᶜ",
        "0.25ᶜ",
        "-0.25ᶜ",
    ]
    assert entry(table, first, "KT", "saved").text == "0.75ᶜ"
    assert entry(table, second, "Δ KT", "saved").text == "not run"
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
    always = ["SA", "Δ SA", "AA", "Δ AA", "KT", "Δ KT", "TI@5"]
    assert titles_of(table) == titles_of(table, "saved") == [*labels, *always, "AA, known words"]
    assert entry(table, FIRST, "AA, known words").text == "" and entry(table, FIRST, "KT").text == "not run"
    assert set(table.frame["metric"]) & {"saturated_percent", "unknown_word_importance"} == set()
    assert not any("φ" in note or "Saturated" in note for note in table.notes)
    for text in (render.to_markdown(table), render.to_tex(table), render.to_csv(table)):
        assert "AA, known words" in text or "aa_known_words_percent" in text
    block = study().artefacts.model_dump()
    block["readings"]["explained"] = False
    table = build("readings", rows, extras, artefacts=block)
    assert titles_of(table) == [*labels, *always[:4], "AA, known words"] and table.views == ("",)
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
    assert shown == ["0.00", "0.00", "0.00", "+10.00", "+40.00"]


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


def test_switches_come_from_the_strategy_then_the_method_then_the_reading():
    values = demo(ROWS[:2], strategies=SOFTMAX, method={"reading": "authors", "switches": {"keep": "all"}})
    values["strategies"]["softmax"]["switches"] = {"keep": "successful"}
    chosen = parse(values)
    assert switches_of(chosen, "CNN", "FLAT")["keep"] == "all"
    assert switches_of(chosen, "CNN", "softmax")["keep"] == "successful"
    assert switches_of(chosen, "CNN", "FLAT")["double_softmax"] is True
    assert not means_something(chosen, "CNN", "FLAT", "mask_attention")  # no encoder
    assert not means_something(chosen, "CNN", "adv", "entropy_over")  # no mask
    assert not means_something(chosen, "CNN", "base", "keep")  # no adversarial texts
    assert means_something(chosen, "CNN", "base", "double_softmax")


def test_a_strategy_attacked_in_another_mode_has_a_first_attack_of_its_own():
    train_mode = {"train-mode": FLAT | {"switches": {"attack_in_train_mode": True}}}
    chosen = parse(demo([ROWS[0], ("sst2", "CNN", "train-mode")], strategies=train_mode, masked=False))
    flat, other = (Cell("sst2", "CNN", name, "textfooler", 0) for name in ("FLAT", "train-mode"))
    assert "/CNN/base/" in paths.train_ledger(chosen, flat, 1)
    assert "/CNN/train-mode/" in paths.train_ledger(chosen, other, 1)
    assert paths.previous_model(chosen, other, 1) == paths.previous_model(chosen, flat, 1)  # which attacks base too
    everywhere = parse(demo(ROWS[:2], strategies=SOFTMAX, method={"switches": {"attack_in_train_mode": True}}))
    assert "/CNN/base/" in paths.train_ledger(everywhere, flat, 1)


ENCODER_ONLY = {"x": FLAT | {"switches": {"mask_attention": True}}}
CLEAN = {"x": {"title": "clean", "adversarial": False}}
SOFT_BASE = {"base": {"title": "base", "adversarial": False, "switches": {"double_softmax": True}}}
MASKLESS = {"x": {"title": "adv", "switches": {"importance_over": "all"}}}
BAD = {
    "no such data set": (demo([ROWS[0], ("sst3", "CNN", "FLAT")]), r"readings\.rows\.1\.dataset: sst3 is not among"),
    "no such strategy": (demo([ROWS[0], ("sst2", "CNN", "FLATT")]), r"readings\.rows\.1\.strategy: FLATT is not"),
    "one row": (demo(ROWS[:1]), r"artefacts\.readings\.rows: .*at least 2"),
    "a row twice": (demo([ROWS[0], ROWS[0]]), r"readings\.rows\.1: it is row 0 once more"),
    "encoders' switch on a CNN": (
        demo([ROWS[0], ("sst2", "CNN", "x")], strategies=ENCODER_ONLY),
        r"x sets mask_attention, which only encoders have; CNN is a cnn",
    ),
    "another model of clean texts": (
        demo([ROWS[0], ("sst2", "CNN", "x")], strategies=CLEAN),
        r"x sets adversarial: false, but base alone is trained on no adversarial texts",
    ),
    "a base model with two softmaxes": (
        demo([ROWS[0], ("sst2", "CNN", "base")], strategies=SOFT_BASE),
        r"base sets double_softmax, but it is trained with the plain cross entropy",
    ),
    "mask switch without a mask": (
        demo([ROWS[0], ("sst2", "CNN", "x")], strategies=MASKLESS),
        r"x sets importance_over, but it has no variational mask",
    ),
}


@pytest.mark.parametrize("values, message", BAD.values(), ids=BAD.keys())
def test_rows_that_are_refused(values, message):
    with pytest.raises(StudyError, match=f"(?s){message}") as refused:
        parse(values, "bad.yaml")
    assert "remedy: " in str(refused.value)
