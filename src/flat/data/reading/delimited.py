"""Reading csv and tsv tables: each row as many fields as the header, or it is refused with its row and line."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flat.data.reading.opening import kind_of, lines_of
from flat.data.reading.tables import Table, refuse_absent, refuse_repeated, some_rows
from flat.errors import DataError

_SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
_PROTECT = (
    "put a field that holds {}, a quotation mark or a line break between quotation marks {}, and write a quotation "
    'mark inside it twice ("")'
)
_REMEDIES = {
    ",": _PROTECT.format("a comma", '("a, b")'),
    ";": _PROTECT.format("a semicolon", '("a; b")'),
    "\t": "take tabs and line breaks out of the texts; quotation marks do not protect them in a .tsv file",
}

TAB = "\t"
_CLOSE = 'close the field by a quotation mark, and write one that belongs to the text twice ("")'


def separator_of(path: Path) -> str:
    """What separates the fields of a csv file: a comma; a semicolon where the header has such and no comma, as
    spreadsheets of many countries write it."""
    header = next((line for line in lines_of(path) if line.strip()), "")
    return ";" if "," not in header and ";" in header else ","


def read(path: Path, columns: list[str], separator: str, quoted: bool) -> Table:
    """The named columns of a table whose first row that is not blank is its header. Blank lines are no rows.

    Args:
        columns: names of the header, each once.
        separator: a comma, a semicolon or a tab.
        quoted: quotation marks enclose fields, as in csv; otherwise they are part of the text.

    Raises:
        DataError: there is no header or one without a column, a row has more or fewer fields, quotes do not close, or
            the file is no UTF-8.
    """
    kind = kind_of(path)[0]
    end = usual_end = ""

    def lines() -> Iterator[str]:
        nonlocal end
        for line in lines_of(path):
            end = line[-1]
            yield line

    reader = csv.reader(
        lines(), delimiter=separator, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE, strict=quoted
    )
    values: dict[str, list[str]] = {name: [] for name in columns}
    broken: list[int] = []
    row, before = -1, 0  # -1: the header comes; the line that the row before ended in
    with _any_length():
        try:
            for fields in reader:
                first, before = before + 1, reader.line_num
                usual_end = usual_end or end
                if end == "\r" != usual_end:
                    raise DataError(
                        f"{path}, line {first}",
                        f"not a readable {kind} table: a carriage return stands there alone, other lines end otherwise",
                        "take it out, or end all lines alike" + (", or quote the field" if quoted else ""),
                    )
                if len(fields) < 2 and not "".join(fields).strip():
                    continue
                if row < 0:
                    header = _header(path, fields, columns, separator)
                    places = [(values[name], header.index(name)) for name in columns]
                elif len(fields) != len(header):
                    raise DataError(
                        f"{path}, row {row + 1} (line {first})",
                        f"not a readable {kind} table: {_count(len(fields))} where the header has {len(header)}",
                        _REMEDIES[separator],
                    )
                else:
                    for column, place in places:
                        column.append(fields[place])
                    if before > first:
                        broken.append(row)
                row += 1
        except csv.Error as error:
            last = reader.line_num
            span = f"line {before + 1}" if last == before + 1 else f"lines {before + 1} to {last}"
            where = f"{path}, " + (f"row {row + 1} ({span})" if row >= 0 else f"header ({span})")
            raise DataError(where, f"not a readable {kind} table: {_quoting(error)}", _CLOSE) from None
    if row < 0:
        raise DataError(str(path), f"not a readable {kind} table: it is empty", "give a file with a header and rows")
    warnings = _warnings(path, broken, values, quoted)
    return Table(values, warnings)


def _header(path: Path, fields: list[str], columns: list[str], separator: str) -> list[str]:
    refuse_repeated(path, columns, fields)
    absent = [name for name in columns if name not in fields]
    for other, name in _SEPARATORS.items() if absent else ():
        parts = [part.strip('"') for part in separator.join(fields).split(other)]
        if other != separator and set(columns) <= set(parts):
            raise DataError(
                f"{path}, header",
                f"its fields are separated by {name}, not by {_SEPARATORS[separator]}",
                "name the file .tsv" if other == "\t" else "write it with commas (.csv) or tabs (.tsv)",
            )
    if len(absent) == len(columns):
        example = any(map(_like_a_value, fields))
        like_one = "its first row looks like an example, not like a header:" if example else "there are"
        shown = ", ".join(repr(field[:30]) for field in fields[:8])
        names = columns[0] + "".join(f"{'<tab>' if separator == TAB else separator}{name}" for name in columns[1:])
        raise DataError(
            f"{path}, header",
            f"no column {', '.join(map(repr, absent))}; {like_one} {shown}",
            "if the first row is an example, put a line above it that names the columns in their order, such as "
            f"{names}; otherwise name the right columns under source.text, source.label and source.id in the study",
        )
    refuse_absent(f"{path}, header", columns, fields)
    return fields


def _count(fields: int) -> str:
    return f"{fields} field{'' if fields == 1 else 's'}"


def _like_a_value(field: str) -> bool:
    """A number, or a text of several words or with a mark of a sentence's end."""
    words = field.split()
    try:
        float(field)
    except ValueError:
        return len(words) > 3 or field.rstrip().endswith((".", "!", "?", "。"))
    return True


def _quoting(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "a quotation mark opens there that nothing closes (a quote may stand there by mistake)"
    return "text follows the quotation mark that closes a field (an unclosed quote, or one inside a text)"


def _warnings(path: Path, broken: list[int], values: dict[str, list[str]], quoted: bool) -> list[str]:
    found = []
    if broken:
        found.append(
            f"{path}, {some_rows(broken)}: a line break stands between quotation marks: see that no quotation mark "
            "swallowed the next rows"
        )
    for name, column in values.items() if not quoted else ():
        wrapped = [i for i, text in enumerate(column) if len(text) > 1 and text[0] == text[-1] == '"']
        if wrapped and (len(wrapped) == len(column) or any('""' in column[i][1:-1] for i in wrapped)):
            found.append(
                f"{path}, {some_rows(wrapped)}: column {name!r} stands between quotation marks, which are part of the "
                "text in a .tsv file: where they were meant to enclose it, write the file as .csv"
            )
    return found


@contextmanager
def _any_length() -> Iterator[None]:
    """Within, a field may be longer than the csv module's 131,072 characters."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
