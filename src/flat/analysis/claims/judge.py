"""A study's files to judged claims: what rule judge_claims and a notebook call."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from flat.analysis import statistics
from flat.analysis.claims.claim import Claim
from flat.analysis.claims.evidence import FlagsOf, Judged, cell_results, judge, single_result
from flat.analysis.outcomes import Outcomes
from flat.files.artefacts import read_table
from flat.paper import printed as paper
from flat.study import paths
from flat.study.grid import importance_cells

COORDINATES = ("dataset", "model", "strategy", "train_attack")


def judge_study(
    study, claims: Sequence[Claim], measurements, printed: paper.Printed, root: str | Path = ".", flags=None
) -> list[Judged]:
    """Judge claims on a study that has been run.

    Args:
        study: flat.study.schema.Study. measurements: its measurements.parquet.
        printed: the paper's numbers, ``flat.paper.printed.load(folder)``.
        root: folder that the study's paths are relative to.
        flags: frame of flagged cells (dataset, model, strategy, train_attack, attack, seed, flag, detail), or None.
    """
    outcomes = Outcomes(study, measurements, root)
    single = any(claim.estimand.kind != "contrast" for claim in claims)
    importance, synonyms = _importance(study, Path(root)) if single else (None, ())
    flags_of = flag_finder(flags)
    found = []
    for claim in claims:
        if claim.estimand.kind == "contrast":
            cells = cell_results(claim, study, outcomes, printed, flags_of, statistics.DRAWS)
        else:
            cells = single_result(claim, study, importance, synonyms, printed)
        found.append((claim, cells))
    return judge(found)


def flag_finder(flags) -> FlagsOf:
    """Answers a number's keys with the names of its cell's flags, each once; with none where ``flags`` is None.

    A flag without an attack is of the model, under any.
    """
    by_cell: dict[tuple, list[tuple[str, str]]] = {}
    for record in () if flags is None else flags.to_dict("records"):
        cell = tuple(record[name] for name in COORDINATES)
        by_cell.setdefault(cell, []).append((record["attack"], record["flag"]))

    def flags_of(keys: Mapping[str, object]) -> list[str]:
        attack = keys.get("attack", "")
        found = by_cell.get(tuple(keys[name] for name in COORDINATES), ())
        return list(dict.fromkeys(flag for under, flag in found if not attack or under in ("", attack)))

    return flags_of


def _importance(study, root: Path):
    """importance.parquet of the importance analysis, and synonyms.parquet with and without gamma; None and nothing of a
    study without it."""
    cells = [paths.coordinates(cell) for cell in importance_cells(study)]
    if not cells:
        return None, []
    place = paths.of(study)
    importance = read_table(root / place.importance("importance.parquet", **cells[0]))
    return importance, [read_table(root / place.importance("synonyms.parquet", **cell)) for cell in cells]
