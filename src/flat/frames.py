"""Rows of pandas frames as plain values."""

from collections.abc import Iterable, Iterator


def rows(frame, names: Iterable[str]) -> Iterator[tuple]:
    """A frame's rows, each as a tuple of these columns.

    By way of arrays: pandas itself takes several times as long to hand out a column of text value by value.
    """
    return zip(*(frame[name].to_numpy(dtype=object).tolist() for name in names), strict=True)


def records(frame) -> list[dict]:
    """A frame's rows as dicts, as ``frame.to_dict("records")`` gives them."""
    names = list(frame.columns)
    return [dict(zip(names, row, strict=True)) for row in rows(frame, names)]
