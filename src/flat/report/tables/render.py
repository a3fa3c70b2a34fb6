"""Tables as files: csv (every number, tidy), Markdown and TeX (laid out as the paper prints them).

Number formats are fixed and rows keep their order, so that equal measurements give equal bytes.
"""

import csv
import io
import re
from pathlib import Path

from flat.errors import visible
from flat.files import foreign
from flat.files.artefacts import records, write_text
from flat.report.tables.layout import NOT_RUN, RUN, Entry, Table, Wide, wide

KINDS = ("csv", "md", "tex")
WIDE_COLUMNS = 8  # beyond this many the TeX is set in small type

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
# in this order; "p < 0.05", "R&D" and an interval "[1, 2]" stay
_MARKDOWN_ESCAPES = [
    (re.compile(r"\\"), r"\\\\"),
    (re.compile(r"\|"), r"\\|"),
    (re.compile(r"&(?=#?\w+;)"), "&amp;"),
    (re.compile(r"<(?=[A-Za-z/!?])"), "&lt;"),
    (re.compile(r"\](?=[\[(:])"), r"\\]"),
]


def write(table: Table, folder: str | Path) -> dict[str, Path]:
    """Write the table's csv, md and tex below ``folder`` and return their paths by kind."""
    folder = Path(folder)
    texts = {"csv": to_csv(table), "md": to_markdown(table), "tex": to_tex(table)}
    paths = {kind: folder / f"{table.stem}.{kind}" for kind in KINDS}
    for kind, path in paths.items():
        write_text(path, texts[kind])
    return paths


def to_csv(table: Table) -> str:
    """The tidy frame. ``ours``, ``ours_sd``, ``low`` and ``high`` have six decimals (p-values four significant digits);
    entries that were not run say so there, a single seed has neither ``ours_sd`` nor an interval (–)."""
    if table.csv is not None:
        return foreign.frame(table.csv).to_csv(index=False, lineterminator="\n")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.frame.columns)
    for record in records(table.frame):
        run = record["status"] == RUN
        spec = ".3e" if record.get("metric") == "p_value" else ".6f"
        record["ours"] = format(record["ours"], spec) if run else record["status"]
        for name in ("ours_sd", "low", "high"):
            defined = run and record[name] == record[name]
            nothing = NOT_RUN if record["status"] == NOT_RUN else "–"
            record[name] = format(record[name], spec) if defined else nothing
        writer.writerow(map(foreign.cell, record.values()))
    return out.getvalue()


def to_markdown(table: Table) -> str:
    """A heading, the caption, one table per pair set, the notes."""
    parts = [f"# {_markdown(table.name)}. {_markdown(table.title)}", _markdown(table.caption)]
    for view in table.views:
        laid_out = wide(table, view)
        if laid_out.heading:
            parts.append(f"## {_markdown(laid_out.heading)}")
        parts.append(_markdown_table(laid_out))
    parts.append("\n".join(f"- {_markdown(note)}" for note in table.notes))
    return "\n\n".join(parts) + "\n"


def _markdown_table(laid_out: Wide) -> str:
    labels = len(laid_out.body[0].labels)
    groups = [text for text, span in laid_out.header[0] for _ in range(span)] if len(laid_out.header) > 1 else None
    titles = [text for text, _ in laid_out.header[-1]]
    if groups is not None:  # Markdown has one header line
        titles = [f"{group} {title}".strip() for group, title in zip(groups, titles, strict=True)]
    lines = [titles, ["---"] * labels + ["---:"] * (len(titles) - labels)]
    lines += [[*row.labels, *(entry.text for entry in row.entries)] for row in laid_out.body]
    return "\n".join(f"| {' | '.join(_markdown(cell) for cell in line)} |" for line in lines)


def _markdown(text: str) -> str:
    """A text within a line: it ends no cell, begins no tag and no link, and shows what a terminal would obey."""
    text = visible(text.replace("\n", " ").replace("\t", " "), kept="")
    for pattern, shown in _MARKDOWN_ESCAPES:
        text = pattern.sub(shown, text)
    return text


def to_tex(table: Table) -> str:
    """One table environment per pair set; needs the package booktabs and nothing else."""
    views = table.views
    parts = [f"% {table.name}: needs \\usepackage{{booktabs}}"]
    for place, view in enumerate(views):
        laid_out = wide(table, view)
        last = place == len(views) - 1
        label = f"tab:flat-{table.key}" + (f"-{view}" if view else "")
        caption = " ".join(filter(None, [table.caption, laid_out.heading and f"{laid_out.heading}."]))
        parts.append(_tex_table(table, laid_out, caption, label, table.notes if last else ()))
    return "\n\n".join(parts) + "\n"


def _tex_table(table: Table, laid_out: Wide, caption: str, label: str, notes: tuple[str, ...]) -> str:
    labels, width = len(laid_out.body[0].labels), len(laid_out.header[-1])
    small = width - labels > WIDE_COLUMNS
    lines = [
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{tex(table.title)}. {tex(caption)}}}",
        rf"\label{{{label}}}",
        r"\tiny" if small else r"\footnotesize",
        rf"\setlength{{\tabcolsep}}{{{2 if small else 5}pt}}",
        rf"\begin{{tabular}}{{{'l' * labels}{'r' * (width - labels)}}}",
        r"\toprule",
    ]
    if len(laid_out.header) > 1:
        lines += _tex_groups(laid_out.header[0])
    lines.append(_tex_line(text for text, _ in laid_out.header[-1]))
    lines.append(r"\midrule")
    before: tuple[str, ...] = ()
    for row in laid_out.body:
        if row.new_block:
            lines.append(r"\midrule")
            before = ()
        # a label is printed once, at the top of its block
        shown = [
            "" if place < labels - 1 and row.labels[: place + 1] == before[: place + 1] else text
            for place, text in enumerate(row.labels)
        ]
        lines.append(_tex_line(shown, [_tex_entry(entry) for entry in row.entries]))
        before = row.labels
    lines += [r"\bottomrule", r"\end{tabular}"]
    if notes:
        lines += [r"\par\smallskip", r"\begin{minipage}{\textwidth}\scriptsize"]
        lines += [tex(note) + r"\par" for note in notes]
        lines.append(r"\end{minipage}")
    return "\n".join([*lines, r"\end{table*}"])


def _tex_groups(groups) -> list[str]:
    cells, rules, column = [], [], 1
    for text, span in groups:
        cells.append(rf"\multicolumn{{{span}}}{{c}}{{{tex(text)}}}" if text else "")
        if text:
            rules.append(rf"\cmidrule(lr){{{column}-{column + span - 1}}}")
        column += span
    return [" & ".join(cells) + r" \\", "".join(rules)]


def _tex_line(labels, entries=()) -> str:
    return " & ".join([*(tex(label) for label in labels), *entries]) + r" \\"


def _tex_entry(entry: Entry) -> str:
    if entry.state == RUN and entry.interval:  # one above the other: a column of intervals would be wide
        lines = [
            entry.ours + entry.mark,
            entry.interval,
            f"{entry.n} ({entry.printed})".strip() if entry.printed else entry.n,
        ]
        stacked = r"\\".join("{" + tex(line) + "}" for line in lines if line)
        return r"\shortstack[r]{" + stacked + "}"
    if entry.state == RUN:
        return tex(entry.text)
    return rf"\emph{{{tex(entry.ours)}}}" + (f" ({tex(entry.printed)})" if entry.printed else "")


def tex(text: str) -> str:
    """Plain text as TeX; letters with accents are left to TeX's own UTF-8 input."""
    return re.sub("|".join(map(re.escape, _TEX_ESCAPES)), lambda match: _TEX_ESCAPES[match.group()], visible(text))
