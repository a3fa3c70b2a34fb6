"""Half-written files: only those of processes that have ended are deleted, and of a file's writers one wins."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flat.errors import ArtefactError
from flat.files import holds, parts, processes
from flat.files.artefacts import atomic, write_json

# writes its name into a file, and waits in the midst of it until it is told to go on
WRITER = """
import logging, sys
from pathlib import Path
from flat.errors import ArtefactError
from flat.files.artefacts import atomic
path, name = Path(sys.argv[1]), sys.argv[2]
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
try:
    with atomic(path) as part:
        part.write_text(name)
        print("writing", flush=True)
        sys.stdin.readline()
except ArtefactError as error:
    sys.exit(f"{name}: {error}")
"""


class Writer:
    """Another process that is writing ``path``, half-way."""

    def __init__(self, path: Path, name: str = "the other one"):
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, path, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Writer":
        self.says("writing")
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.communicate()

    def says(self, what: str) -> None:
        assert self.process.stdout.readline().startswith(what)

    def finish(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()


def in_folder(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ended() -> str:
    """The name of a process that has just ended."""
    script = "from flat.files import processes; print(processes.own_name())"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def test_a_part_of_a_living_writer_is_left_alone_and_one_of_an_ended_writer_is_not(tmp_path):
    path = tmp_path / "t.json"
    with Writer(path) as other:
        living = next(tmp_path.glob(".t.json.*.part"))
        parts.remove_parts(path)
        assert living.read_text() == "the other one"
        other.process.kill()
        parts.remove_parts(path)  # also before its parent has asked for its exit status
        while other.process.poll() is None or living.exists():
            parts.remove_parts(path)
    write_json(path, {})
    assert in_folder(tmp_path) == ["t.json"]  # the lock of the killed one is gone too


def test_a_number_that_another_process_has_now_is_no_life(tmp_path):
    machine, number, start = processes.own_name().rsplit("-", 2)
    assert processes.lives(processes.own_name())
    left = tmp_path / f".t.json.{machine}-{number}-{int(start) - 1}.part"
    left.mkdir()
    (left / "half").touch()
    write_json(tmp_path / "t.json", {})
    assert in_folder(tmp_path) == ["t.json"]


def test_a_process_that_nobody_waited_for_is_no_life():
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert processes.started(child) is None
    os.waitpid(child, 0)
    assert processes.started(child) is None


def test_a_part_of_another_machine_is_left_until_it_is_old(tmp_path):
    path, name = tmp_path / "t.json", "0123456789ab-4026531836-1-1"
    young, old = (tmp_path / f".t.json.{name}{digit}.part" for digit in (0, 1))
    for part in (young, old):
        part.mkdir()
        (part / "half").touch()
    long_ago = time.time() - parts.OLD_S - 1
    os.utime(old / "half", (long_ago, long_ago))
    os.utime(old, (long_ago, long_ago))
    os.utime(young, (long_ago, long_ago))  # what is in it is young
    write_json(path, {})
    assert in_folder(tmp_path) == [young.name, "t.json"]


def test_parts_of_a_longer_name_are_not_this_files(tmp_path):
    other = tmp_path / f".t.json.index.json.{ended()}.part"
    own = tmp_path / f".t.json.{ended()}.part"
    for part in (other, own):
        part.touch()
    write_json(tmp_path / "t.json", {})
    assert in_folder(tmp_path) == [other.name, "t.json"]


def test_a_second_writer_is_refused_while_the_first_is_at_it(tmp_path, monkeypatch):
    path = tmp_path / "t.json"
    monkeypatch.setattr(parts, "PATIENCE_S", 0.1)
    with Writer(path) as first:
        with pytest.raises(ArtefactError, match=r"t\.json: another process is at work(?s:.)*remedy: wait for it"):
            write_json(path, {})
        first.finish()
        assert first.process.wait() == 0
    assert path.read_text() == "the other one" and in_folder(tmp_path) == ["t.json"]


@pytest.mark.parametrize("existed", [False, True])
def test_of_an_orphan_and_a_resumed_job_one_wins(tmp_path, existed):
    """Whoever comes second waits, and is told that the file is there: it does not write over it."""
    path = tmp_path / "t.json"
    if existed:
        path.write_text("old")
    with Writer(path, "orphan") as orphan:
        resumed = Writer(path, "resumed job")
        resumed.says("waiting for the process that holds")
        orphan.finish()
        _, said = resumed.process.communicate()
        assert orphan.process.wait() == 0
    assert resumed.process.returncode == 1 and "has written it at the same time" in said
    assert path.read_text() == "orphan" and in_folder(tmp_path) == ["t.json"]


def test_the_second_writer_takes_over_from_one_that_is_killed(tmp_path):
    path = tmp_path / "t.json"
    with Writer(path) as first:
        second = Writer(path, "second")
        second.says("waiting for the process that holds")
        first.process.send_signal(signal.SIGKILL)
        with second:
            assert len(list(tmp_path.glob(".t.json.*.part"))) == 1  # that of the killed one is gone
            second.finish()
            assert second.process.wait() == 0
    assert path.read_text() == "second" and in_folder(tmp_path) == ["t.json"]


def test_of_many_writers_at_once_one_wins(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PATIENCE_S", 0.0)
    path = tmp_path / "t.json"
    (lost, losing), (go, going) = os.pipe(), os.pipe()
    children = []
    for number in range(8):
        child = os.fork()
        if not child:
            os.close(going)
            os.read(go, 1)  # until the parent closes its end
            try:
                with atomic(path) as part:
                    part.write_text(str(number))
                    for _ in range(7):  # it goes on when all others have lost
                        os.read(lost, 1)
            except ArtefactError:
                os.write(losing, b".")
                os._exit(1)
            os._exit(0)
        children.append(child)
    os.close(going)
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    for end in (lost, losing, go):
        os.close(end)
    assert sorted(statuses) == [0] + 7 * [1]
    assert path.read_text() == str(statuses.index(0)) and in_folder(tmp_path) == ["t.json"]


def test_a_file_system_without_locks_is_named_once_and_written_to(tmp_path, monkeypatch, caplog):
    def refuses(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(holds.fcntl, "flock", refuses)
    holds._warn.cache_clear()
    for number in range(3):
        write_json(tmp_path / f"{number}.json", number)
    assert in_folder(tmp_path) == ["0.json", "1.json", "2.json"]
    assert [record.getMessage() for record in caplog.records] == [
        "this file system has no locks (No locks available): see to it that no two runs write the same results"
    ]
