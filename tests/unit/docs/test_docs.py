"""README and docs: every link, path and module that they name is there, and no sentence is too long to read once."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from flat.plugins.kinds import KINDS

ROOT = Path(__file__).resolve().parents[3]
OF_DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md")), *OF_DOCS]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
SOURCES = [
    path
    for folder in ("src", "rules", "workflow", "config", "profiles", "envs", "tests")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".smk", ".yaml", ".json", ".html", ".in"}
]
LONGEST = 40  # words of a sentence
FENCE = re.compile(r"^ *(```|~~~).*?^ *\1[^\S\n]*$", re.M | re.S)
CODE = re.compile(r"(`+)(.+?)\1", re.S)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
ATTRIBUTE = re.compile(r"<(?:a|img)\b[^>]*?\b(?:href|src)=\"([^\"]+)\"")
PATH = re.compile(r"(?<![\w./-])(?:src|rules|tests|config|docs|workflow|profiles|envs)/[^\s`'\",;:()\[\]=]*")
DOTTED = re.compile(r"(?<![\w./-])flat(?:\.[A-Za-z_]\w*)+")
MAIN = re.compile(r"python -m (flat[\w.]*)")
PLACEHOLDER = re.compile(r"[<>{}…]|\bmine\b|\bmy[_-]")  # a name that the reader chooses
OF_A_CRATE = {"workflow/Snakefile", "workflow/study.yaml"}  # lie in results/<study>, not here
ABBREVIATIONS = {"e.g.", "i.e.", "cf.", "vs.", "al.", "eq.", "fig.", "figs.", "no.", "approx.", "sec.", "pp.", "dr."}


# --- what a page names


def without_fences(text: str) -> str:
    """The page with its code blocks emptied; lines keep their numbers."""
    return FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    found: dict[str, int] = {}
    anchored = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", without_fences(text), re.M):
        slug = re.sub(r"[^\w\- ]", "", LINK.sub(r"\2", heading).lower()).replace(" ", "-")
        number = found[slug] = found.get(slug, -1) + 1
        anchored.add(f"{slug}-{number}" if number else slug)
    return anchored


def dead_links(text: str, page: Path) -> list[str]:
    """Relative links of a page that lead to no file, or to no heading of it."""
    dead, running = [], CODE.sub("", without_fences(text))
    for target in [target for _, _, target in LINK.findall(running)] + ATTRIBUTE.findall(running):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        own = text if file == page else file.read_text() if file.suffix == ".md" and file.is_file() else ""
        if not file.exists() or (anchor and anchor not in anchors(own)):
            dead.append(target)
    return dead


def absent_paths(text: str) -> list[str]:
    """Paths of this repository, in backticks, at which nothing is; also pages of docs named without backticks."""
    running = without_fences(text)
    named = [path for _, span in CODE.findall(running) for path in PATH.findall(span)]
    named += re.findall(r"(?<![\w/])docs/[\w-]+\.md", running)
    paths = [path.rstrip(".") for path in named if not PLACEHOLDER.search(path)]
    return [path for path in paths if path not in OF_A_CRATE and not list(ROOT.glob(path))]


def absent_modules(text: str) -> list[str]:
    """Modules and their names that do not exist, and modules that ``python -m`` could not run."""
    code = [block[0] for block in FENCE.finditer(text)] + [span for _, span in CODE.findall(without_fences(text))]
    absent = []
    for part in code:
        absent += [name for name in DOTTED.findall(part) if not PLACEHOLDER.search(name) and not exists(name)]
        absent += [f"python -m {name}" for name in MAIN.findall(part) if not has_main(name)]
    for block in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S):
        absent += [name for name in used_names(block) if not PLACEHOLDER.search(name) and not exists(name)]
    return absent


def used_names(source: str) -> list[str]:
    """What Python code imports from the library, and the names of imported modules that it uses, dotted."""
    tree = ast.parse(source)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    known = {item.asname or item.name: f"{node.module}.{item.name}" for node in imports for item in node.names}
    known = {name: dotted for name, dotted in known.items() if dotted.startswith("flat.")}
    parts = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    used = [f"{known[part.value.id]}.{part.attr}" for part in parts if part.value.id in known]
    return [*known.values(), *(name for name in used if is_module(name.rpartition(".")[0]))]


def is_module(dotted: str) -> bool:
    place = ROOT / "src" / dotted.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").is_file()


def exists(dotted: str) -> bool:
    """Whether a dotted name is a group of entry points, a package or module of src, or a name at the top of one."""
    if dotted.removeprefix("flat.") in KINDS:
        return True
    place, parts = ROOT / "src", dotted.split(".")
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if parts and (place / f"{parts[0]}.py").is_file():
        file = place / f"{parts.pop(0)}.py"
    else:
        file = place / "__init__.py"
    return not parts or parts[0] in top_names(file)


@cache
def top_names(file: Path) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.parse(file.read_text()).body if file.is_file() else ():
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Import() | ast.ImportFrom():
                names |= {(item.asname or item.name).split(".")[0] for item in node.names}
            case ast.Assign() | ast.AnnAssign():
                names |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    return frozenset(names)


def has_main(module: str) -> bool:
    place = ROOT / "src" / module.replace(".", "/")
    file = place.with_suffix(".py")
    return (place / "__main__.py").is_file() or (file.is_file() and "__main__" in file.read_text())


# --- sentences


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of each paragraph and each bullet: no code, table, heading, picture or comment."""
    first, block, in_list, is_code, blank = 0, [], False, False, True
    for number, line in enumerate([*re.sub(r"<!--.*?-->", "", without_fences(text)).split("\n"), ""], start=1):
        bullet = re.match(r" *([-*+]|\d+[.)]) +", line)
        is_code = line.startswith("    ") and not in_list and (blank or is_code)
        is_text = bool(line.strip()) and not re.match(r" *(\||#{1,6} |!\[|<img|---+$)", line) and not is_code
        if block and (bullet or not is_text):
            yield first, " ".join(block)
            block = []
        if is_text:
            in_list = bool(bullet) or (in_list and line.startswith(" "))
            first = first if block else number
            block.append(line[bullet.end() if bullet else 0 :].strip(" >"))
        blank = not line.strip()


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Each sentence of a page's running text, with the line where its paragraph or bullet begins.

    A sentence ends at a full stop, question or exclamation mark before a space or the end of its block, unless the mark
    belongs to an abbreviation, an initial or code. A code span counts by its words.
    """
    for line, block in blocks(text):
        plain = LINK.sub(lambda link: "" if link[1] else link[2], block)
        plain = CODE.sub(lambda span: re.sub(r"[.!?]", "·", span[2]), plain).replace("**", "")
        start = 0
        for stop in re.finditer(r"[.!?][\"'”’)\]]*(?= |$)", plain):
            last = plain[start : stop.end()].split()[-1].lstrip("(“\"'[")
            goes_on = last.lower() in ABBREVIATIONS or re.match(r"[A-Z]\.$", last)
            goes_on = goes_on or (last.endswith("...") and re.match(r" [^A-Z]", plain[stop.end() :]))
            if goes_on and stop.end() < len(plain):
                continue
            yield line, plain[start : stop.end()].strip()
            start = stop.end()
        if plain[start:].strip():
            yield line, plain[start:].strip()


def words(sentence: str) -> int:
    return sum(any(letter.isalnum() for letter in word) for word in sentence.split())


# --- the tests


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_to_a_file_and_a_heading(page):
    assert dead_links(page.read_text(), page) == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_named_path_and_module_exists(page):
    assert absent_paths(page.read_text()) + absent_modules(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_sentence_must_be_read_twice(page):
    too_long = [f"line {line}: {words(s)} words: {s}" for line, s in sentences(page.read_text()) if words(s) > LONGEST]
    assert not too_long, "\n".join(too_long)


def test_every_page_that_the_code_names_exists():
    named = {
        (str(path.relative_to(ROOT)), page, anchor)
        for path in SOURCES
        if path != Path(__file__)
        for page, anchor in re.findall(r"(?<![\w/])(docs/[\w-]+\.md)(?:#([\w-]+))?", path.read_text())
    }
    assert len(named) > 20
    absent = {(file, page) for file, page, _ in named if not (ROOT / page).is_file()}
    assert not absent
    assert all(anchor in anchors((ROOT / page).read_text()) for _, page, anchor in named if anchor)


def test_the_list_of_pages_in_the_readme_is_complete():
    linked = {target.partition("#")[0] for _, _, target in LINK.findall((ROOT / "README.md").read_text())}
    assert {f"docs/{page.name}" for page in OF_DOCS} <= linked


SPLIT = {
    "One fact. Another fact! A third?": ["One fact.", "Another fact!", "A third?"],
    "A line\nthat goes on. Next.": ["A line that goes on.", "Next."],
    "As in Eq. 3 and Fig. 6 of Sellam et al. (2022), i.e. so. Next.": [
        "As in Eq. 3 and Fig. 6 of Sellam et al. (2022), i.e. so.",
        "Next.",
    ],
    "TextAttack 0.3.11's own. It costs 3.5 s (see A. Author). End.": [
        "TextAttack 0.3.11's own.",
        "It costs 3.5 s (see A. Author).",
        "End.",
    ],
    "Run `a. b! c`. Then read [this page](x.md). “Done.” So.": [
        "Run a· b· c.",
        "Then read this page.",
        "“Done.”",
        "So.",
    ],
    "## A heading. Skipped.\n\ntext\n\n| a. | b. |\n|---|---|\n\n```\ncode. here.\n```\n": ["text"],
    "text\n\n    code. here.\n    and. here.\n\nmore": ["text", "more"],
    "Before:\n- one bullet,\n  that goes on. Two.\n- another\n\n1. third\n": [
        "Before:",
        "one bullet, that goes on.",
        "Two.",
        "another",
        "third",
    ],
    "![A picture. Of this.](a.png)\n<!-- a. comment -->\nText, and so on ... and on. **Bold.** End": [
        "Text, and so on ... and on.",
        "Bold.",
        "End",
    ],
}


@pytest.mark.parametrize("text", SPLIT)
def test_sentences_are_split_where_a_reader_would(text):
    assert [sentence for _, sentence in sentences(text)] == SPLIT[text]


def test_words_are_what_is_read():
    assert words("After-attack accuracy = failed / all, of 3 texts — not more.") == 9
    assert [line for line, _ in sentences("a\n\n```\nb\n```\nc\n- d\n")] == [1, 6, 7]


def test_what_is_dead_or_absent_is_found():
    page = ROOT / "docs/files.md"
    text = "# A `b` c\n## A b c\n[x](#a-b-c) [y](#a-b-c-1) [z](#a-b-c-2) [f](files.md) [g](gone.md) [h](https://a.b/c)"
    assert dead_links(text, page) == ["#a-b-c-2", "gone.md"]
    assert dead_links('[a](../README.md#gone) <img src="gone.png">', page) == ["../README.md#gone", "gone.png"]
    paths = "`src/flat/errors.py` `src/flat/{x}.py` `src/flat/mine.py` `tests/unit/*/test_d*`"
    assert absent_paths(f"{paths} `rules/gone.smk`, docs/gone.md") == ["rules/gone.smk", "docs/gone.md"]
    names = "`flat.errors.FlatError(a)` `flat.my_room.metric` `flat.errors.Gone` `flat.gone`"
    assert absent_modules(names) == ["flat.errors.Gone", "flat.gone"]
    assert absent_modules("```sh\npython -m flat.cost a\npython -m flat.errors\n```") == ["python -m flat.errors"]
    code = "from flat.study import load, gone\nload.load(1)\nload.lost(gone.x)"
    assert absent_modules(f"```python\n{code}\n```") == ["flat.study.gone", "flat.study.load.lost"]
