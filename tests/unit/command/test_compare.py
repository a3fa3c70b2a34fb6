"""``flat compare``: what it prints and writes of two studies, and what it refuses."""

import csv
import json

import pytest
from finished_study import TEXTS, put
from typer.testing import CliRunner

from flat.command.app import app
from flat.errors import StudyError

SEEDS = {0: {"e1"}, 1: {"e1", "e2"}}


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    taus = {seed: dict.fromkeys(TEXTS, 0.5) for seed in SEEDS}
    a = put(folder / "a", SEEDS, taus)
    b = put(folder / "b", {0: {"e3"}, 1: {"e1", "e2", "e3"}}, taus, name="other", torch_threads=2)
    return str(a), str(b)


def run(*arguments: str):
    return CliRunner().invoke(app, ["compare", *arguments])


def test_lines_say_both_values_the_difference_and_what_differs(two):
    done = run(*two)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    (aa,) = [line.split() for line in lines if " AA " in line]
    assert aa[:6] == ["sst2", "CNN", "base", "none", "textfooler", "AA"]
    assert aa[6:12] == ["0", "1", "ᵈ", "30.00", "40.00", "+10.00"] and aa[-2:] == ["5", "paired"]
    assert "  settings: torch_threads: A 1, B 2" in lines and "ᵈ descriptive" in lines
    assert not any("\x1b" in line for line in lines)


def test_a_terminal_gets_a_table(two, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    done = run(*two)
    assert done.exit_code == 0 and "──" in done.output and "paired" in done.output, done.output


def test_files_hold_every_seed(two, tmp_path):
    place = tmp_path / "numbers.csv"
    done = run(*two, "--csv", str(place), "--json")
    values = json.loads(done.output)
    with place.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(values["numbers"])
    of_aa = [(row["seeds"], row["difference"]) for row in rows if row["metric"] == "after_attack_accuracy_percent"]
    assert of_aa == [("0", "0.0"), ("1", "20.0"), ("0 1", "10.0")]
    assert values["a"]["study"] == "tiny" and values["b"]["study"] == "other"
    assert {"kind": "settings", "key": "torch_threads", "a": "1", "b": "2"} in values["differences"]
    taus = [line for line in values["numbers"] if line["metric"] == "kendall_tau"]
    assert {(line["difference"], line["low"]) for line in taus} == {(0.0, None)}


def test_an_unknown_pair_set_is_refused(two):
    done = run(*two, "--pair-set", "floor")
    assert isinstance(done.exception, StudyError) and "give one of saved, all" in str(done.exception)


@pytest.mark.parametrize("option", ["--csv", "--html"])
def test_a_folder_is_no_file_to_write(two, tmp_path, option):
    done = run(*two, option, str(tmp_path))
    assert done.exit_code == 2 and "directory" in done.output, done.output
