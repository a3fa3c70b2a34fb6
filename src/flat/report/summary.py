"""What a study has made, at the end of a run: ``python -m flat.report.summary config/demo.yaml``.

One line for each table and figure with what it says in a nutshell, where it lies, what is missing, and how to make one
of them again. Ends with status 1 if something is missing.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from flat.errors import FlatError, visible
from flat.report.summary_items import Item, collect, evidence
from flat.study import paths
from flat.study.load import load
from flat.study.schema import Study


def reruns(study: Study, study_file: str) -> list[tuple[str, str]]:
    """(what, command) for making one piece again."""
    place, command = paths.of(study), f"snakemake --cores 1 --configfile {study_file}"
    return [
        ("a figure", f"{command} --force -- {place.figure(6, 'png')}"),
        ("every figure", f"{command} -R draw_figure -- figures"),
        ("a table", f"{command} --force -- {place.table('3', 'csv')}"),
    ]


def absent(path: Path) -> str:
    return "" if path.is_file() else " (MISSING)"


def lines(
    study: Study, items: Iterable[Item], rests: Iterable[str], report: Path, reruns: Iterable[tuple[str, str]]
) -> list[str]:
    """The summary as plain text."""
    text = [f"{study.title} ({study.name})", ""]
    for item in items:
        text.append(f"{item.name:<10}{item.title}: {item.key_line}")
        text.append(f"{'':<10}{item.where}")
        text += [f"{'':<10}missing: {path}" for path in item.missing]
    text += ["", *(f"{'Rests on':<10}{line}" for line in rests)]
    text += ["", f"Report    {report}{absent(report)}", ""]
    return [visible(line) for line in text + [f"again, {what}:\n    {command}" for what, command in reruns]]


def show(study: Study, items: list[Item], rests: list[str], report: Path, reruns: list[tuple[str, str]]) -> None:
    """Print the summary: a table with colours on a terminal, plain lines elsewhere."""
    if not sys.stdout.isatty():
        print("\n".join(lines(study, items, rests, report, reruns)))
        return
    from rich.console import Console  # for cost
    from rich.markup import escape as literal  # for cost
    from rich.table import Table  # for cost

    def escape(text: str) -> str:
        return literal(visible(text))

    console = Console(highlight=False)
    table = Table(title=escape(f"{study.title} ({study.name})"), title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True, style="bold")
    table.add_column("")
    for item in items:
        colour = "red" if item.missing else "green"
        table.add_row(item.name, f"[{colour}]{escape(item.title)}[/]: {escape(item.key_line)}")
        table.add_row("", f"[dim]{escape(item.where)}[/]")
    console.print(table)
    for line in rests:
        console.print(f"[bold]Rests on[/]  {escape(line)}")
    console.print(f"\n[bold]Report[/]    {escape(f'{report}{absent(report)}')}\n")
    for what, command in reruns:
        console.print(f"[dim]again, {what}:[/]\n    {escape(command)}", soft_wrap=True)


def main(arguments: list[str] | None = None) -> int:
    """Print the summary of the study file in ``arguments``; 1 if something is missing, 2 without a usable study."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1:
        print("usage: python -m flat.report.summary config/<study>.yaml", file=sys.stderr)
        return 2
    try:
        study = load(arguments[0])
    except FlatError as error:
        print(error, file=sys.stderr)
        return 2
    items, report = collect(study), Path(paths.of(study).top("report.html"))
    show(study, items, evidence(study), report, reruns(study, arguments[0]))
    missing = [str(path) for item in items for path in item.missing] + ([] if report.is_file() else [str(report)])
    if missing:
        print(f"\n{len(missing)} files are missing, for example {missing[0]}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
