"""What the values of a column must be: texts are strings of whole characters, labels and ids can be written down.

Python's way of showing a list or some bytes never becomes a text.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from flat.data.checks import missing
from flat.data.reading.tables import some_rows
from flat.errors import DataError

_HALF = re.compile("[\ud800-\udfff]")  # half of a character beyond U+FFFF, without its other half
_NAMES = {
    list: "a list",
    dict: "an object",
    tuple: "a tuple",
    bytes: "bytes",
    bool: "true or false",
    int: "a number",
    float: "a number",
    Decimal: "a number",
}
TEXT, LABEL, ID = (str,), (str, bool, int, float, Decimal), (str, int, Decimal)
_REMEDIES = {
    TEXT: "write texts as strings: join lists of words by spaces, and name the part of an object that is the text",
    LABEL: "give each row one class: its name, or its number",
    ID: "write ids as strings or whole numbers, or leave source.id out: rows are then numbered",
}


def refuse_others(values: Sequence[object], kinds: tuple[type, ...], where: str, column: str) -> None:
    """Make sure that all values but missing ones are of ``kinds`` (TEXT, LABEL or ID), and that strings are whole.

    Raises:
        DataError: one is not; names the rows.
    """
    bad = [row for row, value in enumerate(values) if not _is_one(value, kinds) and not missing(value)]
    if bad:
        value = values[bad[0]]
        kind = _NAMES.get(type(value), type(value).__name__)
        wanted = {TEXT: "a text", LABEL: "a label", ID: "an id"}[kinds]
        said = f"column {column!r} holds {kind}, not {wanted}: {_short(value)}"
        raise DataError(f"{where}, {some_rows(bad)}", said, _REMEDIES[kinds])
    half = [row for row, value in enumerate(values) if isinstance(value, str) and not is_whole(value)]
    if half:
        raise DataError(
            f"{where}, {some_rows(half)}",
            f"column {column!r} holds half of a character (a lone surrogate): {_short(values[half[0]])}",
            "write the whole character or leave the half out; in Python, "
            "text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace') puts U+FFFD in its place",
        )


def is_whole(text: str) -> bool:
    """Whether a text can be written down in UTF-8: it has no lone surrogate."""
    return text.isascii() or _HALF.search(text) is None


def check_class_names(
    names: Sequence[str] | None, values: Sequence[object], classes: Sequence[str], labels: Mapping | None, where: str
) -> str | None:
    """Compare the names that a file gives its class numbers with those that the study gives them.

    Args:
        names: the file's, of 0, 1, 2 ...; None where it gives none. values: the labels.
        classes: the study's. labels: its mapping of raw labels, which goes before.

    Returns:
        A warning where they cannot be told to agree, or None.

    Raises:
        DataError: the file calls a number what the study calls another, and the study has no mapping of its own.
    """
    if not names or all(map(str.isdigit, names)):
        return None
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return None
    studys = [labels.get(str(number)) for number in range(len(names))] if labels else list(classes[: len(names)])
    pairs = list(zip(names, studys, strict=False))
    turned = [i for i, (name, ours) in enumerate(pairs) if ours is not None and not _alike(name, ours)]
    if not turned and len(names) == len(classes):
        return None
    numbered = ", ".join(f"{number} {name}" for number, name in enumerate(names))
    said = f"the file numbers its classes {numbered}; the study reads them as {', '.join(map(str, studys))}"
    known = [next((c for c in classes if _alike(name, c)), None) for name in names]
    if not labels and any(known[i] is not None for i in turned):
        mapping = ", ".join(f'"{i}": {name or "..."}' for i, name in enumerate(known))
        raise DataError(
            f"{where}: classes", said, f"order the study's classes like the file's, or set source.labels: {{{mapping}}}"
        )
    return f"{where}: {said}" if turned else None


def _alike(one: str, other: str) -> bool:
    """Whether two names may mean one class: equal but for capitals and punctuation, or one begins the other."""
    a, b = (re.sub(r"[\W_]+", "", name).casefold() for name in (one, other))
    return a == b or bool(a and b and (a.startswith(b) or b.startswith(a)) and not (a + b).isdigit())


def _is_one(value: object, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _short(value: object, most: int = 60) -> str:
    shown = repr(value)
    return shown if len(shown) <= most else shown[: most - 3] + "..."
