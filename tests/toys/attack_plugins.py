"""Attacks of others for tests: from a file that is written for the test, or from the page that explains them."""

import re
from contextlib import contextmanager
from pathlib import Path

from flat.plugins.registry import activate

PAGE = Path(__file__).parents[2] / "docs" / "add-an-attack.md"


def printed(name: str) -> str:
    """The plugin that the page prints under the name of a file."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    (block,) = [block for block in blocks if block.startswith(f'"""{name}: ')]
    return block


@contextmanager
def active(path: Path, source: str):
    """Within, a study could name what this source declares."""
    path.write_text(source, encoding="utf-8")
    activate([str(path)])
    try:
        yield path
    finally:
        activate([])


def own(body: str, name: str = "mine", more: str = "") -> str:
    """A file that declares an attack of its own, whose ``attack`` has this body."""
    lines = "\n".join(f"        {line}" for line in body.strip().splitlines())
    return f"""
from flat.plugins import Attack, Found, Options, Over

class Mine:
    def attack(self, victim, example, rng):
{lines}

MINE = Attack(name="{name}", make=Mine, own=True{more})
"""
