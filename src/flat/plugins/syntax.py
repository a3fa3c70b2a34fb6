"""Syntax trees of modules: what they import, and what is left of them without docstrings."""

import ast
from collections.abc import Iterable, Iterator


def blocks(tree: ast.AST) -> Iterator[ast.AST]:
    """A syntax tree and every statement in it, however deep: a tenth of what ``ast.walk`` visits.

    An import, a class and a named function stand in no expression.
    """
    open_ = [tree]
    while open_:
        node = open_.pop()
        yield node
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, field, None)
            if isinstance(inner, list):  # the body of a lambda is an expression
                open_ += inner


def imports(nodes: Iterable[ast.AST], package: str = "") -> set[str]:
    """Names that may be modules, which syntax trees import anywhere, with the packages they lie in.

    Args:
        package: the package of the module they stand in, which relative imports start from.
    """
    found = set()
    for node in (inner for outer in nodes for inner in blocks(outer)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                start = ".".join([*above, *([node.module] if node.module else [])])
            names = [start, *(f"{start}.{alias.name}" for alias in node.names)] if start else []
        for name in names:
            parts = name.split(".")
            found |= {".".join(parts[:i]) for i in range(1, len(parts) + 1)}
    return found


def bare(tree: ast.AST) -> ast.AST:
    """A syntax tree without docstrings, in place."""
    for node in blocks(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            value = first.value if isinstance(first, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                node.body = node.body[1:]
    return tree
