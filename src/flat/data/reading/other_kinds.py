"""Kinds of files that are not read: each is refused with a command or a step that makes a readable file of it."""

import json
import shlex
from pathlib import Path

from flat.errors import DataError

_ARRAY = (
    "import json, sys; rows = json.load(open(sys.argv[1], encoding='utf-8-sig')); "
    "open(sys.argv[2], 'w', encoding='utf-8').writelines(json.dumps(row) + '\\n' for row in rows)"
)
_COLUMNS = (
    "import json, sys; table = json.load(open(sys.argv[1], encoding='utf-8-sig')); "
    "rows = zip(*(c.values() if isinstance(c, dict) else c for c in table.values()), strict=True); "
    "open(sys.argv[2], 'w', encoding='utf-8').writelines(json.dumps(dict(zip(table, r))) + '\\n' for r in rows)"
)
_ARROW = "import sys, pyarrow.feather as f, pyarrow.parquet as p; p.write_table(f.read_table(sys.argv[1]), sys.argv[2])"
_SPREADSHEET = "save its sheet as 'CSV UTF-8' in the spreadsheet program, and name that file in the study"
_IN_PYTHON = "where it was made, write the table with pandas: frame.to_parquet({parquet!r}, index=False)"
_UNPACK = {".zip": "unzip", ".zst": "zstd -d", ".7z": "7z x", ".tar": "tar xf", ".tgz": "tar xzf", ".rar": "unrar x"}


def refuse(path: Path, kind: str, packing: str, readable: list[str]) -> None:
    """
    Args:
        kind: the suffix that tells the format, in lower case. packing: the suffix behind it, or "".
        readable: the suffixes that are read.

    Raises:
        DataError: always.
    """
    if packing and kind == ".parquet":
        remedy = f"unpack it, and name the file without {packing} in the study"
    elif kind == ".json" and path.is_file() and not packing:
        remedy = _json(path)
    elif kind == ".txt" and path.is_file() and not packing:
        remedy = _text(path)
    elif kind in (".xlsx", ".xls", ".xlsm", ".ods", ".numbers"):
        remedy = _SPREADSHEET
    elif kind in (".pkl", ".pickle", ".h5", ".hdf5", ".npy", ".npz", ".pt"):
        remedy = _IN_PYTHON.format(parquet=_beside(path, ".parquet"))
    elif kind in (".arrow", ".feather") and not packing:
        remedy = _command(_ARROW, path, ".parquet")
    elif kind in _UNPACK:
        remedy = f"unpack it ({_UNPACK[kind]} {shlex.quote(str(path))}), and name the file in it in the study"
    else:
        remedy = f"convert it to one of {', '.join(readable)}"
    said = f"files of kind {path.suffix or '(no suffix)'!r} are not read"
    if packing:
        said = f"files of kind {kind or '(no suffix)'!r} packed as {packing!r} are not read"
    raise DataError(str(path), f"{said} (read are {', '.join(readable)})", remedy)


def _json(path: Path) -> str:
    """How to make lines of it: of an array of objects, an object of columns, or what is lines already."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return "convert it to UTF-8, and write one object a line as .jsonl"
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        first = next((line for line in text.splitlines() if line.strip()), "")
        try:
            one = isinstance(json.loads(first), dict)
        except json.JSONDecodeError:
            one = False
        if one:
            return f"it holds one object a line: name it {_beside(path, '.jsonl')}"
        return "it is no JSON: write it again, one object a line, as .jsonl"
    if isinstance(whole, list) and whole and all(isinstance(row, dict) for row in whole):
        return _command(_ARRAY, path, ".jsonl")
    if isinstance(whole, dict):
        columns = [value for value in whole.values() if isinstance(value, list | dict)]
        if len(columns) == len(whole) > 1 and len({*map(len, columns)}) == 1:
            return _command(_COLUMNS, path, ".jsonl")
        for key, rows in whole.items():
            if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
                return _command(_ARRAY.replace("'utf-8-sig'))", f"'utf-8-sig'))[{key!r}]", 1), path, ".jsonl")
        if "\n" not in text.strip():
            return f"it holds one object a line: name it {_beside(path, '.jsonl')}"
    return 'write it as .jsonl, one object a line: {"text": ..., "label": ...}'


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as lines:
            first = next((line for line in lines if line.strip()), "")
    except UnicodeDecodeError:
        first = ""
    for separator, suffix in (("\t", ".tsv"), (",", ".csv")):
        if separator in first:
            return f"if its first line names columns, separated by {separator!r}, name it {_beside(path, suffix)}"
    return "write a table with a text and a label in each row: .tsv or .csv with a header, or .jsonl"


def _command(code: str, path: Path, suffix: str) -> str:
    made = _beside(path, suffix)
    return f"convert it: python -c {shlex.quote(code)} {shlex.quote(str(path))} {shlex.quote(made)}; and name {made}"


def _beside(path: Path, suffix: str) -> str:
    return str(path.with_suffix(suffix))
