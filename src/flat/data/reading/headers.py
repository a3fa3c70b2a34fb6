"""The columns that a file has, before anybody has named one."""

import csv
import json
from pathlib import Path

from flat.data.reading import other_kinds
from flat.data.reading.delimited import separator_of
from flat.data.reading.opening import kind_of, lines_of
from flat.data.reading.readers import READERS
from flat.errors import DataError

_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}


def columns_of(path: str | Path) -> list[str]:
    """The names of a csv, tsv, jsonl or parquet file's columns that can be asked for: each once, none blank.

    Of a jsonl file those that every object has.

    Raises:
        DataError: the file is absent, of another kind, has no header, or is separated by something else.
    """
    path = Path(path)
    kind, packing = kind_of(path)
    if kind not in READERS or (packing and kind == ".parquet"):
        other_kinds.refuse(path, kind, packing, list(READERS))
    if not path.is_file():
        raise DataError(str(path), "no such file", "name a file that is there")
    found = {".csv": _csv, ".tsv": _tsv, ".jsonl": _jsonl, ".parquet": _parquet}[kind](path)
    names = [name for name in dict.fromkeys(found) if name.strip() and found.count(name) == 1]
    if len(found) == 1 and kind in (".csv", ".tsv"):
        _refuse_other_separator(path, kind, found[0])
    if len(names) < 2:
        said = f"its columns are {', '.join(map(repr, found))}" if found else "it has no column"
        raise DataError(str(path), said, "give a file with a column of texts and a column of labels, each with a name")
    return names


def _csv(path: Path) -> list[str]:
    try:
        rows = csv.reader(lines_of(path), delimiter=separator_of(path), strict=True)
        return next((fields for fields in rows if len(fields) > 1 or "".join(fields).strip()), [])
    except csv.Error as error:
        raise DataError(f"{path}, header", f"not a readable .csv table: {error}", "write its quotes anew") from None


def _tsv(path: Path) -> list[str]:
    return next((line.rstrip("\r\n").split("\t") for line in lines_of(path) if line.strip()), [])


def _jsonl(path: Path) -> list[str]:
    names: dict[str, None] | None = None
    for number, line in enumerate(lines_of(path), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}, line {number}", f"not JSON ({error})", "write one object a line") from None
        if not isinstance(record, dict):
            raise DataError(f"{path}, line {number}", "not an object", 'write {"text": ..., "label": ...}')
        names = dict.fromkeys(record if names is None else (name for name in names if name in record))
    return list(names or {})


def _parquet(path: Path) -> list[str]:
    import pyarrow as pa  # for cost
    import pyarrow.parquet as pq  # for cost

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        problem = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(str(path), f"not a readable parquet file ({problem})", "write or fetch it again") from None


def _refuse_other_separator(path: Path, kind: str, header: str) -> None:
    own = "," if kind == ".csv" else "\t"
    for separator, name in _OTHER_SEPARATORS.items():
        if separator != own and separator in header:
            raise DataError(
                f"{path}, header",
                f"its fields are separated by {name}, not by {_OTHER_SEPARATORS[own]}",
                "name the file .tsv"
                if separator == "\t"
                else "write it with commas or semicolons (.csv) or tabs (.tsv)",
            )
