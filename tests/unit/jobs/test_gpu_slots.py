"""Devices handed out by locks, asked for by real processes; the machine's GPUs are pretended by an nvidia-smi."""

import multiprocessing
import os
import signal
import socket
import time

import pytest

from flat.errors import FlatError
from flat.jobs import gpu_slots


@pytest.fixture
def two_gpus(tmp_path, monkeypatch):
    """A machine with two GPUs, and a folder of locks of its own."""
    driver = tmp_path / "bin/nvidia-smi"
    driver.parent.mkdir()
    driver.write_text("#!/bin/sh\necho GPU-aa\necho GPU-bb\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{driver.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(gpu_slots.FOLDER, str(tmp_path / "locks"))
    monkeypatch.delenv(gpu_slots.VISIBLE, raising=False)
    monkeypatch.delenv(gpu_slots.SHARED, raising=False)


def hold(answer, wanted, patience):
    """A job: take devices, say which (and what CUDA would see), keep them until killed."""
    try:
        answer.send((gpu_slots.take(wanted, patience), os.environ.get(gpu_slots.VISIBLE)))
        signal.pause()
    except FlatError as error:
        answer.send((str(error), None))


class Jobs:
    """Processes that hold devices at the same time."""

    def __init__(self):
        self.context, self.processes = multiprocessing.get_context("fork"), []

    def start(self, wanted=1, patience=0.5):
        """A started job and the end of a pipe that its answer comes out of."""
        answers, answer = self.context.Pipe(duplex=False)
        process = self.context.Process(target=hold, args=(answer, wanted, patience))
        process.start()
        self.processes.append(process)
        return process, answers

    def answer(self, wanted=1):
        return self.start(wanted)[1].recv()

    def kill(self, process):
        os.kill(process.pid, signal.SIGKILL)
        process.join(30)

    def end(self):
        for process in self.processes:
            if process.is_alive():
                self.kill(process)


@pytest.fixture
def jobs(two_gpus):
    started = Jobs()
    yield started
    started.end()


def test_jobs_side_by_side_have_different_devices_and_a_third_is_told(jobs):
    assert jobs.answer() == (["GPU-aa"], "GPU-aa")
    assert jobs.answer() == (["GPU-bb"], "GPU-bb")
    refusal, seen = jobs.answer()
    assert "did not come free" in refusal and "--resources gpu=2" in refusal and seen is None


def test_a_killed_job_gives_its_device_back(jobs):
    process, answers = jobs.start()
    assert answers.recv()[0] == ["GPU-aa"]
    jobs.kill(process)
    assert jobs.answer() == (["GPU-aa"], "GPU-aa")


def test_a_waiting_job_gets_the_device_that_comes_free(jobs):
    first, answers = jobs.start()
    answers.recv()
    jobs.answer()
    _, answers = jobs.start(patience=30)
    assert not answers.poll(0.5)
    jobs.kill(first)
    assert answers.recv() == (["GPU-aa"], "GPU-aa")


def test_a_job_may_have_both_devices_and_then_holds_both(jobs):
    assert jobs.answer(wanted=2) == (["GPU-aa", "GPU-bb"], "GPU-aa,GPU-bb")
    assert "did not come free" in jobs.answer()[0]


def test_a_job_that_found_too_few_holds_none(jobs):
    jobs.answer()
    assert "did not come free" in jobs.answer(wanted=2)[0]
    assert jobs.answer() == (["GPU-bb"], "GPU-bb")


def test_more_devices_than_the_machine_has_are_refused_at_once(two_gpus):
    with pytest.raises(FlatError, match="this machine has 2 GPUs"):
        gpu_slots.take(3)


@pytest.mark.parametrize(
    "name, value", [("CUDA_VISIBLE_DEVICES", "1"), ("CUDA_VISIBLE_DEVICES", ""), ("FLAT_SHARE_GPUS", "1")]
)
def test_a_choice_made_outside_stands(jobs, monkeypatch, name, value):
    """Slurm, Kubernetes or the user has chosen, or asked for sharing: nothing is locked and nothing changed."""
    monkeypatch.setenv(name, value)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    for _ in range(3):
        assert jobs.answer() == ([], visible)


def test_no_gpu_wanted_or_none_there(two_gpus, monkeypatch, tmp_path):
    assert gpu_slots.take(0) == []
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_slots.take(1) == [] and gpu_slots.VISIBLE not in os.environ


def open_umask(folder, mask):
    """Make lock files below ``folder`` under a umask; modes of the lock, its folder and the folder above."""
    before = os.umask(mask)
    try:
        locks = gpu_slots.lock_folder()
        gpu_slots._opened(locks / "GPU-aa.lock").close()
    finally:
        os.umask(before)
    return [path.stat().st_mode & 0o7777 for path in (locks / "GPU-aa.lock", locks, locks.parent)]


@pytest.mark.parametrize("mask", [0o077, 0o027, 0o022, 0o002])
def test_locks_can_be_opened_by_every_user_whatever_the_umask(tmp_path, monkeypatch, mask):
    monkeypatch.setenv(gpu_slots.FOLDER, str(tmp_path / "node/locks"))
    lock, folder, above = open_umask(tmp_path, mask)
    assert lock == 0o644 and folder == 0o1777 and above & 0o055 == 0o055


@pytest.mark.parametrize("closed", ["lock", "folder"])
def test_a_lock_that_its_user_keeps_to_himself_is_told_with_its_owner(tmp_path, monkeypatch, closed):
    """The system's refusal is pretended: tests may run as root, whom no mode keeps out."""
    folder = tmp_path / "locks"
    folder.mkdir()
    lock = folder / "GPU-aa.lock"
    lock.touch(mode=0o600)

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(gpu_slots.time, "sleep", lambda seconds: None)
    monkeypatch.setattr("os.open" if closed == "lock" else "pathlib.Path.is_dir", refused)
    monkeypatch.setenv(gpu_slots.FOLDER, str(folder))
    with pytest.raises(FlatError) as error:
        gpu_slots._opened(gpu_slots.lock_folder() / lock.name)
    assert f"belongs to {lock.owner()}" in str(error.value) and "FLAT_GPU_LOCKS" in error.value.remedy
    assert "chmod a+r" in error.value.remedy


def pipe(path):
    os.mkfifo(path)


def plug(path):
    socket.socket(socket.AF_UNIX).bind(str(path))


@pytest.mark.parametrize("made", [pipe, plug, os.mkdir])
def test_a_lock_that_is_no_regular_file_is_refused_at_once(two_gpus, tmp_path, made):
    folder = tmp_path / "locks"
    folder.mkdir()
    made(folder / "GPU-aa.lock")
    begun = time.monotonic()
    with pytest.raises(FlatError, match=r"GPU-aa\.lock: it is no regular file"):
        gpu_slots.take(1, patience=30)
    assert time.monotonic() - begun < 20
    assert gpu_slots.VISIBLE not in os.environ
