"""The search on dev: resumable, the same whether interrupted or not; what it hands over."""

import copy
import csv
from pathlib import Path

import pytest
import yaml

from flat.errors import FlatError
from flat.study.grid import Cell
from flat.study.load import parse
from flat.study.settings import objective_of, rounds_of, training_of
from flat.tuning import overlay
from flat.tuning.search import Trial, best_of, identity, search
from flat.tuning.trial import Score, score

ROOT = Path(__file__).resolve().parents[3]
RANGES = {"beta": (1e-3, 1.0), "learning_rate": (1e-4, 1e-2)}
PRESENT = {"beta": 0.1, "gamma": 0.0, "learning_rate": 0.004}


def valley(values):
    """Best at beta 0.03."""
    away = abs(values["beta"] - 0.03)
    return Score(1 - away, 1 - away, 1 - away)


class Killed(Exception):
    pass


def run(journal, trials, evaluate=valley, **changes):
    options = {"ranges": RANGES, "present": PRESENT, "name": "n", "seed": 7} | changes
    return search(evaluate, trials=trials, journal=journal, **options)


@pytest.fixture(scope="module", autouse=True)
def _optuna():
    pytest.importorskip("optuna")


def test_an_interrupted_search_goes_on_to_the_same_trials(tmp_path):
    whole = run(tmp_path / "a", 12)
    asked = []

    def dying(values):
        asked.append(values)
        if len(asked) == 10:
            raise Killed
        return valley(values)

    with pytest.raises(Killed):
        run(tmp_path / "b", 12, dying)
    assert run(tmp_path / "b", 12, dying) == whole
    assert len(asked) == 12 + 1  # nine trials were kept, the tenth was asked again
    assert run(tmp_path / "b", 12, dying) == whole and len(asked) == 13


def test_more_trials_keep_the_earlier_ones_and_another_setting_none(tmp_path):
    four = run(tmp_path / "a", 4)
    assert run(tmp_path / "a", 6)[:4] == four
    assert run(tmp_path / "a", 2) == four[:2]
    assert run(tmp_path / "a", 4, seed=8, name="other")[1:] != four[1:]


def test_the_first_trial_is_the_study_as_it_is_where_the_ranges_allow(tmp_path):
    first = run(tmp_path / "a", 1)[0]
    assert first.values == {"beta": 0.1, "learning_rate": 0.004}
    assert run(tmp_path / "b", 1, present=PRESENT | {"beta": 0.0})[0].values != first.values
    for trial in run(tmp_path / "a", 12):
        assert all(low <= trial.values[name] <= high for name, (low, high) in RANGES.items())


def test_the_score_is_the_weighted_mean_and_ties_go_to_the_earlier(tmp_path):
    assert score(0.8, 0.2, 0.25) == Score(0.8, 0.2, pytest.approx(0.65))
    assert score(0.5, 0.5, 0.5, constant=True) == Score(
        0.5, 0.5, 0.25, True
    )  # below score(0.7, 0.1, 0.5), as it should
    same = [Trial(n, {"beta": n}, Score(0.5, 0.5, 0.5)) for n in range(3)]
    assert best_of(same).number == 0
    assert best_of([*same, Trial(3, {"beta": 3}, Score(0.6, 0.6, 0.6))]).number == 3


def test_the_name_of_a_search_depends_on_its_files(tmp_path):
    file = tmp_path / "x"
    file.write_text("1")
    first = identity({"a": 1}, [str(file)])
    assert identity({"a": 1}, [str(file)]) == first != identity({"a": 2}, [str(file)])
    file.write_text("2")
    assert identity({"a": 1}, [str(file)]) != first


def test_the_overlay_changes_the_tuned_cell_alone():
    tiny = yaml.safe_load((ROOT / "tests/data/tiny.yaml").read_text())
    trials = [
        Trial(0, {"beta": 0.1, "learning_rate": 0.004}, Score(0.7, 0.1, 0.4)),
        Trial(1, {"beta": 0.0123456789012345, "learning_rate": 0.002}, Score(0.7, 0.3, 0.5)),
    ]
    cell = {"dataset": "sst2", "model": "CNN", "strategy": "FLAT-nogamma", "train_attack": "textfooler"}
    found = overlay.overlay_of(trials, cell, tiny["overrides"], "trials.csv")
    read = yaml.safe_load(overlay.to_yaml(found, "overlay.yaml"))
    assert read["tuned"] == {
        "cell": "sst2/CNN/FLAT-nogamma/textfooler",
        "split": "dev",
        "trials": 2,
        "score": 0.5,
        "evidence": "trials.csv",
    }
    plain, tuned = parse(tiny), parse(copy.deepcopy(tiny) | read)
    mine, other = (Cell("sst2", "CNN", name, "textfooler", 0) for name in ("FLAT-nogamma", "FLAT"))
    assert objective_of(tuned, mine)["beta"] == 0.0123456789012345
    assert training_of(tuned, mine, 1).learning_rate == 0.002
    assert objective_of(tuned, other) == objective_of(plain, other)
    assert rounds_of(tuned, other).count == 2  # the study's own override is still there
    rows = list(csv.DictReader(overlay.to_csv(trials).splitlines()))
    assert [row["chosen"] for row in rows] == ["", "yes"] and rows[1]["dev_after_attack_accuracy_percent"] == "30.0000"


def test_without_optuna_the_search_says_what_to_install(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(FlatError, match="pip install optuna"):
        run(tmp_path / "a", 1)
