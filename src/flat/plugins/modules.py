"""The modules that plugins are declared in: loaded, with errors that name file and line."""

import ast
import hashlib
import importlib
import importlib.util
import sys
import traceback
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flat.errors import StudyError
from flat.files.failures import of_reading

PREFIX = "flat_plugin_"  # of the names that files are loaded under: no package's
_folders: list[str] = []  # of the files that were loaded, at the end of the path that modules are imported from


@dataclass(frozen=True)
class Loaded:
    """A module that ran.

    Attributes:
        path: its file.
        source: the text that ran.
        package: the package that it lies in ("" for a file), which relative imports start from.
        assigned: the names that its top-level statements bind, imports not counted.
    """

    module: types.ModuleType
    path: Path
    source: str = field(repr=False)
    package: str
    assigned: frozenset[str] = field(repr=False)


def load(given: str, where: str) -> Loaded:
    """The module of a path or of an importable name.

    A file runs as it stands, never from a cache of compiled code: what ran is what is recorded.

    Raises:
        StudyError: it is absent, or an error ended it; file, line and error are named.
    """
    if given.endswith(".py") or "/" in given:
        return _of_file(Path(given), where)
    try:
        with _told(given, where):
            return imported(importlib.import_module(given))
    except ModuleNotFoundError as error:  # of the module itself; those that it imports are told with their line
        raise StudyError(
            f"{where}: {given}",
            f"there is no module {error.name}",
            "install its package into this environment, or give the path of a file: ./mine.py",
        ) from None


def imported(module: types.ModuleType) -> Loaded:
    path = Path(module.__file__)
    source = path.read_text(encoding="utf-8")
    return Loaded(module, path, source, module.__spec__.parent or module.__name__, assigned(ast.parse(source)))


def assigned(tree: ast.Module) -> frozenset[str]:
    """The names that the top-level statements of a module bind, by = or as a function or class."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    return frozenset(names)


def _of_file(path: Path, where: str) -> Loaded:
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StudyError(f"{where}: {path}", f"is no UTF-8 text ({error})", "save it as UTF-8") from None
    except OSError as error:
        raise of_reading(error, path, StudyError) or StudyError(
            f"{where}: {path}", "there is no such file", "give its path from the folder where snakemake is called"
        ) from None
    path = path.resolve()
    name = f"{PREFIX}{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    known = sys.modules.get(name)
    if str(path.parent) not in sys.path:  # its neighbours are imported now, or when its functions run
        sys.path.append(str(path.parent))
        _folders.append(str(path.parent))
    if known is None or known.__dict__.get("__source__") != source:
        with _told(str(path), where):
            known = _run(name, path, source)
    return Loaded(known, path, source, "", assigned(ast.parse(source)))


def _run(name: str, path: Path, source: str) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__file__, module.__source__ = str(path), source
    module.__spec__ = importlib.util.spec_from_loader(name, None, origin=str(path))
    before = sys.modules.get(name)
    sys.modules[name] = module  # dataclasses and pickles look their module up
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
        raise
    return module


def forget_neighbours() -> None:
    """Import no more from the folders of files that were loaded."""
    for folder in _folders:
        sys.path.remove(folder)
    _folders.clear()


@contextmanager
def _told(given: str, where: str) -> Iterator[None]:
    """Tell an error of a plugin's code with the line of that code."""
    try:
        yield
    except SyntaxError as error:
        raise StudyError(
            f"{where}: {error.filename}, line {error.lineno}", f"is no Python ({error.msg})", "correct that line"
        ) from None
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{given}.".startswith(f"{error.name}."):
            raise
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.filename.startswith("<") and Path(frame.filename) != Path(__file__)
        ]
        own = [frame for frame in frames if _is_of(frame.filename, given)] or frames
        line = f"{own[-1].filename}, line {own[-1].lineno}" if own else given
        raise StudyError(
            f"{where}: {line}", f"{type(error).__name__}: {error}", "correct the plugin: nothing was run"
        ) from error


def _is_of(file: str, given: str) -> bool:
    """Whether a file is the plugin's own, or of its package."""
    if given.endswith(".py"):
        return Path(file).parent == Path(given).parent
    return given.split(".")[0] in Path(file).parts
