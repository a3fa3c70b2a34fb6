"""Files of a finished study, each compared with the record of the job that made it before it is read."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from flat.errors import ArtefactError
from flat.files.artefacts import read_json, read_table
from flat.files.failures import of_reading
from flat.files.seen import look
from flat.provenance.records import read, record_of

WEIGHTS = "model.safetensors"


class Files:
    """The files below a results folder, from wherever they are read.

    Records name files by the folder that the study was run in; here a name is compared by its end, the path below the
    results folder.
    """

    def __init__(self, root: Path):
        self.root = root

    def json(self, path: str | Path) -> dict:
        """Raises ArtefactError: the file is absent, is none, or is not as its job made it."""
        return read_json(self.checked(path))

    def table(self, path: str | Path):
        """As ``json``, a parquet file as a pandas frame."""
        return read_table(self.checked(path))

    def checked(self, path: str | Path) -> Path:
        """The path of a file that is as its job made it. Where no record tells of it, it is taken as it is.

        Raises:
            ArtefactError: it is absent, or was changed since.
        """
        path = Path(path)
        if not path.exists():
            raise ArtefactError(str(path), "no such file", "run the rule that makes it: snakemake <this path>")
        self._compare(path, self._made_with(path))
        return path

    def checkpoint(self, folder: Path) -> Path:
        """A model's folder whose files are as its training made them: weights, configuration, words, tokenizer."""
        made = self._made_with(self.checked(folder / WEIGHTS))
        here = self._below(folder)
        for name in made:
            part = Path(name)
            if str(part.parent).endswith(here) and part.name not in ("optimizer.safetensors", "history.csv"):
                self._compare(folder / part.name, made)
        return folder

    def _made_with(self, path: Path) -> dict[str, dict]:
        """What the job that made a file recorded of all its outputs, by their recorded names; none without a record."""
        below = self._below(path)
        for place in self._places(record_of(path, self.root)):
            outputs = read(place).get("outputs") or {}
            if any(_ends_with(name, below) for name in outputs):
                return outputs
        return {}

    @staticmethod
    def _places(own: Path) -> Iterator[Path]:
        """Records that may tell of a file: under its own name, or that of another output of its job."""
        if own.exists():
            yield own
        yield from sorted(set(own.parent.glob("*.json")) - {own})

    def _compare(self, path: Path, made: dict[str, dict]) -> None:
        below = self._below(path)
        known = next((state for name, state in made.items() if _ends_with(name, below)), None)
        if known is None:
            return
        try:
            found = look(path)
            if found.sha256 != known["sha256"]:
                found = look(path, anew=True)  # what is kept of it may be damaged itself
        except OSError as error:
            raise of_reading(error, path) or error from None
        if found.sha256 != known["sha256"]:
            raise ArtefactError(
                str(path),
                f"is not as its job made it: its SHA-256 is {found.sha256[:16]}..., recorded is "
                f"{known['sha256'][:16]}...",
                f"put it back, or make it anew: rm {shlex.quote(str(path))} and run the study again",
            )

    def _below(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _ends_with(name: str, below: str) -> bool:
    return name == below or name.endswith(f"/{below}")
