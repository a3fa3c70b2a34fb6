"""Tables as TeX: floats that fit a two-column article and A4, with booktabs alone.

A table wider than a page is cut between groups of columns (one block per data set); one longer than it between rows.
Widths are reckoned from the letters, on the generous side, in the size that the table is set in.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from flat.errors import visible
from flat.report.tables.layout import RUN, Entry, Table, Wide, WideRow, wide

SIZE, SKIP = 8, 9.5  # of the type, and from line to line, in points
GAP = 4  # \\tabcolsep: on either side of a column
WIDTH = 440  # points: A4 with margins of 2.5 cm has 455
HEIGHT = 430  # points of rows, so that the caption fits the page too
LINE, ROW_GAP = 10.5, 2.0  # of a line in a stack of them, and between rows
TITLE_WIDTH, LABEL_WIDTH = 52, 110  # points at which titles of columns, and labels of rows, are broken

_TEX_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "±": r"$\pm$",
    "ᶜ": r"$^{c}$",
    "ᵈ": r"$^{d}$",
    "ᵛ": r"$^{v}$",
    "−": r"$-$",
    "φ": r"$\phi$",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "§": r"\S{}",
    "¶": r"\P{}",
    "β": r"$\beta$",
    "γ": r"$\gamma$",
    "Δ": r"$\Delta$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "×": r"$\times$",
    "→": r"$\rightarrow$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "–": "--",
    "—": "---",
    "“": "``",
    "”": "''",
    "’": "'",
}
_ENDS = "ilj.,;:'|![] "  # narrow letters
_WIDE = "mwMW%@–—±→≤≥×−+"


@dataclass(frozen=True)
class _Piece:
    """Columns (places from 0, without labels) and rows that make one float."""

    columns: tuple[int, ...]
    rows: tuple[WideRow, ...]


def to_tex(table: Table) -> str:
    """The floats of each pair set, then the notes as a paragraph; needs the package booktabs and nothing else."""
    parts = [f"% {table.name}: needs \\usepackage{{booktabs}}"]
    for view in table.views:
        laid_out = wide(table, view)
        label = f"tab:flat-{table.key}" + (f"-{view}" if view else "")
        caption = " ".join(filter(None, [table.caption, laid_out.heading and f"{laid_out.heading}."]))
        for place, piece in enumerate(_pieces(laid_out)):
            head = [rf"\caption{{{tex(table.title)}. {tex(caption)}}}", rf"\label{{{label}}}"]
            if place:
                about = ", ".join(dict.fromkeys(filter(None, _groups(laid_out, piece.columns))))
                head = [r"\addtocounter{table}{-1}", rf"\caption{{{tex(table.title)}, continued{tex(_about(about))}.}}"]
            parts.append(_float(laid_out, piece, head))
    notes = [rf"\noindent {tex(note)}\par" for note in table.notes]
    parts.append("\n".join([r"\begingroup\scriptsize\raggedright\sloppy", *notes, r"\endgroup"]) if notes else "")
    return "\n\n".join(filter(None, parts)) + "\n"


def _about(groups: str) -> str:
    return f": {groups}" if groups else ""


def _float(laid_out: Wide, piece: _Piece, head: Sequence[str]) -> str:
    labels = _labels(laid_out)
    lines = [
        r"\begin{table*}",
        r"\centering",
        *head,
        rf"\fontsize{{{SIZE}}}{{{SKIP}}}\selectfont",
        rf"\setlength{{\tabcolsep}}{{{GAP}pt}}",
        rf"\begin{{tabular}}{{{'l' * labels}{'r' * len(piece.columns)}}}",
        r"\toprule",
    ]
    if len(laid_out.header) > 1:
        lines += _tex_groups(labels, _groups(laid_out, piece.columns))
    titles = _titles(laid_out)
    shown = [_stack(_broken(title, LABEL_WIDTH), "l") for title in titles[:labels]]
    shown += [_stack(_broken(titles[labels + column], TITLE_WIDTH), "r") for column in piece.columns]
    lines += [" & ".join(shown) + r" \\", r"\midrule"]
    before: tuple[str, ...] = ()
    for place, row in enumerate(piece.rows):
        if row.new_block and place:
            lines.append(r"\midrule")
            before = ()
        # a label is printed once, at the top of its block
        said = [
            "" if i < labels - 1 and row.labels[: i + 1] == before[: i + 1] else text
            for i, text in enumerate(row.labels)
        ]
        cells = [_stack(_broken(text, LABEL_WIDTH), "l") for text in said]
        cells += [_entry(row.entries[column]) for column in piece.columns]
        lines.append(" & ".join(cells) + r" \\")
        before = row.labels
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table*}"])


def _tex_groups(labels: int, groups: Sequence[str]) -> list[str]:
    cells, rules, column = [""] * labels, [], labels + 1
    for text, same in groupby(groups):
        span = len(list(same))
        cells.append(rf"\multicolumn{{{span}}}{{c}}{{{tex(text)}}}" if text else " & " * (span - 1))
        if text:
            rules.append(rf"\cmidrule(lr){{{column}-{column + span - 1}}}")
        column += span
    return [" & ".join(cells) + r" \\", "".join(rules)]


def _lines(entry: Entry) -> list[str]:
    """An entry's lines, one above the other where it has an interval: a column of intervals would be wide."""
    printed = f"({entry.printed})" if entry.printed else ""
    if entry.n:
        return [f"{entry.ours}{entry.mark} {entry.interval}".strip(), f"{entry.n} {printed}".strip()]
    if entry.interval:
        return [text for text in (entry.ours + entry.mark, entry.interval, printed) if text]
    return [entry.text]


def _entry(entry: Entry) -> str:
    if entry.state != RUN:
        return rf"\emph{{{tex(entry.ours)}}}" + (f" ({tex(entry.printed)})" if entry.printed else "")
    return _stack(_lines(entry), "r")


def _stack(lines: Sequence[str], side: str) -> str:
    if len(lines) < 2:
        return tex("".join(lines))
    return rf"\shortstack[{side}]{{" + r"\\".join("{" + tex(line) + "}" for line in lines) + "}"


# --- what fits


def _pieces(laid_out: Wide) -> list[_Piece]:
    labels = _labels(laid_out)
    wide_labels = [max(_label_width(row.labels[i]) for row in laid_out.body) for i in range(labels)]
    room = WIDTH - sum(width + 2 * GAP for width in wide_labels)
    columns = [_column_width(laid_out, column) + 2 * GAP for column in range(len(_titles(laid_out)) - labels)]
    return [
        _Piece(chosen, rows) for chosen in _cut_columns(laid_out, columns, room) for rows in _cut_rows(laid_out.body)
    ]


def _cut_columns(laid_out: Wide, widths: Sequence[float], room: float) -> list[tuple[int, ...]]:
    """Groups of columns that stand side by side; a group is cut only where it does not fit alone."""
    runs, names = [], _groups(laid_out, range(len(widths)))
    for name, same in groupby(range(len(widths)), key=lambda column: names[column]):
        run = list(same)
        whole = max(sum(widths[c] for c in run), width_of(name) + 2 * GAP)
        runs += [(run, whole)] if name and whole <= room else [([c], widths[c]) for c in run]
    pieces, used = [[]], 0.0
    for run, width in runs:
        if pieces[-1] and used + width > room:
            pieces.append([])
            used = 0.0
        pieces[-1] += run
        used += width
    return [tuple(piece) for piece in pieces]


def _cut_rows(body: Sequence[WideRow]) -> list[tuple[WideRow, ...]]:
    """Rows that fit a page, cut between blocks where a block does."""
    blocks: list[list[WideRow]] = []
    for row in body:
        if row.new_block or not blocks:
            blocks.append([])
        blocks[-1].append(row)
    pieces, used = [[]], 0.0
    for block in blocks:
        height = sum(map(_height, block))
        for part in [block] if height <= HEIGHT else [[row] for row in block]:
            height = sum(map(_height, part))
            if pieces[-1] and used + height > HEIGHT:
                pieces.append([])
                used = 0.0
            pieces[-1] += part
            used += height
    return [tuple(piece) for piece in pieces]


def _height(row: WideRow) -> float:
    lines = max(len(_lines(entry)) for entry in row.entries) if row.entries else 1
    lines = max(lines, *(len(_broken(label, LABEL_WIDTH)) for label in row.labels))
    return lines * LINE + ROW_GAP


def _labels(laid_out: Wide) -> int:
    return len(laid_out.body[0].labels)


def _titles(laid_out: Wide) -> list[str]:
    return [text for text, _ in laid_out.header[-1]]


def _groups(laid_out: Wide, columns: Iterable[int]) -> list[str]:
    """Of each column the title of its group; empty where there are none."""
    if len(laid_out.header) == 1:
        return ["" for _ in columns]
    every = [text for text, span in laid_out.header[0] for _ in range(span)][_labels(laid_out) :]
    return [every[column] for column in columns]


def _column_width(laid_out: Wide, column: int) -> float:
    title = _titles(laid_out)[_labels(laid_out) + column]
    texts = [line for row in laid_out.body for line in _lines(row.entries[column])]
    return max(map(width_of, [*texts, *_broken(title, TITLE_WIDTH)]))


def _label_width(text: str) -> float:
    return max(map(width_of, _broken(text, LABEL_WIDTH)))


def _broken(text: str, width: float) -> list[str]:
    """A text broken between words into lines of at most ``width`` points, where its words allow it."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_of(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def width_of(text: str) -> float:
    """About how many points a text takes, in Computer Modern of SIZE; not less than it does."""
    ems = sum(0.33 if c in _ENDS else 0.92 if c in _WIDE else 0.78 if c.isupper() else 0.56 for c in text)
    return ems * SIZE


def tex(text: str) -> str:
    """Plain text as TeX; letters with accents are left to TeX's own UTF-8 input."""
    return re.sub("|".join(map(re.escape, _TEX_ESCAPES)), lambda match: _TEX_ESCAPES[match.group()], visible(text))
