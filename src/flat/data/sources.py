"""Where a data set's texts come from: a package-shipped corpus, files of a Hugging Face data set, or the user's files.

Whatever the source, ``read`` gives the same: per split a frame of checked raw texts with labels as class numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flat.data import checks, package_sources
from flat.data.reading import values
from flat.data.reading.opening import kind_of
from flat.data.reading.readers import READERS as READABLE
from flat.data.reading.readers import read_columns
from flat.errors import DataError
from flat.files.digests import sha256_of

SPLITS = ("train", "dev", "test")


@dataclass
class Source:
    """``frames``: split -> frame with example_id, text (raw), label (class number) and row (place in the source)."""

    frames: dict[str, object]
    where: dict[str, str]  # split -> what an error about one of its rows names
    identity: dict  # what was read, for provenance
    dropped: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)  # what looks wrong but could be meant, with file and row


def read(options: Mapping, mirror: str | None = None) -> Source:
    """The source of a data set's options.

    Raises:
        DataError: a file is absent, damaged or not what the study says; a text, label or id cannot be used.
        ResourceError: a package-shipped corpus has not been fetched.
    """
    return READERS[options["source"]["kind"]](options, mirror)


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


READERS = {"package": _read_package, "hub": _read_hub, "files": _read_files}


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
    table, rows = found.columns, list(range(len(found.columns[label])))
    read_.warnings += found.warnings
    read_.identity["files"][split] = {"file": path.name, "sha256": sha256_of(path), "rows": len(rows)}
    for columns, kinds in ((texts, values.TEXT), ([label], values.LABEL), ([id_] if id_ else [], values.ID)):
        for column in columns:
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
    said = values.check_class_names(
        found.class_names.get(label), table[label], options["classes"], source.get("labels"), place
    )
    read_.warnings += [said] if said else []
    return table, names, rows
