"""What an interrupted attack has finished: an append-only file beside the ledger.

The first line says which attack it is; each further line is one finished example. Snakemake deletes incomplete outputs,
so the journal is no output: it lies where the caller says, is resumed from by the same attack only, and is deleted by
the caller once the ledger stands.
"""

import json
from contextlib import suppress
from pathlib import Path

from flat.journal import hold, release, set_aside, write_line

FORMAT = 1


class Journal:
    """Rows finished so far, on disk after each one.

    Args:
        path: the journal's file; a journal of another attack there is renamed to ``<name>.stale``, never mixed in.
        digest: identifies the attack: its lock, inputs, seed and the victim's weights.
    """

    def __init__(self, path: str | Path, digest: str):
        self.path = Path(path)
        self._hold = hold(self.path)
        self._header = {"format": FORMAT, "attack": digest}
        self.rows: dict[str, dict] = {}
        whole = self._read()
        if whole is None:
            set_aside(self.path)
            self._stream = self.path.open("wb")
            self._write(self._header)
        else:
            self._stream = self.path.open("r+b")
            self._stream.truncate(whole)  # a line torn by a kill is dropped: its example is attacked again
            self._stream.seek(whole)

    def _read(self) -> int | None:
        """Fill ``rows`` from the file; the length of its whole lines in bytes, or None if it is not this attack's."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        whole = content.rfind(b"\n") + 1
        lines = content[:whole].splitlines()
        try:
            if not lines or json.loads(lines[0]) != self._header:
                return None
            rows = [json.loads(line) for line in lines[1:]]
            self.rows = {row["example_id"]: row for row in rows}
        except (ValueError, KeyError, TypeError):
            self.rows = {}
            return None
        return whole

    def append(self, row: dict) -> None:
        self._write(row)
        self.rows[row["example_id"]] = row

    def _write(self, value: dict) -> None:
        write_line(self._stream, value, self.path)

    def close(self) -> None:
        with suppress(OSError):  # what a full disk refused has been said: each line is handed over at once
            self._stream.close()
        release(self._hold, self.path)
