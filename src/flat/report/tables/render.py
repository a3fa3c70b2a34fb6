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
from flat.report.tables.layout import NOT_RUN, RUN, Table, Wide, wide
from flat.report.tex import to_tex as to_tex

KINDS = ("csv", "md", "tex")
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
