"""Studies that would select on test, or whose guards speak of nothing, are refused with a remedy."""

import copy
from pathlib import Path

import pytest
import yaml

from flat.errors import StudyError
from flat.study.grid import calibrated_cells, checked_cells, compared_strategies
from flat.study.load import parse
from flat.study.settings import searched

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


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("models.CNN.training.select", "test", "models.CNN.training.select: .*nothing may be selected on test"),
        ("tune.split", "test", "tune.split: .*nothing may be selected on test"),
        ("tuned", TUNED, "tuned.split: .*nothing may be selected on test"),
        ("datasets.sst2.source", FILES, "sst2.source.dev: ./other.csv is test, .* selected on test"),
        ("datasets.sst2.source", HUB, "sst2.source.files.dev: b.csv is test"),
        ("datasets.sst2.source", {**FILES, "dev": None, "test": "mine.csv"}, "source.train: .*trained on test"),
        ("overrides", [{"where": {}, "training": {"select": "test"}}], "nothing may be selected on test"),
        ("guards.calibration.where", {"models": ["LSMT"]}, "LSMT is not among the models"),
        ("guards.calibration.where", {"strategies": ["group10"]}, "fits no cell of artefacts.main"),
        ("tune.strategy", "base", "base trains on no adversarial texts"),
        ("tune.strategy", "FLAT-nogama", "FLAT-nogama is not among the strategies"),
        ("tune.beta", {"low": 1, "high": 0.1}, "low 1 is not below high 0.1"),
    ],
)
def test_a_study_is_refused_with_the_keys_path(path, value, said):
    with pytest.raises(StudyError, match=said):
        parse(changed(path, value))


def test_only_masks_have_weights_to_search():
    assert set(searched(parse(TINY))) == {"beta", "learning_rate"}  # gamma: null
    assert set(searched(parse(changed("tune.strategy", "adv")))) == {"learning_rate"}
    study = changed("tune.strategy", "adv")
    study["tune"]["learning_rate"] = None
    with pytest.raises(StudyError, match="nothing is left to search"):
        parse(study)


def test_the_cells_that_guards_look_at():
    study = parse(TINY)
    assert [(a.cell.strategy, a.attack) for a in calibrated_cells(study)] == [("base", "textfooler")]
    assert {a.cell.strategy for a in checked_cells(study)} == {"base", "adv", "FLAT"}
    by_attack = parse(changed("guards.calibration.where", {"train_attacks": ["textfooler"]}))
    assert len(calibrated_cells(by_attack)) == 3  # the base model too: its column is that attack's
    assert calibrated_cells(parse(changed("guards.calibration", None))) == []
    (group,) = compared_strategies(study)
    assert [cell.strategy for cell in group] == ["adv", "FLAT", "FLAT-nogamma", "group10"]
