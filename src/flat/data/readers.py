"""Reading the columns of a csv, tsv, jsonl or parquet file as plain values; what cannot be read is said by name."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from flat.errors import DataError


def read_columns(path: str | Path, columns: Sequence[str]) -> dict[str, list]:
    """The named columns as lists of plain values (csv and tsv: text; nothing is taken for a missing-value code).

    csv: comma, quotes by ``"``. tsv: tabs, quotation marks are part of the text. jsonl: one object a line. All UTF-8.

    Raises:
        DataError: the file is absent, is of another kind, is damaged or mis-encoded, or lacks a column.
    """
    path = Path(path)
    if path.suffix.lower() not in _READERS:
        raise DataError(
            str(path),
            f"files of kind {path.suffix or '(no suffix)'!r} are not read",
            f"convert it to one of {', '.join(_READERS)}",
        )
    if not path.is_file():
        raise DataError(str(path), "no such file", "correct the path in the study; it is relative to the repository")
    table = _READERS[path.suffix.lower()](path, list(dict.fromkeys(columns)))
    lengths = {len(values) for values in table.values()}
    if lengths == {0}:
        raise DataError(str(path), "it holds no rows", "give a file with examples")
    return table


def _delimited(separator: str, quoted: bool) -> Callable[[Path, list[str]], dict[str, list]]:
    def read(path: Path, columns: list[str]) -> dict[str, list]:
        import csv

        import pandas as pd

        try:
            frame = pd.read_csv(
                path,
                sep=separator,
                quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
                dtype=str,
                na_filter=False,
                encoding="utf-8-sig",
                index_col=False,
                on_bad_lines="error",
            )
        except UnicodeDecodeError as error:
            raise _misencoded(path, error) from None
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise DataError(
                str(path),
                f"not a readable {path.suffix} table ({str(error).strip()})",
                "each row needs as many fields as the header; quote fields that hold the separator or a line break",
            ) from None
        _refuse_absent(path, columns, list(frame.columns))
        return {name: frame[name].tolist() for name in columns}

    return read


def _jsonl(path: Path, columns: list[str]) -> dict[str, list]:
    table: dict[str, list] = {name: [] for name in columns}
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise DataError(f"{path}, line {number}", "not an object", 'write {"text": ..., "label": ...}')
                _refuse_absent(f"{path}, line {number}", columns, list(record))
                for name in columns:
                    table[name].append(record[name])
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, line {number}", f"not JSON ({error})", "write one object a line") from None
    except UnicodeDecodeError as error:
        raise _misencoded(path, error) from None
    return table


def _parquet(path: Path, columns: list[str]) -> dict[str, list]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        there = pq.read_schema(path).names
        _refuse_absent(path, columns, there)
        table = pq.read_table(path, columns=columns)
    except (pa.ArrowException, OSError) as error:
        problem = str(error).splitlines()[0]
        raise DataError(str(path), f"not a readable parquet file ({problem})", "write or fetch it again") from None
    return {name: table[name].to_pylist() for name in columns}


def _refuse_absent(where: str | Path, wanted: list[str], there: list[str]) -> None:
    absent = [name for name in wanted if name not in there]
    if absent:
        raise DataError(
            str(where),
            f"no column {', '.join(map(repr, absent))}; there are {', '.join(map(repr, there))}",
            "name the right columns under source.text, source.label and source.id in the study",
        )


def _misencoded(path: Path, error: UnicodeDecodeError) -> DataError:
    return DataError(
        str(path),
        f"not UTF-8: {error.reason} (byte 0x{error.object[error.start]:02x})",
        f"convert it, for example: iconv -f latin1 -t utf-8 {path.name} > utf8-{path.name}",
    )


_READERS = {
    ".csv": _delimited(",", quoted=True),
    ".tsv": _delimited("\t", quoted=False),
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}
