"""What a data set must be before anything is trained on it. Each check raises a DataError that names file and row.

Rows are counted from 1, a header not counted.
"""

import unicodedata
from collections.abc import Mapping, Sequence

from flat.data.reading.tables import some_rows
from flat.errors import DataError


def missing(value: object) -> bool:
    """None, NaN, pandas' NA or a text without anything but white space."""
    if value is None or (isinstance(value, float) and value != value):
        return True
    return type(value).__name__ in ("NAType", "NaTType") or not str(value).strip()


def refuse_missing(
    values: Sequence[object], where: str, column: str, rows: Sequence[int] | None = None, droppable: bool = False
) -> None:
    """
    Args:
        rows: where in the file each value stands, from 0; None: one after the other from the first.
        droppable: whether ``empty: drop`` would leave such rows out: it does for texts.

    Raises:
        DataError: a text, label or id is absent or blank.
    """
    bad = [row for row, value in zip(_places(rows, values), values, strict=True) if missing(value)]
    if bad:
        raise DataError(
            f"{where}, {some_rows(bad)}",
            f"column {column!r} is empty",
            "fill the cell or remove the row (a quoting error shows like this too)"
            + ("; or set empty: drop, which leaves such rows out and counts them" if droppable else ""),
        )


def _places(rows: Sequence[int] | None, values: Sequence[object]) -> Sequence[int]:
    return range(len(values)) if rows is None else rows


def class_numbers(
    values: Sequence[object],
    classes: Sequence[str],
    labels: Mapping | None,
    where: str,
    rows: Sequence[int] | None = None,
) -> list[int]:
    """Raw labels as positions in ``classes``.

    With ``labels`` (raw value -> class name) a raw value must be one of its keys; without, it is a class name or
    the position itself. A number written 1.0 is also 1, unless a class or the mapping has just that spelling.

    Raises:
        DataError: a raw label is none of these, is -1 (how published test sets hide labels), or the mapping names a
            class that there is not.
    """
    if labels:
        table = {_spellings(raw)[0]: name for raw, name in labels.items()}
        strangers = sorted({str(name) for name in table.values()} - set(classes))
        if strangers:
            raise DataError(
                f"{where}: source.labels", f"{', '.join(strangers)} is not among the classes", f"use {list(classes)}"
            )
        numbers = {raw: classes.index(name) for raw, name in table.items()}
    else:
        numbers = {_spellings(name)[0]: position for position, name in enumerate(classes)}
        if not any(map(_is_number, numbers)):  # else "1" could be a name or a position
            numbers |= {str(position): position for position in range(len(classes))}
    known: dict[tuple[type, object], str] = {}
    for value in values:
        if (type(value), value) not in known:
            spelt = _spellings(value)
            known[type(value), value] = next((text for text in spelt if text in numbers), spelt[-1])
    found = [known[type(value), value] for value in values]
    bad = {row: raw for row, raw in zip(_places(rows, found), found, strict=True) if raw not in numbers}
    if not bad:
        return [numbers[raw] for raw in found]
    hidden = [row for row, raw in bad.items() if raw in ("-1", "-1.0")]
    if hidden:
        raise DataError(
            f"{where}, {some_rows(hidden)}",
            "label -1: the labels of this split are hidden",
            "use a file with true labels (SST2: the sentence-level files of 6920/872/1821, not GLUE's)",
        )
    strange = list(dict.fromkeys(bad.values()))
    allowed = [name for name in numbers if labels or name in classes]
    if "0" in numbers and not labels:
        allowed.append(f"0 to {len(classes) - 1} (the number of a class)")
    raise DataError(
        f"{where}, {some_rows(list(bad))}",
        f"label {', '.join(map(repr, strange[:3]))} is outside the classes",
        f"allowed: {', '.join(allowed)}; correct the file, or map its values with source.labels in the study",
    )


def refuse_repeated_ids(ids: Sequence[str], where: str, rows: Sequence[int] | None = None) -> None:
    """
    Raises:
        DataError: an id stands at two rows of one file.
    """
    first: dict[str, int] = {}
    for row, name in zip(_places(rows, ids), ids, strict=True):
        if name in first:
            raise DataError(
                f"{where}, rows {first[name] + 1} and {row + 1}",
                f"both have the id {name!r}",
                "give each row its own id, or leave source.id out: rows are then numbered",
            )
        first[name] = row


def treat_empty(frame, how: str, where: str, style: str):
    """Texts of which cleaning left nothing: dropped or refused.

    Returns:
        The frame, and how many rows were left out.

    Raises:
        DataError: ``how`` is refuse and there are some.
    """
    empty = frame["text"] == ""
    bad = frame.loc[empty, "row"].tolist()
    if bad and how == "drop":
        return frame[~empty].reset_index(drop=True), len(bad)
    if bad:
        raise DataError(
            f"{where}, {some_rows(bad)}",
            f"nothing is left of the text after cleaning in style {style!r}",
            "set empty: drop, which leaves such rows out and counts them; or remove them, or choose another "
            "cleaning.style (none keeps every character)",
        )
    return frame, 0


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


def _spellings(value: object) -> list[str]:
    """A label as text, the closest first: of 1.0 "1.0" and "1", of True "True" and "true": each may be meant."""
    text = unicodedata.normalize("NFC", str(value)).strip()
    if isinstance(value, float) and value.is_integer():
        return [text, str(int(value))]
    return [text, text.lower()] if isinstance(value, bool) else [text]


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return any(map(str.isdigit, name))  # float reads "nan" and "infinity" too


def treat_duplicates(frame, how: str, where: str):
    """Texts that a split holds more than once: kept, dropped (the first stays) or refused.

    An accented letter is one, whether it is written as one character or as a letter and its accent (NFC and NFD).
    A dropped copy with another label than the first is counted apart: one of the two is wrong.

    Returns:
        The frame, and the numbers of rows left out by reason.

    Raises:
        DataError: ``how`` is refuse and there are some.
    """
    if how == "keep":
        return frame, {}
    texts = frame["text"].map(lambda text: text if text.isascii() else unicodedata.normalize("NFC", text))
    repeated = texts.duplicated()
    if not repeated.any():
        return frame, {}
    if how == "refuse":
        rows = frame.loc[repeated, "row"].tolist()
        raise DataError(
            f"{where}, {some_rows(rows)}",
            "the text also stands in an earlier row",
            "remove it, or set duplicates: drop",
        )
    first = frame["label"].groupby(texts).transform("first")
    other_label = int((repeated & (first != frame["label"])).sum())
    return frame[~repeated].reset_index(drop=True), {
        "repeated texts": int(repeated.sum()) - other_label,
        "repeated texts with another label": other_label,
    }
