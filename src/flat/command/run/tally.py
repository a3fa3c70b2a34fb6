"""What has happened in a run, from Snakemake's events: jobs begun, finished, failed; and how long it still takes."""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flat.command.run.cells import cell
from flat.command.run.events import Event
from flat.cost.left import AtWork, Expected, by_rule, key_of, left_s, scaled, told_left

FINISHED, FAILED, AGAIN, TOLD = "finished", "failed", "again", "told"
WARNED, ERROR, LOCKED = "warned", "error", "locked"
KEPT = 40  # printed lines that are shown where a failed job's log says nothing
EVERY_S = 1.0  # the time left is thought over
SHOWN = 25  # lines of an error
# messages of Snakemake that a user wants to see; the others are in its own log, .snakemake/log
WANTED = ("Nothing to be done", "Unlocking", "Will exit after", "Removing", "Touching")
NOTHING = "Nothing to be done"
# what Snakemake says beside the event of a failed job, which has more
BESIDE = (
    "At least one job did not complete",
    "Exiting because a job execution failed",
    "returned non-zero exit status",
)
LOCK = "LockException"


@dataclass(frozen=True)
class Line:
    """Something to show; of a finished job its rule, cell and seconds; of a failed one what its log says of it."""

    kind: str
    text: str = ""
    rule: str = ""
    about: str = ""
    seconds: float = 0.0
    more: tuple[str, ...] = ()


@dataclass
class Begun:
    rule: str
    wildcards: dict
    logs: list[str]
    at: float

    @property
    def is_target(self) -> bool:
        """all, tables ...: it stands for the files it asks for, and does nothing."""
        return not self.wildcards and not self.logs


@dataclass
class Tally:
    """Counts of a run.

    Attributes:
        jobs: every job of the study, with predicted seconds. cores: that the run has.
        plan: rule -> jobs that the run will do. done: those done. failed: cells with a failed job.
        idle: Snakemake found nothing to do.
    """

    jobs: Sequence[Expected]
    cores: int
    clock: Callable[[], float] = time.monotonic
    plan: Counter = field(default_factory=Counter)
    done: Counter = field(default_factory=Counter)
    failed: set[tuple[str, str]] = field(default_factory=set)
    idle: bool = False
    explained: bool = False  # an error has been shown
    stopping: bool = False  # a signal has come: what fails now was stopped

    def __post_init__(self):
        self._known = {one.key: one for one in self.jobs}
        self._waiting = {rule: {one.key: one for one in ones} for rule, ones in by_rule(self.jobs).items()}
        self._running: dict[int, Begun] = {}
        self._took: list[tuple[Expected, float]] = []
        self._printed: deque[str] = deque(maxlen=KEPT)
        self._begun = self._first_end = self._thought = None

    @property
    def total(self) -> int:
        return sum(self.plan.values())

    @property
    def finished(self) -> int:
        return sum(self.done.values())

    def take(self, event: Event) -> list[Line]:
        """Note an event; what is to be shown of it."""
        handler = {
            "run_info": self._planned,
            "job_info": self._job,
            "job_started": self._started,
            "job_finished": self._finished,
            "job_error": self._failed,
            "error": self._error,
            "printed": self._print,
        }.get(event.kind, self._told)
        return handler(event) or []

    # --- events

    def _planned(self, event: Event) -> None:
        if not self.plan:
            stats = event.facts.get("stats") or {}
            self.plan.update({rule: int(jobs) for rule, jobs in stats.items() if rule != "total"})
            self._begun = self.clock()

    def _job(self, event: Event) -> None:
        facts = event.facts
        wildcards, logs = facts.get("wildcards") or {}, facts.get("log") or []
        self._running[facts["jobid"]] = Begun(facts["rule_name"], wildcards, list(logs), self.clock())

    def _started(self, event: Event) -> None:
        for number in event.facts.get("jobs") or []:
            if number in self._running:
                self._running[number].at = self.clock()

    def _finished(self, event: Event) -> list[Line]:
        job = self._running.pop(event.facts["job_id"], None)
        if job is None:
            return []
        self.done[job.rule] += 1
        seconds = self.clock() - job.at
        key = key_of(job.rule, job.wildcards.values())
        if one := self._known.get(key):
            self._waiting[job.rule].pop(key, None)
            if self._first_end is not None and job.at >= self._first_end:  # earlier ones waited for the preloading
                self._took.append((one, seconds))
        self._first_end = self._first_end or self.clock()
        about = cell(job.wildcards)
        self.failed.discard((job.rule, about))  # a second try
        return [] if job.is_target else [Line(FINISHED, "", job.rule, about, seconds)]

    def _failed(self, event: Event) -> list[Line]:
        job = self._running.pop(event.facts["jobid"], None)
        if self.stopping:
            return []
        rule = event.facts["rule_name"]
        about = cell(job.wildcards) if job else ""
        self.explained = True
        logs = [Path(log) for log in event.facts.get("log") or []]
        if (rule, about) in self.failed:
            return [Line(AGAIN, "", rule, about, more=tuple(f"log: {log}" for log in logs))]
        self.failed.add((rule, about))
        said = [line for log in logs for line in error_lines(log)] or list(self._printed)[-SHOWN:]
        return [Line(FAILED, "", rule, about, more=(*said, *(f"log: {log}" for log in logs)))]

    def _error(self, event: Event) -> list[Line]:
        if event.facts.get("exception") == LOCK:
            return [Line(LOCKED, event.text)]
        if self.stopping or any(said in event.text for said in BESIDE):
            return []
        self.explained = True
        return [Line(ERROR, event.text.removeprefix("WorkflowError:\n").rstrip())]

    def _print(self, event: Event) -> list[Line]:
        self._printed.append(event.text)
        ours = event.text.startswith("flat.jobs.warm: ") and "stopped; the next run" not in event.text
        return [Line(TOLD, event.text)] if ours else []

    def _told(self, event: Event) -> list[Line]:
        self.idle |= event.text.startswith(NOTHING)
        if self.stopping or any(said in event.text for said in BESIDE):
            return []
        if event.level in ("WARNING", "ERROR", "CRITICAL"):
            self.explained |= event.level != "WARNING"
            return [Line(WARNED if event.level == "WARNING" else ERROR, event.text)]
        return [Line(TOLD, event.text)] if event.text.startswith(WANTED) else []

    # --- time

    def elapsed(self) -> float:
        """Seconds since the first job could start."""
        return self.clock() - self._begun if self._begun is not None else 0.0

    def left(self) -> float | None:
        """Seconds until the plan is done; None before there is a plan. Thought over once a second."""
        if not self.plan:
            return None
        now = self.clock()
        if self._thought is None or now - self._thought[0] >= EVERY_S:
            at_work = {}
            for job in self._running.values():
                key = key_of(job.rule, job.wildcards.values())
                at_work[key] = AtWork(now - job.at, told_left(Path(job.logs[0])) if job.logs else None)
            known = scaled(
                self._took, [(self._known[key], work) for key, work in at_work.items() if key in self._known]
            )
            self._thought = now, left_s(self._planned_left(), at_work, known, self._beside())
        return self._thought[1]

    def _planned_left(self) -> list[Expected]:
        """As many jobs of each rule as the plan has left; which ones of the study is not known beforehand."""
        found: list[Expected] = []
        for rule, jobs in self.plan.items():
            found += list(self._waiting.get(rule, {}).values())[: max(0, jobs - self.done[rule])]
        return found

    def _beside(self) -> float:
        """Jobs at a time: as it was so far, once some have finished."""
        if len(self._took) < 2 * self.cores:
            return float(self.cores)
        at_work = sum(seconds for _, seconds in self._took) + sum(self.clock() - j.at for j in self._running.values())
        return at_work / max(self.elapsed(), 1e-3)

    def printed(self) -> list[str]:
        """The last lines that no event explains."""
        return [line for line in self._printed if line.strip()][-SHOWN:]


def error_lines(log: Path) -> list[str]:
    """What a job's log says of its error: from the line that names it; else its last lines."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
    except OSError:
        return []
    begun = [number for number, line in enumerate(lines) if "error in " in line or line.endswith(" failed")]
    found = lines[begun[-1] :] if begun else lines[-8:]
    return found if len(found) <= SHOWN else [found[0], "...", *found[2 - SHOWN :]]
