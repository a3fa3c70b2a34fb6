"""A study's files to judged claims: what rule judge_claims and a notebook call."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from flat import paths
from flat.analysis import paper, statistics
from flat.analysis.claims import Claim
from flat.analysis.evidence import Judged, cell_results, judge, single_result
from flat.analysis.outcomes import Outcomes
from flat.artefacts import read_table
from flat.study_grid import importance_cells

COORDINATES = ("dataset", "model", "strategy", "train_attack")


def judge_study(
    study, claims: Sequence[Claim], measurements, printed: paper.Printed, root: str | Path = ".", flags=None
) -> list[Judged]:
    """Judge claims on a study that has been run.

    Args:
        study: flat.study.Study. measurements: its measurements.parquet.
        printed: the paper's numbers, ``flat.analysis.paper.load(folder)``.
        root: folder that the study's paths are relative to.
        flags: frame of flagged cells (dataset, model, strategy, train_attack, attack, seed, flag, detail), or None.
    """
    outcomes = Outcomes(study, measurements, root)
    single = any(claim.estimand.kind != "contrast" for claim in claims)
    importance, synonyms = _importance(study, Path(root)) if single else (None, ())

    def flags_of(keys: Mapping[str, object]) -> list[str]:
        return flags_of_cell(flags, keys)

    found = []
    for claim in claims:
        if claim.estimand.kind == "contrast":
            cells = cell_results(claim, study, outcomes, printed, flags_of, statistics.DRAWS)
        else:
            cells = single_result(claim, study, importance, synonyms, printed)
        found.append((claim, cells))
    return judge(found)


def flags_of_cell(flags, keys: Mapping[str, object]) -> list[str]:
    """The names of the flags of a number's cell, each once. A flag without an attack is of the model, under any."""
    if flags is None:
        return []
    here = [flags[name].eq(keys[name]) for name in COORDINATES]
    chosen = flags[here[0] & here[1] & here[2] & here[3]]
    attack = keys.get("attack", "")
    if attack:
        chosen = chosen[chosen["attack"].isin(["", attack])]
    return list(dict.fromkeys(chosen["flag"]))


def _importance(study, root: Path):
    """importance.parquet of the importance analysis, and synonyms.parquet with and without gamma."""
    cells = [paths.coordinates(cell) for cell in importance_cells(study)]
    place = paths.of(study)
    importance = read_table(root / place.importance("importance.parquet", **cells[0]))
    return importance, [read_table(root / place.importance("synonyms.parquet", **cell)) for cell in cells]
