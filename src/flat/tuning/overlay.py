"""What searches hand over: each cell's trials as evidence, and the chosen values of all as an overlay of the study."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flat.study.fields import MASK_WEIGHTS
from flat.tuning.search import Trial, best_of

HEAD = """# Chosen on dev by `snakemake tune`; each entry of `tuned` names the table of its trials.
# Use it after the study that it was made for: snakemake --configfile STUDY.yaml {overlay} ...
# It holds the study's own `overrides` and `tuned` too: one list replaces another.
"""
SPENT = ("rounds", "attacked", "examples", "robustness")  # what a trial did, in the evidence and in `tuned`


@dataclass(frozen=True)
class Found:
    """What a cell's table of trials says: the chosen values and their score, how many were tried, what a trial did."""

    values: Mapping[str, float]
    score: float
    trials: int
    spent: Mapping[str, int | float | str]


def overlay_of(
    tables: Sequence[str],
    cells: Sequence[Mapping[str, str]],
    where: Sequence[Mapping],
    overrides: Sequence[Mapping],
    before: Sequence[Mapping] = (),
) -> dict:
    """The overlay as plain data: the study's overrides with one more for each tuned cell, and where they come from.

    Args:
        tables: the table of trials of each cell.
        cells: dataset, model, strategy and train_attack of each.
        where: the cells of the study that get what was chosen for each.
        overrides: those of the study.
        before: what the study says already of where its values come from; cells that are tuned again are left out.
    """
    chosen, tuned = [], []
    for table, cell, of_cell in zip(tables, cells, where, strict=True):
        found = read_csv(table)
        own: dict[str, object] = {"where": dict(of_cell)}
        if weights := {name: found.values[name] for name in MASK_WEIGHTS if name in found.values}:
            own["objective"] = weights
        if "learning_rate" in found.values:
            own["training"] = {"learning_rate": found.values["learning_rate"]}
        chosen.append(own)
        named = "/".join(cell[name] for name in ("dataset", "model", "strategy", "train_attack"))
        said = {"cell": named, "split": "dev", "trials": found.trials, "score": found.score}
        tuned.append(said | dict(found.spent) | {"evidence": table})
    again = {said["cell"] for said in tuned}
    kept = [dict(said) for said in before if said["cell"] not in again]
    return {"overrides": [*map(dict, overrides), *chosen], "tuned": kept + tuned}


def to_yaml(overlay: Mapping, path: str) -> str:
    """The overlay file's text."""
    import yaml  # for cost

    return HEAD.format(overlay=path) + yaml.safe_dump(dict(overlay), sort_keys=False, allow_unicode=True)


def to_csv(trials: Sequence[Trial], spent: Mapping[str, int | float | str]) -> str:
    """One line a trial; accuracies in percent, the values with all their digits.

    Args:
        spent: what a trial did, by the names of SPENT.
    """
    best, names = best_of(list(trials)), list(trials[0].values)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    accuracies = ("dev_accuracy_percent", "dev_after_attack_accuracy_percent")
    writer.writerow(["trial", *names, *accuracies, "constant", "score", "chosen", *SPENT])
    for trial in trials:
        found = trial.score
        numbers = ["" if share is None else f"{100 * share:.4f}" for share in (found.accuracy, found.after_attack)]
        numbers += ["yes" if found.constant else "", f"{found.total:.6f}"]
        chosen = "yes" if trial.number == best.number else ""
        values = (repr(trial.values[name]) for name in names)
        writer.writerow([trial.number, *values, *numbers, chosen, *(spent[name] for name in SPENT)])
    return out.getvalue()


def read_csv(path: str | Path) -> Found:
    """What a table of ``to_csv`` says."""
    rows = list(csv.DictReader(Path(path).read_text(encoding="utf-8").splitlines()))
    (best,) = (row for row in rows if row["chosen"])
    values = {name: float(best[name]) for name in (*MASK_WEIGHTS, "learning_rate") if name in best}
    spent = {name: int(best[name]) if best[name].isdigit() else best[name] for name in SPENT}
    return Found(values, float(best["score"]), len(rows), spent | {"robustness": float(best["robustness"])})
