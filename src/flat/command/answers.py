"""How ``flat explain`` and ``flat attack`` show an answer: coloured on a terminal, a plain table elsewhere, or JSON."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flat.errors import visible

# least share of the largest score -> the style of a word; {} is green or red. They serve terminals of eight colours too
STRENGTHS = {2 / 3: "bold black on {}", 1 / 3: "bold {}", 0.1: "{}"}
CHANGED = "bold yellow"
OUTCOME = {"succeeded": "bold red", "failed": "bold green", "skipped": "bold"}
MEANT = {
    "succeeded": "the model leaves {label}",
    "failed": "the model keeps to {label}",
    "skipped": "the model did not answer {label} in the first place: nothing was attacked",
}


def show(plain: Iterable[str], rich: Iterable[object], values: dict, as_json: bool, notes: Iterable[str]) -> None:
    """Print an answer: for machines, for a terminal, or plainly. Notes go to standard error, in JSON among the rest."""
    if as_json:
        print(json.dumps(values, indent=1, allow_nan=False))
        return
    console = Console(highlight=False)
    if console.is_terminal:
        for part in rich:
            console.print(part)
    else:
        for line in plain:
            print(visible(line))
    for note in dict.fromkeys(notes):
        print(f"note: {visible(note)}", file=sys.stderr)


@contextmanager
def waiting(said: str) -> Iterator[None]:
    """Say on a terminal what takes its time."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(visible(said)):
        yield


def probabilities(prediction) -> Table:
    """The classes with their probabilities and bars, the likeliest first."""
    from flat.use.answers import bar  # for cost: flat.use imports torch

    table = Table.grid(padding=(0, 1))
    for name, value in sorted(prediction.probabilities.items(), key=lambda item: -item[1]):
        style = "bold" if name == prediction.label else "dim"
        table.add_row(Text(visible(name), style), Text(f"{value:.3f}", style), Text(bar(value), style))
    return table


def coloured(explanation) -> Text:
    """The text, each word as strong as its score."""
    largest = max(map(abs, explanation.scores), default=0) or 1
    return Text(" ").join(Text(visible(word), _strength(score / largest)) for word, score in explanation)


def _strength(share: float) -> str:
    """The style of a word by its share of the largest score, from -1 to 1; none of a weak one."""
    style = next((style for least, style in STRENGTHS.items() if abs(share) >= least), "")
    return style.format("green" if share > 0 else "red")


def scores(explanation) -> Table:
    """The words with their scores and bars, in the order of the text."""
    from flat.use.answers import bar  # for cost: flat.use imports torch

    largest = max(map(abs, explanation.scores), default=0) or 1
    table = Table.grid(padding=(0, 1))
    table.add_column(max_width=30, overflow="fold")
    table.add_column(justify="right")
    for word, score in explanation:
        style = "green" if score > 0 else "red"
        table.add_row(Text(visible(word)), Text(f"{score:+.4f}"), Text(bar(abs(score) / largest), style))
    return table


def plain_table(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows as lines, their columns under one another."""
    rows = [tuple(visible(cell, kept="") for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def marked(words: Iterable[str], changed: set[int]) -> Text:
    """A text whose words at these places stand out."""
    return Text(" ").join(Text(visible(word), CHANGED if i in changed else "") for i, word in enumerate(words))
