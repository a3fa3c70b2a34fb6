"""What a plugin is made of, as one digest: an edit that may change its answers changes it, a comment does not.

Of the module that declares the plugin, the statements count that its declaration leads to, and those that may have an
effect by themselves. Of the modules that these import, all counts: FLAT's own, those of the plugin's package, those
beside its file. Of a package the data files count too, and what ``files`` of the declaration names.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from flat.errors import StudyError
from flat.files.digests import sha256_of
from flat.files.failures import of_reading
from flat.plugins.modules import assigned
from flat.plugins.registry import OWN, REGISTRIES, Found, activate
from flat.plugins.syntax import bare, imports

FLAT = Path(__file__).parents[1]
MADE = ("__pycache__",)  # folders of a package that are made from the rest
# how plugins are declared and found, which no answer depends on
_MODULES = ("kinds", "registry", "modules", "values", "code", "syntax", "recipe_classes")
DECLARING = {"flat", "flat.plugins", OWN} | {f"flat.plugins.{name}" for name in _MODULES}
DIGITS = 16


@dataclass(frozen=True)
class Places:
    """Where modules are looked for whose code counts.

    Attributes:
        package: the name of the plugin's package ("" for a file) and its folder; for a file, the folder beside it.
    """

    package: str
    folder: Path

    def file(self, name: str) -> Path | None:
        """The file of a module, None for one that is another library's."""
        parts = name.split(".")
        if parts[0] == FLAT.name:
            return _own(FLAT, *parts[1:])
        if self.package:
            return _file(self.folder, parts[1:]) if parts[0] == self.package else None
        return _file(self.folder, parts)


@cache  # a plan asks for each name once a script, and the files of this package stay as they are
def _own(folder: Path, *parts: str) -> Path | None:
    return _file(folder, parts)


def _file(folder: Path, parts: Sequence[str]) -> Path | None:
    base = folder.joinpath(*parts)
    for path in (base.with_suffix(".py"), base / "__init__.py") if parts else (base / "__init__.py",):
        if path.is_file():
            return path
    return None


@cache
def parsed(path: Path, package: str = "") -> tuple[str, frozenset[str]]:
    """(digest of a file's syntax tree, what it imports)."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    needs = frozenset(imports([tree], package))
    return hashlib.sha256(ast.dump(bare(tree)).encode()).hexdigest(), needs


def closure(names: Iterable[str], places: Places) -> dict[str, str]:
    """The digest of every module that counts among these and those they import, by name."""
    found: dict[str, str] = {}
    open_ = list(names)
    while open_:
        name = open_.pop()
        path = places.file(name)
        if name in found or path is None or name in DECLARING:
            continue
        found[name], needs = parsed(path, name if path.name == "__init__.py" else name.rpartition(".")[0])
        open_ += sorted(needs - set(found))
    return found


def reached(source: str, variable: str) -> list[ast.stmt]:
    """The top-level statements that a module's variable is made by, in their order.

    A statement that only binds names counts if something that counts uses such a name. Any other one always counts.
    """
    body = bare(ast.parse(source)).body
    binds = [_bound(node) for node in body]
    uses = [{part.id for part in ast.walk(node) if isinstance(part, ast.Name)} for node in body]
    wanted, taken = {variable}, {number for number, names in enumerate(binds) if names is None}
    for number in taken:
        wanted |= uses[number]
    grown = True
    while grown:
        more = {n for n, names in enumerate(binds) if n not in taken and names is not None and names & wanted}
        taken |= more
        for number in more:
            wanted |= uses[number]
        grown = bool(more)
    return [body[number] for number in sorted(taken)]


def _bound(node: ast.stmt) -> set[str] | None:
    """The names that a statement binds and nothing else that it does; None if it may do more."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        if any(alias.name == "*" for alias in node.names):
            return None
        return {alias.asname or alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    if targets and all(isinstance(target, ast.Name | ast.Tuple) for target in targets):
        return set(assigned(ast.Module([node], [])))
    return None


def digest(found: Found) -> str:
    """What a plugin is made of, 16 hexadecimal digits.

    Raises:
        StudyError: a file that it names is absent, or what its ``make`` names; or a module beside its file hides behind
            another of its name.
    """
    loaded, plugin = found.module, found.plugin
    if found.release:
        return hashlib.sha256(f"{found.release} {loaded.module.__name__} {found.variable}".encode()).hexdigest()[
            :DIGITS
        ]
    statements = reached(loaded.source, found.variable)
    places = _places(found)
    names = imports(statements, loaded.package)
    if isinstance(plugin.make, str):
        module, _, work = plugin.make.partition(":")
        _check_make(module, work, places, found)
        names |= {".".join(module.split(".")[: n + 1]) for n in range(module.count(".") + 1)}
    of_modules = closure(names, places)
    _check_neighbours(of_modules, places, found)
    parts = [ast.dump(node) for node in statements]
    parts += [f"{name} {value}" for name, value in sorted(of_modules.items())]
    parts += [f"{path} {value}" for path, value in sorted(_data(found, places))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:DIGITS]


def _places(found: Found) -> Places:
    loaded = found.module
    if not loaded.package:
        return Places("", loaded.path.parent)
    top = loaded.package.split(".")[0]
    if loaded.path.stem == top and loaded.package == top and loaded.path.name != "__init__.py":
        return Places(top, loaded.path.parent / top)  # a package of one file
    depth = loaded.package.count(".")
    return Places(top, loaded.path.parents[depth])


def _data(found: Found, places: Places) -> Iterator[tuple[str, str]]:
    """(path, SHA-256) of the data that counts."""
    if found.plugin.make is not None and not found.module.module.__name__.startswith(OWN) and places.package:
        folder = places.folder
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            inside = path.relative_to(folder)
            if path.is_file() and path.suffix not in (".py", ".pyc") and not {*MADE} & {*inside.parts}:
                yield str(inside), sha256_of(path)
    for name in found.plugin.files:
        path = found.module.path.parent / name
        try:
            yield name, sha256_of(path)
        except OSError as error:
            raise of_reading(error, path, StudyError) or StudyError(
                str(path), f"the {found.plugin.called} {found.plugin.name} names it, and it is absent", "put it there"
            ) from None


def _check_make(module: str, work: str, places: Places, found: Found) -> None:
    """Raise StudyError unless there is such a name in such a module: told when a study is planned, not in its jobs."""
    path = places.file(module)
    if path is None:
        try:
            spec = find_spec(module)
        except ImportError:
            spec = None
        if spec is None:
            problem = f"there is no module {module}"
        elif spec.origin is None or not spec.origin.endswith(".py"):
            return  # compiled: its names are not to be read
        else:
            path = Path(spec.origin)
    if path is not None:
        bound = [_bound(node) for node in bare(ast.parse(path.read_text(encoding="utf-8"), str(path))).body]
        if None in bound or any(work in names for names in bound):  # what a statement may do besides cannot be read
            return
        problem = f"{path} has no {work}"
    raise StudyError(
        f"{found.module.path}: {found.plugin.called} {found.plugin.name}",
        f"make is {module}:{work}, and {problem}",
        "give the module and the name of the function or class that does the work",
    )


def _check_neighbours(names: Iterable[str], places: Places, found: Found) -> None:
    if places.package:
        return
    for name in names:
        known, meant = sys.modules.get(name), places.file(name)
        there = getattr(known, "__file__", None)
        if name.split(".")[0] != FLAT.name and there and Path(there).resolve() != meant.resolve():
            raise StudyError(
                f"{found.module.path}: import {name}",
                f"{there} was imported under this name before",
                f"rename {meant.name}, or make a package of these files",
            )


def ready(needed: Mapping[str, dict]) -> None:
    """Load the plugins that a job was planned with (``made_of`` by "kind/name"), as they were then.

    Raises:
        StudyError: a module is absent, or was edited meanwhile.
    """
    of_study = {about["given"]: None for about in needed.values() if not about["installed"]}
    activate(list(of_study))
    for key, about in needed.items():
        group, _, name = key.partition("/")
        found = REGISTRIES[group].found(name) if name in REGISTRIES[group] else None
        if found is None or digest(found) != about["digest"]:
            raise StudyError(
                f"{about['module']}: {name}",
                "was edited, or removed, after this run of snakemake began",
                "run snakemake again: it plans with the plugin as it is now",
            )


def made_of(group: str, name: str) -> dict:
    """Where a plugin comes from, its version and digest, as JSON values for params, locks and provenance.

    Raises:
        KeyError, StudyError: as ``Registry.found`` and ``digest``.
    """
    found = REGISTRIES[group].found(name)
    module = found.module.module.__name__ if found.module.package else str(_shown(found.module.path))
    about = {"digest": digest(found), "module": module, "given": found.given, "installed": found.installed}
    return about | {"version": _version(found)}


def _version(found: Found) -> str | None:
    """Of the package that a plugin lies in; None of a file."""
    if found.installed:
        return found.given.partition(" ")[2] or None
    top = found.module.package.split(".")[0]
    names = packages_distributions().get(top, []) if top else []
    return version(names[0]) if names else None


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
