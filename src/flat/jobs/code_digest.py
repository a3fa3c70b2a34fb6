"""Digests of our own code, so that a changed method reruns what it must and a comment or a checkout reruns nothing.

Snakemake sees neither edits of an imported library nor more of a script than its modification time. Each rule therefore
carries ``params: code=of(...)``: a hash over the syntax trees of the script and of every module of this package that it
imports, directly or not, also within functions. Comments, formatting and docstrings do not count.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def module_file(name: str) -> Path | None:
    """The file of a module of this package ("flat.training.trainer"), or None if there is no such module."""
    parts = name.split(".")
    if parts[0] != PACKAGE.name:
        return None
    base = PACKAGE.joinpath(*parts[1:])
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def imported(tree: ast.AST) -> set[str]:
    """Modules of this package that a syntax tree imports anywhere, with the packages they lie in."""
    found = set()
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            found |= {".".join(parts[:i]) for i in range(1, len(parts) + 1)}
    return {name for name in found if module_file(name)}


@cache
def _parsed(path: Path) -> tuple[str, frozenset[str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    needs = frozenset(imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), needs


@cache
def modules_of(path: Path) -> frozenset[str]:
    """Every module of this package that the file at ``path`` imports, directly or through others."""
    seen: set[str] = set()
    open_ = [path]
    while open_:
        for name in _parsed(open_.pop())[1] - seen:
            seen.add(name)
            open_.append(module_file(name))
    return frozenset(seen)


@cache
def of(script: str) -> str:
    """Digest of a script with all of this package that it uses, 16 hexadecimal digits."""
    path = Path(script)
    parts = [_parsed(path)[0]] + [f"{name} {_parsed(module_file(name))[0]}" for name in sorted(modules_of(path))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
