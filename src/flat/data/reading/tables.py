"""What the readers of all kinds of files share: the table they give, and refusals about its columns and rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flat.errors import DataError


@dataclass
class Table:
    """Attributes:
    columns: name -> plain values, one a row.
    warnings: what looks wrong but could be meant; each names file and row.
    class_names: of columns that a Hugging Face data set numbers, the names of 0, 1, 2 ...
    """

    columns: dict[str, list]
    warnings: list[str] = field(default_factory=list)
    class_names: dict[str, list[str]] = field(default_factory=dict)


def some_rows(rows: Sequence[int], most: int = 3) -> str:
    """ "row 4" or "rows 4, 9, 12 and 5 more", from positions counted from 0."""
    shown = ", ".join(str(row + 1) for row in rows[:most])
    more = f" and {len(rows) - most} more" if len(rows) > most else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"


def refuse_absent(where: str | Path, wanted: list[str], there: list[str]) -> None:
    """
    Raises:
        DataError: a wanted column is not there.
    """
    absent = [name for name in wanted if name not in there]
    if absent:
        raise DataError(
            str(where),
            f"no column {', '.join(map(repr, absent))}; there are {', '.join(map(repr, there))}",
            "name the right columns under source.text, source.label and source.id in the study",
        )


def refuse_repeated(where: str | Path, wanted: list[str], there: list[str]) -> None:
    """
    Raises:
        DataError: a wanted name belongs to two columns.
    """
    repeated = [name for name in wanted if there.count(name) > 1]
    if repeated:
        raise DataError(
            str(where),
            f"{there.count(repeated[0])} columns are named {', '.join(map(repr, repeated))}",
            "give each column a name of its own: which of them is meant cannot be known",
        )
