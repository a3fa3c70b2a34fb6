"""Where a data set's texts come from: a package-shipped corpus, files of a Hugging Face data set, or the user's files.

Whatever the source, ``read`` gives the same: per split a frame of checked raw texts with labels as class numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flat.data import checks
from flat.data.readers import read_columns
from flat.errors import DataError
from flat.resources import sha256_of

SPLITS = ("train", "dev", "test")


@dataclass
class Source:
    """``frames``: split -> frame with example_id, text (raw), label (class number) and row (place in the source)."""

    frames: dict[str, object]
    where: dict[str, str]  # split -> what an error about one of its rows names
    identity: dict  # what was read, for provenance
    dropped: dict[str, int] = field(default_factory=dict)


def read(options: Mapping, mirror: str | None = None) -> Source:
    """The source of a data set's options.

    Raises:
        DataError: a file is absent, damaged or not what the study says; a text, label or id cannot be used.
        ResourceError: a package-shipped corpus has not been fetched.
    """
    return READERS[options["source"]["kind"]](options, mirror)


def _read_package(options: Mapping, mirror: str | None) -> Source:
    import pandas as pd

    from flat.data import package_sources

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
    identity = {"kind": "package", "corpus": name, "resources": package_sources.identity(corpus.resources)}
    return Source(frames, where, identity, corpus.dropped)


def _read_hub(options: Mapping, mirror: str | None) -> Source:
    from flat.data.hub import obtain

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
    import pandas as pd

    source = options["source"]
    texts = [source["text"]] if isinstance(source["text"], str) else list(source["text"])
    label, id_ = source["label"], source.get("id")
    frames, where, files = {}, {}, {}
    for path in paths.values():
        if not path.is_file():
            raise DataError(str(path), "no such file", "correct the path in the study (relative to the working folder)")
    for split, path in paths.items():
        place = where[split] = str(path)
        table = read_columns(path, [*texts, label, *([id_] if id_ else [])])
        for column in (*texts, label, *([id_] if id_ else [])):
            checks.refuse_missing(table[column], place, column)
        rows = range(len(table[label]))
        names = [str(name) for name in table[id_]] if id_ else [f"{row:06d}" for row in rows]
        checks.refuse_repeated_ids(names, place)
        frames[split] = pd.DataFrame(
            {
                # the split in front keeps ids apart where two files both number their rows from 1
                "example_id": [f"{split}-{name}" for name in names],
                "text": [" ".join(map(str, parts)) for parts in zip(*(table[c] for c in texts), strict=True)],
                "label": checks.class_numbers(table[label], options["classes"], source.get("labels"), place),
                "row": rows,
            }
        )
        files[split] = {"file": path.name, "sha256": sha256_of(path), "rows": len(rows)}
    return Source(frames, where, {"files": files})
