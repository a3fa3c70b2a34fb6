"""``python -m flat.provenance.verify results/<study>``: is every result still what its job made, from what it read?

Three things are compared:

* each file with its recorded checksum;
* each job's inputs with the records of the jobs that made them: one may have been made anew after it was read;
* inputs from outside the study with what they were.
"""

import argparse
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flat.errors import ArtefactError, FlatError, ResourceError, command, program
from flat.files.digests import sha256_of
from flat.files.failures import of_reading
from flat.provenance import records as lineage
from flat.resources.own_files import files_of
from flat.study import paths
from flat.study.load import load as load_study

UNRECORDED = {"logs", "benchmarks", "journals", lineage.FOLDER}  # folders whose files are no results
REMAKE = "snakemake --force {path}"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was, or cannot be read to be compared.

    ``kind``: changed | missing | unread | stale | outside | unrecorded | record.
    """

    path: str
    kind: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}\n  remedy: {self.remedy}"


def verify(root: str | Path) -> tuple[list[Finding], int]:
    """What changed under ``root`` (``results/<study>``), sorted by path, and how many files were compared.

    Raises:
        ArtefactError: no records, so nothing to compare with; or the system does not let one be read.
    """
    found = lineage.records(root)
    if not found:
        raise ArtefactError(
            f"{root}/{lineage.FOLDER}", "holds no records of jobs", "run the study, or correct the path"
        )
    findings = [
        Finding(
            path, "record", "is not a readable record", f"delete it and run its job again: {REMAKE.format(path='...')}"
        )
        for path, record in found.items()
        if not record
    ]
    jobs = [record for record in found.values() if record]
    made = {path: (state, job) for job in jobs for path, state in job["outputs"].items()}
    now = {path: _checksum(path) for path in sorted({*made, *(path for job in jobs for path in job["inputs"])})}
    for path, (state, job) in made.items():
        target = next((folder for folder in job.get("within", ()) if Path(path).is_relative_to(folder)), path)
        findings += _of_file(path, state["sha256"], now[path], job["rule"], target)
    for job in jobs:
        for path, state in job["inputs"].items():
            findings += _of_input(path, state["sha256"], job, made.get(path), now[path])
        for folder in job.get("folders", ()):
            findings += _added(folder, job)
    findings += _unrecorded(Path(root), made)
    return sorted(set(findings), key=lambda f: (f.path, f.kind, f.problem)), len(now)


def _checksum(path: str) -> str | FlatError | None:
    """SHA-256 of a file; None: it is gone; an error: the system does not let it be read, so that nobody can say."""
    try:
        return sha256_of(path)
    except OSError as error:
        return of_reading(error, path)


def _of_file(path: str, recorded: str, now: str | FlatError | None, rule: str, target: str) -> Iterable[Finding]:
    """``target``: what Snakemake makes, the file or the folder that it is in."""
    if isinstance(now, FlatError):
        yield Finding(path, "unread", now.problem, now.remedy)
    elif now is None:
        remedy = f"snakemake {path}" if target == path else REMAKE.format(path=target)
        yield Finding(path, "missing", f"was made by {rule} and is gone", remedy)
    elif now != recorded:
        problem = f"its SHA-256 is {now[:16]}..., {rule} made it with {recorded[:16]}...: it was changed since"
        yield Finding(path, "changed", problem, REMAKE.format(path=target))


def _of_input(path: str, read: str, job: dict, maker: tuple[dict, dict] | None, now: str | None) -> Iterable[Finding]:
    """One input of one job: the bytes that its maker recorded, or, from outside the study, those that are there."""
    if maker is not None:
        if maker[0]["sha256"] != read:
            first = min(job["outputs"])
            problem = (
                f"was made from a {path} with SHA-256 {read[:16]}..., its record now says {maker[0]['sha256'][:16]}..."
            )
            yield Finding(first, "stale", problem, REMAKE.format(path=first))
    elif isinstance(now, FlatError):
        yield Finding(path, "unread", now.problem, now.remedy)
    elif now != read:
        what = "is gone" if now is None else f"has the SHA-256 {now[:16]}... now"
        problem = f"{what}; {job['rule']} read it with {read[:16]}..."
        yield Finding(path, "outside", problem, "put the old file back, or run snakemake again")


def _added(folder: str, job: dict) -> Iterable[Finding]:
    """Files of a user's folder that were not there when a job read it. One that is gone lacks its recorded files."""
    with suppress(ResourceError):
        for path in set(files_of(folder)) - set(job["inputs"]):
            problem = f"was added; {job['rule']} read {folder} without it"
            yield Finding(path, "outside", problem, "take it out again, or run snakemake again")


def _unrecorded(root: Path, made: dict) -> Iterable[Finding]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if (
            path.is_file()
            and parts[0] not in UNRECORDED
            and str(path) not in made
            and not any(part.startswith(".") for part in parts)
        ):
            yield Finding(
                str(path), "unrecorded", "no job of this study is known to have made it", "delete it, or make it anew"
            )


@command
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog=program("flat.provenance.verify", "verify"), description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("root", metavar="STUDY", help="study file or its results: config/demo.yaml, results/demo")
    root = parser.parse_args(arguments).root
    if Path(root).suffix in (".yaml", ".yml"):
        root = paths.of(load_study(root)).root
    findings, compared = verify(root)
    for finding in findings:
        print(finding)
    jobs = sum(1 for record in lineage.records(root).values() if record)
    verdict = "all as recorded" if not findings else f"{len(findings)} findings"
    print(f"{root}: {compared} files of {jobs} jobs compared: {verdict}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
