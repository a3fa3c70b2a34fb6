"""Worked examples: pages of docs/ whose fenced blocks change a copy of the repository, run commands and show what they
print.

A ``diff`` block holds files (``--- a/path``, ``+++ b/path``; a new one has ``--- /dev/null``) and their hunks. A hunk
begins with ``@@`` and has no line numbers: its context and removed lines must stand in the file exactly once. A
``text`` block holds what the last command of the ``sh`` block before it prints. A ``python`` block whose first line
is a comment with a file's name is that file.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

CODE = ("src/", "rules/", "workflow/", "Snakefile")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# ([\w-]+\.py)\n")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e-?\d+)?")


class DoesNotApply(Exception):
    """A page's hunk that the repository no longer fits."""


@dataclass(frozen=True)
class Hunk:
    """``before``: lines that the file must hold once, one after the other; None: the file is new. ``section``: of the
    page, by its heading."""

    name: str
    section: str
    path: str
    before: tuple[str, ...] | None
    after: tuple[str, ...]


def hunks(page: Path) -> list[Hunk]:
    """The hunks of a page's diff blocks, in their order."""
    found = []
    for section in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
        for diff in (content for language, content in FENCE.findall(section) if language == "diff"):
            for file in re.split(r"^(?=--- (?:a/|/dev/null))", diff, flags=re.MULTILINE)[1:]:
                found += _hunks_of(file, page.name, section.partition("\n")[0])
    return found


def _hunks_of(file: str, page: str, section: str) -> Iterator[Hunk]:
    head, *parts = re.split(r"^@@.*\n", file, flags=re.MULTILINE)
    old, new = (line[4:].strip() for line in head.splitlines())
    path = new.removeprefix("b/")
    for number, part in enumerate(parts, start=1):
        lines = [line or " " for line in part.splitlines()]
        before, after = (tuple(line[1:] for line in lines if line[0] in signs) for signs in (" -", " +"))
        name = f"{page}, hunk {number} of {path}"
        yield Hunk(name, section, path, None if old == "/dev/null" else before, after)


def apply(page: Path, folder: Path) -> dict[str, list[str]]:
    """Change the files below ``folder`` as a page says; the paths that each of its sections touches, each once.

    Raises:
        DoesNotApply: names page, hunk and file: the file has no such lines, or has them twice.
    """
    touched: dict[str, list[str]] = {}
    for hunk in hunks(page):
        section = touched.setdefault(hunk.section, [])
        section += [] if hunk.path in section else [hunk.path]
        file = folder / hunk.path
        if hunk.before is None:
            if file.exists():
                raise DoesNotApply(f"{hunk.name}: there is such a file already")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(hunk.after) + "\n", encoding="utf-8")
            continue
        if not file.is_file():
            raise DoesNotApply(f"{hunk.name}: there is no such file")
        lines, size = file.read_text(encoding="utf-8").splitlines(), len(hunk.before)
        places = [i for i in range(len(lines) - size + 1) if tuple(lines[i : i + size]) == hunk.before]
        if len(places) != 1:
            raise DoesNotApply(f"{hunk.name}: its lines stand {len(places)} times in the file, not once")
        lines[places[0] : places[0] + size] = hunk.after
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return touched


def files(page: Path) -> dict[str, str]:
    """The Python files that a page gives whole, by the name that their first line tells."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    whole = [content for language, content in found if language == "python" and NAMED.match(content)]
    return {NAMED.match(content)[1]: content for content in whole}


def write_files(page: Path, folder: Path) -> list[Path]:
    """Write them into a folder; their paths."""
    found = files(page)
    for name, content in found.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in found]


def commands(page: Path) -> list[tuple[str, str | None]]:
    """(commands, what the last of them prints or None) of a page's sh blocks."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    after = [*found[1:], ("", "")]
    return [
        (content, shown if following == "text" else None)
        for (language, content), (following, shown) in zip(found, after, strict=True)
        if language == "sh"
    ]


def without_numbers(text: str) -> list[str]:
    """The words of a text with 0 for each number: what is compared of what commands print on two machines."""
    return NUMBER.sub("0", text).split()


def code_files(paths: Iterable[str]) -> list[str]:
    """Those of the paths that are code; tests, pages and configuration are not."""
    return [path for path in paths if path.startswith(CODE)]


def rules_named(page: Path, heading: str) -> set[str]:
    """The names in backticks of the paragraph that begins with ``**heading**``; none without such a paragraph."""
    paragraphs = page.read_text(encoding="utf-8").split("\n\n")
    return {name for text in paragraphs if text.startswith(f"**{heading}**") for name in re.findall(r"`(\w+)`", text)}
