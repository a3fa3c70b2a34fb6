"""How far a study is: what its records, logs and Snakemake's lock say. Nothing is planned and nothing written."""

import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flat.command.run.locks import snakemakes
from flat.command.run.tally import error_lines
from flat.cost.left import AtWork, Expected, Spans, expected, finished, left_s, scaled, since, spans, told_left
from flat.files.artefacts import read_json
from flat.study.load import load
from flat.study.paths import of as paths_of
from flat.study.schema import Study

LOCKS = Path(".snakemake/locks")
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d) ")


@dataclass(frozen=True)
class State:
    """Attributes:
    jobs: every job of the study. done, running, failed: of these, by key; what the log
        of each last try says.
    spans: when jobs ran. left: seconds that the others still take.
    locked: Snakemake holds this folder. at_work: it runs here, as far as this machine shows.
    flags: (flag, cell, detail) of each raised one; None: the cells have not been judged yet.
    warnings: of the data sets that are read.
    """

    study: Study
    root: Path
    jobs: list[Expected]
    done: dict
    running: dict
    failed: dict
    spans: Spans
    left: float
    locked: bool
    at_work: bool
    flags: list[tuple[str, str, str]] | None
    warnings: list[str]


def state_of(file: Path, here: Path | None = None) -> State:
    """The state of a study file's study.

    Raises:
        FlatError: the study cannot be read, or one of its records cannot.
    """
    study = load(file)
    root = Path(paths_of(study).root)
    sharded = any((root / "logs").glob("attack_*/**/*-shard*.log")) or None
    jobs = expected(study, root, sharded)
    known = {one.key: one for one in jobs}
    done = {key: one for key, one in finished(root).items() if key in known}
    begun = _locked_since()
    others = [one for one in jobs if one.key not in done]
    running = {} if begun is None else _running(study, others, begun)
    failed = {one.key: said for one in others if one.key not in running and (said := _error(study, one))}
    took = [(known[key], one.seconds) for key, one in done.items()]
    ran = spans(done.values())
    beside = ran.beside if len(done) > 3 else float(os.cpu_count() or 1)
    return State(
        study,
        root,
        jobs,
        done,
        running,
        failed,
        ran,
        left_s(others, running, scaled(took, [(known[key], work) for key, work in running.items()]), beside),
        begun is not None,
        begun is not None and bool(snakemakes(here or Path.cwd())),
        _flags(root),
        _warnings(study, root),
    )


def _locked_since() -> float | None:
    """When Snakemake took the lock of this folder; None: it is free."""
    times = [path.stat().st_mtime for path in LOCKS.glob("*")] if LOCKS.is_dir() else []
    return max(times, default=None)


def log_of(study: Study, one: Expected) -> Path:
    return Path(paths_of(study).log(one.job.rule.removesuffix("_shard"), *one.job.at))


def _running(study: Study, jobs: Iterable[Expected], locked: float) -> dict:
    """The jobs at work, by key: those that have begun their log since, and not ended it."""
    found = {}
    for one in jobs:
        log = log_of(study, one)
        if log.is_file() and log.stat().st_mtime >= locked and not _ended(log):
            found[one.key] = AtWork(_age(log), told_left(log))
    return found


def _ended(log: Path) -> bool:
    text = log.read_text(encoding="utf-8", errors="replace")
    return "done: " in text or _said_of_error(text)


def _age(log: Path) -> float:
    """Seconds since a log was begun: its first line has the time of day; an empty one was made when it was begun."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        told = _CLOCK.match(lines.readline())
    return since(*map(int, told.groups())) if told else max(0.0, time.time() - log.stat().st_mtime)


def _said_of_error(text: str) -> bool:
    return bool(re.search(r"^\d\d:\d\d:\d\d (error in \S+$|\S+ failed$)", text, re.MULTILINE))


def _error(study: Study, one: Expected) -> list[str]:
    """What the log of a job says of the error that ended its last try; nothing where there was none."""
    log = log_of(study, one)
    if not log.is_file() or not _said_of_error(log.read_text(encoding="utf-8", errors="replace")):
        return []
    return [*error_lines(log), f"log: {log}"]


def _flags(root: Path) -> list[tuple[str, str, str]] | None:
    path = root / "flags.parquet"
    if not path.is_file():
        return None
    import pyarrow.parquet as pq  # for cost: only a study that is nearly done has flags

    rows = pq.read_table(path).to_pylist()
    names = ("dataset", "model", "strategy", "train_attack", "attack")
    cells = (" · ".join(str(row[name]) for name in names if row.get(name) not in ("", "none", None)) for row in rows)
    return [(row["flag"], cell, row["detail"]) for row, cell in zip(rows, cells, strict=True)]


def _warnings(study: Study, root: Path) -> list[str]:
    found = []
    for name in study.datasets:
        summary = root / "data" / name / "summary.json"
        if summary.is_file():
            found += [f"{name}: {warning}" for warning in read_json(summary).get("warnings", [])]
    return found
