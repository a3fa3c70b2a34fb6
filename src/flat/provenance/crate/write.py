"""Where a crate goes: into the results folder, which then is the crate, or into a package without weights and texts."""

import hashlib
import json
import zipfile
from datetime import datetime
from pathlib import Path

from flat.errors import ArtefactError
from flat.files.artefacts import atomic
from flat.files.digests import state_of
from flat.provenance import passport as provenance
from flat.provenance import records as lineage
from flat.provenance.crate.describe import SNAKEFILE, STUDY, describe
from flat.provenance.crate.graph import METADATA
from flat.provenance.crate.run import RULE, Run, own_file, read
from flat.study.schema import Study

FILES = {"report.html", "claims.csv", "claim_cells.csv", provenance.FILE}  # not the explorer, which holds all texts
FOLDERS = {"tables", "figures"}


def export(study: Study, jobs: bool = False) -> list[str]:
    """Describe a finished study in its results folder. Its metadata and the two files copied for it, in this order.

    Raises:
        FlatError: the study was not run, files are not as recorded, or the library is absent.
    """
    run = read(study)
    copies = _copies(study)
    contents = {METADATA: _json(describe(run, copies, jobs=jobs))} | copies
    _write(run.root, contents)
    return [f"{run.root}/{path}" for path in contents]


def note(root: str, made: list[str], started: float) -> None:
    """Write the record of an export that no rule ran, as ``flat.provenance.records`` does of one that a rule ran.

    Without it ``flat.provenance.verify`` would not know these files.
    """
    passport = f"{root}/{provenance.FILE}"
    inputs = {passport: state_of(passport)}
    lineage.write(lineage.record_of(made[0], Path(root)), RULE, inputs, made, started)


def pack(study: Study, output: str | Path, jobs: bool = False) -> list[str]:
    """Write a crate that can be handed on, a zip file or a new folder. The paths in it, sorted.

    Raises:
        FlatError: as ``export``; also if a packed file's bytes are not the recorded ones, or the folder is not empty.
    """
    output, run, copies = Path(output), read(study), _copies(study)
    if output.suffix != ".zip" and output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ArtefactError(str(output), "is there already and is no empty folder", "name a new folder, or a .zip file")
    packed = frozenset(path for path in run.made if path in FILES or path.partition("/")[0] in FOLDERS)
    metadata = describe(run, copies, packed, jobs)
    contents = copies | {METADATA: _json(metadata)} | {path: _content(run, path) for path in packed}
    contents = dict(sorted(contents.items()))
    if output.suffix == ".zip":
        with atomic(output) as part:
            _zip(part, contents, run.times[1])
    else:
        _write(output, contents)
    return list(contents)


def _copies(study: Study) -> dict[str, bytes]:
    """The workflow, and the study as it was resolved: an overlay and --config are in it, comments are not."""
    import yaml  # for cost

    text = yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    return {SNAKEFILE: own_file("Snakefile"), STUDY: text.encode()}


def _json(value: dict) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _write(folder: str | Path, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        with atomic(Path(folder, name)) as part:
            part.write_bytes(content)


def _content(run: Run, path: str) -> bytes:
    content = Path(run.root, path).read_bytes()
    if hashlib.sha256(content).hexdigest() != run.made[path].sha256:
        raise ArtefactError(
            f"{run.root}/{path}",
            "its bytes are not those that its job made: it was changed since",
            f"python -m flat.provenance.verify {run.root} names everything that changed",
        )
    return content


def _zip(path: Path, contents: dict[str, bytes], end: str) -> None:
    """A zip file that is the same whenever it is written: entries bear the run's end and no rights of their own."""
    date = datetime.fromisoformat(end).timetuple()[:6]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, date)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, content)
