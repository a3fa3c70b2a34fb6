"""What a table is: rows, columns, one entry for each pair of them, and the tidy frame that holds every number.

A builder (data, accuracy, robustness, ...) says which rows and columns its table has. ``assemble`` (assembled.py) looks
each entry up and puts the printed value beside it. ``wide`` lays the table out as plain strings. render.py writes
Markdown and TeX from them, the report HTML.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import pandas as pd

from flat.files.artefacts import records
from flat.paper.catalogue import TABLES
from flat.report import digits
from flat.study.artefacts import PAIR_SETS as COMPARED
from flat.study.paths import table_name, table_stem

RUN, NOT_RUN, UNDEFINED = "run", "not run", "undefined"
NOT_PRINTED = "–"
FLAG_MARK = "¶"  # at an entry whose cell is flagged (flat.report.tables.flag_marks)

KEY_ORDER = (
    "check",
    "dataset",
    "source_model",
    "source_strategy",
    "source_train_attack",
    "model",
    "strategy",
    "train_attack",
    "attack",
    "beta",
    "gamma",
    "groups",
    "correlation",
    "method",
    "pair_set",
    "metric",
    "k",
    "minus",
)
COMPARABLE = "saved"  # the pair set that the paper probably averages
PAIR_SETS = (*COMPARED, "floor")
PAIR_SET_TITLES = {
    "shared": "Pair set “shared”: the adversarial texts stored from the base model, the same for every strategy",
    "saved": "Pair set “saved”: every explained example, skipped ones too",
    "successful": "Pair set “successful”: successful adversarial texts only",
    "all": "Pair set “all”: every adversarial text, successful or the attack's best failed try",
    "floor": "Noise floor: an original against itself, explained under a second seed",
}


AS_PRINTED = " (probably what the paper averages)"  # of COMPARABLE


@dataclass(frozen=True)
class Value:
    """Mean over seeds, their standard deviation (NaN for one seed), and what is behind it.

    ``n`` counts the examples or pairs of one seed (the smallest where seeds differ); ``seeds`` those that were run.
    ``low`` and ``high``: 95 % interval over seeds and examples, NaN where none was estimated. ``mark``: the sign of
    what the seeds permit to say (flat.analysis.statistics.MARKS), empty for a number that no model is behind.
    """

    mean: float
    sd: float
    n: int
    seeds: int
    dropped: int = 0
    low: float = float("nan")
    high: float = float("nan")
    mark: str = ""


@dataclass(frozen=True)
class Row:
    """``printed``: the row's keys in the paper's own table (analysis.paper), where they are not ``keys``."""

    labels: tuple[str, ...]
    keys: Mapping[str, object]
    printed: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Column:
    """``spec`` formats one value of ours, for example ``.2f``. Columns not ``shown`` are in the csv only, where run.

    Of an ``optional`` column entries that were not run are empty; it is left out where none was run. Entries of a
    ``counted`` one say on how many examples they rest, which their decimals follow.
    """

    title: str
    keys: Mapping[str, object]
    unit: str
    spec: str
    group: str = ""
    shown: bool = True
    optional: bool = False
    counted: bool = False


@dataclass(frozen=True)
class Layout:
    """``blocks``: how many leading labels must be equal for two neighbouring rows to stand without a line between.

    ``pair_sets``: those shown, one after the other; empty where the table compares no explanations.
    """

    label_titles: tuple[str, ...]
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    pair_sets: tuple[str, ...] = ()
    blocks: int = 0


@dataclass(frozen=True)
class Table:
    """``key``: the number in the paper, or the name of a table that the paper does not have.

    ``frame``: one line per entry (docs/tables.md); ``notes``: sentences for below the table. ``csv``: the rows of the
    csv, where they are not the frame's.
    """

    key: str
    caption: str
    frame: pd.DataFrame
    layout: Layout
    notes: tuple[str, ...]
    csv: pd.DataFrame | None = None

    @property
    def title(self) -> str:
        return TABLES[self.key].title

    @property
    def name(self) -> str:
        """Table 3, or Readings."""
        return table_name(self.key)

    @property
    def stem(self) -> str:
        """The name of the table's files, without their suffix."""
        return table_stem(self.key)

    @property
    def in_paper(self) -> bool:
        return self.key.isdigit()

    @property
    def views(self) -> tuple[str, ...]:
        """Pair sets to lay out, the main one first; one empty name where the table has none."""
        return self.layout.pair_sets or ("",)

    @cached_property
    def lines(self) -> dict[tuple, dict]:
        """The frame's lines by their key, see ``key_of``."""
        return {key_of(record): record for record in records(self.frame)}


@dataclass(frozen=True)
class Entry:
    """One entry as text. ``state`` is run, not run or undefined.

    ``printed`` is – where the paper has no value, empty where it has no such table. ``mark`` and ``interval``
    (“[80.10, 83.90]”) are empty where there is none; ``n`` (“n 100”) is empty where entries do not say it.
    """

    ours: str
    printed: str
    state: str
    mark: str = ""
    interval: str = ""
    n: str = ""

    @property
    def text(self) -> str:
        parts = (self.ours + self.mark, self.interval, self.n, f"({self.printed})" if self.printed else "")
        return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class WideRow:
    labels: tuple[str, ...]
    entries: tuple[Entry, ...]
    new_block: bool


@dataclass(frozen=True)
class Wide:
    """``header``: one or two lines of (text, columns spanned), labels included; ``heading`` names the pair set."""

    heading: str
    header: tuple[tuple[tuple[str, int], ...], ...]
    body: tuple[WideRow, ...]


def wide(table: Table, pair_set: str | None = None) -> Wide:
    """A table laid out as the paper prints it, for one pair set (None: the table's main one)."""
    pair_set = table.views[0] if pair_set is None else pair_set
    layout = table.layout
    columns = [
        column
        for column in layout.columns
        if column.shown
        and not (column.optional and all(_line(table, row, column, pair_set) is None for row in layout.rows))
    ]
    body, before = [], None
    for row in layout.rows:
        block = row.labels[: layout.blocks]
        entries = tuple(_entry(table, row, column, pair_set) for column in columns)
        if pair_set == "floor" and all(entry.state == NOT_RUN for entry in entries):
            continue  # the paper prints no floor: nothing to set beside
        body.append(WideRow(row.labels, entries, new_block=before is not None and block != before))
        before = block
    titles = tuple((title, 1) for title in (*layout.label_titles, *(column.title for column in columns)))
    header = (titles,)
    if any(column.group for column in columns):
        groups = [("", 1)] * len(layout.label_titles)
        for group, span in _runs(column.group for column in columns):
            groups.append((group, span))
        header = (tuple(groups), titles)
    heading = PAIR_SET_TITLES.get(pair_set, "")
    if pair_set == COMPARABLE and table.frame["printed"].ne("").any():
        heading += AS_PRINTED
    return Wide(heading, header, tuple(body))


def _entry(table: Table, row: Row, column: Column, pair_set: str) -> Entry:
    line = _line(table, row, column, pair_set)
    if line is None:
        return Entry("", "", NOT_RUN)
    printed = digits.printed(line["printed"]) if table.in_paper and _comparable(column, pair_set) else ""
    if line["status"] != RUN:
        return Entry(line["status"], printed, line["status"])
    spec = digits.spec_of(column.spec, column.unit, line["ours_n"]) if column.counted else column.spec
    ours = (column.counted and _counted(line, column.unit)) or digits.number(line["ours"], spec)
    interval = ""
    if not math.isnan(line["low"]):
        interval = f"[{digits.number(line['low'], spec)}, {digits.number(line['high'], spec)}]"
    elif not math.isnan(line["ours_sd"]):
        ours += f" ± {format(line['ours_sd'], spec.lstrip('+'))}"
    if line.get("flags"):
        ours += f" {FLAG_MARK}"
    return Entry(ours, printed, RUN, line["mark"], interval, f"n {line['ours_n']:,}" if column.counted else "")


def _comparable(column: Column, pair_set: str) -> bool:
    """Whether printed values stand in this view: explanations are compared with the paper's on COMPARABLE alone."""
    return "method" not in column.keys or pair_set == COMPARABLE


def _counted(line: Mapping, unit: str) -> str:
    """A share of few examples of one seed as k/n: 1/5. Empty of others."""
    n = line["ours_n"]
    if unit != "percent" or line["seeds"] != 1 or not 0 < n < digits.FEW:
        return ""
    k = line["ours"] * n / 100
    return f"{round(k)}/{n}" if abs(k - round(k)) < 1e-6 else ""


def _line(table: Table, row: Row, column: Column, pair_set: str) -> dict | None:
    """The frame's line of an entry; None of an optional column's that was not run."""
    in_set = {"pair_set": pair_set} if "method" in column.keys else {}
    key = key_of({**row.keys, **column.keys, **in_set})
    return table.lines.get(key) if column.optional else table.lines[key]


def key_of(keys: Mapping[str, object]) -> tuple:
    """What an entry is found by in a frame: its values of KEY_ORDER."""
    return tuple(keys.get(name, 0 if name == "k" else "") for name in KEY_ORDER)


def _runs(values: Iterable[str]) -> list[tuple[str, int]]:
    """Neighbouring equal values with their number: a a b -> (a, 2) (b, 1)."""
    return [(value, len(list(same))) for value, same in groupby(values)]
