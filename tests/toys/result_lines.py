"""The tables of docs/paper-study.md that tell the result, as the redrawn study has them.

``python -m tests.toys.result_lines results/redrawn/word-models`` writes them into the page.
"""

import csv
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/paper-study.md"
BEGIN, END = "<!-- from results/published: begin -->", "<!-- end -->"
IG = "AA, KT and TI@5, integrated gradients (Table 3)"
HEADS = {  # (table, its how-manieth view) -> what stands above it
    ("table2", 0): "Accuracy on test (Table 2)",
    ("table3", 0): f"{IG}, pairs “shared”, which compare the strategies fairly",
    ("table3", 1): f"{IG}, pairs “saved”, which compare with the printed values",
}


def lines(folder: Path) -> list[str]:
    """Tables 2 and 3 and the verdicts of a redrawn study, as Markdown."""
    found = []
    for (name, view), head in HEADS.items():
        rows = (folder / f"tables/{name}.md").read_text(encoding="utf-8").splitlines()
        first = [n + 1 for n, row in enumerate(rows) if not row and rows[n + 1 :][:1] and rows[n + 1].startswith("|")][
            view
        ]
        table = rows[first : rows.index("", first)]
        found += [f"{head}, ours with 95 % intervals over seeds and examples (printed):", "", *table, ""]
    found += ["| claim | cells for it | ours [95 %] | printed | least effect that would show | verdict |"]
    found += ["|---|---:|---:|---:|---:|---|"]
    with (folder / "claims.csv").open(encoding="utf-8") as file:
        found += [_claim(row) for row in csv.DictReader(file) if row["verdict"] != "not run"]
    return [*found, ""]


def _claim(row: dict[str, str]) -> str:
    digits = 2 if row["unit"].startswith("percentage") else 3
    value, low, high, printed, least = (
        f"{float(row[name]):+.{digits}f}" if row[name] else "–"
        for name in ("value", "low", "high", "printed", "minimum_detectable")
    )
    ours = value if low == "–" else f"{value} [{low}, {high}]"
    wins = f"{row['wins']} of {row['cells_run']}"
    return f"| {row['estimand']} | {wins} | {ours} | {printed} | {least.lstrip('+')} | {row['verdict']} |"


def in_page() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip("\n").splitlines()


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    told = "\n".join(lines(Path(sys.argv[1])))
    PAGE.write_text(f"{text[: text.index(BEGIN)]}{BEGIN}\n\n{told}\n{text[text.index(END) :]}", encoding="utf-8")
