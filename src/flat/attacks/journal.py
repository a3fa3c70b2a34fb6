"""What an interrupted attack has finished: an append-only file beside the ledger.

The first line says which attack it is; each further line is one finished example. Snakemake deletes incomplete outputs,
so the journal is no output: it lies where the caller says, is resumed from by the same attack only, and is deleted by
the caller at the end. Rows stay on disk: memory holds where each begins, whatever the number of texts.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from flat.resume.journal import hold, release, set_aside, write_line

FORMAT = 1


class Journal:
    """Rows finished so far, on disk after each one.

    Args:
        path: the journal's file; a journal of another attack there is renamed to ``<name>.stale``, never mixed in.
            None: a temporary file, for an attack that is not to be resumed.
        digest: identifies the attack: its lock, inputs, seed and the victim's weights.
    """

    def __init__(self, path: str | Path | None, digest: str):
        self._header = {"format": FORMAT, "attack": digest}
        self._starts: dict[str, int] = {}  # example id -> where its line begins
        self.path, self._hold = Path(path or "the journal in memory"), None
        if path is None:
            self._open(tempfile.TemporaryFile("w+b"), 0)  # noqa: SIM115 (open as long as this is)
            return
        self._hold = hold(self.path)
        whole = self._read()
        if whole is None:
            set_aside(self.path)
            self._open(self.path.open("w+b"), 0)
        else:
            self._open(self.path.open("r+b"), whole)

    def _open(self, stream, end: int) -> None:
        """Go on after the first ``end`` bytes."""
        self._stream, self._end = stream, end
        stream.truncate(end)  # a line torn by a kill is dropped: its example is attacked again
        if end == 0:
            self._write(self._header)

    def _read(self) -> int | None:
        """Find the file's rows; the length of its whole lines in bytes, or None if it is not this attack's."""
        try:
            with self.path.open("rb") as stream:
                end = 0
                for line in stream:
                    if not line.endswith(b"\n"):
                        break
                    value = json.loads(line)
                    if end == 0 and value != self._header:
                        return None
                    if end > 0:
                        self._starts[value["example_id"]] = end
                    end += len(line)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            self._starts = {}
            return None
        return end or None

    def __len__(self) -> int:
        return len(self._starts)

    def __contains__(self, example_id: str) -> bool:
        return example_id in self._starts

    def rows(self) -> Iterator[dict]:
        """The rows in the order of their ids, each read when it is asked for."""
        for example_id in sorted(self._starts):
            self._stream.seek(self._starts[example_id])
            yield json.loads(self._stream.readline())

    def append(self, row: dict) -> None:
        self._starts[row["example_id"]] = self._write(row)

    def _write(self, value: dict) -> int:
        """Write a line; returns where it begins."""
        start = self._end
        self._stream.seek(start)
        write_line(self._stream, value, self.path)
        self._end = self._stream.tell()
        return start

    def finish(self) -> None:
        """Nothing more is written; rows can still be read."""
        if self._hold is not None:
            release(self._hold, self.path)
            self._hold = None

    def close(self) -> None:
        with suppress(OSError):  # what a full disk refused has been said: each line is handed over at once
            self._stream.close()
        self.finish()
