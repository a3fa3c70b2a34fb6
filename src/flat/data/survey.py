"""What files of texts and labels hold, before a study of them is written: classes, lengths, odd rows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import category

from flat.data import columns as choice
from flat.data.checks import missing, refuse_missing
from flat.data.cleaning import cleaner
from flat.data.reading import values
from flat.data.reading.headers import columns_of
from flat.data.reading.readers import read_columns
from flat.data.reading.tables import Table
from flat.errors import DataError

ASCII_LETTERS = 0.9  # share of a file's letters from which on it is cleaned as English
VERY_LONG = 3  # times the length that 95 % of the texts keep to
RARE, RARE_SHARE = 10, 0.01  # a class with fewer rows, or a lower share of them, is called rare
SYMBOLS = ("So", "Sc")  # emoji and the like; currencies
LONGEST_HEADER = 4  # words of a column's name


@dataclass(frozen=True)
class Odd:
    """Rows (positions from 0) of a file that look odd, and why; ``drops``: the study leaves them out."""

    what: str
    file: str
    rows: tuple[int, ...]
    drops: bool = False


@dataclass
class Survey:
    """Attributes:
    style: of the cleaning that fits the texts' letters.
    rows: by split. classes: rows by class name. kept: those of train's that have a text which no row before has.
    lengths: words of each text that has some, ascending.
    labels: the class name of each raw label, where they differ.
    signs: letters and symbols that the cleaning drops, and how many texts have each, the commonest first.
    with_signs: the share of texts that have some.
    """

    text: list[str]
    label: str
    style: str
    rows: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=list)
    odd: list[Odd] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    signs: dict[str, int] = field(default_factory=dict)
    with_signs: float = 0.0

    def length(self, share: float) -> int:
        """The words that this share of the texts keeps to."""
        return self.lengths[min(len(self.lengths) - 1, int(share * len(self.lengths)))]

    @property
    def empty(self) -> bool:
        return any(odd.what.startswith("empty") for odd in self.odd)


def survey(files: Mapping[str, Path], text: Sequence[str] = (), label: str | None = None) -> Survey:
    """What the files hold.

    Args:
        files: split -> file; train at least.
        text, label: columns; empty and None: found where that is clear.

    Raises:
        DataError: a file cannot be read, it is not clear which columns are meant, or a row has no label.
    """
    tables = {split: read_columns(path, columns_of(path)) for split, path in files.items()}
    train = tables["train"].columns
    text, label = choice.find(train, text, label, str(files["train"]))
    _refuse_example_as_header([*text, label], files["train"])
    for split, path in files.items():
        read_columns(path, [*text, label])  # the others must have them too
        for column in text:
            values.refuse_others(tables[split].columns[column], values.TEXT, str(path), column)
        values.refuse_others(tables[split].columns[label], values.LABEL, str(path), label)
        refuse_missing(tables[split].columns[label], str(path), label)
    joined = {split: _joined(table, text) for split, table in tables.items()}
    every = [t for texts in joined.values() for t in texts if t]
    style = "sst" if _mostly_ascii(every) else "none"
    found = Survey(text, label, style)
    if style != "none":
        found.signs, found.with_signs = _dropped(every)
    found.classes, found.labels = _classes(tables, label)
    if len(found.classes) < 2:
        only = f"all rows have the label {next(iter(found.classes))!r}"
        raise DataError(f"{files['train']}: column {label!r}", only, "name the column of labels by --label")
    clean = cleaner({"style": style})
    for split, path in files.items():
        names = [found.labels.get(str(value), _name(value)) for value in tables[split].columns[label]]
        cleaned = ["" if value is None else clean(value) for value in joined[split]]
        found.rows[split] = len(names)
        found.warnings += tables[split].warnings
        first: dict[str, int] = {}
        found.odd += _odd_texts(cleaned, names, str(path), first)
        if split == "train":
            found.kept = {name: sum(names[row] == name for row in first.values()) for name in found.classes}
        found.lengths += [len(words.split()) for words in cleaned if words]
    if not found.lengths:
        raise DataError(str(files["train"]), "no row has a text", f"say --text COLUMN; read was {', '.join(text)}")
    found.lengths.sort()
    limit = VERY_LONG * found.length(0.95)
    found.odd += [odd for split, path in files.items() for odd in _long(joined[split], clean, str(path), limit)]
    return found


def _joined(table: Table, text: list[str]) -> list[str | None]:
    """Each row's text; None where a part of it is empty."""
    parts = zip(*(table.columns[column] for column in text), strict=True)
    return [None if any(map(missing, row)) else " ".join(row) for row in parts]


def _refuse_example_as_header(names: list[str], path: Path) -> None:
    for name in names:
        if len(name.split()) > LONGEST_HEADER:
            said = f"its first row looks like an example, not like a header: {name[:40]!r}"
            raise DataError(f"{path}, header", said, "put a line above it that names the columns, such as text,label")


def _mostly_ascii(texts: list[str]) -> bool:
    letters = [sign for text in texts[:2000] for sign in text if sign.isalpha()]
    return not letters or sum(map(str.isascii, letters)) >= ASCII_LETTERS * len(letters)


def _dropped(texts: list[str]) -> tuple[dict[str, int], float]:
    """Letters that are not English and symbols (emoji, currencies), by the texts that have them; the texts' share."""
    of_text = [
        {sign for sign in text if (sign.isalpha() and not sign.isascii()) or category(sign) in SYMBOLS}
        for text in texts
    ]
    counted = Counter(sign for signs in map(sorted, of_text) for sign in signs)
    return dict(counted.most_common()), sum(map(bool, of_text)) / max(1, len(texts))


def _name(value: object) -> str:
    """A raw label as the name of its class."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _classes(tables: Mapping[str, Table], label: str) -> tuple[dict[str, int], dict[str, str]]:
    """Rows of each class in its order, and the names of raw labels where a file gives its numbers some."""
    raw = [value for table in tables.values() for value in table.columns[label]]
    given = tables["train"].class_names.get(label)
    numbered = given and all(isinstance(value, int) and 0 <= value < len(given) for value in raw)
    labels = {str(number): name for number, name in enumerate(given)} if numbered else {}
    counts: dict[str, int] = {}
    for value in raw:
        name = labels.get(str(value), _name(value))
        counts[name] = counts.get(name, 0) + 1
    order = [name for name in given if name in counts] if numbered else sorted(counts, key=_order(counts))
    return {name: counts[name] for name in order}, {raw: name for raw, name in labels.items() if name in counts}


def _order(names: Mapping[str, int]) -> Callable[[str], object]:
    """Numbers by size, else names by the alphabet."""
    numbers = all(name.lstrip("-").isdigit() for name in names)
    return int if numbers else lambda name: (name.casefold(), name)


def _odd_texts(texts: list[str], names: list[str], where: str, first: dict[str, int]) -> list[Odd]:
    """Empty, repeated and contradicting rows of one file.

    Args:
        texts: cleaned, one a row. first: cleaned text -> the row that it stands in first; filled here.
    """
    empty, again, other = [], [], []
    for row, text in enumerate(texts):
        if not text:
            empty.append(row)
        elif first.setdefault(text, row) != row:
            (again if names[first[text]] == names[row] else other).append(row)
    conflicts = sorted({*other, *(first[texts[row]] for row in other)})
    return [
        *([Odd("empty text", where, tuple(empty), drops=True)] if empty else []),
        *([Odd("repeated text", where, tuple(again), drops=True)] if again else []),
        *([Odd("one text with several labels", where, tuple(conflicts))] if conflicts else []),
    ]


def _long(texts: list[str | None], clean: Callable[[str], str], where: str, limit: int) -> list[Odd]:
    rows = [row for row, text in enumerate(texts) if text and len(clean(text).split()) > limit]
    return [Odd(f"text of more than {limit:,} words", where, tuple(rows))] if rows else []


def rare(classes: Mapping[str, int]) -> list[str]:
    """The classes with few rows."""
    total = sum(classes.values())
    return [name for name, count in classes.items() if count < RARE or count < RARE_SHARE * total]
