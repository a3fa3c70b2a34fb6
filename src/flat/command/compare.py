"""``flat compare A B``: two finished studies side by side, number by number, and what else differs between them."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

COLUMNS = ("dataset", "model", "strategy", "train attack", "attack", "measure", "seeds", "A", "B", "B - A", "95 %")
COLUMNS += ("n", "shared", "examples")
FOLDED = COLUMNS[:6]  # in a narrow terminal names go over several lines, numbers never
MARKS = {"checkpoint-level": "ᶜ", "descriptive": "ᵈ", "verdicts allowed": "ᵛ"}
MOST = 40  # differences of settings that are printed


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="a study file, or the results of one")],
    b: Annotated[str, typer.Argument(metavar="B", help="another one")],
    pair_set: Annotated[
        str, typer.Option(help="the pairs behind KT and TI: shared, saved, successful, all")
    ] = "shared",
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="write every number, of single seeds too")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="write a page: numbers, and every text under both studies"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print numbers and differences as JSON alone")] = False,
) -> None:
    """Two finished studies side by side: each common number, the difference with its interval, what differs."""
    from flat.analysis.comparison import cells, opened, settings, words  # for cost: pandas
    from flat.errors import StudyError, visible  # for cost
    from flat.files.artefacts import write_csv  # for cost
    from flat.interpretation.consistency import PAIR_SETS  # for cost

    if pair_set not in PAIR_SETS[:-1]:
        raise StudyError("--pair-set", f"there is no {pair_set}", f"give one of {', '.join(PAIR_SETS[:-1])}")
    sides = opened.open_study(a), opened.open_study(b)
    found = cells.compare(*sides, pair_set, each_seed=csv is not None or as_json)
    differing = settings.differences(*sides)
    if csv is not None:
        write_csv(csv, [_record(each) for each in found])
    if html is not None:
        _write_page(html, sides, found, differing)
    if as_json:
        about = [{"given": s.given, "study": s.called, "results": str(s.root), "outdated": s.outdated} for s in sides]
        values = {"a": about[0], "b": about[1], "differences": list(map(asdict, differing))}
        print(json.dumps(values | {"numbers": [_json(each) for each in found]}, indent=1, ensure_ascii=False))
        return
    _print(sides, words.shown(found), differing)
    if html is not None:
        print(f"\npage: {visible(str(html))}")


def _write_page(file: Path, sides: tuple, found: list, differing: list) -> None:
    from flat.files.artefacts import write_text  # for cost
    from flat.report.explorer.compared import content  # for cost: figures
    from flat.report.explorer.page import COMPARISON, build  # for cost

    made = content(*sides, found, differing)
    write_text(file, build(" and ".join(side.called for side in sides), made, COMPARISON))


def _record(each) -> dict:
    names = ("dataset", "model", "strategy", "train_attack")
    plain = {name: value for name, value in asdict(each).items() if name not in ("cell", "seeds")}
    return dict(zip(names, each.cell, strict=True)) | {"seeds": " ".join(map(str, each.seeds))} | plain


def _json(each) -> dict:
    """NaN is no JSON: null."""
    nothing = {n: None for n, v in asdict(each).items() if isinstance(v, float) and math.isnan(v)}
    return _record(each) | {"seeds": list(each.seeds)} | nothing


def _line(each) -> tuple[str, ...]:
    from flat.analysis.comparison import words  # for cost: pandas

    title, said = words.titled(each)[0], words.figures(each)
    numbers = tuple(said[name] for name in ("a", "b", "difference", "interval"))
    counts = ("/".join(dict.fromkeys(map(str, (each.n_a, each.n_b)))), str(each.shared) if each.attack else "-")
    seeds = f"{' '.join(map(str, each.seeds))} {MARKS[each.permits]}"
    return (*each.cell, each.attack or "-", title, seeds, *numbers, *counts, each.pairing)


def _print(sides: tuple, found: list, differing: list) -> None:
    from rich import box  # for cost
    from rich.console import Console  # for cost
    from rich.table import Table  # for cost
    from rich.text import Text  # for cost

    from flat.analysis.comparison import words  # for cost: pandas
    from flat.errors import visible  # for cost

    console = Console(highlight=False, soft_wrap=True)

    def said(line: str) -> None:
        console.print(Text(visible(line)))

    for name, side in zip("AB", sides, strict=True):
        said(f"{name}: {side.called}, {side.root}")
        if side.outdated:
            said(f"   these results are of another version of the study file {side.given}, or of an overlay")
    said("")
    lines = [tuple(map(visible, _line(each))) for each in found]
    if console.is_terminal:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        for title in COLUMNS:
            table.add_column(title, no_wrap=title not in FOLDED, overflow="fold")
        for line in lines:
            table.add_row(*map(Text, line))
        console.print(table)
    else:
        for line in _aligned([COLUMNS, *lines]):
            said(line)
    marks = [f"{MARKS[permits]} {permits}" for permits in dict.fromkeys(each.permits for each in found)]
    for note in [*marks, *words.notes(found)]:
        said(note)
    said("")
    said(f"{len(differing)} differences between the two" + (":" if differing else " beside the numbers"))
    for each in differing[:MOST]:
        said(f"  {each.kind}: {each.key}: A {each.a[:60]}, B {each.b[:60]}")
    if len(differing) > MOST:
        said(f"  and {len(differing) - MOST} more: --json has them all")


def _aligned(lines: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def add_to(app: typer.Typer) -> None:
    app.command("compare")(compare)
