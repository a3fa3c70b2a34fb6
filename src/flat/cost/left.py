"""How long a run still takes: predicted seconds of the jobs left, scaled by what finished jobs took against theirs."""

import re
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flat.cost.facts import DataFacts, known_facts
from flat.cost.jobs import Job, jobs_of
from flat.cost.predict import seconds_of
from flat.cost.record import network
from flat.cost.recorded import load
from flat.errors import FlatError
from flat.files.installed import ROOT
from flat.provenance.records import records
from flat.study.known.resources import is_own
from flat.study.schema import Study

RATES = ROOT / "config" / "rates.json"
# jobs of the study as a whole: nothing runs beside them
ALONE = ("collect_measurements", "check_guards", "estimate_intervals", "judge_claims", "write_report")
BESIDE_S = 0.3  # that a job takes beside its work: rates have it only in part
GROWING = (*ALONE, "find_antonyms")  # what they take grows with the study
UNKNOWN_S = 1.0  # of a job that no rate fits, until one of its rule has finished
PAUSE_S = 20.0  # between two jobs: a longer one is a stop between two runs
WEIGHT = 1.0  # of what is known of a larger group, in jobs, against what jobs of a smaller one took
RECORDED_S = 10.0  # weight of the rates as they were recorded, in predicted seconds, against what all jobs took

OVERDUE = 1.25  # a job that runs longer than was thought is thought to take so many times what it has taken
TAIL = 4096  # bytes at the end of a log, in which its progress is looked for
_PROGRESS = re.compile(r"^(\d\d):(\d\d):(\d\d) \d+ of \d+ examples, \S+/s, (\d+) s left", re.MULTILINE)

Key = tuple[str, tuple[str, ...]]  # rule, and its coordinates in any order


@dataclass(frozen=True)
class Finished:
    """A job that has finished: wall seconds, and its end (seconds since the epoch)."""

    seconds: float
    ended: float


@dataclass(frozen=True)
class AtWork:
    """A job that runs: seconds so far, and how many it says it still takes, if it says so."""

    seconds: float
    left: float | None = None


@dataclass(frozen=True)
class Expected:
    """A job of the study, its key, and the seconds predicted for it."""

    job: Job
    key: Key
    seconds: float


def expected(study: Study, root: str | Path, sharded: bool | None = None) -> list[Expected]:
    """Every job of the study but the fetching of resources. Nothing is read of data sets that no job has prepared:
    their sizes are guessed from what the study says."""
    data = {name: known_facts(study, name, root) for name in study.datasets}
    recorded = load(RATES)
    found, jobs = [], jobs_of(study, data, sharded=sharded)
    # of a study of as many jobs the rates were recorded
    smaller = min(1.0, len(jobs) / max(1, sum(rate.jobs for rate in recorded.main.rates)))
    for job in jobs:
        asked = sized(study, data, job)
        answer = seconds_of(job, *asked, recorded.best(job, *asked, study.name)).seconds
        answer = answer * smaller if answer is not None and job.rule in GROWING else answer
        found.append(Expected(job, key_of(job.rule, job.at), BESIDE_S + (UNKNOWN_S if answer is None else answer)))
    return found


def sized(study: Study, data: Mapping[str, DataFacts], job: Job) -> tuple[str, float]:
    """Kind and MFLOPs of a job's model; 0 for a checkpoint that is not fetched yet, whose size is not known.

    Raises:
        FlatError: a folder of the user's is not there, or holds no checkpoint.
    """
    try:
        return network(study, data, job)
    except FlatError:
        model = study.models[job.model]
        if is_own(model.checkpoint or model.vectors or ""):
            raise
        return model.kind, 0.0


def key_of(rule: str, coordinates: Iterable[str]) -> Key:
    """One key for the coordinates that a job's log is named by and for the wildcards that its record has."""
    parts = re.split("[-/]", "/".join(map(str, coordinates)))
    return rule, tuple(sorted(re.sub(r"^(seed|round|shard)(?=\d+$)", "", part) for part in parts if part))


def finished(root: str | Path) -> dict[Key, Finished]:
    """The jobs whose records say that they have made files which are still there."""
    found = {}
    for record in filter(None, records(root).values()):
        if all(Path(path).is_file() for path in record["outputs"]):
            ended = datetime.fromisoformat(record["written"]).timestamp()
            found[key_of(record["rule"], record["wildcards"].values())] = Finished(record["seconds"], ended)
    return found


@dataclass(frozen=True)
class Spans:
    """When jobs ran: ``busy``, seconds in which some did; ``beside``, how many on average."""

    busy: float
    beside: float


def spans(done: Iterable[Finished]) -> Spans:
    """Stops between two runs do not count."""
    jobs = sorted((one.ended - one.seconds, one.ended) for one in done)
    busy, until = 0.0, None
    for begun, ended in jobs:
        if until is None or begun > until + PAUSE_S:
            busy, until = busy + ended - begun, ended
        elif ended > until:
            busy, until = busy + ended - until, ended
    return Spans(busy, sum(ended - begun for begun, ended in jobs) / busy if busy else 0.0)


class Scaled:
    """Predicted seconds as this run's own jobs correct them: by rule and work, as far as such jobs have finished."""

    def __init__(self, took: Sequence[tuple[Expected, float]]):
        """``took``: finished jobs and the seconds they took."""
        self._all = _ratio(took, 1.0, RECORDED_S)
        self._of: dict[tuple, float] = {}
        for level in (0, 1):
            groups = defaultdict(list)
            for one, seconds in took:
                groups[_groups(one.job)[level]].append((one, seconds))
            for name, group in groups.items():
                larger = self._of[_groups(group[0][0].job)[0]] if level else self._all
                self._of[name] = _ratio(group, larger)

    def seconds(self, one: Expected) -> float:
        larger, own = _groups(one.job)
        return one.seconds * self._of.get(own, self._of.get(larger, self._all))


def scaled(took: Sequence[tuple[Expected, float]], at_work: Iterable[tuple[Expected, AtWork]]) -> Scaled:
    """By finished jobs, and by those at work that say how long they still take, or take longer than was thought."""
    first, told = Scaled(took), list(took)
    for one, work in at_work:
        if work.left is not None:
            told.append((one, work.seconds + work.left))
        elif work.seconds > first.seconds(one):
            told.append((one, OVERDUE * work.seconds))
    return Scaled(told)


def _groups(job: Job) -> tuple[tuple, tuple]:
    """What a job is most like: any job of its recipe, or else of its rule; and those of its rule, work and model."""
    larger = (job.work, job.variant.split(",")[0]) if job.work == "attack" else (job.rule,)
    return larger, (job.rule, job.variant, job.model)


def _ratio(took: Sequence[tuple[Expected, float]], known: float, drawn: float | None = None) -> float:
    """Seconds taken by seconds predicted, drawn towards what is known of a larger group.

    Args:
        drawn: the weight of that, in predicted seconds; None: that of one job.
    """
    if not took:
        return known
    predicted = sum(one.seconds for one, _ in took)
    drawn = WEIGHT * predicted / len(took) if drawn is None else drawn
    return (sum(seconds for _, seconds in took) + known * drawn) / (predicted + drawn)


def left_s(left: Iterable[Expected], at_work: Mapping[Key, AtWork], known: Scaled, beside: float) -> float:
    """Seconds until all is done.

    Args:
        left: jobs that have not finished, those at work among them.
        beside: jobs that run at a time.
    """
    shared = alone = longest = 0.0
    for one in left:
        work = at_work.get(one.key, AtWork(0.0))
        seconds = max(known.seconds(one) - work.seconds, 0.0) if work.left is None else work.left
        if one.job.rule in ALONE:
            alone += seconds
        else:
            shared, longest = shared + seconds, max(longest, seconds)
    return alone + max(longest, shared / max(beside, 1.0))


def told_left(log: Path, now: float | None = None) -> float | None:
    """The seconds that a job's log says it still takes, now; None where it says nothing of that (attacks do)."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            found = _PROGRESS.findall(file.read().decode(errors="replace"))
    except OSError:
        return None
    if not found:
        return None
    *clock, seconds = map(int, found[-1])
    return max(0.0, seconds - since(*clock, now=now))


def since(hours: int, minutes: int, seconds: int, now: float | None = None) -> float:
    """Seconds since this time of day, as logs have it."""
    here = datetime.fromtimestamp(time.time() if now is None else now)
    begun = here.replace(hour=hours, minute=minutes, second=seconds, microsecond=0)
    return (here - begun).total_seconds() % 86_400


def by_rule(jobs: Collection[Expected]) -> dict[str, list[Expected]]:
    found: dict[str, list[Expected]] = {}
    for one in jobs:
        found.setdefault(one.job.rule, []).append(one)
    return found
