"""The search on dev: resumable, the same whether interrupted or not; what it hands over."""

import copy
import csv
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import yaml

from flat.errors import FlatError
from flat.study.cells import Cell
from flat.study.grid import tuned_cells, tuned_where
from flat.study.load import parse
from flat.study.paths import coordinates
from flat.study.settings import objective_of, rounds_of, training_of
from flat.tuning import overlay
from flat.tuning.search import Trial, best_of, identity, search
from flat.tuning.trial import Score, score

ROOT = Path(__file__).resolve().parents[3]
RANGES = {"beta": {"low": 1e-3, "high": 1.0}, "learning_rate": {"low": 1e-4, "high": 1e-2}}
SETS = {"beta": {"choices": [0.01, 0.1]}, "learning_rate": {"choices": [0.001, 0.004, 0.01]}}
PRESENT = {"beta": 0.1, "gamma": 0.0, "learning_rate": 0.004}


def valley(values):
    """Best at beta 0.03."""
    away = abs(values["beta"] - 0.03)
    return Score(1 - away, 1 - away, 1 - away)


class Killed(Exception):
    pass


def run(journal, trials, evaluate=valley, **changes):
    options = {"spaces": RANGES, "present": PRESENT, "name": "n", "seed": 7} | changes
    return search(evaluate, trials=trials, journal=journal, **options)


@pytest.fixture(scope="module", autouse=True)
def _optuna():
    pytest.importorskip("optuna")


@pytest.mark.parametrize("dies_at", [1, 3, 10])
@pytest.mark.parametrize("spaces", [RANGES, SETS, RANGES | {"learning_rate": SETS["learning_rate"]}])
def test_an_interrupted_search_goes_on_to_the_same_trials(tmp_path, spaces, dies_at):
    """Whichever trial was in hand: the first, which has the study's own values, too."""
    trials = 6 if spaces is SETS else 12
    dies_at = min(dies_at, trials)
    whole = run(tmp_path / "a", trials, spaces=spaces)
    asked = []

    def dying(values):
        asked.append(values)
        if len(asked) == dies_at:
            raise Killed
        return valley(values)

    with pytest.raises(Killed):
        run(tmp_path / "b", trials, dying, spaces=spaces)
    assert run(tmp_path / "b", trials, dying, spaces=spaces) == whole
    assert len(asked) == trials + 1  # the finished ones were kept, the one in hand was asked again
    assert asked[dies_at - 1] == asked[dies_at]
    assert run(tmp_path / "b", trials, dying, spaces=spaces) == whole and len(asked) == trials + 1


def test_a_search_killed_in_a_write_goes_on(tmp_path, monkeypatch):
    """Half a line is left; the journal's path is relative, as a job's."""
    monkeypatch.chdir(tmp_path)
    whole, journal = run(Path("a"), 4), Path("b/journal")
    run(journal, 2)
    with journal.open("ab") as file:
        file.write(b'{"op_code":4,"wor')
    assert run(journal, 4) == whole


def test_combinations_of_sets_are_tried_once_each(tmp_path, caplog):
    with caplog.at_level("INFO", "flat"):
        found = run(tmp_path / "a", 50, spaces=SETS)
    assert "only 6 combinations are there to try: 6 trials, not 50" in caplog.text
    tried = [(trial.values["beta"], trial.values["learning_rate"]) for trial in found]
    assert len(tried) == 6 and set(tried) == set(product([0.01, 0.1], [0.001, 0.004, 0.01]))
    assert tried[0] == (0.1, 0.004)  # the study's own
    assert run(tmp_path / "b", 3, spaces=SETS) == found[:3]
    assert run(tmp_path / "c", 6, spaces=SETS, seed=8) != found  # another order
    outside = run(tmp_path / "d", 9, spaces=SETS, present=PRESENT | {"beta": 0.5})
    assert len(outside) == 6 and {(t.values["beta"], t.values["learning_rate"]) for t in outside} == set(tried)


def test_a_set_may_stand_beside_a_range(tmp_path):
    found = run(tmp_path / "a", 12, spaces=RANGES | {"learning_rate": SETS["learning_rate"]})
    assert found[0].values == {"beta": 0.1, "learning_rate": 0.004} and len(found) == 12
    assert {trial.values["learning_rate"] for trial in found} <= {0.001, 0.004, 0.01}
    assert len({trial.values["beta"] for trial in found}) == 12


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
        assert all(space["low"] <= trial.values[name] <= space["high"] for name, space in RANGES.items())


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


def test_the_overlay_changes_the_tuned_cells_alone(tmp_path):
    tiny = yaml.safe_load((ROOT / "tests/data/tiny.yaml").read_text())
    masked = [
        Trial(0, {"beta": 0.1, "learning_rate": 0.004}, Score(0.7, 0.1, 0.4)),
        Trial(1, {"beta": 0.0123456789012345, "learning_rate": 0.002}, Score(0.7, 0.3, 0.5)),
    ]
    base = [Trial(0, {"learning_rate": 0.008}, Score(0.8125, None, 0.8125))]
    spent = {"rounds": 1, "attacked": "all", "examples": 8, "robustness": 0.5}
    none = {"rounds": 0, "attacked": 0, "examples": 0, "robustness": 0.0}
    tables = [str(tmp_path / name) for name in ("base.csv", "masked.csv")]
    for table, text in zip(tables, (overlay.to_csv(base, none), overlay.to_csv(masked, spent)), strict=True):
        Path(table).write_text(text)
    study = parse(tiny | {"tune": tiny["tune"] | {"strategies": ["base", "FLAT-nogamma"]}})
    cells = tuned_cells(study)
    where = [tuned_where(study, cell).model_dump(exclude_none=True) for cell in cells]
    found = overlay.overlay_of(tables, [coordinates(cell) for cell in cells], where, tiny["overrides"])
    read = yaml.safe_load(overlay.to_yaml(found, "overlay.yaml"))
    assert read["tuned"] == [
        {"cell": "sst2/CNN/base/none", "split": "dev", "trials": 1, "score": 0.8125, **none, "evidence": tables[0]},
        {
            "cell": "sst2/CNN/FLAT-nogamma/textfooler",
            "split": "dev",
            "trials": 2,
            "score": 0.5,
            **spent,
            "evidence": tables[1],
        },
    ]
    earlier = [read["tuned"][0] | {"cell": "sst2/CNN/adv/textfooler"}, read["tuned"][0] | {"score": 0.1}]
    again = overlay.overlay_of(tables, [coordinates(cell) for cell in cells], where, read["overrides"], earlier)
    assert again["tuned"] == [earlier[0], *read["tuned"]]  # of other cells
    assert "train_attacks" not in str(read["overrides"][-2:])
    plain, tuned = parse(tiny), parse(copy.deepcopy(tiny) | read)
    (of_base, mine), other = cells, Cell("sst2", "CNN", "FLAT", "textfooler", 0)
    assert objective_of(tuned, mine)["beta"] == 0.0123456789012345
    assert training_of(tuned, mine, 1).learning_rate == 0.002
    assert training_of(tuned, replace(mine, train_attack="pwws"), 1).learning_rate == 0.002
    assert training_of(tuned, of_base, 0).learning_rate == 0.008
    assert objective_of(tuned, other) == objective_of(plain, other)
    assert training_of(tuned, other, 1) == training_of(plain, other, 1)
    assert rounds_of(tuned, other).count == 2  # the study's own override is still there
    rows = list(csv.DictReader(Path(tables[1]).read_text().splitlines()))
    assert [row["chosen"] for row in rows] == ["", "yes"] and rows[1]["dev_after_attack_accuracy_percent"] == "30.0000"
    (row,) = csv.DictReader(Path(tables[0]).read_text().splitlines())
    assert (row["dev_accuracy_percent"], row["dev_after_attack_accuracy_percent"]) == ("81.2500", "")


def test_without_optuna_the_search_says_what_to_install(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(FlatError, match="pip install optuna"):
        run(tmp_path / "a", 1)


@pytest.mark.fault
@pytest.mark.parametrize("share", [0.02, 0.4, 0.8, 0.999])
def test_a_flipped_bit_in_the_journal_changes_no_trial(tmp_path, caplog, share):
    whole, journal = run(tmp_path / "a", 4), tmp_path / "b/journal"
    run(journal, 3)
    raw = bytearray(journal.read_bytes())
    raw[int(share * len(raw))] ^= 1
    journal.write_bytes(raw)
    assert run(journal, 4) == whole
    assert ("set aside as journal.stale" in caplog.text) == (share < 0.9)
