"""A study's files to judged claims: what rule judge_claims and a notebook call."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flat.analysis import statistics
from flat.analysis.claims.claim import Claim
from flat.analysis.claims.evidence import CellResult, Judged, cell_results, judge, single_result
from flat.analysis.guards.flags import Flags
from flat.analysis.outcomes import Outcomes
from flat.files.artefacts import read_table
from flat.paper import printed as paper
from flat.study import paths
from flat.study.artefacts import PAIR_SETS
from flat.study.grid import importance_cells


def judge_study(
    study,
    claims: Sequence[Claim],
    measurements,
    printed: paper.Printed,
    root: str | Path = ".",
    flags=None,
    pair_sets: Sequence[str] = PAIR_SETS,
) -> list[Judged]:
    """Judge claims on a study that has been run, those about explanations on other pair sets too.

    Args:
        study: flat.study.schema.Study. measurements: its measurements.parquet.
        printed: the paper's numbers, ``flat.paper.printed.load(folder)``.
        root: folder that the study's paths are relative to.
        flags: frame of flagged cells (``flat.analysis.guards.flags.FLAGS_SCHEMA``), or None.
        pair_sets: those that ``on_pair_sets`` is to have.
    """
    outcomes = Outcomes(study, measurements, root)
    single = any(claim.estimand.kind != "contrast" for claim in claims)
    importance, synonyms = _importance(study, Path(root)) if single else (None, ())
    flagged = Flags(flags)

    def with_cells(claim: Claim, draws: int = statistics.DRAWS) -> tuple[Claim, list[CellResult]]:
        if claim.estimand.kind == "contrast":
            return claim, cell_results(claim, study, outcomes, printed, flagged, draws)
        return claim, single_result(claim, study, importance, synonyms, printed)

    found = [with_cells(claim) for claim in claims]
    draws = statistics.DRAWS if len(study.seeds) >= statistics.VERDICT_SEEDS else 0  # fewer seeds: by the mean alone
    said: dict[str, dict[str, str]] = {claim.name: {} for claim in claims}
    for pair_set in pair_sets:
        moved = [(claim.on(pair_set), claim, cells) for claim, cells in found]
        asked = [(new, cells) if new == old else with_cells(new, draws) for new, old, cells in moved if new is not None]
        for item in judge(asked):
            said[item.claim.name][pair_set] = item.verdict
    return [replace(item, on_pair_sets=said[item.claim.name]) for item in judge(found)]


def _importance(study, root: Path):
    """importance.parquet of the importance analysis, and synonyms.parquet with and without gamma; None and nothing of a
    study without it."""
    cells = [paths.coordinates(cell) for cell in importance_cells(study)]
    if not cells:
        return None, []
    place = paths.of(study)
    importance = read_table(root / place.importance("importance.parquet", **cells[0]))
    return importance, [read_table(root / place.importance("synonyms.parquet", **cell)) for cell in cells]
