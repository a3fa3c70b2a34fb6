"""Digests of our own code, so that a changed method reruns what it must and a comment or a checkout reruns nothing.

Snakemake sees neither edits of an imported library nor more of a script than its modification time. Each rule therefore
carries ``params: code=of(...)``: a hash over the syntax trees of the script and of every module of this package that it
imports, directly or not, also within functions, and of the plugins that its jobs use (``flat.plugins.code``). Comments,
formatting and docstrings do not count.
"""

import hashlib
from functools import cache
from pathlib import Path

from flat.plugins.code import FLAT, Places, digest, parsed
from flat.plugins.registry import REGISTRIES

PLACES = Places("", FLAT / "no neighbours")


@cache
def modules_of(path: Path) -> frozenset[str]:
    """Every module of this package that the file at ``path`` imports, directly or through others."""
    seen: set[str] = set()
    open_ = [path]
    while open_:
        new = _imported(open_.pop()) - seen
        seen |= new
        open_ += [PLACES.file(name) for name in new]
    return frozenset(seen)


@cache
def _imported(path: Path) -> frozenset[str]:
    """Every module of this package that the file at ``path`` itself imports."""
    return frozenset(name for name in parsed(path)[1] if PLACES.file(name))


@cache
def of(script: str, *plugins: tuple[str, str]) -> str:
    """Digest of a script with all of this package that it uses, 16 hexadecimal digits.

    Args:
        plugins: (kind, name) of each plugin that its jobs use, FLAT's own too.
    """
    path = Path(script)
    parts = [parsed(path)[0]] + [f"{name} {parsed(PLACES.file(name))[0]}" for name in sorted(modules_of(path))]
    parts += [f"{kind}/{name} {digest(REGISTRIES[kind].found(name))}" for kind, name in sorted(plugins)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
