"""What a search hands over: the chosen values as an overlay of the study, and every trial as evidence."""

import csv
import io
from collections.abc import Mapping, Sequence

from flat.tuning.search import Trial, best_of

HEAD = """# Chosen on dev by `snakemake tune`; the trials are in {evidence}.
# Use it after the study that it was made for: snakemake --configfile STUDY.yaml {overlay} ...
# It holds the study's own overrides too: one list replaces another.
"""


def overlay_of(trials: Sequence[Trial], cell: Mapping[str, str], overrides: Sequence[Mapping], evidence: str) -> dict:
    """The overlay as plain data: the study's overrides with one more for the tuned cell, and where it comes from.

    Args:
        cell: dataset, model, strategy and train_attack.
        overrides: those of the study.
        evidence: the table of trials.
    """
    best = best_of(list(trials))
    where = {f"{name}s": [cell[name]] for name in ("dataset", "model", "train_attack")}
    own: dict[str, object] = {"where": where | {"strategies": [cell["strategy"]]}}
    weights = {name: best.values[name] for name in ("beta", "gamma") if name in best.values}
    if weights:
        own["objective"] = weights
    if "learning_rate" in best.values:
        own["training"] = {"learning_rate": best.values["learning_rate"]}
    named = "/".join(cell[name] for name in ("dataset", "model", "strategy", "train_attack"))
    tuned = {"cell": named, "split": "dev", "trials": len(trials), "score": best.score.total, "evidence": evidence}
    return {"overrides": [*map(dict, overrides), own], "tuned": tuned}


def to_yaml(overlay: Mapping, path: str) -> str:
    """The overlay file's text."""
    import yaml  # for cost

    head = HEAD.format(evidence=overlay["tuned"]["evidence"], overlay=path)
    return head + yaml.safe_dump(dict(overlay), sort_keys=False, allow_unicode=True)


def to_csv(trials: Sequence[Trial]) -> str:
    """One line a trial; accuracies in percent, the values with all their digits."""
    best, names = best_of(list(trials)), list(trials[0].values)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["trial", *names, "dev_accuracy_percent", "dev_after_attack_accuracy_percent", "constant", "score", "chosen"]
    )
    for trial in trials:
        found = trial.score
        numbers = [f"{100 * found.accuracy:.4f}", f"{100 * found.after_attack:.4f}"]
        numbers += ["yes" if found.constant else "", f"{found.total:.6f}"]
        chosen = "yes" if trial.number == best.number else ""
        writer.writerow([trial.number, *(repr(trial.values[name]) for name in names), *numbers, chosen])
    return out.getvalue()
