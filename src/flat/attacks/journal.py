"""What an interrupted attack has finished: an append-only file beside the ledger.

The first line says which attack it is; each further line is one finished example. Snakemake deletes incomplete outputs,
so the journal is no output: it lies where the caller says, is resumed from by the same attack only, and is deleted by
the caller at the end. Rows stay on disk: memory holds where each begins, whatever the number of texts.
"""

from collections.abc import Iterator
from pathlib import Path

from flat.resume.journal import Lines

FORMAT = 2


class Journal(Lines):
    """Rows finished so far; ``noted``: where in the file each begins, by the id of its example.

    Args:
        digest: identifies the attack: its lock, inputs, seed and the victim's weights.

    Attributes:
        screening: what was decided about low precision (``decide``), as plain data; None: nothing yet.
    """

    screening: dict | None = None

    def __init__(self, path: str | Path | None, digest: str):
        super().__init__(path, {"format": FORMAT, "attack": digest})

    def _note(self, value, start: int) -> None:
        if "screening" in value and "example_id" not in value:
            self.screening = dict(value["screening"])
            return
        self.noted[value["example_id"]] = start

    def _forget(self) -> None:
        super()._forget()
        self.screening = None

    def __len__(self) -> int:
        return len(self.noted)

    def __contains__(self, example_id: str) -> bool:
        return example_id in self.noted

    def rows(self) -> Iterator[dict]:
        """The rows in the order of their ids, each read, and compared with its hash, when it is asked for.

        Raises:
            ArtefactError: a line is not as it was written.
        """
        for example_id in sorted(self.noted):
            yield self._value(self.noted[example_id])

    def decide(self, screening: dict) -> None:
        """Note how all examples, also those after an interruption, are screened."""
        self.screening = screening
        self._write({"screening": screening})

    def append(self, row: dict) -> None:
        self.noted[row["example_id"]] = self._write(row)
