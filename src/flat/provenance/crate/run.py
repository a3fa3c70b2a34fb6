"""What a crate is told from: a study's passport and its jobs' records, refused where they do not fit the files."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from flat.errors import ArtefactError, FlatError, StudyError
from flat.files.artefacts import read_json
from flat.files.digests import digest_of
from flat.files.failures import of_reading
from flat.files.installed import ROOT
from flat.provenance import passport as provenance
from flat.provenance import records as lineage
from flat.study.paths import of as paths_of
from flat.study.schema import Study

RULE = "crate"  # the export itself is a job with a record: no part of what it describes


@dataclass(frozen=True)
class Made:
    """A file that a job made: its path below the results folder, and what the job's record says of it."""

    path: str
    sha256: str
    bytes: int
    job: str


@dataclass(frozen=True)
class Run:
    """A finished study. ``jobs``: records by the path of their first output below ``root``, sorted."""

    study: Study
    root: str
    passport: dict
    jobs: dict[str, dict]

    @cached_property
    def made(self) -> dict[str, Made]:
        """Every file that a job made, by its path below ``root``, sorted."""
        found = {}
        for job, record in self.jobs.items():
            for path, state in record["outputs"].items():
                inside = self.inside(path)
                found[inside] = Made(inside, state["sha256"], state["bytes"], job)
        return dict(sorted(found.items()))

    @cached_property
    def outside(self) -> dict[tuple[str, str], int]:
        """Bytes of every input that no job made, by path and SHA-256 as it was read, sorted."""
        read = {}
        for record in self.jobs.values():
            for path, state in record["inputs"].items():
                if self.inside(path) not in self.made:
                    read[path, state["sha256"]] = state["bytes"]
        return dict(sorted(read.items()))

    def inside(self, path: str) -> str | None:
        """A path as records give it, below ``root``; None of a file that lies elsewhere."""
        return Path(path).relative_to(self.root).as_posix() if Path(path).is_relative_to(self.root) else None

    @property
    def times(self) -> tuple[str, str]:
        """When the first job started and the last one ended, in UTC to the second."""
        spans = [span_of(record) for record in self.jobs.values()]
        return min(start for start, _ in spans), max(end for _, end in spans)


def span_of(record: dict) -> tuple[str, str]:
    """Start and end of a job: 2026-01-31T12:00:00+00:00."""
    end = datetime.fromisoformat(record["written"])
    start = end - timedelta(seconds=record["seconds"])
    return start.isoformat(timespec="seconds"), end.isoformat(timespec="seconds")


def read(study: Study) -> Run:
    """A study's run, its files looked up but not read.

    Raises:
        StudyError: the results are those of another study of this name.
        ArtefactError: the study was not run to its end, a record cannot be read, or a file is not as its record says.
    """
    paths = paths_of(study)
    passport_file = paths.top(provenance.FILE)
    if not Path(passport_file).is_file():
        problem = "no such file: this study was not run to its end here"
        raise ArtefactError(passport_file, problem, "run it, from this folder: snakemake --configfile STUDY -- all")
    passport = read_json(passport_file)
    if passport.get("study", {}).get("digest") != digest_of(study.model_dump(mode="json")):
        raise StudyError(
            f"the study {study.name}",
            f"it is not the one whose results lie in {paths.root}: {passport_file} has another digest",
            "give the study that was run, and of a run with an overlay or --config call "
            "`snakemake ... -- crate` with the same options; or run the study as it is now",
        )
    run = Run(study, paths.root, passport, _jobs(paths.root))
    if run.inside(passport_file) not in run.made:
        raise ArtefactError(
            passport_file,
            f"no record below {paths.root}/{lineage.FOLDER} names it",
            f"make it anew: snakemake --force {passport_file}",
        )
    _check(run.root, run.jobs, run.made.values())
    return run


def own_file(name: str) -> bytes:
    """A file of the checkout that this library lies in.

    Raises:
        FlatError: the library was installed without it.
    """
    path = ROOT / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise of_reading(error, path, FlatError) or FlatError(
            str(path), f"cannot be read ({error.strerror})", "export from a checkout of FLAT"
        ) from None


def _jobs(root: str) -> dict[str, dict]:
    found = {}
    for path, record in lineage.records(root).items():
        if not record:
            raise ArtefactError(path, "is not a readable record", "delete it and run its job again")
        if record["rule"] != RULE:
            found[Path(path).relative_to(f"{root}/{lineage.FOLDER}").as_posix().removesuffix(".json")] = record
    return found


def _check(root: str, jobs: dict[str, dict], made: Iterable[Made]) -> None:
    """Every file is there with its recorded size; ``flat.provenance.verify`` says whether its bytes are the same."""
    for file in made:
        path, rule = f"{root}/{file.path}", jobs[file.job]["rule"]
        try:
            size = os.path.getsize(path)
        except OSError as error:
            raise of_reading(error, path) or ArtefactError(
                path, f"was made by {rule} and is gone", f"snakemake {path}"
            ) from None
        if size != file.bytes:
            problem = f"has {size} bytes, {rule} made it with {file.bytes}: it was changed since"
            raise ArtefactError(path, problem, f"python -m flat.provenance.verify {root} names everything that changed")
