"""The plan of the library (docs/code.md): imports run down its floors, without a circle; rooms and files stay small."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "src/flat"
# A room imports from rooms further up in this list only: errors know nothing, benchmarks may use everything.
FLOORS = (
    ("errors",),
    ("files",),
    ("plugins",),
    ("study",),
    ("resources",),
    ("models", "resume"),
    ("data", "provenance", "interpretation", "attacks", "paper"),
    ("training", "cost", "analysis", "jobs"),
    ("report", "tuning"),
    ("bench", "conformance", "published", "exports", "use"),
    ("command",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MOST_LINES, MOST_ROOMS, MOST_FILES = 300, 25, 20
FOR_COST = "# for cost"  # begins the comment of an import inside a function, which says what it saves


@dataclass(frozen=True)
class Import:
    """A module that a module of the library imports; ``comment``: that of its line."""

    module: str
    line: int
    hidden: bool
    comment: str


def name_of(path: Path, library: Path) -> str:
    parts = path.relative_to(library.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, modules: set[str]) -> Iterator[Import]:
    """Every import; those under ``if TYPE_CHECKING`` count too."""
    tree, lines = ast.parse(source), source.splitlines()
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {id(part) for function in functions for part in ast.walk(function)}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom):
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules else str(node.module) for name in whole]
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        said = "".join(lines[node.lineno - 1 : node.end_lineno]) if names else ""
        comment = said[said.index("#") :] if "#" in said else ""
        for name in dict.fromkeys(names):
            yield Import(name, node.lineno, id(node) in inside, comment)


def graph(library: Path) -> dict[str, list[Import]]:
    files = {name_of(path, library): path.read_text(encoding="utf-8") for path in sorted(library.rglob("*.py"))}
    return {name: list(imports_of(source, set(files))) for name, source in files.items()}


def room_of(module: str) -> str:
    """The room of a module of the library; empty for the library itself, and for other libraries."""
    return f"{module}.".split(".")[1] if module.split(".")[0] == "flat" else ""


def climbing(found: dict[str, list[Import]]) -> list[str]:
    """Imports of another room that is not further down."""
    return [
        f"{name} line {each.line} imports {each.module}"
        for name, imports in found.items()
        for each in imports
        if room_of(each.module) != room_of(name)
        and room_of(each.module)
        and FLOOR[room_of(each.module)] >= FLOOR[room_of(name)]
    ]


def circles(found: dict[str, list[Import]]) -> list[list[str]]:
    """Groups of modules that import one another (Tarjan's strongly connected components)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = low[name] = len(number)
        stack.append(name)
        for each in found[name]:
            if each.module not in found or each.module == name:
                continue
            if each.module not in number:
                visit(each.module)
                low[name] = min(low[name], low[each.module])
            elif each.module in stack:
                low[name] = min(low[name], number[each.module])
        if low[name] == number[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                groups.append(sorted(group))

    for name in found:
        if name not in number:
            visit(name)
    return groups


@pytest.fixture(scope="module")
def found():
    return graph(LIBRARY)


def test_every_room_has_a_floor():
    rooms = {path.stem for path in LIBRARY.iterdir() if path.name not in ("__init__.py", "__pycache__")}
    assert rooms == set(FLOOR)


def test_imports_run_down_the_floors(found):
    assert climbing(found) == []


def test_no_modules_import_one_another(found):
    assert circles(found) == []


def test_an_import_inside_a_function_says_what_it_saves(found):
    silent = [
        f"{name} line {each.line}: {each.module}"
        for name, imports in found.items()
        for each in imports
        if each.hidden and not each.comment.startswith(FOR_COST) and each.module != "sitecustomize"  # runs another's
    ]
    assert silent == []


def test_files_and_folders_stay_small():
    files = [path for path in LIBRARY.rglob("*.py") if "__pycache__" not in path.parts]
    assert {str(path): n for path in files if (n := len(path.read_text().splitlines())) > MOST_LINES} == {}
    folders = {path.parent for path in LIBRARY.rglob("*") if "__pycache__" not in path.parts}
    entries = {folder: [path for path in folder.iterdir() if path.name != "__pycache__"] for folder in folders}
    assert len(entries.pop(LIBRARY)) <= MOST_ROOMS
    assert {str(folder): len(held) for folder, held in entries.items() if len(held) > MOST_FILES} == {}


def test_the_checks_find_what_they_are_for(tmp_path):
    """A climb, a circle and a silent import, each in a library of two rooms."""
    library = tmp_path / "flat"
    for path, source in {
        "study/a.py": "from flat.study import b\n",
        "study/b.py": "def f():\n    from flat.study.a import g\n    from flat.report.c import h  # for cost: pandas\n",
        "report/c.py": "import flat.study.a\n",
    }.items():
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        (library / path).write_text(source)
    made = graph(library)
    assert climbing(made) == ["flat.study.b line 3 imports flat.report.c"]
    assert circles(made) == [["flat.report.c", "flat.study.a", "flat.study.b"]]
    hidden = [each for imports in made.values() for each in imports if each.hidden]
    assert [each.comment for each in hidden] == ["", "# for cost: pandas"]
