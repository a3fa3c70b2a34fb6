"""The tables of docs/paper-study.md that tell the result, as the redrawn study has them.

``python -m tests.toys.result_lines results/redrawn/word-models`` writes them into the page.
"""

import csv
import sys
from pathlib import Path

from flat.analysis.claims import claim as claims
from flat.analysis.claims.judge import judge_study
from flat.analysis.claims.rows import claim_rows
from flat.files.artefacts import read_table
from flat.paper import printed
from flat.published.parts import of_cells
from flat.report.build import PAPER
from flat.study.load import load

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/paper-study.md"
BEGIN, END = "<!-- from results/published: begin -->", "<!-- end -->"
IG = "AA, KT and TI@5, integrated gradients (Table 3)"
PAIR_SETS = {
    "shared": "shared: the base model's adversarial texts",
    "all": "all: the model's own, those of failed attacks too",
    "successful": "successful: the model's own that fool it",
    "saved": "saved: as probably printed",
}
HEADS = {  # (table, its how-manieth view) -> what stands above it
    ("table2", 0): "Accuracy on test (Table 2)",
    ("table3", 0): f"{IG}, pairs “shared”, the same texts for each strategy",
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
    return [*found, "", *_by_pair_set(folder)]


def _by_pair_set(folder: Path) -> list[str]:
    """The claims about KT on each pair set, judged as on “shared”."""
    measurements = read_table(folder / "measurements.parquet")
    whole = load(ROOT / "config/word-models.yaml").model_copy(update={"results": str(folder.parent)})
    there = {key: set(measurements[key]) for key in ("dataset", "model")}
    study = of_cells(
        whole,
        [name for name in whole.datasets if name in there["dataset"]],
        [name for name in whole.models if name in there["model"]],
    )
    every, flags = claims.load(ROOT / "config/claims.yaml"), read_table(folder / "flags.parquet")
    about = [claim for claim in every if getattr(claim.estimand, "metric", "") == "kendall_tau"]
    found = {}
    for pairs in PAIR_SETS:
        estimands = [claim.estimand.model_copy(update={"pair_set": pairs}) for claim in about]
        own = [claim.model_copy(update={"estimand": e}) for claim, e in zip(about, estimands, strict=True)]
        judged = judge_study(study, own, measurements, printed.load(ROOT / PAPER), flags=flags, pair_sets=())
        for row in claim_rows(judged, study):
            value, low, high = (f"{float(row[name]):+.3f}" for name in ("value", "low", "high"))
            found[row["claim"], pairs] = f"{value} [{low}, {high}] {row['verdict']}"
    table = ["KT by pair set, ours with 95 % intervals, and the verdict of the claim on that pair set:", ""]
    table += [f"| difference | {' | '.join(PAIR_SETS.values())} |"]
    table += [f"|---|{'---|' * len(PAIR_SETS)}"]
    for claim in about:
        e = claim.estimand
        numbers = " | ".join(found[claim.name, pairs] for pairs in PAIR_SETS)
        table.append(f"| {e.method}, {e.of} − {e.minus[0]} | {numbers} |")
    return [*table, ""]


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
