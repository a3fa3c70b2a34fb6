"""``python -m flat.bench.table``: put the rows of results/bench/summary.json into docs/performance.md.

The table stands between two marks and is never edited by hand.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from flat.artefacts import write_text
from flat.bench.__main__ import SUMMARY
from flat.bench.errors import BenchError
from flat.bench.measure import Row, read_summary
from flat.errors import FlatError

PAGE = "docs/performance.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def markdown(rows: list[Row]) -> str:
    """The rows as a Markdown table, in the order in which they were measured, with what they were measured on."""
    lines = [
        "| comparison | stock / ours, median (range) | goal | CPU-seconds stock → ours | compared | differing |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        ratio = f"{row.ratio_median:.2f} ({row.ratio_min:.2f}–{row.ratio_max:.2f})"
        goal = f"≥ {row.goal:g}" + ("" if row.reached else " (missed)")
        wall = " (wall)" if row.clock == "wall" else ""
        seconds = f"{sum(row.stock_s):.1f} → {sum(row.ours_s):.1f}{wall}"
        lines.append(f"| {row.name} | {ratio} | {goal} | {seconds} | {row.compared} | {row.differing} |")
    machines = sorted({row.machine for row in rows})
    repeats = sorted({row.repeats for row in rows})
    lines += ["", f"{' or '.join(map(str, repeats))} repeats; {'; '.join(machines)}."]
    return "\n".join(lines)


def insert(page: str, table: str, where: str = PAGE) -> str:
    """``page`` with what stands between the marks replaced.

    Raises:
        BenchError: the page lacks a mark.
    """
    before, begun, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended:
        raise BenchError(where, f"the marks {BEGIN} and {END} are not there", "put them where the table belongs")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flat.bench.table", description=__doc__.split("\n")[0])
    parser.add_argument("--summary", default=SUMMARY, metavar="FILE")
    parser.add_argument("--page", default=PAGE, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        rows = read_summary(options.summary)
        if not rows:
            raise BenchError(options.summary, "no row has been measured", "run make bench")
        page = Path(options.page)
        write_text(page, insert(page.read_text(encoding="utf-8"), markdown(rows), options.page))
    except FlatError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.page}: {len(rows)} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
