"""Pages of docs/ that are notebooks: ``python`` blocks that run one after the other, ``text`` blocks of what they show.

A block shows what it prints and, as a notebook does, the value of its last line. A block below the comment
``<!-- one machine's -->`` shows what hangs on the last bits of a trained model: it must run, and show something.
"""

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"(<!-- one machine's -->\n+)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e-?\d+)?")


@dataclass(frozen=True)
class Cell:
    """A block of a language, and what the page says that it shows (None: nothing)."""

    language: str
    source: str
    shown: str | None
    of_one_machine: bool


def cells(page: Path, *languages: str) -> Iterator[Cell]:
    """The page's blocks of these languages, in its order."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    for (mark, language, source), (_, after, shown) in zip(found, [*found[1:], ("", "", "")], strict=True):
        if language in languages:
            yield Cell(language, source, shown if after == "text" else None, bool(mark))


def run(source: str, names: dict) -> str:
    """What a notebook shows of a Python block that is run among these names."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(tree, "page", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "page", "eval"), names) if last else None
        if value is not None:
            print(repr(value))
    return out.getvalue()


def comparable(text: str) -> list[str]:
    """The words of what is shown, with 0 for each number and without bars."""
    return NUMBER.sub("0", text.replace("█", " ")).split()
