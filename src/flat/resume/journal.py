"""Notes of what an interrupted job has finished: lines on disk that the same job, and no other, goes on from.

Snakemake deletes the outputs of an incomplete job, so notes are no output: they lie under ``journals/`` and are deleted
by the job (``flat.jobs.script.running``) as the last thing it does. Attacks keep rows of their own
(flat.attacks.journal); training keeps weights (flat.resume.checkpoints). All three are held by one process at a time,
and set aside what is not theirs or was damaged.

Each line ends with a hash of its content, of where in the file it begins and of whose file it is: a flipped bit and a
line that is lost, doubled, moved or of another job are noticed, and a line alone can be checked where it is read again.
"""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from flat.errors import ArtefactError
from flat.files.failures import of_reading, of_storage
from flat.files.holds import Hold

FORMAT = 2
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
        ArtefactError: another process holds the file, or it cannot be read or written.
    """

    def __init__(self, path: str | Path | None, header: Mapping[str, object]):
        self.path, self._header = Path(path or "the journal in memory"), dict(header)
        self.noted: dict[str, object] = {}
        self._key = _key_of(_content(self._header))
        self._hold = None if path is None else hold(self.path)
        try:
            self._end = 0 if path is None else self._read()
            if path is None:
                self._stream = tempfile.TemporaryFile("w+b")  # noqa: SIM115 (open as long as this is)
            else:
                self._stream = self.path.open("r+b" if self._end else "w+b")
            self._stream.truncate(self._end)
        except OSError as error:
            self.finish()
            raise of_storage(error, self.path) or error from error
        except BaseException:
            self.finish()
            raise
        if self._end == 0:
            self._write(self._header)

    def _read(self) -> int:
        """Note the file's lines; the length of its whole ones in bytes, or 0 if there is none of this job any more.

        What a kill tears is the end of the file: it is dropped, and its work done again. Anything after a damaged line
        says that it was whole once: then no line is believed.
        """
        try:
            with self.path.open("rb") as stream:
                end, why = self._note_all(stream)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise of_reading(error, self.path) or error from error
        if why:
            self._forget()
            set_aside(self.path, why)
        return 0 if why else end

    def _note_all(self, stream: BinaryIO) -> tuple[int, str]:
        """Note the lines of a file: the length of its whole ones in bytes, and why nothing can go on from it, or ""."""
        end, number = 0, 0
        for number, line in enumerate(stream, start=1):
            if number == 1 and (why := self._unlike(line)):
                return 0, why
            content = _unsealed(line, end, self._key)
            if content is None and stream.read(1):
                return 0, f"is damaged in line {number}"
            if content is None:
                if line.endswith(b"\n"):
                    log.warning("%s: its last line is damaged; it is dropped and its work done again", self.path)
                return end, ""
            if number > 1:
                self._note(json.loads(content), end)
            end += len(line)
        return end, "" if number else "is empty"

    def _unlike(self, line: bytes) -> str:
        """What is wrong with a first line; "" if it is this job's."""
        content = line.rpartition(b"\t")[0]
        if _unsealed(line, 0, _key_of(content)) is None:
            return "is damaged in its first line, or of another version"
        return "" if content == _content(self._header) else "is of another job"

    def _note(self, value, start: int) -> None:
        """Remember a line that begins at byte ``start``."""
        raise NotImplementedError

    def _forget(self) -> None:
        """Take back what ``_note`` remembered."""
        self.noted = {}

    def _write(self, value: object) -> int:
        """Write a line, handed to the system at once; where it begins.

        Raises:
            ArtefactError: the disk is full or the folder cannot be written to.
        """
        start, content = self._end, _content(value)
        try:
            self._stream.seek(start)
            self._stream.write(b"%b\t%b\n" % (content, _hash(content, start, self._key)))
            self._stream.flush()
        except OSError as error:
            raise of_storage(error, self.path) or error from error
        self._end = self._stream.tell()
        return start

    def _value(self, start: int) -> object:
        """What the line says that begins at byte ``start``, read again.

        Raises:
            ArtefactError: it is not what was written there.
        """
        try:
            self._stream.seek(start)
            content = _unsealed(self._stream.readline(), start, self._key)
        except OSError as error:
            raise of_reading(error, self.path) or error from error
        if content is None:
            raise ArtefactError(
                str(self.path),
                f"the line at byte {start} is not the one that this job wrote there",
                "look at the disk (dmesg), then run snakemake again: the notes are set aside and the work done anew",
            )
        return json.loads(content)

    def finish(self) -> None:
        """Nothing more is written; what is on disk can still be read."""
        if self._hold is not None:
            self._hold.release()
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


def _content(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()  # without tabs and line breaks: JSON escapes them


def _key_of(header: bytes) -> bytes:
    """The part of all hashes of a file that says whose it is."""
    return hashlib.blake2b(header, digest_size=16).digest()


def _hash(content: bytes, start: int, key: bytes) -> bytes:
    place = start.to_bytes(hashlib.blake2b.SALT_SIZE, "little")
    return hashlib.blake2b(content, digest_size=8, key=key, salt=place).hexdigest().encode()


def _unsealed(line: bytes, start: int, key: bytes) -> bytes | None:
    """The content of a line that begins at byte ``start``; None if it is not as a job with this key wrote it there."""
    content, _, own = line.removesuffix(b"\n").rpartition(b"\t")
    return content if line.endswith(b"\n") and own == _hash(content, start, key) else None


def set_aside(path: Path, why: str) -> None:
    """Rename notes that nothing goes on from to ``<name>.stale``; the log says why.

    Raises:
        ArtefactError: the folder cannot be written to.
    """
    stale = path.with_name(path.name + ".stale")
    try:
        os.replace(path, stale)
    except OSError as error:
        raise of_storage(error, path) or error from error
    log.warning("%s %s: set aside as %s; starting anew", path, why, stale.name)


def hold(path: Path) -> Hold:
    """Be the one process that writes ``path``; waits for one that is finishing what it has in hand.

    Raises:
        ArtefactError: another process still holds it after ``PATIENCE_S`` seconds.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise of_storage(error, path) or error from error
    return Hold(path.with_name(f".{path.name}.lock"), path, PATIENCE_S)
