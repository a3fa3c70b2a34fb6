"""A study's files to judged claims: what rule judge_claims and a notebook call."""

from collections.abc import Sequence
from pathlib import Path

from flat.analysis import statistics
from flat.analysis.claims.claim import Claim
from flat.analysis.claims.evidence import Judged, cell_results, judge, single_result
from flat.analysis.guards.flags import Flags
from flat.analysis.outcomes import Outcomes
from flat.files.artefacts import read_table
from flat.paper import printed as paper
from flat.study import paths
from flat.study.grid import importance_cells


def judge_study(
    study, claims: Sequence[Claim], measurements, printed: paper.Printed, root: str | Path = ".", flags=None
) -> list[Judged]:
    """Judge claims on a study that has been run.

    Args:
        study: flat.study.schema.Study. measurements: its measurements.parquet.
        printed: the paper's numbers, ``flat.paper.printed.load(folder)``.
        root: folder that the study's paths are relative to.
        flags: frame of flagged cells (``flat.analysis.guards.flags.FLAGS_SCHEMA``), or None.
    """
    outcomes = Outcomes(study, measurements, root)
    single = any(claim.estimand.kind != "contrast" for claim in claims)
    importance, synonyms = _importance(study, Path(root)) if single else (None, ())
    found, flagged = [], Flags(flags)
    for claim in claims:
        if claim.estimand.kind == "contrast":
            cells = cell_results(claim, study, outcomes, printed, flagged, statistics.DRAWS)
        else:
            cells = single_result(claim, study, importance, synonyms, printed)
        found.append((claim, cells))
    return judge(found)


def _importance(study, root: Path):
    """importance.parquet of the importance analysis, and synonyms.parquet with and without gamma; None and nothing of a
    study without it."""
    cells = [paths.coordinates(cell) for cell in importance_cells(study)]
    if not cells:
        return None, []
    place = paths.of(study)
    importance = read_table(root / place.importance("importance.parquet", **cells[0]))
    return importance, [read_table(root / place.importance("synonyms.parquet", **cell)) for cell in cells]
