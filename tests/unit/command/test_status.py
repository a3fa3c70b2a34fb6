"""``flat status``: what is done, running, failed and left, and how long still, from records, logs and the lock."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from flat.analysis.guards.flags import FLAGS_SCHEMA
from flat.command.app import app
from flat.command.status import state as states
from flat.command.status.state import log_of, state_of
from flat.cost.left import ALONE, AtWork, Finished, Scaled, expected, key_of, left_s, scaled, since, spans, told_left
from flat.files.artefacts import write_table
from flat.study.load import load


@pytest.fixture
def begun(study_file, tmp_path, monkeypatch):
    """The study in a folder of its own."""
    for name in ("mails.yaml", "mails.csv"):
        (tmp_path / name).write_bytes((study_file.parent / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def study(begun):
    return load("mails.yaml")


def finish(jobs, factor: float = 1.0, ended: float | None = None) -> None:
    """Records of these jobs, one after the other, each ``factor`` times as long as predicted."""
    end = (ended or time.time()) - sum(factor * one.seconds for one in jobs)
    for number, one in enumerate(jobs):
        end += factor * one.seconds
        made = Path(f"results/mails/made/{one.job.rule}-{number}")
        record = Path(f"results/mails/provenance/made/{one.job.rule}-{number}.json")
        for path in (made, record):
            path.parent.mkdir(parents=True, exist_ok=True)
        made.write_text("x")
        about = {"format": 1, "rule": one.job.rule, "seconds": factor * one.seconds, "inputs": {}}
        about |= {"wildcards": dict(enumerate(one.job.at)), "outputs": {str(made): {}}}
        about |= {"written": datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        record.write_text(json.dumps(about))


def lock() -> None:
    Path(".snakemake/locks").mkdir(parents=True)
    Path(".snakemake/locks/0.output.lock").write_text("a\n")


def log(study, one, text: str) -> Path:
    path = log_of(study, one)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def told() -> str:
    done = CliRunner().invoke(app, ["status", "mails.yaml"])
    assert done.exit_code == 0, done.output
    return done.output


def tree(folder: Path) -> dict:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_nothing_is_done_and_nothing_is_written(begun):
    before = tree(begun)
    said = told()
    assert "0 of 38 jobs done, 38 left" in said
    assert "as recorded runs tell" in said and "not judged yet" in said
    assert said.rstrip().endswith("flat run mails.yaml")
    assert tree(begun) == before


def test_jobs_count_as_done_as_long_as_their_files_are_there(study):
    jobs = expected(study, "results/mails")
    finish(jobs[:10])
    assert set(state_of(Path("mails.yaml")).done) == {one.key for one in jobs[:10]}
    assert "10 of 38 jobs done, 28 left" in told()
    next(Path("results/mails/made").iterdir()).unlink()
    Path("results/mails/provenance/made/broken.json").write_text("{")
    assert "9 of 38 jobs done, 29 left" in told()


def test_half_way_the_time_left_is_near_the_time_that_it_takes(study):
    """Each job takes three times its prediction; jobs run one at a time."""
    jobs = [one for one in expected(study, "results/mails")]
    half, so_far = [], 0.0
    total = sum(one.seconds for one in jobs)
    for one in jobs:
        if so_far < total / 2:
            half.append(one)
            so_far += one.seconds
    finish(half, factor=3)
    state = state_of(Path("mails.yaml"))
    assert state.left == pytest.approx(3 * (total - so_far), rel=0.3)
    assert state.spans.busy == pytest.approx(3 * so_far, abs=2.0)
    assert state.spans.beside == pytest.approx(1, abs=0.1)


def test_a_finished_study(study):
    finish(expected(study, "results/mails"))
    Path("results/mails/report.html").write_text("x")
    rows = [
        {"dataset": "mails", "model": "CNN", "strategy": "adv", "train_attack": "pwws", "seed": 0, "attack": "pwws"}
    ]
    frame = pd.DataFrame([rows[0] | {"flag": "saturated", "detail": "90 % of 40 outputs above 0.999"}])
    write_table("results/mails/flags.parquet", frame, FLAGS_SCHEMA)
    Path("results/mails/data/mails").mkdir(parents=True)
    summary = {"warnings": ["mails.csv, row 3: odd"], "sizes": {"train": 60, "dev": 10, "test": 20}}
    summary |= {"mean_words": 9.0, "vocabulary_size": 60}
    Path("results/mails/data/mails/summary.json").write_text(json.dumps(summary))
    said = told()
    assert "38 of 38 jobs done, 0 left" in said and "nothing left" in said
    assert "1 raised" in said and "saturated: mails · CNN · adv · pwws · pwws: 90 % of 40 outputs" in said
    assert "warnings mails: mails.csv, row 3: odd" in said
    assert "results/mails/report.html" in said and "next" not in said


def test_running_jobs_are_told_with_their_cells(study, monkeypatch):
    jobs = expected(study, "results/mails")
    at = {one.job.rule: one for one in jobs}
    old = log(study, at["train_base"], "")  # a job of an earlier run, which was killed
    os.utime(old, (1, 1))
    lock()
    monkeypatch.setattr(states, "snakemakes", lambda folder: [12])
    begun = datetime.fromtimestamp(time.time() - 100).strftime("%H:%M:%S")
    log(study, at["attack_train"], f"{begun} attacking 60 texts\n")
    log(study, at["preprocess"], f"{begun} x\n{begun} done: 3.0 CPU-seconds, 100 MiB\n")  # its record is not there yet
    state = state_of(Path("mails.yaml"))
    assert set(state.running) == {at["attack_train"].key}
    assert state.running[at["attack_train"].key].seconds == pytest.approx(100, abs=5)
    said = told()
    assert "1 running" in said and "running  attack_train  mails · CNN · base on pwws · seed 0 · round 1" in said
    assert "Snakemake is at work in this folder" in said and "next" not in said


def test_a_lock_that_nobody_holds_is_explained(study, monkeypatch):
    lock()
    monkeypatch.setattr(states, "snakemakes", lambda folder: [])
    assert "After a kill: flat run mails.yaml -- --unlock" in told()


def test_failed_jobs_are_told_with_their_error(study):
    one = next(one for one in expected(study, "results/mails") if one.job.rule == "preprocess")
    log(study, one, "10:00:00 error in preprocess\nmails.csv, row 3: odd \x1b[2J\n  remedy: mend it\n")
    said = told()
    assert "failed   preprocess  mails" in said and "mails.csv, row 3: odd \\x1b[2J" in said and "\x1b" not in said
    assert "log: results/mails/logs/preprocess/mails.log" in said


# --- the estimate


def test_keys_of_jobs_are_those_of_records():
    for at, wildcards in (
        (("d", "M-2", "FLAT", "pwws", "seed0", "round1-shard3"), ("d", "M-2", "FLAT", "pwws", "0", "1", "3")),
        (("d", "glove-6b-50d-as_is"), ("d", "glove-6b-50d", "as_is")),
        (("d", "M", "adv", "pwws", "seed10", "pwws", "ig"), ("ig", "d", "M", "adv", "pwws", "10", "pwws")),
        ((), ()),
    ):
        assert key_of("rule", at) == key_of("rule", wildcards)
    assert key_of("rule", ("d", "seed1")) != key_of("rule", ("d", "seed2"))


def test_spans_leave_stops_between_runs_out():
    done = [Finished(10, 110), Finished(10, 110), Finished(5, 116), Finished(20, 5000)]
    found = spans(done)
    assert found.busy == pytest.approx(10 + 6 + 20) and found.beside == pytest.approx(45 / 36)
    assert spans([]).busy == 0


def test_jobs_are_scaled_by_those_most_like_them(study):
    jobs = expected(study, "results/mails")
    attacks = [one for one in jobs if one.job.rule == "attack_test"]
    tables = [one for one in jobs if one.job.rule == "make_table"]
    assert Scaled([]).seconds(attacks[0]) == attacks[0].seconds
    known = Scaled([(one, 4 * one.seconds) for one in attacks[:2]] + [(one, one.seconds) for one in tables[:5]])
    assert 2.5 < known.seconds(attacks[2]) / attacks[2].seconds < 4
    assert known.seconds(tables[6]) / tables[6].seconds < 1.5


def test_what_runs_alone_is_not_shared_among_cores(study):
    jobs = expected(study, "results/mails")
    alone = [one for one in jobs if one.job.rule in ALONE]
    known = Scaled([])
    assert left_s(alone, {}, known, 4) == pytest.approx(sum(one.seconds for one in alone))
    longest = max(jobs, key=lambda one: one.seconds)
    assert left_s([longest], {}, known, 4) == pytest.approx(longest.seconds)
    assert left_s([longest], {longest.key: AtWork(1e6)}, known, 4) == 0


def test_what_running_jobs_tell_counts(study, tmp_path):
    """An attack says how long it still takes; another job that runs longer than was thought is thought longer."""
    one, other = [one for one in expected(study, "results/mails") if one.job.rule == "attack_test"][:2]
    assert scaled([], [(one, AtWork(0.01))]).seconds(other) == other.seconds
    overdue = scaled([], [(one, AtWork(60.0))])
    assert overdue.seconds(one) > 30 and overdue.seconds(other) > 3 * other.seconds
    told = scaled([], [(one, AtWork(30.0, 90.0))])
    assert left_s([one], {one.key: AtWork(30.0, 90.0)}, told, 1) == 90
    log = tmp_path / "a.log"
    at = time.time() - 7
    clock = datetime.fromtimestamp(at).strftime("%H:%M:%S")
    log.write_text(f"{clock} 3 of 100 examples, 2.0/s, 90 s left\n{clock} 21 of 100 examples, 2.0/s, 39 s left\n")
    assert told_left(log) == pytest.approx(32, abs=2)
    log.write_text(f"{clock} begun\n")
    assert told_left(log) is None and told_left(tmp_path / "absent.log") is None


def test_a_time_of_day_before_midnight_is_yesterdays():
    midnight = datetime(2026, 3, 2, 0, 0, 30).timestamp()
    assert since(23, 59, 50, now=midnight) == 40
