"""``python -m flat.bench.table``: put what was measured into docs/performance.md, which nobody edits by hand there.

Each block stands between two marks and has its source: ``bench`` the summary of make bench, ``growth`` the points of
flat.bench.growth, ``rules`` and ``check`` the logs of the demo's finished run. A block without its source stays as it
is.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from flat.bench.errors import BenchError
from flat.bench.growth import FIXED_WORDS
from flat.bench.material import network_of
from flat.bench.measure import Row, read_summary
from flat.cost import recorded
from flat.cost.check import checks
from flat.cost.facts import data_facts
from flat.cost.facts import network_of as facts_of
from flat.cost.growth import Measured, exponents
from flat.cost.growth import read as read_growth
from flat.cost.jobs import Job
from flat.cost.predict import seconds_of
from flat.cost.processor import this_processor
from flat.cost.record import samples_of
from flat.errors import command
from flat.files.artefacts import write_text
from flat.study.load import load
from flat.study.paths import of as paths_of

PAGE = "docs/performance.md"
FIGURE = "images/growth.png"  # beside the page
STUDY = "config/demo.yaml"
AXES = {
    "words": "words of a text",
    "texts": "texts",
    "candidates": "candidates a word",
    "shards": "shards (each loads its resources)",
}


def bench_table(rows: list[Row]) -> str:
    """The rows of a summary, in the order in which they were measured, with what they were measured on."""
    counts = "compared | differing | unsteady"
    lines = [
        f"| comparison | stock / ours, median (range) | goal | seconds, stock → ours | {counts} |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        ratio = f"{row.ratio_median:.2f} ({row.ratio_min:.2f}–{row.ratio_max:.2f})"
        goal = f"≥ {row.goal:g}" + ("" if row.reached else " (missed)")
        wall = " (wall)" if row.clock == "wall" else ""
        seconds = f"{sum(row.stock_s):.1f} → {sum(row.ours_s):.1f}{wall}"
        counts = f"{row.compared} | {row.differing} | {row.unsteady}"
        lines.append(f"| {row.name} | {ratio} | {goal} | {seconds} | {counts} |")
    repeats = " or ".join(map(str, sorted({row.repeats for row in rows})))
    return "\n".join([*lines, "", f"{repeats} repeats; {'; '.join(sorted({row.machine for row in rows}))}."])


def growth_table(rows: list[Measured]) -> str:
    """CPU-milliseconds a text of each point, one line a recipe and victim, one part an axis."""
    parts = []
    for axis, heading in AXES.items():
        points = [row for row in rows if row.axis == axis]
        values = sorted({getattr(row, axis) for row in points})
        if not points:
            continue
        lines = [f"| {heading} | {' | '.join(map(str, values))} |", "|---|" + "---:|" * len(values)]
        for recipe, model in sorted({(row.recipe, row.model) for row in points}):
            found = {getattr(r, axis): r for r in points if (r.recipe, r.model) == (recipe, model)}
            cells = [f"{1000 * found[v].cpu_s / found[v].texts:.0f}" if v in found else "" for v in values]
            lines.append(f"| {recipe} on {model.removesuffix('-long').upper()} | {' | '.join(cells)} |")
        parts.append("\n".join(lines))
    slopes = [
        f"{recipe} on {model.removesuffix('-long').upper()} {e}" for (recipe, model), e in exponents(rows).items()
    ]
    return "\n\n".join([*parts, f"CPU-time of a text ~ words to the power of: {', '.join(slopes)}."])


def rules_table(samples: list) -> str:
    """Where the CPU-seconds of a run went, by rule, down to one in a hundred."""
    whole = sum(sample.seconds for sample in samples)
    lines = ["| rule | jobs | CPU-seconds | share | a job |", "|---|---:|---:|---:|---:|"]
    by_rule: dict[str, list[float]] = {}
    for sample in samples:
        by_rule.setdefault(sample.job.rule, []).append(sample.seconds)
    shown = 0.0
    for rule, seconds in sorted(by_rule.items(), key=lambda item: -sum(item[1])):
        used = sum(seconds)
        if used >= 0.01 * whole:
            shown += used
            share = f"{100 * used / whole:.0f} %"
            lines.append(f"| {rule} | {len(seconds)} | {used:.0f} | {share} | {used / len(seconds):.1f} |")
    lines.append(f"| all others | | {whole - shown:.0f} | {100 * (whole - shown) / whole:.0f} % | |")
    lines.append(f"| all | {len(samples)} | {whole:.0f} | 100 % | {whole / len(samples):.1f} |")
    return "\n".join(lines)


def check_table(samples: list, rates) -> str:
    """What the cost model says of jobs that it was not fitted to."""
    lines = ["| predicted | jobs | measured, s | predicted, s | off |", "|---|---:|---:|---:|---:|"]
    for check in checks(samples, rates):
        jobs = sum(n for n, _, _ in check.rules.values())
        numbers = f"{jobs} | {check.measured:.0f} | {check.predicted:.0f} | {100 * check.off:+.1f} %"
        lines.append(f"| {check.name} | {numbers} |")
    return "\n".join(lines)


def scaling_table(points: list[Measured], rates) -> str:
    """What the rates say of the victims of ``flat.bench.growth``, networks that no study's run has recorded."""
    lines = [
        "| attack of texts of 20 words | MFLOPs a word, recorded → asked | measured, ms a text | predicted | off |",
        "|---|---:|---:|---:|---:|",
    ]
    for point in points:
        if (point.axis, point.words) != ("words", FIXED_WORDS):
            continue
        kind, source, options = network_of(point.model)
        variant = f"{point.recipe}, exact" if point.recipe == "textfooler" else point.recipe
        job = Job("attack_test", (), "attack", variant, point.model, point.texts, point.words)
        mflops, rate = facts_of(kind, source, options).mflops, rates.find(job, kind)
        answer = seconds_of(job, kind, mflops, rates).seconds
        if rate is not None and answer is not None:
            measured, predicted = (1000 * seconds / point.texts for seconds in (point.cpu_s, answer - rate.start_s))
            numbers = f"{measured:.0f} | {predicted:.0f} | {100 * (predicted / measured - 1):+.0f} %"
            name = f"{point.recipe} on {point.model.removesuffix('-long').upper()}"
            lines.append(f"| {name} | {rate.mflops:.2g} → {mflops:.2g} | {numbers} |")
    return "\n".join(lines)


def insert(page: str, name: str, block: str, where: str = PAGE) -> str:
    """``page`` with what stands between the marks of ``name`` replaced.

    Raises:
        BenchError: the page lacks a mark.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, begun, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not begun or not ended:
        raise BenchError(where, f"the marks {begin} and {end} are not there", "put them where the table belongs")
    return f"{before}{begin}\n{block}\n{end}{after}"


@command
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flat.bench.table", description=__doc__.split("\n")[0])
    parser.add_argument("--bench", default="results/bench", metavar="DIR", help="where make bench and growth wrote")
    parser.add_argument("--results", metavar="DIR", help="folder of the demo's finished run (default: results/demo)")
    parser.add_argument("--page", default=PAGE, metavar="FILE", help=f"page to write into (default {PAGE})")
    options = parser.parse_args(arguments)
    blocks = _blocks(Path(options.bench), options.results)
    page = Path(options.page)
    text = page.read_text(encoding="utf-8")
    for name, block in blocks.items():
        text = insert(text, name, block, options.page)
    write_text(page, text)
    if "growth" in blocks and (figure := Path(options.bench) / "growth.png").is_file():
        (page.parent / FIGURE).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(figure, page.parent / FIGURE)
    print(f"{options.page}: {', '.join(blocks)}")
    return 0


def _blocks(bench: Path, results: str | None) -> dict[str, str]:
    """The blocks whose sources are there.

    Raises:
        BenchError: none is.
    """
    blocks = {}
    if rows := read_summary(bench / "summary.json"):
        blocks["bench"] = bench_table(rows)
    if points := read_growth(bench / "growth.csv"):
        blocks["growth"] = growth_table(points)
        blocks["scaling"] = scaling_table(points, recorded.load(recorded.FILE, this_processor()).main)
    study = load(STUDY)
    if Path(results or paths_of(study).root, "logs").is_dir():
        samples = samples_of(study, data_facts(study, results), results)
        blocks["rules"] = rules_table(samples)
        blocks["check"] = check_table(samples, recorded.load(recorded.FILE, this_processor()).main)
    if not blocks:
        raise BenchError(str(bench), "nothing was measured", "run make bench, python -m flat.bench.growth or make demo")
    return blocks


if __name__ == "__main__":
    sys.exit(main())
