"""What ``flat run`` does: start Snakemake, show what it tells, end as it ends."""

import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from flat.command.printed import console, duration, literal
from flat.command.run import locks
from flat.command.run.events import read
from flat.command.run.screen import Screen, rounded
from flat.command.run.tally import LOCKED, TOLD, Line, Tally
from flat.cost.left import Expected, expected
from flat.files.installed import ROOT
from flat.jobs import lifeline
from flat.study.load import load
from flat.study.paths import of as paths_of
from flat.study.schema import Study

HOOK = Path(__file__).parent / "hook"  # where Snakemake finds the logger
WHOLE = ({"all"}, set())  # targets after which a study is finished
STOPPING = {
    signal.SIGINT: "stopping: running jobs note what they have, and end",
    signal.SIGTERM: "stopping: running jobs come to their end, no other one starts",
}
STOPPING |= {signal.SIGHUP: STOPPING[signal.SIGTERM]}


@dataclass(frozen=True)
class Order:
    """What the user asks for; ``words``: Snakemake's own, as they are."""

    study: Path
    targets: list[str]
    cores: int | None
    gpus: int | None
    dry_run: bool
    words: list[str] = field(default_factory=list)


def command(order: Order) -> list[str]:
    """Snakemake's command line; its jobs come from a preloaded process, unless none will run."""
    warm = [] if order.dry_run else ["-m", "flat.jobs.warm", "--", sys.executable]
    said = [sys.executable, *warm, "-m", "snakemake", *order.targets, "--snakefile", str(ROOT / "Snakefile")]
    said += ["--configfile", str(order.study)]
    said += ["--resources", f"gpu={order.gpus}"] if order.gpus is not None else []
    # with both words Snakemake says how many jobs there are of each rule, and does not list them
    said += ["--quiet", "rules", "progress", "--dry-run"] if order.dry_run else []
    # last, an option that takes one word: the others would take the user's too
    return [*said, "--logger", "flat", "--cores", str(order.cores or "all"), *order.words]


def carry_out(order: Order) -> int:
    """Run the study; the exit status: Snakemake's, or 128 and the number of the signal that stopped it.

    Raises:
        FlatError: the study cannot be read, or its folder is locked.
    """
    study = load(order.study)
    others = locks.snakemakes(Path.cwd())
    jobs = expected(study, paths_of(study).root)
    tally = Tally(jobs, order.cores or os.cpu_count() or 1)
    out = console()
    with Running(order) as running, Screen(out, tally) as screen:
        locked = False
        for event in read(running.lines):
            if running.stopped_by and not tally.stopping:
                tally.stopping = True
                screen.show([Line(TOLD, STOPPING[running.stopped_by])])
            lines = tally.take(event)
            locked |= any(line.kind == LOCKED for line in lines)
            screen.show(line for line in lines if line.kind != LOCKED)
        status = running.status()
    if locked:
        raise locks.explained(order.study, others)
    if status and not running.stopped_by and not tally.explained:
        screen.show(Line("error", line) for line in tally.printed())
    if order.dry_run and not status:
        _tell_plan(out, tally, jobs)
        return 0
    return _end(out, order, study, tally, status, running.stopped_by)


def _end(out, order: Order, study: Study, tally: Tally, status: int, stopped_by: int | None) -> int:
    """Say how the run ended; its exit status."""
    again = literal(f"flat run {shlex.quote(str(order.study))}")
    if status and stopped_by:
        out.print(f"\n[yellow]stopped[/] after {tally.finished} of {tally.total} jobs; {again} goes on from there")
        return 128 + stopped_by
    if status:
        if tally.failed:
            jobs = f"{len(tally.failed)} job{'s' * (len(tally.failed) > 1)}"
            out.print(f"\n[red]failed[/]: {jobs}; {tally.finished} of {tally.total} are done")
            out.print(f"mend what the log says; {again} then goes on from there")
        return status
    whole = (tally.plan or tally.idle) and set(order.targets) in WHOLE and not order.words
    if whole or tally.plan:
        from flat.command.run import ending  # for cost: pandas, and a run has other things to load first
    if whole and not ending.show(out, study, order.study):
        status = 1
    if "--unlock" in order.words:
        out.print(f"the lock of this folder is gone; {again} goes on")
    if tally.plan:
        out.print(f"\n[green]done[/]: {tally.finished} jobs in {duration(tally.elapsed())}")
    if whole or tally.plan:
        ending.pages(out, study)
    return status


def _tell_plan(out, tally: Tally, jobs: list[Expected]) -> None:
    from rich.table import Table  # for cost

    if not tally.plan:
        return
    table = Table("rule", box=None, pad_edge=False)
    table.add_column("jobs", justify="right")
    for rule, number in sorted(tally.plan.items()):
        table.add_row(rule, f"{number:,}")
    table.add_row("[bold]all[/]", f"[bold]{tally.total:,}[/]")
    out.print(table)
    left = tally.left()
    if left:
        out.print(f"about {duration(rounded(left))} on {tally.cores} cores, as recorded runs tell; nothing was run")


class Running:
    """Snakemake at work. Signals are passed on to it and to its jobs, as a terminal would."""

    def __init__(self, order: Order):
        self._words, self._order = command(order), order
        self.stopped_by: int | None = None

    def __enter__(self) -> "Running":
        path = os.pathsep.join(filter(None, [str(HOOK), os.environ.get("PYTHONPATH")]))
        lifeline.offer()  # what is started ends with this process
        # what Snakemake itself prints (--summary ...) goes where it belongs; what jobs print would break the bar
        output = None if self._order.words or self._order.dry_run else subprocess.STDOUT
        self._before = {number: signal.getsignal(number) for number in STOPPING}
        reading, writing = os.pipe()
        self._process = subprocess.Popen(
            self._words,
            env=os.environ | {"PYTHONPATH": path},
            stderr=writing,
            stdout=writing if output else None,
            process_group=0,  # a terminal's Ctrl-C comes to this process alone, which passes it on once
        )
        os.close(writing)
        for number in STOPPING:
            if self._before[number] != signal.SIG_IGN:  # nohup
                signal.signal(number, self._stop)
        self.lines = os.fdopen(reading, "rb")
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self.lines.close()

    def status(self) -> int:
        """The exit status, when it has ended."""
        status = self._process.wait()
        return 128 - status if status < 0 else status

    def _stop(self, number: int, _) -> None:
        self.stopped_by = self.stopped_by or number
        try:
            if number == signal.SIGINT:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)  # jobs in hand come to their end
        except ProcessLookupError:
            pass
