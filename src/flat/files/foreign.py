"""Texts of others in files that a program may obey: a cell that a spreadsheet would compute."""

import re
from collections.abc import Mapping

from flat.errors import visible

_BEGINS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # some take wide ones too
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def cell(value: object) -> object:
    """A value for a csv. A text that a spreadsheet may take for a formula gets an apostrophe in front.

    Spreadsheets show such a cell as text. Numbers, also those that are written out, stay as they are. Signs that nobody
    sees stand as escapes: a carriage return would end the row.
    """
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if text.startswith(_BEGINS) and not _NUMBER.fullmatch(text) else text


def cells(row: Mapping[str, object]) -> dict[str, object]:
    """A row of a csv."""
    return {name: cell(value) for name, value in row.items()}


def frame(table):
    """A pandas frame for a csv; columns without such a text are left as they are."""
    changed = {}
    for name, column in table.items():
        if column.dtype.kind not in "biufcmM":  # numbers and times
            values = [cell(value) for value in column]
            if any(value is not old for value, old in zip(values, column, strict=True)):
                changed[name] = values
    if changed:
        table = table.copy()
        for name, values in changed.items():
            table[name] = values
    return table
