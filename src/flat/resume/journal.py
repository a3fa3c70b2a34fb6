"""Notes of what an interrupted job has finished: lines on disk that the same job, and no other, goes on from.

Snakemake deletes the outputs of an incomplete job, so notes are no output: they lie under ``journals/`` and are deleted
by the job (``flat.jobs.script.running``) as the last thing it does. Attacks keep rows of their own
(flat.attacks.journal); training keeps weights (flat.resume.checkpoints). All three are held by one process at a time,
and set aside what is not theirs.
"""

import fcntl
import json
import logging
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from flat.errors import ArtefactError
from flat.files.failures import of_storage

FORMAT = 1
PATIENCE_S = 120  # how long a killed run's job may take to finish what it has in hand
log = logging.getLogger("flat")


class Lines:
    """What is finished, a line each on disk, handed to the system at once; the first line says whose they are.

    Args:
        path: the file; one of another job there is renamed to ``<name>.stale``, never mixed in. None: a temporary
            file, for a job that is not to be resumed.
        header: identifies the job: its inputs, options and code.

    Attributes:
        noted: what a line says, by key (``_note``).

    Raises:
        ArtefactError: another process holds the file, or it cannot be written.
    """

    def __init__(self, path: str | Path | None, header: Mapping[str, object]):
        self.path, self._header = Path(path or "the journal in memory"), dict(header)
        self.noted: dict[str, object] = {}
        self._hold, whole = None, None
        if path is None:
            self._stream = tempfile.TemporaryFile("w+b")  # noqa: SIM115 (open as long as this is)
        else:
            self._hold = hold(self.path)
            whole = self._read()
            if whole is None:
                set_aside(self.path)
            self._stream = self.path.open("r+b" if whole else "w+b")
        self._end = whole or 0
        self._stream.truncate(self._end)  # a line torn by a kill is dropped: its work is done again
        if whole is None:
            self._write(self._header)

    def _read(self) -> int | None:
        """Note the file's lines; the length of its whole ones in bytes, or None if it is not this job's."""
        end = 0
        try:
            with self.path.open("rb") as stream:
                for line in stream:
                    if not line.endswith(b"\n"):
                        break
                    value = json.loads(line)
                    if end == 0 and value != self._header:
                        return None
                    if end > 0:
                        self._note(value, end)
                    end += len(line)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            self.noted = {}
            return None
        return end or None

    def _note(self, value, start: int) -> None:
        """Remember a line that begins at byte ``start``. ValueError, KeyError, TypeError: it is no such line."""
        raise NotImplementedError

    def _write(self, value: object) -> int:
        """Write a line; where it begins."""
        start = self._end
        self._stream.seek(start)
        write_line(self._stream, value, self.path)
        self._end = self._stream.tell()
        return start

    def finish(self) -> None:
        """Nothing more is written; what is on disk can still be read."""
        if self._hold is not None:
            release(self._hold, self.path)
            self._hold = None

    def close(self) -> None:
        with suppress(OSError):  # what a full disk refused has been said: each line is handed over at once
            self._stream.close()
        self.finish()


class Journal(Lines):
    """Values by key, on disk after each one and in ``noted``. ``digest`` identifies the job."""

    def __init__(self, path: str | Path, digest: str):
        super().__init__(path, {"format": FORMAT, "job": digest})

    def _note(self, value, start: int) -> None:
        key, noted = value
        self.noted[key] = noted

    def append(self, values: dict[str, object]) -> None:
        """Note what was finished together: all of it or, after a kill within, the first of it."""
        for key, value in values.items():
            self._write([key, value])
        self.noted.update(values)


def write_line(stream, value: object, path: Path) -> None:
    """One value as a line, handed to the system at once.

    Raises:
        ArtefactError: the disk is full or the folder cannot be written to.
    """
    try:
        stream.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")
        stream.flush()
    except OSError as error:
        raise of_storage(error, path) or error from error


def set_aside(path: Path) -> None:
    """Rename notes that are not this job's (other inputs, options or code; or no notes at all) to ``<name>.stale``."""
    if path.exists():
        stale = path.with_name(path.name + ".stale")
        os.replace(path, stale)
        log.warning("%s is of another job, or damaged: set aside as %s; starting anew", path, stale.name)


def hold(path: Path, patience_s: float | None = None) -> int:
    """Be the one process that writes ``path``; waits for one that is finishing what it has in hand.

    Returns:
        a descriptor for ``release``; the end of the process releases it too.

    Raises:
        ArtefactError: another process still holds it after ``patience_s`` seconds.
    """
    lock = _lock_of(path)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    except OSError as error:
        raise of_storage(error, path) or error from error
    until = time.monotonic() + (PATIENCE_S if patience_s is None else patience_s)
    waited = False
    while True:
        held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(held).st_ino == os.stat(lock).st_ino:
                return held
        except FileNotFoundError:  # its last holder has just deleted it: take a new one
            pass
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(held)
                raise ArtefactError(
                    str(path),
                    "another process is at work on the same job",
                    "wait for it or end it (is a second snakemake running in this folder?), then run snakemake again",
                ) from None
            if not waited:
                log.info("waiting for the process that holds %s", path)
            waited = True
            time.sleep(0.05)
        os.close(held)


def release(held: int, path: Path) -> None:
    _lock_of(path).unlink(missing_ok=True)
    os.close(held)


def _lock_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")
