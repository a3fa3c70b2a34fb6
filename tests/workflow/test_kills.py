"""Killed at any moment, a job goes on to the same bytes, and repeats no more than what was in hand."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflow.killing import ROOT, Driver, capture, kill_after, kill_at

pytestmark = [pytest.mark.workflow, pytest.mark.kill]
CELL = "sst2/CNN/base/none/seed0"
TARGETS = {
    "train_base": f"{ROOT}/models/{CELL}/round0/model.safetensors",
    "train_round": f"{ROOT}/models/sst2/CNN/FLAT/textfooler/seed0/round2/model.safetensors",
    "attack_train": f"{ROOT}/attacks/train/sst2/CNN/base/textfooler/seed0/round1/ledger.parquet",
    "attack_test": f"{ROOT}/attacks/test/{CELL}/textfooler/ledger.parquet",
    "interpret_ig": f"{ROOT}/interpretations/ig/{CELL}/textfooler/attributions.parquet",
    "interpret_lime": f"{ROOT}/interpretations/lime/{CELL}/textfooler/attributions.parquet",
}
KILLS = 10


@pytest.fixture(scope="module")
def jobs(copy, finished, tmp_path_factory):
    return capture(copy, finished.folder, TARGETS, tmp_path_factory.mktemp("jobs"))


@pytest.fixture(scope="module")
def driver(copy, jobs, tmp_path_factory):
    driver = Driver(copy, tmp_path_factory.mktemp("driver"))
    yield driver
    driver.close()


def assert_same(copy, finished, outputs, may_be_absent=False) -> None:
    compared = [path for path in outputs if path.name != "seconds.parquet"]  # wall times
    assert compared
    for path in compared:
        if (copy.folder / path).exists() or not may_be_absent:
            assert (copy.folder / path).read_bytes() == (finished.folder / path).read_bytes(), path


def log_of(driver, job) -> str:
    return (driver.folder / "output.txt").read_text()[-3000:] if (driver.folder / "output.txt").exists() else ""


@pytest.mark.parametrize("rule", TARGETS)
def test_killed_ten_times_at_random_moments(rule, driver, jobs, copy, finished, tmp_path):
    job, draw = jobs[rule], random.Random(f"moments of {rule}")
    started = time.monotonic()
    driver.start(job, tmp_path / "whole")
    assert driver.wait() == 0, log_of(driver, job)
    longest, whole = time.monotonic() - started, (tmp_path / "whole").stat().st_size
    assert_same(copy, finished, job.outputs)
    # what may be repeated after a kill: an example, a text; of a training, the steps of an epoch
    unit = whole // (3 if rule == "train_base" else 2) if rule.startswith("train") else 1

    def notes() -> list[Path]:
        return [path for path in (copy.folder / ROOT / "journals").rglob("*") if path.is_file()]

    kills = lives = late = resumed = 0
    while kills < KILLS:  # a life ends when a job comes to its end before it could be killed
        lives += 1
        begun, may_repeat, status = tmp_path / f"begun{lives}", 0, -signal.SIGKILL
        while status == -signal.SIGKILL and kills < KILLS:
            resumed += any(not path.name.startswith(".") for path in notes())
            if draw.random() < 0.7:
                status = kill_at(driver, driver.start(job, begun, gated=True), rule, draw.randint(1, 2))
            else:
                status = kill_after(driver, driver.start(job, begun), longest * draw.random())
            assert status in (0, -signal.SIGKILL), log_of(driver, job)
            if status:
                kills += 1
                assert_same(copy, finished, job.outputs, may_be_absent=True)  # nothing half-written
                over = all((copy.folder / path).exists() for path in job.outputs) and not notes()
                late += over  # between its last act, which deletes the notes, and its end
                may_repeat += whole if over else unit
        if status:
            driver.start(job, begun)
            assert driver.wait() == 0, log_of(driver, job)
        assert_same(copy, finished, job.outputs)
        assert whole <= begun.stat().st_size <= whole + may_repeat, (whole, may_repeat, unit)
        assert not notes()
    assert resumed > 1 and late <= 1  # some kills found a job that had gone on from another one


@pytest.mark.parametrize("rule", TARGETS)
def test_sigterm_finishes_what_is_in_hand_and_says_so(rule, driver, jobs, copy, finished, tmp_path):
    job = jobs[rule]
    status = kill_at(driver, driver.start(job, tmp_path / "begun", gated=True), rule, 1, signal.SIGTERM)
    assert status == 128 + signal.SIGTERM, log_of(driver, job)
    noted = driver.noted(rule)
    assert noted >= 1
    logs = sorted((copy.folder / ROOT / "logs" / rule).rglob("*.log"), key=lambda path: path.stat().st_mtime)
    text = logs[-1].read_text()
    assert "stopped " in text and "asked to stop; the next run goes on" in text and "Traceback" not in text
    driver.start(job, tmp_path / "begun")
    assert driver.wait() == 0
    assert f"resuming: {noted} " in logs[-1].read_text()
    assert_same(copy, finished, job.outputs)


# On the path of a job's Python: an attack job waits where it begins its nth example, until it is killed or let go.
PAUSE = """
import os, sys, time
if any(argument.endswith("attack.py") for argument in sys.orig_argv[1:]):
    from flat.attacks import attack as engine
    begin, begun, folder = engine._Single.__call__, [], os.environ["PAUSE_IN"]

    def pausing(*args, **keywords):
        begun.append(1)
        if os.path.exists(f"{folder}/{len(begun)}"):
            with open(f"{folder}/part", "w") as file:
                file.write(str(os.getpid()))
            os.replace(f"{folder}/part", f"{folder}/waiting")
            while os.path.exists(f"{folder}/{len(begun)}"):
                time.sleep(0.01)
        return begin(*args, **keywords)

    engine._Single.__call__ = pausing
"""


def test_a_killed_snakemake_and_job_go_on_and_ask_for_more_memory(jobs, copy, finished, tmp_path):
    """The whole process group is killed at once; then a job alone, as the kernel does when memory is short."""
    target = TARGETS["attack_train"]
    command = [sys.executable, "-m", "snakemake", "--configfile", "tests/data/tiny.yaml", "--cores", "1"]
    command += ["--force", "--rerun-triggers", "input", "--", target]
    (tmp_path / "path").mkdir()
    (tmp_path / "path/sitecustomize.py").write_text(PAUSE)
    path = f"{tmp_path / 'path'}{os.pathsep}{copy.environment['PYTHONPATH']}"
    options = {"cwd": copy.folder, "env": copy.environment | {"PYTHONPATH": path, "PAUSE_IN": str(tmp_path)}}
    options |= {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}

    def lines() -> int:
        journals = copy.folder / ROOT / "journals" / "attack_train"
        return sum(path.read_bytes().count(b"\n") for path in journals.rglob("*.jsonl")) - 1

    def waiting(run) -> int:
        """The process of the job that waits."""
        while not (tmp_path / "waiting").exists():
            assert run.poll() is None, run.communicate()[0]
            time.sleep(0.01)
        return int((tmp_path / "waiting").read_text())

    (tmp_path / "4").touch()
    run = subprocess.Popen(command, start_new_session=True, **options)
    waiting(run)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    assert lines() == 3
    assert "cannot be locked" in copy.tiny("--cores", "1", "--", target, ok=False)
    copy.tiny("--cores", "1", "--unlock", "--", target)

    (tmp_path / "waiting").unlink()
    (tmp_path / "4").rename(tmp_path / "3")
    run = subprocess.Popen(command, **options)
    job = waiting(run)
    assert lines() == 3 + 2
    (tmp_path / "3").unlink()
    os.kill(job, signal.SIGKILL)
    said, _ = run.communicate()
    assert run.returncode == 0, said
    assert "mem_mb=4000" in said and "mem_mb=8000" in said  # the second attempt
    assert_same(copy, finished, [Path(target)])
