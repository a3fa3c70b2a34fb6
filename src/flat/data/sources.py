"""Where a data set's texts come from: a plugin tells (``flat.plugins.own.sources`` declares FLAT's own three).

Whatever the source, ``read`` gives the same: per split a frame of checked raw texts with labels as class numbers.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from flat.data import checks, package_sources
from flat.data.reading import values
from flat.data.reading.opening import kind_of
from flat.data.reading.readers import READERS as READABLE
from flat.data.reading.readers import read_columns
from flat.errors import DataError
from flat.files.digests import sha256_of
from flat.plugins.code import made_of
from flat.plugins.registry import SOURCES
from flat.resources.own_files import digest_of

SPLITS = ("train", "dev", "test")


@dataclass
class Source:
    """``frames``: split -> frame with example_id, text (raw), label (class number) and row (place in the source)."""

    frames: dict[str, object]
    where: dict[str, str]  # split -> what an error about one of its rows names
    identity: dict  # what was read, for provenance
    dropped: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)  # what looks wrong but could be meant, with file and row


@dataclass(frozen=True)
class Reader:
    """What a plugin's ``make(options)`` gives where rows would not do: it checks texts and says where each stands.

    Attributes:
        read: (the data set's options, the study's mirror or None) -> what was read.
    """

    read: Callable[[Mapping, str | None], Source]


def read(options: Mapping, mirror: str | None = None) -> Source:
    """The source of a data set's options.

    Raises:
        DataError: a file is absent, damaged or not what the study says; a text, label or id cannot be used.
        ResourceError: a package-shipped corpus has not been fetched.
    """
    given = {name: value for name, value in options["source"].items() if name != "kind"}
    kind = options["source"]["kind"]
    if kind not in SOURCES:
        raise DataError(f"source.kind: {kind}", "there is no such source of texts", SOURCES.refusal(kind))
    plugin = SOURCES[kind]
    try:
        chosen = plugin.options.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(f"source.{'.'.join(map(str, first['loc']))}", first["msg"], "correct the study") from None
    found = plugin.load()(chosen)
    if isinstance(found, Reader):
        return found.read(options, mirror)
    read_ = _of_rows(kind, found, options)
    files = {
        key: {"file": Path(path).name, "sha256": digest_of(path) if Path(path).is_dir() else sha256_of(path)}
        for key, path in plugin.named(chosen).items()
    }
    # where the user keeps files is no part of what was read
    said = {name: value for name, value in given.items() if name not in plugin.paths}
    read_.identity |= {"options": said, "files": files}
    return read_


def package(options) -> Reader:
    return Reader(_read_package)


def hub_files(options) -> Reader:
    return Reader(_read_hub)


def own_files(options) -> Reader:
    return Reader(_read_files)


def _read_package(options: Mapping, mirror: str | None) -> Source:
    import pandas as pd  # for cost

    name = options["source"]["corpus"]
    corpus = package_sources.read(name)
    frames, where = {}, {}
    for split, rows in corpus.splits.items():
        where[split] = f"corpus {name}, {split}"
        labels = checks.class_numbers(rows["label"].tolist(), options["classes"], None, where[split])
        frames[split] = pd.DataFrame(
            {
                "example_id": [f"{split}-{row:06d}" for row in rows["row"]],
                "text": rows["text"].to_numpy(),
                "label": labels,
                "row": rows["row"].to_numpy(),
            }
        )
    identity = {"kind": "package", "corpus": name, "resources": package_sources.identity(name)}
    return Source(frames, where, identity, corpus.dropped)


def _read_hub(options: Mapping, mirror: str | None) -> Source:
    from flat.data.hub import obtain  # for cost: pydantic

    source = options["source"]
    if "train" not in source["files"]:
        raise DataError(f"source.files of {source['path']}", "no train file", "name the file of the train split")
    read_ = _read_tables(options, obtain(source, mirror))
    read_.identity |= {"kind": "hub", "path": source["path"], "revision": source["revision"]}
    return read_


def _read_files(options: Mapping, mirror: str | None) -> Source:
    source = options["source"]
    read_ = _read_tables(options, {split: Path(source[split]) for split in SPLITS if source.get(split)})
    read_.identity |= {"kind": "files"}
    return read_


MEANT = "make(options) must give train, and dev and test where there are any, as rows (docs/add-a-source.md)"
ROW = ("id", "text", "label")


def _of_rows(kind: str, found: object, options: Mapping) -> Source:
    """What a plugin gave as rows, checked."""
    import pandas as pd  # for cost

    place = f"source {kind}"
    if not isinstance(found, Mapping) or "train" not in found or not set(found) <= set(SPLITS):
        what = f"gives {', '.join(map(repr, found))}" if isinstance(found, Mapping) else f"is a {type(found).__name__}"
        raise DataError(place, f"what its plugin makes {what}, and not the splits", MEANT)
    made = made_of("sources", kind)
    about = {"kind": kind, "plugin": {name: made[name] for name in ("module", "version", "digest")}, "rows": {}}
    read_ = Source({}, {}, about)
    for split, given in found.items():
        where = read_.where[split] = f"{place}, {split}"
        table = _columns(given, where)
        about["rows"][split] = len(table["label"])
        id_ = "id" if any(value is not None for value in table["id"]) else None
        table, names, rows = _checked(read_, split, table, (["text"], "label", id_), where, options)
        labels = checks.class_numbers(table["label"], options["classes"], None, where, rows)
        ids = [f"{split}-{name}" for name in names]
        read_.frames[split] = pd.DataFrame({"example_id": ids, "text": table["text"], "label": labels, "row": rows})
    return read_


def _columns(given: Iterable, where: str) -> dict[str, list]:
    """The rows of a split, by column; numbers of NumPy as Python's.

    Raises:
        DataError: there are none, or one is no row.
    """
    rows = given.to_dict("records") if hasattr(given, "to_dict") else list(given)
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping) or not {"text", "label"} <= set(row) <= set(ROW):
            has = f"has {', '.join(map(str, row))}" if isinstance(row, Mapping) else f"is a {type(row).__name__}"
            raise DataError(f"{where}, row {number + 1}", f"it {has}, and not text, label and perhaps id", MEANT)
    if not rows:
        raise DataError(where, "it has no row", MEANT)
    plain = [{name: value.item() if hasattr(value, "item") else value for name, value in row.items()} for row in rows]
    return {name: [row.get(name) for row in plain] for name in ROW}


def _read_tables(options: Mapping, paths: Mapping[str, Path]) -> Source:
    """Splits out of one file each. Absent files are refused before the first is read."""
    import pandas as pd  # for cost

    source = options["source"]
    read_ = Source({}, {}, {"files": {}})
    for path in paths.values():
        if not path.is_file() and kind_of(path)[0] in READABLE:
            raise DataError(str(path), "no such file", "correct the path in the study (relative to the working folder)")
    texts = [source["text"]] if isinstance(source["text"], str) else list(source["text"])
    for split, path in paths.items():
        place = read_.where[split] = str(path)
        table, names, rows = _read_table(read_, split, path, options)
        read_.frames[split] = pd.DataFrame(
            {
                # the split in front keeps ids apart where two files both number their rows from 1
                "example_id": [f"{split}-{name}" for name in names],
                "text": [" ".join(parts) for parts in zip(*(table[column] for column in texts), strict=True)],
                "label": checks.class_numbers(
                    table[source["label"]], options["classes"], source.get("labels"), place, rows
                ),
                "row": rows,
            }
        )
    return read_


def _read_table(read_: Source, split: str, path: Path, options: Mapping) -> tuple[dict, list[str], list[int]]:
    """The checked columns of a file, its rows' ids and their places; what else was found is noted in ``read_``."""
    source, place = options["source"], str(path)
    texts = [source["text"]] if isinstance(source["text"], str) else list(source["text"])
    label, id_ = source["label"], source.get("id")
    found = read_columns(path, [*texts, label, *([id_] if id_ else [])])
    read_.warnings += found.warnings
    size = len(found.columns[label])
    read_.identity["files"][split] = {"file": path.name, "sha256": sha256_of(path), "rows": size}
    table, names, rows = _checked(read_, split, found.columns, (texts, label, id_), place, options)
    said = values.check_class_names(
        found.class_names.get(label), table[label], options["classes"], source.get("labels"), place
    )
    read_.warnings += [said] if said else []
    return table, names, rows


def _checked(
    read_: Source, split: str, table: dict, columns: tuple[list[str], str, str | None], place: str, options: Mapping
) -> tuple[dict, list[str], list[int]]:
    """Columns without the rows that are left out, the ids of the rows kept and their places.

    Args:
        columns: those of texts, label and id; no id: rows are numbered.
    """
    texts, label, id_ = columns
    rows = list(range(len(table[label])))
    for names, kinds in ((texts, values.TEXT), ([label], values.LABEL), ([id_] if id_ else [], values.ID)):
        for column in names:
            values.refuse_others(table[column], kinds, place, column)
    if options.get("empty", "refuse") == "drop":
        kept = [row for row in rows if not any(checks.missing(table[column][row]) for column in texts)]
        if len(kept) < len(rows):
            read_.dropped[f"{split}: empty texts"] = len(rows) - len(kept)
            table, rows = {name: [column[row] for row in kept] for name, column in table.items()}, kept
    for column in (*texts, label, *([id_] if id_ else [])):
        checks.refuse_missing(table[column], place, column, rows, droppable=column in texts)
    names = [str(name) for name in table[id_]] if id_ else [f"{row:06d}" for row in rows]
    checks.refuse_repeated_ids(names, place, rows)
    return table, names, rows
