"""What every source of texts promises: splits of rows, each with a text, a label and an id of its own, every time."""

from collections.abc import Mapping
from pathlib import Path

from flat.conformance.promises import NotTried, Promise
from flat.plugins.kinds import Source

SPLITS = ("train", "dev", "test")


def promises(plugin: Source, folder: Path) -> list[Promise]:
    """Tried with the default options."""
    options = plugin.options()

    def read() -> dict[str, list[dict]]:
        found = plugin.load()(options)
        if not isinstance(found, Mapping):
            raise NotTried("it gives a reader of its own, which tells of each row itself")
        frames = {split: rows.to_dict("records") if hasattr(rows, "to_dict") else rows for split, rows in found.items()}
        return {split: [dict(row) for row in rows] for split, rows in frames.items()}

    def splits(_) -> str | None:
        found = read()
        if "train" not in found or not set(found) <= set(SPLITS):
            return f"its splits are {', '.join(found) or 'none'}: train, and dev and test if it has them"
        return None if all(found.values()) else "a split is empty"

    def rows(_) -> str | None:
        for split, given in read().items():
            for number, row in enumerate(given):
                if not isinstance(row.get("text"), str) or not row["text"].strip():
                    return f"row {number} of {split} has no text: {row}"
                if row.get("label") is None:
                    return f"row {number} of {split} has no label: {row}"
        return None

    def ids(_) -> str | None:
        for split, given in read().items():
            named = [str(row["id"]) for row in given if row.get("id") is not None]
            if len(set(named)) < len(named) or len(named) not in (0, len(given)):
                return f"{split} has {len(set(named))} ids for {len(given)} rows: each has one of its own, or none has"
        return None

    def again(_) -> str | None:
        return None if read() == read() else "it gives other rows the second time"

    return [
        Promise("splits", "train, and dev and test where it has them", [()], splits),
        Promise("rows", "each row has a text and a label", [()], rows),
        Promise("ids", "ids are a row's own, or absent", [()], ids),
        Promise("repeat", "it gives the same rows each time", [()], again),
    ]
