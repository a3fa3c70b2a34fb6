"""What the jobs of a finished run took: out of their log files, and for jobs on a GPU out of their benchmark files."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from flat.cost.facts import DataFacts, network_facts
from flat.cost.jobs import Job, jobs_of
from flat.cost.rates import Sample
from flat.errors import ArtefactError
from flat.study.paths import of as paths_of
from flat.study.schema import Study

_DONE = re.compile(r"done: ([\d.]+) CPU-seconds")
_ATTACKED = re.compile(r"attacked (\d+): (\d+) succeeded")


def samples_of(study: Study, data: Mapping[str, DataFacts], results: str | Path | None = None) -> list[Sample]:
    """Every job of the study that has a finished log below ``results`` (default: where the study says).

    Raises:
        ArtefactError: no job has one.
    """
    root = Path(results or paths_of(study).root)
    sharded = any((root / "logs").glob("attack_*/**/*-shard*.log"))  # as they were run
    jobs = jobs_of(study, dict(data), succeeded_share(root), sharded)
    found = [(job, _seconds(root, job)) for job in jobs]
    samples = [Sample(job, *network(study, data, job), seconds) for job, seconds in found if seconds is not None]
    if not samples:
        raise ArtefactError(
            f"{root}/logs", "no job of this study has finished there", "run the study, or give --results"
        )
    return samples


def network(study: Study, data: Mapping[str, DataFacts], job: Job) -> tuple[str, float]:
    """Kind of a job's model and its MFLOPs a word; nothing where no model answers."""
    if not job.model:
        return "", 0.0
    return study.models[job.model].kind, network_facts(study, job.model, data[job.at[0]].vocabulary).mflops


def succeeded_share(root: str | Path, default: float = 0.6) -> float:
    """Share of a run's attacked train texts whose attack succeeded."""
    attacked = succeeded = 0
    for log in sorted((Path(root) / "logs" / "attack_train").rglob("*.log")):
        for found in _ATTACKED.finditer(log.read_text(encoding="utf-8")):
            attacked, succeeded = attacked + int(found[1]), succeeded + int(found[2])
    return round(succeeded / attacked, 3) if attacked else default


def _seconds(root: Path, job: Job) -> float | None:
    rule = job.rule.removesuffix("_shard")
    name = "/".join(job.at) or rule
    log = root / "logs" / rule / f"{name}.log"
    done = _DONE.findall(log.read_text(encoding="utf-8")) if log.is_file() else []
    if not done:
        return None
    if not job.gpu:
        return float(done[-1])
    bench = root / "benchmarks" / rule / f"{name}.jsonl"
    return float(json.loads(bench.read_text(encoding="utf-8").splitlines()[-1])["s"]) if bench.is_file() else None
