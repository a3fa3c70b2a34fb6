"""Judged claims as the rows of claims.csv and claim_cells.csv."""

import math
from collections.abc import Sequence

from flat.analysis import statistics
from flat.analysis.claims.evidence import CellResult, Judged
from flat.analysis.claims.printed import printed_wins
from flat.analysis.measurements import METRICS
from flat.paper.catalogue import table_keys
from flat.study import paths
from flat.study.artefacts import PAIR_SETS

CLAIM_COLUMNS = (
    "claim", "statement", "where", "family", "estimand", "direction", "margin", "verdict", "mark",
    "value", "low", "high", "printed", "unit", "p", "p_holm", "minimum_detectable", "seeds",
    "cells_run", "cells", "wins", "holm_wins", "reversals", "printed_wins", "printed_cells", "rank_agreement",
    "flags", "stand_ins", "tables", "ledgers", "claimed_by",
    *(f"on_{name}" for name in PAIR_SETS),
)  # fmt: skip
CELL_COLUMNS = (
    "claim", "dataset", "model", "attack", "of", "minus", "method", "pair_set", "metric", "k", "status", "mark",
    "value", "low", "high", "printed", "p", "p_holm", "minimum_detectable", "seeds", "n", "mcnemar_p", "flags",
    "ledgers",
)  # fmt: skip
SEPARATOR = ";"


def claim_rows(judged: Sequence[Judged], study) -> list[dict[str, object]]:
    """One row a claim. Values are differences in the metric's unit; ``printed`` is the paper's mean over the same
    cells (over all of them where none was run). ``on_shared`` and its like: the verdict on that pair set of a claim
    about explanations. Paths are those of the study, several apart by ``;``."""
    return [_claim_row(item, study) for item in judged]


def _claim_row(item: Judged, study) -> dict[str, object]:
    claim, run = item.claim, [cell for cell in item.cells if cell.run]
    wins, printed_cells = printed_wins(claim, [cell.printed for cell in item.cells])
    pairs = [(cell.value, float(cell.printed)) for cell in run if cell.printed is not None]
    seeds = item.seeds
    place = paths.of(study)
    found = [cell.printed for cell in (run or item.cells) if cell.printed is not None]
    return {
        "claim": claim.name,
        "statement": claim.statement,
        "where": claim.where,
        "family": claim.family,
        "estimand": estimand_text(claim),
        "direction": claim.direction,
        "margin": f"{claim.margin:g}",
        "verdict": _said(claim, item.verdict),
        "mark": statistics.permitted(seeds),
        "value": _number(item.value),
        "low": _number(item.interval[0]),
        "high": _number(item.interval[1]),
        "printed": _number(float(sum(found) / len(found))) if found else "",
        "unit": unit_of(claim),
        "p": _p(item.p),
        "p_holm": _p(item.p_holm),
        "minimum_detectable": _number(item.mde),
        "seeds": seeds,
        "cells_run": len(run),
        "cells": len(item.cells),
        "wins": item.evidence.wins,
        "holm_wins": item.evidence.holm_wins,
        "reversals": item.evidence.reversals,
        "printed_wins": wins if printed_cells else "",
        "printed_cells": printed_cells or "",
        "rank_agreement": _number(statistics.rank_agreement(*zip(*pairs, strict=True)) if pairs else float("nan")),
        "flags": SEPARATOR.join(dict.fromkeys(flag for cell in run for flag in cell.flags)),
        "stand_ins": "yes" if any(_stands_in(cell, study) for cell in run) else "",
        "tables": SEPARATOR.join(place.table(key, "csv") for key in claim.tables if key in table_keys(study)),
        "ledgers": SEPARATOR.join(dict.fromkeys(file for cell in run for file in cell.files)),
        "claimed_by": "study" if claim.own else "paper",
        **{f"on_{name}": _said(claim, item.on_pair_sets.get(name, "")) for name in PAIR_SETS},
    }


def _said(claim, verdict: str) -> str:
    return "supported" if claim.own and verdict == "reproduced" else verdict


def cell_rows(judged: Sequence[Judged]) -> list[dict[str, object]]:
    """One row a cell of a claim. ``mcnemar_p`` is by seed and checkpoint-level: never evidence about a method."""
    return [
        {
            "claim": item.claim.name,
            **{name: cell.keys[name] for name in ("dataset", "model", "method", "pair_set", "metric", "k")},
            "attack": cell.keys["attack"] or cell.keys["train_attack"],
            "of": cell.strategies[0],
            "minus": cell.strategies[1],
            "status": "run" if cell.run else "not run",
            "mark": statistics.permitted(len(cell.seeds)),
            "value": _number(cell.value),
            "low": _number(low),
            "high": _number(high),
            "printed": "" if cell.printed is None else str(cell.printed),
            "p": _p(p),
            "p_holm": _p(p_holm),
            "minimum_detectable": _number(statistics.minimum_detectable(cell.of, cell.minus)),
            "seeds": SEPARATOR.join(map(str, cell.seeds)),
            "n": cell.n or "",
            "mcnemar_p": SEPARATOR.join(map(_p, cell.mcnemar)),
            "flags": SEPARATOR.join(cell.flags),
            "ledgers": SEPARATOR.join(cell.files),
        }
        for item in judged
        for cell, (low, high), p, p_holm in zip(item.cells, item.intervals, item.cell_p, item.cell_holm, strict=True)
    ]


def estimand_text(claim) -> str:
    """AA, FLAT − adv; TI@5 (ig, shared), FLAT − base; |r|."""
    e = claim.estimand
    if e.kind == "correlation":
        return f"|r| of {e.pair.replace('_', ' ').replace('-', ', ')}"
    if e.kind == "synonym_gap":
        return "|φ(word) − φ(synonym)|, with γ − without"
    metric = METRICS[e.metric].title
    metric += f"@{e.k[0]}" if len(e.k) == 1 and e.k[0] else f"@{e.k[0]}–{e.k[-1]}" if len(e.k) > 1 else ""
    about = f" ({e.method}, {e.pair_set})" if e.method else ""
    return f"{metric}{about}, {e.of} − {' or '.join(e.minus)}"


def unit_of(claim) -> str:
    e = claim.estimand
    if e.kind != "contrast":
        return "correlation" if e.kind == "correlation" else "probability"
    unit = METRICS[e.metric].unit
    return "percentage points" if unit == "percent" else unit


def _stands_in(cell: CellResult, study) -> bool:
    attacks = {cell.keys["attack"], cell.keys["train_attack"]}
    return bool(
        study.datasets[cell.keys["dataset"]].stand_in
        or study.models[cell.keys["model"]].stand_in
        or any(study.attacks[name].stand_ins for name in attacks if name in study.attacks)
    )


def _number(value: float) -> str:
    """Six decimals; empty where there is none."""
    return "" if math.isnan(value) else f"{value:.6f}"


def _p(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4g}"
