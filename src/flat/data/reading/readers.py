"""Reading the columns of a csv, tsv, jsonl or parquet file as plain values; what cannot be read is said by name."""

import json
from collections.abc import Sequence
from pathlib import Path

from flat.data.reading import delimited, other_kinds
from flat.data.reading.opening import kind_of, lines_of
from flat.data.reading.tables import Table, refuse_absent, refuse_repeated
from flat.errors import DataError
from flat.files.failures import of_reading


def read_columns(path: str | Path, columns: Sequence[str]) -> Table:
    """The named columns as lists of plain values (csv and tsv: text; nothing is taken for a missing-value code).

    csv: commas, or semicolons (``delimited.separator_of``), quotes by ``"``. tsv: tabs, quotation marks are part of the
    text. jsonl: one object a line. All UTF-8, as they are or packed as .gz, .bz2 or .xz. Bytes of a parquet file are
    read as UTF-8.

    Raises:
        DataError: the file is absent, is of another kind, is damaged or mis-encoded, or lacks a column.
    """
    path = Path(path)
    kind, packing = kind_of(path)
    if kind not in READERS or (packing and kind == ".parquet"):
        other_kinds.refuse(path, kind, packing, list(READERS))
    if not path.is_file():
        raise DataError(
            str(path), "no such file", "correct the path in the study; it is relative to the working folder"
        )
    table = READERS[kind](path, list(dict.fromkeys(columns)))
    if not any(map(len, table.columns.values())):
        raise DataError(str(path), "it holds no rows", "give a file with examples")
    return table


def _csv(path: Path, columns: list[str]) -> Table:
    return delimited.read(path, columns, delimited.separator_of(path), quoted=True)


def _tsv(path: Path, columns: list[str]) -> Table:
    return delimited.read(path, columns, "\t", quoted=False)


def _jsonl(path: Path, columns: list[str]) -> Table:
    table: dict[str, list] = {name: [] for name in columns}
    number = 0
    decode = json.JSONDecoder(object_pairs_hook=_once).decode
    try:
        for number, line in enumerate(lines_of(path), start=1):
            if not line.strip():
                continue
            record = decode(line)
            if not isinstance(record, dict):
                raise DataError(f"{path}, line {number}", "not an object", 'write {"text": ..., "label": ...}')
            refuse_absent(f"{path}, line {number}", columns, list(record))
            for name in columns:
                table[name].append(record[name])
    except _Repeated as error:
        raise DataError(
            f"{path}, line {number}", f"the name {error.name!r} stands twice in one object", "write each name once"
        ) from None
    except (ValueError, RecursionError) as error:  # no JSON, a number of thousands of digits, brackets without end
        raise DataError(f"{path}, line {number}", f"not JSON ({error})", "write one object a line") from None
    return Table(table)


class _Repeated(ValueError):
    def __init__(self, name: str):
        self.name = name


def _once(pairs: list[tuple[str, object]]) -> dict:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Repeated(next(name for name in names if names.count(name) > 1))
    return record


def _parquet(path: Path, columns: list[str]) -> Table:
    import pyarrow as pa  # for cost
    import pyarrow.parquet as pq  # for cost

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            refuse_repeated(path, columns, schema.names)
            refuse_absent(path, columns, schema.names)
            table = file.read(columns=columns)
            values = {name: _plain(table[name], path, name) for name in columns}
    except (pa.ArrowException, OSError) as error:
        problem = (str(error).splitlines() or [type(error).__name__])[0]
        raise of_reading(error, path, DataError) or DataError(
            str(path), f"not a readable parquet file ({problem})", "write or fetch it again"
        ) from None
    return Table(values, class_names=_class_names(schema.metadata, columns))


def _plain(column, path: Path, name: str) -> list:
    """A column's values; those that Arrow keeps as bytes as text."""
    try:
        values = column.to_pylist()
        if any(isinstance(value, bytes) for value in values):
            values = [value.decode() if isinstance(value, bytes) else value for value in values]
        return values
    except UnicodeDecodeError:
        pass
    for row in range(len(column)):
        try:
            value = column[row].as_py()
            if isinstance(value, bytes):
                value.decode()
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}, row {row + 1}",
                f"column {name!r} is not UTF-8: {error.reason} (byte 0x{error.object[error.start]:02x})",
                "write the column again as text",
            ) from None
    raise AssertionError("a value that could not be read can be read now")


def _class_names(metadata: dict[bytes, bytes] | None, columns: list[str]) -> dict[str, list[str]]:
    """The names that Hugging Face's datasets writes into a parquet file for its numbered classes."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        kinds = {name: features[name] for name in columns if isinstance(features.get(name), dict)}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
    return {
        name: [str(value) for value in kind["names"]]
        for name, kind in kinds.items()
        if kind.get("_type") == "ClassLabel" and isinstance(kind.get("names"), list)
    }


READERS = {".csv": _csv, ".tsv": _tsv, ".jsonl": _jsonl, ".parquet": _parquet}
