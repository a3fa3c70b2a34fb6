"""What a data set must be before anything is trained on it. Each check raises a DataError that names file and row.

Rows are counted from 1, a header not counted.
"""

import re
from collections.abc import Mapping, Sequence

from flat.errors import DataError


def some_rows(rows: Sequence[int], most: int = 3) -> str:
    """ "row 4" or "rows 4, 9, 12 and 5 more", from positions counted from 0."""
    shown = ", ".join(str(row + 1) for row in rows[:most])
    more = f" and {len(rows) - most} more" if len(rows) > most else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"


def missing(value: object) -> bool:
    """None, NaN, pandas' NA or a text without anything but white space."""
    if value is None or (isinstance(value, float) and value != value):
        return True
    return type(value).__name__ in ("NAType", "NaTType") or not str(value).strip()


def refuse_missing(values: Sequence[object], where: str, column: str) -> None:
    """
    Raises:
        DataError: a text, label or id is absent or blank.
    """
    bad = [row for row, value in enumerate(values) if missing(value)]
    if bad:
        raise DataError(
            f"{where}, {some_rows(bad)}",
            f"column {column!r} is empty",
            "fill the cell or remove the row (a quoting error shows like this too)",
        )


def class_numbers(values: Sequence[object], classes: Sequence[str], labels: Mapping | None, where: str) -> list[int]:
    """Raw labels as positions in ``classes``.

    With ``labels`` (raw value -> class name) a raw value must be one of its keys; without, it is a class name or
    the position itself.

    Raises:
        DataError: a raw label is none of these, is -1 (how published test sets hide labels), or the mapping names a
            class that there is not.
    """
    if labels:
        table = {_plain(raw): name for raw, name in labels.items()}
        strangers = sorted({str(name) for name in table.values()} - set(classes))
        if strangers:
            raise DataError(
                f"{where}: source.labels", f"{', '.join(strangers)} is not among the classes", f"use {list(classes)}"
            )
        numbers = {raw: classes.index(name) for raw, name in table.items()}
    else:
        numbers = {_plain(name): position for position, name in enumerate(classes)}
        if not any(name.lstrip("-").isdigit() for name in numbers):  # else "1" could be a name or a position
            numbers |= {str(position): position for position in range(len(classes))}
    found = [_plain(value) for value in values]
    bad = [row for row, raw in enumerate(found) if raw not in numbers]
    if not bad:
        return [numbers[raw] for raw in found]
    hidden = [row for row in bad if found[row] in ("-1", "-1.0")]
    if hidden:
        raise DataError(
            f"{where}, {some_rows(hidden)}",
            "label -1: the labels of this split are hidden",
            "use a file with true labels (SST2: the sentence-level files of 6920/872/1821, not GLUE's)",
        )
    strange = list(dict.fromkeys(found[row] for row in bad))
    allowed = [name for name in numbers if labels or name in classes]
    if "0" in numbers and not labels:
        allowed.append(f"0 to {len(classes) - 1} (the number of a class)")
    raise DataError(
        f"{where}, {some_rows(bad)}",
        f"label {', '.join(map(repr, strange[:3]))} is outside the classes",
        f"allowed: {', '.join(allowed)}; correct the file, or map its values with source.labels in the study",
    )


def refuse_repeated_ids(ids: Sequence[str], where: str) -> None:
    """
    Raises:
        DataError: an id stands at two rows of one file.
    """
    first: dict[str, int] = {}
    for row, name in enumerate(ids):
        if name in first:
            raise DataError(
                f"{where}, rows {first[name] + 1} and {row + 1}",
                f"both have the id {name!r}",
                "give each row its own id, or leave source.id out: rows are then numbered",
            )
        first[name] = row


def refuse_empty_after_cleaning(frame, where: str, style: str) -> None:
    """
    Raises:
        DataError: cleaning left nothing of a text.
    """
    bad = frame.loc[frame["text"] == "", "row"].tolist()
    if bad:
        raise DataError(
            f"{where}, {some_rows(bad)}",
            f"nothing is left of the text after cleaning in style {style!r}",
            "remove the row, or choose another cleaning.style (none keeps every character)",
        )


def refuse_empty_classes(frame, classes: Sequence[str], where: str) -> None:
    """
    Raises:
        DataError: a split has no example of some class.
    """
    present = set(frame["label"])
    absent = [name for number, name in enumerate(classes) if number not in present]
    if absent:
        raise DataError(
            where,
            f"no example of class {', '.join(absent)} among {len(frame)}",
            "take a larger split, or remove the class from the study",
        )


def letters_only(text: str) -> str:
    """A text without white space and punctuation, lower-cased: two typesettings of one text are equal."""
    return re.sub(r"[\W_]+", "", text.lower()) or text


def overlap(train, other) -> float:
    """The share of ``other``'s texts that also stand in ``train``, whatever their typesetting."""
    known = set(map(letters_only, train["text"]))
    return sum(letters_only(text) in known for text in other["text"]) / max(1, len(other))


def check_overlap(train, other, name: str, most: float, where: str) -> tuple[float, str | None]:
    """The overlap of split ``name`` with train, and a warning if there is any.

    Raises:
        DataError: it is more than ``most``.
    """
    share = overlap(train, other)
    said = f"{share:.1%} of the {len(other)} {name} texts also stand in train"
    if share > most:
        raise DataError(
            where, f"{said}; at most {most:.1%} are allowed", "remove them from one of the files, or raise max_overlap"
        )
    return share, f"{said} (at most {most:.1%} are allowed)" if share else None


def _plain(value: object) -> str:
    """A label as text: 1, 1.0 and "1" are one label."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def treat_duplicates(frame, how: str, where: str):
    """Texts that a split holds more than once: kept, dropped (the first stays) or refused.

    A dropped copy with another label than the first is counted apart: one of the two is wrong.

    Returns:
        The frame, and the numbers of rows left out by reason.

    Raises:
        DataError: ``how`` is refuse and there are some.
    """
    repeated = frame["text"].duplicated()
    if how == "keep" or not repeated.any():
        return frame, {}
    if how == "refuse":
        rows = frame.loc[repeated, "row"].tolist()
        raise DataError(
            f"{where}, {some_rows(rows)}",
            "the text also stands in an earlier row",
            "remove it, or set duplicates: drop",
        )
    first = frame.groupby("text")["label"].transform("first")
    other_label = int((repeated & (first != frame["label"])).sum())
    return frame[~repeated].reset_index(drop=True), {
        "repeated texts": int(repeated.sum()) - other_label,
        "repeated texts with another label": other_label,
    }
