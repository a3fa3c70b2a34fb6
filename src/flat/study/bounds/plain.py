"""What is refused of a study before its fields are read: data that swells, characters that nobody sees.

Aliases of YAML name one value many times. A few lines of them stand for more values than a machine can hold, so that
values are counted as often as they are named, and each is looked at once.
"""

from math import isfinite

import yaml

from flat.errors import StudyError, unseen, visible

MOST_VALUES = 100_000
LONGEST = 10_000  # characters of a text


def check(values: object, where: str) -> None:
    """Raise StudyError for data of more than MOST_VALUES values, or the first text or number that cannot be meant."""
    found = _Values(where).size(values, "")
    if found > MOST_VALUES:
        raise _too_many(where, found)


def check_nodes(node: yaml.Node | None, where: str) -> None:
    """Raise StudyError if a YAML document, before anything is made of it, stands for more than MOST_VALUES values."""
    sizes: dict[int, int | None] = {}

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = None
            parts = node.value if isinstance(node.value, list) else ()
            parts = [part for pair in parts for part in (pair if isinstance(pair, tuple) else (pair,))]
            sizes[id(node)] = 1 + sum(map(size, parts))
        if sizes[id(node)] is None:
            raise _inside_itself(where)
        return sizes[id(node)]

    if node is not None and (found := size(node)) > MOST_VALUES:
        raise _too_many(where, found)


class _Values:
    def __init__(self, where: str):
        self.where, self.sizes = where, {}

    def size(self, value: object, key: str) -> int:
        """How many values it stands for."""
        if isinstance(value, dict | list | tuple | set):
            if id(value) not in self.sizes:
                self.sizes[id(value)] = None
                pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
                self.sizes[id(value)] = 1 + sum(self._of_pair(name, part, key) for name, part in pairs)
            if self.sizes[id(value)] is None:
                raise _inside_itself(f"{self.where}: {key or '(top)'}")
            return self.sizes[id(value)]
        problem = _of_text(value) if isinstance(value, str) else _of_number(value)
        if problem:
            raise StudyError(f"{self.where}: {key}", *problem)
        return 1

    def _of_pair(self, name: object, part: object, key: str) -> int:
        if isinstance(name, str) and (problem := _of_text(name)):
            raise StudyError(f"{self.where}: {key or '(top)'}", f"the key {problem[0]}", problem[1])
        return self.size(part, f"{key}.{name}" if key else str(name))


def _of_text(text: str) -> tuple[str, str] | None:
    if len(text) > LONGEST:
        return f"{visible(text[:40], '')!r}... has {len(text)} characters", f"write at most {LONGEST}"
    if sign := unseen(text):
        shown = text if len(text) <= 80 else text[:77] + "..."
        return (
            f"{shown!a} holds a line break or another sign that cannot be printed (U+{ord(sign):04X})",
            "write it without",
        )
    return None


def _of_number(value: object) -> tuple[str, str] | None:
    if isinstance(value, float) and not isfinite(value):
        return f"{value} is no finite number", "write a finite number"
    if isinstance(value, int) and abs(value) >= 2**63:
        return f"it is a whole number of {value.bit_length()} bits", "write one below 2**63"
    return None


def _too_many(where: str, found: int) -> StudyError:
    said = f"{found:,d}" if found < 10**15 else "more than 1,000,000,000,000,000"
    return StudyError(
        where,
        f"it stands for {said} values, its aliases (*name) written out; at most {MOST_VALUES:,d} are read",
        "use fewer aliases of aliases, or cut it into several studies",
    )


def _inside_itself(where: str) -> StudyError:
    return StudyError(where, "an alias (*name) stands inside of what it names", "write the value out")
