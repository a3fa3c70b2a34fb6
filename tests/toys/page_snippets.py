"""What pages show in code: their fenced blocks by language, and every command line, inline ones too."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOP = ("README.md", "CONTRIBUTING.md", "config/README.md")
PAGES = [*(ROOT / name for name in TOP), *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^( *)(```|~~~)(\w*)\n(.*?)^ *\2[^\S\n]*$", re.M | re.S)
INDENTED = re.compile(r"(?<=\n\n)((?: {4}.*\n)+)")
INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)", re.S)
HEREDOC = re.compile(r"<<'END'\n(.*?)^END$", re.M | re.S)
# What begins a command line; a code span with one of these and a word more is a command
PROGRAMS = ("bash", "flat", "make", "pytest", "python", "snakemake")
SHELL = ("cat", "cd", "export", "find", "git", "grep", "source")  # of the system: the whole script is parsed by bash


@dataclass(frozen=True)
class Snippet:
    """A block or a line of a page: its language ("" where none is told), its text, the line where it begins."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def ids(snippets: list[Snippet]) -> list[str]:
    """Names for a test's parameters: page and line."""
    return [str(snippet) for snippet in snippets]


def blocks(page: Path) -> list[Snippet]:
    """The fenced blocks of a page, their own indentation taken away."""
    text, name = page.read_text(encoding="utf-8"), str(page.relative_to(ROOT))
    return [
        Snippet(name, text[: found.start()].count("\n") + 1, found[3], re.sub(f"^{found[1]}", "", found[4], flags=re.M))
        for found in FENCE.finditer(text)
    ]


def scripts(page: Path) -> Iterator[Snippet]:
    """What is typed into a shell: sh blocks, other blocks and indented ones that begin with a program, code spans."""
    for block in blocks(page):
        if block.language == "sh" or (block.language == "" and _is_command(block.text)):
            yield block
    text, name = page.read_text(encoding="utf-8"), str(page.relative_to(ROOT))
    running = FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)
    for found in INDENTED.finditer(running):
        if _is_command(script := re.sub("^ {4}", "", found[1], flags=re.M)):
            yield Snippet(name, running[: found.start()].count("\n") + 1, "indented", script)
    for found in INLINE.finditer(running):
        span = " ".join(found[1].split())
        if _is_command(span) and " " in span and "..." not in span:
            yield Snippet(name, running[: found.start()].count("\n") + 1, "inline", span)


def _is_command(text: str) -> bool:
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    return first.split(" ")[0] in (*PROGRAMS, "cd") and not re.match(r"(snakemake|make|flat) [A-Z-]*['’]s\b", first)


def commands(script: str) -> list[str]:
    """The command lines of a script: continued lines joined, comments and what a line reads (<<END) left out."""
    text = HEREDOC.sub("", script).replace("\\\n", " ")
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [part.strip() for line in lines if line for part in line.split(" && ")]


def words(command: str) -> list[str]:
    """The words of a command up to where its output goes: another program, a file."""
    found = shlex.split(command)
    ends = [i for i, word in enumerate(found) if word in ("|", "||", ">", ">>")]
    return found[: min(ends, default=None)]
