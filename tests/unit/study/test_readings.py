"""Readings of the method: rows in the grids, switches resolved, what differs between two rows, refusals."""

import pytest
from readings_examples import FLAT, ROWS, SOFTMAX, demo

from flat.errors import StudyError
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
