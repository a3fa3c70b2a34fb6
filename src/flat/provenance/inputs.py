"""What a job reads, compared with what is known of it before the job reads it, and looked at once more at its end.

A file that a job of this study made has that job's record. Of the user's files and folders the plan took a digest (the
param ``own``). A fetched resource is compared where it is opened (``flat.resources.locate``). Other files belong to the
repository, or were made before there were records: their digests are taken, and noted as what the job read.
"""

import logging
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from flat.errors import ArtefactError, ResourceError
from flat.files.failures import of_reading
from flat.files.seen import Seen, look
from flat.provenance.records import read, record_of, root_of

WEIGHTS = "model.safetensors"
NOT_OF_THE_MODEL = ("optimizer.safetensors", "history.csv")  # rules that read moments name them
AGAIN = "delete it and repeat the call of snakemake, which makes it anew: rm {}"
log = logging.getLogger("flat")


def compared(snakemake) -> dict[str, Seen]:
    """Every file that a job reads as it is now, by path: its inputs, and what of a study's files lies beside them.

    Raises:
        ArtefactError: a file is not the one that its job made, or the record that would tell is damaged.
        ResourceError: a file or folder of the user's is not what it was when the run was planned.
    """
    root = root_of(str(snakemake.log[0]), list(map(str, snakemake.output)))
    if root is None:  # it makes nothing of the study: it fetches a resource, or verifies
        return {}
    makers, found, unknown = Makers(root), {}, []
    for path in sorted(set(map(str, snakemake.input))):
        maker = makers.of(path) if Path(path).is_relative_to(root) else None
        if maker is not None:
            for each in {path, *_beside(path, maker["outputs"])}:
                found[each] = _as_made(each, path, maker)
            continue
        found[path] = _look(path)
        if Path(path).is_relative_to(root):
            unknown.append(path)
    if unknown:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        log.warning("read as found, since no record tells what it was: %s%s", ", ".join(unknown[:3]), more)
    for path, planned in (snakemake.params.get("own") or {}).items():
        _as_planned(path, planned, found)
    return found


def unchanged(found: Mapping[str, Seen]) -> dict[str, dict]:
    """What a job's record says of the files that it read, after it read them.

    Raises:
        ArtefactError: one was written to meanwhile, so that nobody can say which bytes were read.
    """
    for path, seen in found.items():
        try:
            touched = seen.touched(path)
        except OSError:
            touched = True
        if touched:
            raise ArtefactError(
                path,
                "was written to, or its times were set, while this job read it, so that nobody can say what was read",
                "repeat the call of snakemake: the file is compared with its record, and the job is done again",
            )
    return {path: seen.state for path, seen in found.items()}


class Makers:
    """The records of the jobs that made a study's files; a job's outputs lie in one folder, and so do its records."""

    def __init__(self, root: Path):
        self.root = root
        self._read: dict[Path, dict] = {}

    def of(self, path: str) -> dict | None:
        """The record of the job that made a file below the root; None: there is none.

        Raises:
            ArtefactError: a record that may be its own is damaged, or the system does not let it be read.
        """
        damaged = None
        for place in self._places(record_of(path, self.root)):
            record = self._record(place)
            if path in record.get("outputs", ()):
                return record
            if not record:
                damaged = place
        if damaged is not None:
            both = shlex.join([str(damaged), path])
            problem = f"is not a readable record, so that nobody can say whether {path} is as it was made"
            raise ArtefactError(str(damaged), problem, f"delete both and repeat the call of snakemake: rm {both}")
        return None

    @staticmethod
    def _places(own: Path) -> Iterator[Path]:
        """Where a record may lie: under the file's name if it is its job's first output, else under another's."""
        if own.exists():
            yield own
        yield from sorted(set(own.parent.glob("*.json")) - {own})

    def _record(self, place: Path) -> dict:
        if place not in self._read:
            value = read(place)
            self._read[place] = value if isinstance(value.get("outputs"), dict) and "rule" in value else {}
        return self._read[place]


def _beside(path: str, outputs: Mapping[str, dict]) -> set[str]:
    """What a reader of ``path`` opens too: a model's configuration, words, tokenizer; a shard's seconds and lock."""
    here = Path(path)
    near = [other for other in map(Path, outputs) if other.parent == here.parent]
    if here.name == WEIGHTS:
        return {str(other) for other in near if other.name not in NOT_OF_THE_MODEL}
    return {str(other) for other in near if other.name.startswith(f"{here.stem}.")}


def _as_made(path: str, named: str, maker: Mapping) -> Seen:
    """A file that has to be the one that its job recorded; ``named``: the input for whose sake it is read."""
    known, again = maker["outputs"][path], AGAIN.format(shlex.quote(named))
    remedy = again if path == named else again.replace("delete it", f"delete {named}")
    try:
        seen = look(path)
        if seen.sha256 != known["sha256"]:
            seen = look(path, anew=True)  # what is kept of it may be damaged itself
    except FileNotFoundError:
        raise ArtefactError(path, f"was made by {maker['rule']} and is gone", remedy) from None
    except OSError as error:
        raise of_reading(error, path) or error from None
    if seen.sha256 != known["sha256"]:
        problem = (
            f"is not as {maker['rule']} made it: it has the SHA-256 {seen.sha256[:16]}... ({seen.size:,} bytes), "
            f"recorded are {known['sha256'][:16]}... ({known['bytes']:,} bytes)"
        )
        raise ArtefactError(path, problem, remedy)
    return seen


def _look(path: str) -> Seen:
    try:
        return look(path)
    except FileNotFoundError:
        raise ArtefactError(path, "no such file", "run the rule that makes it: snakemake <this path>") from None
    except OSError as error:
        raise of_reading(error, path) or error from None


def _as_planned(path: str, planned: str, found: dict[str, Seen]) -> None:
    """A file or folder of the user's that has to hold what it held when this run was planned."""
    from flat.resources import own_files  # for cost: most jobs read none

    def digest_now(file: str) -> str:
        seen = look(file, anew=True) if file in distrusted else found.get(file) or look(file)
        found[file] = seen
        return seen.sha256

    distrusted: set[str] = set()
    if own_files.digest_over(path, digest_now) == planned:
        return
    distrusted |= {*own_files.files_of(path)}  # what is kept of one may be damaged itself
    if (digest := own_files.digest_over(path, digest_now)) != planned:
        raise ResourceError(
            path,
            f"is not as it was when this run was planned: its digest was {planned}, now it is {digest}",
            "put it back as it was, or repeat the call of snakemake, which plans with what is there now",
        )
