"""Killed at any moment, a job goes on to the same bytes, and repeats no more than what was in hand."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout
from tests.workflow.killing import ROOT, Driver, capture, kill_after

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
def copy(finished, resources, tmp_path_factory) -> Checkout:
    """The finished checkout once more, its times kept, to be mistreated."""
    folder = tmp_path_factory.mktemp("killed") / "checkout"
    shutil.copytree(finished.folder, folder)
    return Checkout(folder, resources)


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
            pid = driver.start(job, begun)
            by_unit = draw.random() < 0.7
            status = kill_after(
                driver,
                pid,
                rule,
                longest * (3 if by_unit else draw.random()),
                draw.randint(1, 2) if by_unit else None,
            )
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
    pid = driver.start(job, tmp_path / "begun")
    status = kill_after(driver, pid, rule, 60, 1, signal.SIGTERM)
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


def test_a_killed_snakemake_and_job_go_on_and_ask_for_more_memory(jobs, copy, finished):
    """The whole process group is killed at once; then a job alone, as the kernel does when memory is short."""
    target = TARGETS["attack_train"]
    command = [sys.executable, "-m", "snakemake", "--configfile", "tests/data/tiny.yaml", "--cores", "1"]
    command += ["--force", "--rerun-triggers", "input", "--", target]
    journals = copy.folder / ROOT / "journals" / "attack_train"

    def lines() -> int:
        return sum(path.read_bytes().count(b"\n") for path in journals.rglob("*.jsonl")) - 1

    def until(condition) -> None:
        deadline = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.005)

    run = subprocess.Popen(command, cwd=copy.folder, env=copy.environment, start_new_session=True, stdout=-3, stderr=-3)
    until(lambda: lines() >= 3)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    noted = lines()
    assert "cannot be locked" in copy.tiny("--cores", "1", "--", target, ok=False)
    copy.tiny("--cores", "1", "--unlock", "--", target)

    run = subprocess.Popen(
        command, cwd=copy.folder, env=copy.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    until(lambda: lines() > noted)
    [job] = [
        int(path.name)
        for path in Path("/proc").glob("[0-9]*")
        if (children := path / "stat").exists()
        and children.read_text().rpartition(")")[2].split()[1] == str(run.pid)
        and b".attack.py" in (path / "cmdline").read_bytes()
    ]
    os.kill(job, signal.SIGKILL)
    said, _ = run.communicate(timeout=300)
    assert run.returncode == 0, said
    assert "mem_mb=4000" in said and "mem_mb=8000" in said  # the second attempt
    assert_same(copy, finished, [Path(target)])
