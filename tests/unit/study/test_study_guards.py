"""Studies that would select on test, or whose guards speak of nothing, are refused with a remedy."""

import copy
from pathlib import Path

import pytest
import yaml

from flat.errors import StudyError
from flat.study.grid import calibrated_cells, checked_cells, compared_strategies, tuned_cells, tuned_where
from flat.study.load import parse
from flat.study.settings import searched, tuned_attacked

ROOT = Path(__file__).resolve().parents[3]
TINY = yaml.safe_load((ROOT / "tests/data/tiny.yaml").read_text())


def changed(path, value):
    study = copy.deepcopy(TINY)
    *parents, last = path.split(".")
    place = study
    for key in parents:
        place = place[key]
    place[last] = value
    return study


HUB = {"kind": "hub", "path": "x/y", "revision": "0" * 40, "files": {"train": "a", "dev": "b.csv", "test": "b.csv"}}
FILES = {"kind": "files", "train": "mine.csv", "dev": "other.csv", "test": "./other.csv"}
TUNED = {"cell": "a/b/c/d", "split": "test", "trials": 3, "score": 0.5, "evidence": "trials.csv"}
TUNED |= {"rounds": 1, "attacked": "all", "examples": 8, "robustness": 0.5}


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("models.CNN.training.select", "test", "models.CNN.training.select: .*nothing may be selected on test"),
        ("tune.split", "test", "tune.split: .*nothing may be selected on test"),
        ("tuned", [TUNED | {"split": "dev"}, TUNED], r"tuned.1.split: .*nothing may be selected on test"),
        ("datasets.sst2.source", FILES, "sst2.source.dev: ./other.csv is test, .* selected on test"),
        ("datasets.sst2.source", HUB, "sst2.source.files.dev: b.csv is test"),
        ("datasets.sst2.source", {**FILES, "dev": None, "test": "mine.csv"}, "source.train: .*trained on test"),
        ("overrides", [{"where": {}, "training": {"select": "test"}}], "nothing may be selected on test"),
        ("guards.calibration.where", {"models": ["LSMT"]}, "LSMT is not among the models"),
        ("guards.calibration.where", {"strategies": ["group10"]}, "fits no cell of artefacts.main"),
        ("strategies.clean", {"title": "clean", "adversarial": False}, "clean trains on no adversarial texts"),
        (
            "tune.strategies",
            ["adv", "FLAT-nogama"],
            r"FLAT-nogama is not among the strategies\n.*mean FLAT-nogamma\? use",
        ),
        ("tune.datasets", ["sst"], r"tune.datasets: sst is not among the datasets\n.*did you mean sst2\?"),
        ("tune.models", [], "tune.models: .*at least 1 item"),
        ("tune.train_attack", "textfoler", r"tune.train_attack: textfoler .*\n.*did you mean textfooler\?"),
        ("tune.train_attack", None, r"tune.train_attack: adv trains on adversarial texts\n.*name the attack"),
        ("tune.strategy", "adv", r"tune: .*strategy: a search takes lists; write strategies: \[adv\]"),
        ("tune.seed", 5, r"tune.seed: 5 is no seed of the study\n.*use one of 0"),
        ("tune.beta", {"low": 1, "high": 0.1}, "low 1 is not below high 0.1"),
        ("tune.beta", {"low": 1, "choices": [0.1]}, "give low and high, or choices alone"),
        ("tune.beta", {"low": 1}, "give low and high, or choices alone"),
        ("tune.beta", {"choices": [0.1, 0.1]}, "a choice stands twice"),
        ("tune.beta", {"choices": []}, "tune.beta.choices: .*at least 1 item"),
        ("tune.rounds", 0, "tune.rounds: .*greater than 0"),
    ],
)
def test_a_study_is_refused_with_the_keys_path(path, value, said):
    study = changed(path, value)
    if path == "strategies.clean":
        study["tune"]["strategies"] = ["clean"]
    with pytest.raises(StudyError, match=said):
        parse(study)


def test_only_masks_have_weights_to_search():
    study = parse(TINY)
    assert set(searched(study, "FLAT-nogamma")) == {"beta", "learning_rate"}  # gamma: null
    assert searched(study, "FLAT-nogamma")["beta"] == {"low": 1e-3, "high": 1}
    for strategy in ("base", "adv", "group10"):
        assert searched(study, strategy) == {"learning_rate": {"choices": [0.002, 0.004]}}
    with pytest.raises(StudyError, match="nothing is left to search for base"):
        parse(changed("tune.learning_rate", None))


def test_the_cells_that_are_tuned_and_those_that_get_what_is_found():
    study = parse(TINY)
    cells = tuned_cells(study)
    assert [(cell.strategy, cell.train_attack, cell.seed) for cell in cells] == [
        ("base", "none", 0),
        ("adv", "textfooler", 0),
        ("FLAT-nogamma", "textfooler", 0),
    ]
    assert [tuned_where(study, cell).train_attacks for cell in cells] == [None, None, None]
    alone = parse(changed("tune.apply_to", "train_attack"))
    assert [tuned_where(alone, cell).train_attacks for cell in cells] == [None, ["textfooler"], ["textfooler"]]
    assert tuned_where(alone, cells[1]).strategies == ["adv"]
    assert len(tuned_cells(parse(changed("tune.strategies", ["adv", "adv"])))) == 1
    only_base = changed("tune.strategies", ["base"])
    only_base["tune"]["train_attack"] = None
    assert [cell.train_attack for cell in tuned_cells(parse(only_base))] == ["none"]


def test_a_cell_that_the_study_does_not_train_is_not_tuned():
    study = changed("strategies.other", {"title": "other"})
    study["tune"]["strategies"] = ["adv", "other"]
    with pytest.raises(StudyError, match="sst2/CNN/other is trained for no artefact"):
        parse(study)
    with pytest.raises(StudyError, match="sst2/CNN/adv is trained for no artefact"):  # adv is trained under another
        parse(TINY | {"tune": TINY["tune"] | {"train_attack": "pwws", "apply_to": "train_attack"}})
    assert parse(TINY | {"tune": TINY["tune"] | {"train_attack": "pwws"}})


def test_a_trial_attacks_no_more_than_the_study():
    cell = tuned_cells(parse(TINY))[1]
    sizes = {given: tuned_attacked(parse(changed("tune.attacked", given)), cell) for given in (None, 12, 100)}
    assert sizes == {None: 24, 12: 12, 100: 24}
    all_attacked = changed("datasets.sst2.attacked_train", None)
    assert tuned_attacked(parse(all_attacked), cell) == 12
    all_attacked["tune"]["attacked"] = None
    assert tuned_attacked(parse(all_attacked), cell) is None


def test_the_cells_that_guards_look_at():
    study = parse(TINY)
    assert [(a.cell.strategy, a.attack) for a in calibrated_cells(study)] == [("base", "textfooler")]
    assert {a.cell.strategy for a in checked_cells(study)} == {"base", "adv", "FLAT"}
    by_attack = parse(changed("guards.calibration.where", {"train_attacks": ["textfooler"]}))
    assert len(calibrated_cells(by_attack)) == 3  # the base model too: its column is that attack's
    assert calibrated_cells(parse(changed("guards.calibration", None))) == []
    (group,) = compared_strategies(study)
    assert [cell.strategy for cell in group] == ["adv", "FLAT", "FLAT-nogamma", "group10"]
