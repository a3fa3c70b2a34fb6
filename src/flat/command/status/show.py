"""What ``flat status`` says."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from flat.command.printed import console, duration, literal
from flat.command.run.cells import of_job
from flat.command.run.screen import rounded
from flat.command.status.state import State
from flat.cost.left import by_rule

LISTED = 5  # flags, failed jobs and warnings that are told one by one
LINES = 6  # of what a failed job says


def show(file: Path, state: State) -> None:
    out = console()
    total, done = len(state.jobs), len(state.done)
    running = f", {len(state.running)} running" if state.running else ""
    said = f"{done:,} of {total:,} jobs done{running}, {total - done - len(state.running):,} left"
    out.print(f"[bold]{literal(state.study.title)}[/] ({literal(str(file))}): {said}")
    if done < total:
        out.print(_table(state))
    for one in state.jobs:
        if one.key in state.running:
            seconds = duration(state.running[one.key].seconds)
            out.print(f"[green]running[/]  {one.job.rule}  {literal(of_job(one.job))}  [dim]{seconds}[/]")
    _failed(out, state)
    out.print(f"{'time':<9}{_time(state)}")
    _lock(out, file, state)
    out.print(f"{'flags':<9}{literal(_flags(state))}")
    for flag, cell, detail in (state.flags or [])[:LISTED]:
        out.print(f"{'':<9}{flag}: {literal(cell)}: {literal(detail)}")
    _listed(out, "warnings", state.warnings)
    for name in ("explorer", "report"):
        page = state.root / f"{name}.html"
        if page.is_file():
            out.print(f"{name:<9}{literal(str(page))}", soft_wrap=True)
    if done < total and not state.locked:
        out.print(f"{'next':<9}{literal(f'flat run {shlex.quote(str(file))}')}", soft_wrap=True)


def _table(state: State):
    from rich.table import Table  # for cost

    table = Table("rule", box=None, pad_edge=False)
    for heading in ("done", "running", "left"):
        table.add_column(heading, justify="right")
    for rule, jobs in by_rule(state.jobs).items():
        done = sum(one.key in state.done for one in jobs)
        running = sum(one.key in state.running for one in jobs)
        numbers = (done, running, len(jobs) - done - running)
        style = "dim" if done == len(jobs) else ""
        table.add_row(rule, *(f"{number:,}" if number else "-" for number in numbers), style=style)
    return table


def _failed(out, state: State) -> None:
    failed = [one for one in state.jobs if one.key in state.failed]
    for one in failed[:LISTED]:
        out.print(f"[red]failed[/]   {one.job.rule}  {literal(of_job(one.job))}")
        *said, log = state.failed[one.key]
        for line in [*said[:LINES], log]:
            out.print(f"{'':<9}{literal(line)}", soft_wrap=True)
    if len(failed) > LISTED:
        out.print(f"{'':<9}and {len(failed) - LISTED} more")


def _time(state: State) -> str:
    if not state.done:
        return f"about {duration(rounded(state.left))}, as recorded runs tell; flat cost reads the texts, and says more"
    so_far = f"{duration(state.spans.busy)} so far"
    if len(state.done) == len(state.jobs):
        return f"{so_far}, nothing left"
    return f"{so_far}, about {duration(rounded(state.left))} left"


def _lock(out, file: Path, state: State) -> None:
    if not state.locked:
        return
    if state.at_work:
        out.print(f"{'run':<9}Snakemake is at work in this folder")
        return
    unlock = f"flat run {shlex.quote(str(file))} -- --unlock"
    out.print(
        f"{'run':<9}the folder is locked, and no Snakemake of this machine runs here: a run was killed, or another "
        f"machine works here. After a kill: {literal(unlock)}",
        soft_wrap=True,
    )


def _flags(state: State) -> str:
    if state.flags is None:
        return "not judged yet: check_guards does, when all cells are attacked"
    return f"{len(state.flags)} raised (docs/guards.md)" if state.flags else "none raised"


def _listed(out, name: str, lines: Iterable[str]) -> None:
    lines = list(lines)
    for number, line in enumerate(lines[:LISTED]):
        out.print(f"{'' if number else name:<9}{literal(line)}", soft_wrap=True)
    if len(lines) > LISTED:
        out.print(f"{'':<9}and {len(lines) - LISTED} more")
