"""What a study has made: each table and figure with its files, what is missing, and what it says in one line."""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from flat.paper.catalogue import AA, FIGURES, KT, TABLES, Mean, figure_keys, table_keys
from flat.paper.scope import of_paper
from flat.report.digits import number
from flat.report.page.claims import VERDICTS
from flat.study import paths
from flat.study.schema import Study

Rows = list[dict[str, str]]
TI = "topk_intersection"
SHOWN_PAIR_SETS = ("shared", "saved", "floor")
KINDS = ("csv", "md", "tex")
MOST_CLAIMS = 6  # of the study's own, told one by one


@dataclass(frozen=True)
class Item:
    """A table or figure: its name, what it says in one line, its files, those of them that are absent."""

    name: str
    title: str
    key_line: str
    files: tuple[Path, ...]
    missing: tuple[Path, ...]

    @property
    def where(self) -> str:
        """results/demo/tables/table3.{csv,md,tex}"""
        first = self.files[0]
        if len({file.stem for file in self.files}) > 1:
            return ", ".join(map(str, self.files))
        return f"{first.with_suffix('')}.{{{','.join(file.suffix[1:] for file in self.files)}}}"


def collect(study: Study, root: str | Path = ".") -> list[Item]:
    """Every table and figure of the study, whether there or not; paths are relative to ``root``."""
    place = paths.of(study)
    found = []
    for key in table_keys(study):
        files = [place.table(key, kind) for kind in KINDS]
        found.append(_item(paths.table_name(key), TABLES[key].title, files, Path(root), SAY.get(key) or _means(key)))
    for n in figure_keys(study):
        files = [place.figure(n, kind) for kind in ("csv", "pdf", "png")]
        found.append(_item(paths.figure_name(n), FIGURES[n].title, files, Path(root), SAY.get(n, _counted)))
    files = [place.claims("claims.csv"), place.claims("claim_cells.csv")]
    whose = "the paper's claims" if of_paper(study) else "this study's own claims"
    found.append(_item("Claims", f"Verdicts on {whose}", files, Path(root), _verdicts))
    return found


def _item(name: str, title: str, files: list[str], root: Path, say: Callable[[Rows], str]) -> Item:
    missing = tuple(Path(file) for file in files if not (root / file).is_file())
    line = "MISSING" if missing else _say(root / files[0], say)
    return Item(name, title, line, tuple(map(Path, files)), missing)


def _say(path: Path, say: Callable[[Rows], str]) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if rows and set(rows[0]) == {"status", "reason"}:
        return f"not run: {rows[0]['reason']}"
    try:
        return say(rows) or "not run"
    except (KeyError, ValueError) as error:  # a summary must not fail a run that has ended well
        return f"cannot be summarised ({type(error).__name__}: {error})"


def evidence(study: Study, root: str | Path = ".") -> list[str]:
    """What entries rest on, by table: the fewest and the most attacked texts of an AA, pairs of a KT or TI.

    Of pair sets those that tables show by default; n counts the texts or pairs of one seed.
    """
    found = []
    for key in table_keys(study):
        path = Path(root) / paths.of(study).table(key, "csv")
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get("status") == "run" and row.get("ours_n")]
        texts = [int(row["ours_n"]) for row in rows if row["metric"] == AA and not row.get("minus")]
        compared = [row for row in rows if row["metric"] in (KT, TI) and row.get("pair_set") in SHOWN_PAIR_SETS]
        pairs = [int(row["ours_n"]) for row in compared if not row.get("minus")]
        parts = [_range("AA", texts, "attacked texts")] if texts else []
        parts += [_range("KT, TI", pairs, "pairs")] if pairs else []
        found += [f"{paths.table_name(key)}: {'; '.join(parts)}"] if parts else []
    return found


def _range(what: str, sizes: list[int], unit: str) -> str:
    low, high = min(sizes), max(sizes)
    return f"{what} {low if low == high else f'{low} to {high}'} {unit}"


# --- one line for each artefact, from its csv


def _run(rows: Rows, **wanted: str) -> Rows:
    return [
        row for row in rows if row["status"] == "run" and all(row.get(name) == value for name, value in wanted.items())
    ]


def _means(key: str) -> Callable[[Rows], str]:
    """The line of a table's entry in the catalogue."""
    return lambda rows: "; ".join(
        f"{mean.title} {line}".lstrip() for mean in TABLES[key].line if (line := _mean(mean, rows))
    )


def _mean(mean: Mean, rows: Rows) -> str:
    chosen = _run(rows, metric=mean.metric, **mean.where)
    if mean.of != "strategy":
        return ", ".join(f"{row[mean.of]} {float(row['ours']):{mean.spec}}{mean.unit}" for row in chosen)
    cells: dict[tuple, dict[str, list[float]]] = {}
    for row in chosen:
        cell = tuple(row.get(name, "") for name in ("dataset", "model", "attack"))
        cells.setdefault(cell, {}).setdefault(row["strategy"], []).append(float(row["ours"]))
    names = list(dict.fromkeys(name for cell in cells.values() for name in cell))
    shared = [cell for cell in cells.values() if len(cell) == len(names)]
    if not shared:
        return ""
    means = (f"{name} {fmean(fmean(cell[name]) for cell in shared):{mean.spec}}{mean.unit}" for name in names)
    return f"{', '.join(means)} (mean of {len(shared)} cells)"


def _ablation(rows: Rows) -> str:
    parts = (f"β {row['beta']} γ {row['gamma']} {float(row['ours']):.1f} %" for row in _run(rows, metric=AA))
    return f"AA {', '.join(parts)}" if rows and _run(rows, metric=AA) else ""


def _readings(rows: Rows) -> str:
    """The largest change of AA between two readings of one model."""
    rows = [row for row in _run(rows, metric=AA) if row["minus"]]
    if not rows:
        return ""
    most = max(rows, key=lambda row: abs(float(row["ours"])))
    if not float(most["ours"]):
        return f"{len(rows)} rows; AA changes in none"
    change = number(float(most["ours"]), "+.1f")
    return f"{len(rows)} rows; AA changes most in {most['model']} {most['strategy']}: {change} points"


def _replay(rows: Rows) -> str:
    """The mean accuracy of models on their own texts and on those of others."""
    texts = _run(rows, metric="replayed_accuracy_percent")
    parts = ("model", "strategy", "train_attack")
    found = {True: [], False: []}
    for row in texts:
        found[all(row[part] == row[f"source_{part}"] for part in parts)].append(float(row["ours"]))
    if not found[True] or not found[False]:
        return ""
    return f"accuracy {fmean(found[True]):.1f} % on own texts, {fmean(found[False]):.1f} % on those of others"


def _guards(rows: Rows) -> str:
    """How many attacked cells carry a flag, and how many were attacked at their fitted temperature."""
    cells, flagged = set(), set()
    for row in _run(rows, metric=AA):
        cell = tuple(row[name] for name in ("dataset", "model", "strategy", "train_attack", "attack"))
        cells.add(cell)
        flagged |= {cell} if row["flags"] else set()
    again = len(_run(rows, metric="aa_calibrated_percent"))
    return f"{len(flagged)} of {len(cells)} cells flagged; {again} attacked at their fitted temperature"


def _grim(rows: Rows) -> str:
    return f"{sum(row['reachable'] == 'no' for row in rows)} of {len(rows)} printed percentages are impossible"


def _saliency(rows: Rows) -> str:
    count = len({row["example_id"] for row in rows})
    return f"{count} example pairs, {len({row['strategy'] for row in rows})} strategies" if count else ""


def _gap(rows: Rows) -> str:
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["gamma"], []).append(float(row["distance"] or "nan"))
    return ", ".join(f"median {median(values):.3g} with {name}" for name, values in found.items())


def _panels(rows: Rows) -> str:
    panels = {(row["dataset"], row["model"]) for row in rows}
    run = {(row["dataset"], row["model"]) for row in rows if row["status"] != "not run"}
    return f"{len(run)} of {len(panels)} panels run"


def _budget_panels(rows: Rows) -> str:
    panels = {(row["attack"], row["dataset"], row["model"]) for row in rows}
    return f"{len(panels)} panels, budgets up to {max(int(row['budget']) for row in rows):,} queries"


def _counted(rows: Rows) -> str:
    return f"{len(rows):,} rows" if rows else ""


# what is said of a table or figure, by its key, that is no mean of a metric
SAY: dict[int | str, Callable[[Rows], str]] = {
    "5": _ablation,
    "readings": _readings,
    "replay": _replay,
    "guards": _guards,
    "grim": _grim,
    3: _saliency,
    4: lambda rows: f"{len(rows):,} words" if rows else "",
    5: _gap,
    6: _panels,
    "curves": _budget_panels,
}


def _own_verdict(row: dict[str, str]) -> str:
    """AA, FLAT − adv: +13.58 (direction only)."""
    return f"{row['estimand']}: {number(float(row['value']), '+.2f')} ({row['verdict']})"


def _verdicts(rows: Rows) -> str:
    if not rows:
        return "none; write some in the study (claims)"
    counted = Counter(row["verdict"] for row in rows)
    own = [_own_verdict(row) for row in rows if row.get("claimed_by") == "study" and row["verdict"] != "not run"]
    if len(own) == len(rows):
        return "; ".join(own[:MOST_CLAIMS]) + (f"; and {len(own) - MOST_CLAIMS} more" if len(own) > MOST_CLAIMS else "")
    return ", ".join(f"{counted[name]} {name}" for name in VERDICTS if counted[name])
