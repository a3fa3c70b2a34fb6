"""What ``flat run`` shows: a line for each finished job, on a terminal with a bar below them."""

from collections.abc import Iterable

from flat.command.printed import duration, literal
from flat.command.run.tally import AGAIN, ERROR, FAILED, FINISHED, WARNED, Line, Tally

RULE = 21  # columns of a rule's name
COLOURS = {FAILED: "red", AGAIN: "red", ERROR: "red", WARNED: "yellow"}
WORDS = {FAILED: "failed", AGAIN: "failed again", ERROR: "error", WARNED: "warning"}


class Screen:
    """Shows lines on a rich console; within ``with``, a terminal has the bar too."""

    def __init__(self, console, tally: Tally):
        self._console, self._tally, self._live = console, tally, None

    def __enter__(self) -> "Screen":
        if self._console.is_terminal:
            from rich.live import Live  # for cost

            self._live = Live(console=self._console, get_renderable=self._bar, refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self._console.print(self._finished(line) if line.kind == FINISHED else self._other(line), soft_wrap=True)

    def _finished(self, line: Line) -> str:
        total = self._tally.total
        count = f"{self._tally.finished:>{len(str(total))}}/{total}"
        took = f"{line.seconds:.1f} s" if line.seconds < 60 else duration(line.seconds)
        return f"[dim]{count}[/]  {line.rule:<{RULE}} {literal(line.about or 'the study')}  [dim]{took}[/]"

    def _other(self, line: Line) -> str:
        word = WORDS.get(line.kind, "")
        head = " ".join(filter(None, [line.rule, line.about, line.text]))
        said = f"[{COLOURS[line.kind]}]{word}[/]  {literal(head)}" if word else literal(head)
        return "\n".join([said, *(f"    {literal(more)}" for more in line.more)])

    def _bar(self):
        from rich.progress_bar import ProgressBar  # for cost
        from rich.table import Table  # for cost

        done, total = self._tally.finished, self._tally.total
        grid = Table.grid(padding=(0, 1))
        if not total:
            grid.add_row("[dim]planning[/]")
            return grid
        left = self._tally.left()
        still = f", about {duration(rounded(left))} left" if left is not None else ""
        bar = ProgressBar(total=total, completed=done, width=30)
        grid.add_row(bar, f"{done}/{total} jobs", f"[dim]{duration(self._tally.elapsed())}{still}[/]")
        return grid


def rounded(seconds: float) -> float:
    """No more digits than an estimate has."""
    step = 5 if seconds < 60 else 15 if seconds < 300 else 60
    return max(step, round(seconds / step) * step)
