"""``python -m flat.bench``: measure every comparison of docs/performance.md and write results/bench/summary.json.

Ends with status 1 if any answer differs or a row could not be measured; with --strict also if a goal is missed.
With --short each row has a few texts, one repeat and victims trained on a tenth: answers are compared, goals are not
judged, and what was found goes to results/bench/short.json.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from flat.bench import material
from flat.bench.errors import BenchError
from flat.bench.measure import Comparison, Repeat, Row, digest_of, measure, read_summary, write_summary
from flat.errors import FlatError, command

MODULES = (
    "flat.bench.greedy_attacks",
    "flat.bench.other_attacks",
    "flat.bench.explanations",
    "flat.bench.training_speed",
    "flat.bench.whole_cell",
)
"""Where the rows are, each module with ``comparisons() -> list[Comparison]``; in the order in which they are run."""
SUMMARY = "results/bench/summary.json"
SHORT_SUMMARY = "results/bench/short.json"
SEED = 2022


@command
def main(arguments: Sequence[str] | None = None, modules: Sequence[str] = MODULES) -> int:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process against one process, before torch is imported
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.short and options.strict:
        parser.error("--short judges no goals: leave out --strict")
    options.summary = options.summary or (SHORT_SUMMARY if options.short else SUMMARY)
    options.repeats = options.repeats or (1 if options.short else 3)
    chosen = _chosen(_comparisons(modules), options.only)
    if options.list:
        for row in chosen:
            count = row.short if options.short else row.count
            print(f"{row.name:32} >= {row.goal:<5g} {count} {row.texts} texts, {row.clock} time")
        return 0
    with material.small_victims() if options.short else nullcontext():
        rows, failed = _run(chosen, options, {row.name for row in _comparisons(modules)})
    missed = [row.name for row in rows if not row.reached]
    return int(bool(failed) or any(row.differing for row in rows) or (options.strict and bool(missed)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flat.bench", description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measure these rows only; the summary's others stay")
    parser.add_argument("--short", action="store_true", help="a few texts a row: compare answers, judge no goals")
    parser.add_argument("--repeats", type=int, help="measurements, each on other texts (default 3; --short: 1)")
    parser.add_argument("--texts", type=int, metavar="N", help="texts that a row has in all (default: the row's own)")
    parser.add_argument("--resume", action="store_true", help="skip rows that this code measured with these sizes")
    parser.add_argument("--strict", action="store_true", help="end with status 1 if a goal is missed")
    parser.add_argument("--list", action="store_true", help="print the names of the rows; measure nothing")
    parser.add_argument(
        "--summary", metavar="FILE", help=f"write the rows there (default {SUMMARY}; --short: {SHORT_SUMMARY})"
    )
    return parser


def _comparisons(modules: Sequence[str]) -> list[Comparison]:
    found = [row for name in modules for row in importlib.import_module(name).comparisons()]
    names = [row.name for row in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BenchError(twice[0], "two rows have this name", "rename one")
    return found


def _chosen(comparisons: list[Comparison], only: list[str] | None) -> list[Comparison]:
    known = [row.name for row in comparisons]
    if unknown := [name for name in only or [] if name not in known]:
        raise BenchError(f"--only {unknown[0]}", "there is no such row", f"choose of {', '.join(known)}")
    return [row for row in comparisons if only is None or row.name in only]


def _run(chosen: list[Comparison], options: argparse.Namespace, known: set[str]) -> tuple[list[Row], list[str]]:
    """The rows of ``chosen`` and the names of those that could not be measured; the summary is written after each."""
    import torch  # for cost
    from rich.console import Console  # for cost
    from rich.live import Live  # for cost

    torch.set_num_threads(1)
    kept = {row.name: row for row in read_summary(options.summary) if row.name in known}
    if not (options.resume or options.only):
        kept = {}
    console, rows, failed = Console(), [], []
    table = _identity_table if options.short else _table
    with Live(table([]), console=console, auto_refresh=False) as live:
        for comparison in chosen:
            earlier = kept.pop(comparison.name, None)
            try:
                count = options.texts or (comparison.short if options.short else comparison.count)
                drawn = material.texts(comparison.texts, count, SEED)
                if options.resume and earlier and earlier.digest == digest_of(comparison, len(drawn), options.repeats):
                    row = earlier
                    console.print(f"{comparison.name}: measured before, with this code")
                else:
                    row = measure(comparison, drawn, options.repeats, _say(console, comparison.name))
                rows.append(row)
                kept[row.name] = row
            except FlatError as error:
                failed.append(comparison.name)
                console.print(f"{comparison.name} could not be measured\n  {error}", style="red", markup=False)
            write_summary(options.summary, list(kept.values()))
            live.update(table(rows), refresh=True)
    if failed:
        console.print(f"not measured: {', '.join(failed)}")
    console.print(f"\nwritten: {options.summary}")
    return rows, failed


def _say(console, name: str) -> Callable[[int, Repeat], None]:
    def say(number: int, repeat: Repeat) -> None:
        counts = f"{repeat.differing} differing" + (f", {repeat.unsteady} unsteady in stock" if repeat.unsteady else "")
        times = f"stock {repeat.stock_s:.2f} s, ours {repeat.ours_s:.2f} s"
        console.print(f"{name}, repeat {number}: {times}, ratio {repeat.ratio:.2f}, {counts}")

    return say


def _table(rows: list[Row], title: str = "Stock time / our time", timed: bool = True):
    from rich import box  # for cost
    from rich.table import Table  # for cost

    # no wider than 80 columns with the longest name
    table = Table(title=title, box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    table.add_column("comparison", no_wrap=True)
    for heading in (*("median", "range", "goal", "met")[: 4 * timed], "texts", "differing", "unsteady"):
        table.add_column(heading, justify="right")
    for row in rows:
        spread, reached = f"{row.ratio_min:.2f}-{row.ratio_max:.2f}", "yes" if row.reached else "[red]no[/red]"
        differing = f"[red]{row.differing}[/red]" if row.differing else "0"
        ratios = (f"{row.ratio_median:.2f}", spread, f"{row.goal:g}", reached)[: 4 * timed]
        table.add_row(row.name, *ratios, str(row.compared), differing, str(row.unsteady))
    return table


def _identity_table(rows: list[Row]):
    return _table(rows, "Stock answers and ours", timed=False)


if __name__ == "__main__":
    sys.exit(main())
