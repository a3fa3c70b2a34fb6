"""Studies and models are opened by file, folder or name; changed files and misfit settings are not believed."""

import json
import os

import opened_toys as toys
import pytest

from flat.errors import ArtefactError, FlatError, StudyError
from flat.files.digests import digest_of
from flat.study.load import load
from flat.use import open_model, open_study

ROUND = "models/toy/CNN/base/none/seed0/round0"


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return toys.write(tmp_path / "results/mini", ["CNN/base/none/seed0", "CNN/base/none/seed1"])


@pytest.fixture(scope="module")
def values(repository):
    return load(repository / "tests/data/tiny.yaml").model_dump(mode="json")


def told(results, values, digest=None):
    passport = {"study": {"digest": digest or digest_of(values)}, "settings": values}
    (results / "provenance.json").write_text(json.dumps(passport))
    return open_study(results)


def test_a_model_has_many_names(results):
    whole = results / ROUND
    for where in (whole, f"{whole}/model.safetensors", whole.parent, os.path.relpath(whole), "mini:toy/CNN/base",
                  "results/mini:toy/CNN/base/seed0", f"{results}:toy/CNN"):  # fmt: skip
        opened = open_model(where)
        assert (opened.name, opened.folder.resolve()) == ("toy/CNN/base/seed0", whole)
    assert open_model("toy/CNN/base/seed1", study="mini").cell.seed == 1
    assert opened.classes == ("bad", "good") and "toy/CNN/base/seed0: bad, good" in repr(opened)


def test_the_last_round_is_the_one_that_is_opened(results):
    later = results / "models/toy/CNN/base/none/seed0/round10"
    (results / ROUND).rename(later)
    earlier = results / "models/toy/CNN/base/none/seed1/round0"
    earlier.rename(results / "models/toy/CNN/base/none/seed0/round9")
    assert open_study("mini").model("toy/CNN").folder.name == "round10"
    assert open_model(later.parent).folder == later


@pytest.mark.parametrize(
    "where, said",
    [
        ("nowhere/at/all", "no such folder"),
        ("nowhere", "in results there is: results/mini"),
        ("other:toy/CNN/base", "in results there is: mini"),
        ("mini:toy/LSTM/base", "choose one that is there: toy/CNN/base/seed0, toy/CNN/base/seed1"),
        ("results/mini", "write .*results/mini: and one of its models: toy/CNN/base/seed0"),
        ("results/mini/models/toy/CNN", "one of its models: toy/CNN/base/seed0"),
        (".", "give RESULTS/models/DATASET"),
        ("none.yaml:toy/CNN/base", "no such file"),
    ],
)
def test_no_such_model(results, where, said):
    with pytest.raises(StudyError, match=said):
        open_model(where)


def test_a_kind_that_a_plugin_brings_is_told(results):
    config = results / ROUND / "config.json"
    config.write_text(config.read_text().replace('"cnn"', '"lexicon"'))
    with pytest.raises(StudyError, match=r"kind lexicon.*\n.*open it by its study file, which names its plugins"):
        open_model(results / ROUND)


def test_a_study_is_named_once(results):
    with pytest.raises(StudyError, match="name the study once"):
        open_model("mini:toy/CNN/base", study="mini")


def test_a_model_tells_that_its_study_is_not_known(results, values):
    assert "open it by its study file" in open_model(results / ROUND).notes[0]
    assert "open it by its study file" in repr(open_model("mini:toy/CNN/base"))
    told(results, values)
    assert open_model(results / ROUND).notes == ()


def test_no_such_device(results):
    with pytest.raises(FlatError, match="device: tpu"):
        open_model(results / ROUND, device="tpu")


def test_a_file_that_is_not_as_its_job_made_it_is_refused(results, tmp_path):
    files = [results / ROUND / name for name in ("model.safetensors", "config.json", "vocabulary.json")]
    toys.record(results, *files)
    summary = results / "data/toy/summary.json"
    toys.record(results, results / "data/toy/test.parquet", summary)
    assert open_model(results / ROUND)
    for file in (*files, summary):
        before = file.read_bytes()
        file.write_bytes(before[:-1] + b" ")
        with pytest.raises(ArtefactError, match=f"{file.name}: is not as its job made it"):
            open_model(results / ROUND)
        file.write_bytes(before)
    assert open_model(results / ROUND)


def test_results_that_were_moved_are_compared_all_the_same(results, tmp_path, monkeypatch):
    toys.record(results, results / ROUND / "model.safetensors", results / ROUND / "config.json")
    moved = results.rename(tmp_path / "elsewhere")
    monkeypatch.chdir("/")
    assert open_model(moved / ROUND)
    (moved / ROUND / "config.json").write_text("{}")
    with pytest.raises(ArtefactError, match="is not as its job made it"):
        open_model(moved / ROUND)


def test_settings_are_read_from_a_finished_studys_passport(results, values):
    study = told(results, values)
    assert study.settings.seed == 7 and study.notes == ()


def test_without_settings_a_study_says_so(results):
    study = open_study("mini")
    assert study.settings is None and "open it by its study file" in repr(study)
    assert [cell.seed for cell in study.cells] == [0, 1]


@pytest.mark.parametrize(
    "change, said",
    [
        ({"plugins": ["./mine.py"]}, "It names plugins"),
        ({"seeds": "none"}, "cannot be used: StudyError"),
        ({"key of tomorrow": 1}, "cannot be used: StudyError"),
    ],
)
def test_settings_that_cannot_be_used_are_left_alone(results, values, change, said, tmp_path):
    (tmp_path / "mine.py").write_text("raise SystemExit('this must not run')")
    study = told(results, values | change)
    assert study.settings is None and said in study.notes[0]


def test_settings_that_are_not_those_of_the_passport_are_left_alone(results, values):
    study = told(results, values | {"seed": 8}, digest_of(values))
    assert study.settings is None and "does not fit its own digest" in study.notes[0]


def test_a_study_file_tells_its_results(repository, results, tmp_path):
    (tmp_path / "my.yaml").write_text((repository / "tests/data/tiny.yaml").read_text().replace("tiny", "mini"))
    study = open_study("my.yaml")
    assert study.settings.name == "mini" and study.root.resolve() == results
    assert study.cells == []  # the study knows no data set of that name


def test_parts_of_a_name_are_checked(results):
    with pytest.raises(StudyError, match="cell: modle: is no part of a cell's name"):
        open_study("mini").model(modle="CNN")
    assert open_study("mini").model(open_study("mini").cells[1]).cell.seed == 1
