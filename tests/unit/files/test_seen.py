"""Digests of large files are kept for an hour of a run on one machine, and never for a file that something touched."""

import os
import subprocess
import sys
import time

import pytest

from flat.files import seen
from flat.files.digests import sha256_of
from flat.files.seen import FOLDER, LARGE, LASTS, forget, look, sha256_seen

pytestmark = pytest.mark.fault
OLD = 1_600_000_000 * 10**9  # a time of change long ago, in nanoseconds


@pytest.fixture
def hashed(tmp_path, monkeypatch):
    """Sizes of what is hashed, in order; a run works in this folder, and its files were made long ago."""
    monkeypatch.chdir(tmp_path)
    FOLDER.parent.mkdir()
    sizes = []
    digest = seen.hashlib.file_digest
    monkeypatch.setattr(
        seen.hashlib,
        "file_digest",
        lambda file, name: sizes.append(os.fstat(file.fileno()).st_size) or digest(file, name),
    )
    monkeypatch.setattr(seen, "SETTLED", -1.0)
    monkeypatch.setattr(seen, "_in_process", {})
    return sizes


def put(name: str, size: int):
    with open(name, "wb") as file:
        file.write(os.urandom(size))


def test_a_large_file_is_hashed_once_and_a_small_one_each_time(hashed):
    put("large", LARGE)
    put("small", LARGE - 1)
    assert [look("large").sha256 for _ in range(3)] == [sha256_of("large")] * 3
    assert [look("small").state for _ in range(2)] == [{"sha256": sha256_of("small"), "bytes": LARGE - 1}] * 2
    assert hashed == [LARGE, LARGE, LARGE - 1, LARGE - 1, LARGE - 1]  # one each of them by sha256_of


def test_another_process_takes_it_and_a_new_run_does_not(hashed, monkeypatch):
    put("large", LARGE)
    look("large")
    monkeypatch.setattr(seen, "_in_process", {})  # as another process has it
    look("large")
    assert hashed == [LARGE]
    forget()
    monkeypatch.setattr(seen, "_in_process", {})
    look("large")
    assert hashed == [LARGE] * 2


def test_another_machine_hashes_for_itself(hashed, monkeypatch):
    put("large", LARGE)
    look("large")
    monkeypatch.setattr(seen, "_in_process", {})
    here = os.uname()
    monkeypatch.setattr(seen.os, "uname", lambda: os.uname_result([here.sysname, "elsewhere", *here[2:]]))
    look("large")
    assert hashed == [LARGE] * 2


@pytest.mark.parametrize("reset", [False, True], ids=["its time moves", "its time of change is put back"])
def test_a_flipped_bit_is_seen(hashed, reset):
    put("large", LARGE)
    before, times = look("large"), os.stat("large")
    with open("large", "r+b") as file:
        file.write(bytes([file.read(1)[0] ^ 1]) if not file.seek(0) else b"")
    time.sleep(0.02)  # the clock of files ticks
    if reset:
        os.utime("large", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert before.touched("large")
    assert look("large").sha256 == sha256_of("large") != before.sha256


def test_a_digest_lasts_for_an_hour(hashed, monkeypatch):
    put("large", LARGE)
    look("large")
    now = time.time()
    for hours, count in ((0.99, 1), (1.01, 2)):
        monkeypatch.setattr(seen.time, "time", lambda later=now + hours * LASTS: later)
        look("large")
        assert len(hashed) == count


def test_a_file_that_may_change_within_the_clock_s_tick_is_not_kept(hashed, monkeypatch):
    monkeypatch.setattr(seen, "SETTLED", 2.0)
    put("large", LARGE)
    look("large")
    look("large")
    assert len(hashed) == 2 and not FOLDER.exists()


def test_a_file_that_changes_while_it_is_hashed_is_not_kept(hashed, monkeypatch):
    put("large", LARGE)
    digest = seen.hashlib.file_digest

    def slow(file, name):
        found = digest(file, name)
        os.utime("large", ns=(OLD, OLD))
        return found

    monkeypatch.setattr(seen.hashlib, "file_digest", slow)
    assert look("large").touched("large") and not seen._in_process


@pytest.mark.parametrize("content", ["", "x", "a" * 64, "a" * 64 + " soon", "\xff"])
def test_what_is_kept_in_no_form_of_ours_is_not_taken(hashed, monkeypatch, content):
    put("large", LARGE)
    expected = sha256_seen("large")
    monkeypatch.setattr(seen, "_in_process", {})
    [kept] = FOLDER.iterdir()
    kept.write_text(content, encoding="latin-1")
    assert sha256_seen("large") == expected and len(hashed) == 2


def test_outside_a_run_nothing_is_written(hashed):
    FOLDER.parent.rmdir()
    put("large", LARGE)
    look("large")
    assert not FOLDER.exists() and not FOLDER.parent.exists()
    forget()


def test_many_processes_at_once_agree(hashed):
    put("large", 4 * LARGE)
    os.utime("large", ns=(OLD, OLD))
    code = "from flat.files import seen; seen.SETTLED = -1.0; print(seen.sha256_seen('large'))"
    jobs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert {job.communicate()[0].strip() for job in jobs} == {sha256_of("large")}
    assert len(list(FOLDER.iterdir())) == 1
