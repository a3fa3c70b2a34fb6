"""The numbers of a study as the explorer shows them: every cell's metrics with n and an interval, its contrasts."""

import math
from collections.abc import Iterator

import numpy as np

from flat.analysis import statistics
from flat.analysis.intervals import KEYS, SHOWN_K
from flat.analysis.measurements import METRICS
from flat.analysis.outcomes import AA, ACCURACIES, ATTACKED, KT, TI, Outcomes, resample
from flat.paper.catalogue import MAIN_PAIR_SET
from flat.study.cells import NO_ATTACK
from flat.study.grid import REFERENCES, main_cells
from flat.study.seeds import seed_of

SHARES = (AA, ATTACKED, *ACCURACIES)  # percent of texts, each right or wrong
LEFT_OUT = ("adversarial_texts", "best_epoch", "parameters", "unknown_word_importance", "mean_word_importance")
DIGITS = 4


def rounded(value: float) -> float | None:
    return None if value is None or math.isnan(value) else round(float(value), DIGITS)


def results(study, measurements, intervals, outcomes: Outcomes, draws: int = statistics.DRAWS) -> list[dict]:
    """A row per number: its keys, the mean over seeds, n of the seed that has fewest, the interval, and of a share the
    texts that were right, all seeds together.

    Of several seeds the interval is that of intervals.parquet; of one seed, Clopper and Pearson's of a share, and for
    KT and TI that of resampled examples.
    """
    kept = measurements[~measurements["metric"].isin(LEFT_OUT) & measurements["k"].isin((0, SHOWN_K))]
    last = kept.groupby(["dataset", "model", "strategy", "train_attack", "seed"])["round"].transform("max")
    kept = kept[(kept["round"] == last) & kept["value"].notna()]
    known = {tuple(row[name] for name in KEYS): (row["low"], row["high"]) for row in intervals.to_dict("records")}
    found = []
    for key, group in kept.groupby(list(KEYS), sort=True):
        keys = dict(zip(KEYS, key, strict=True))
        value, n = math.fsum(group["value"]) / len(group), int(group["n"].min())
        low, high = known.get(key) or _of_one_seed(study, keys, value, n, len(group), outcomes, draws)
        row = keys | {"value": rounded(value), "low": rounded(low), "high": rounded(high), "n": n}
        row |= {"seeds": sorted(int(seed) for seed in group["seed"])}
        if keys["metric"] in SHARES:
            row["right"] = int(np.rint(group["value"] * group["n"] / 100).sum())
            row["of"] = int(group["n"].sum())
        found.append(row)
    return found


def _of_one_seed(study, keys: dict, value: float, n: int, seeds: int, outcomes: Outcomes, draws: int):
    """(low, high); NaN where there is none."""
    nothing = (math.nan, math.nan)
    if seeds != 1:
        return nothing
    if keys["metric"] in SHARES:
        return statistics.exact_share(value, n) if n else nothing
    outcome = outcomes.find(keys) if keys["metric"] in (KT, TI) else None
    return statistics.interval(resample(outcome, None, study.seed, draws)) if outcome is not None else nothing


def metrics_of(rows: list[dict]) -> list[dict]:
    """The metrics of these rows: name, title, unit, decimals."""
    names = {row["metric"] for row in rows}
    known = [name for name in METRICS if name in names] + sorted(names - set(METRICS))
    found = []
    for name in known:
        metric = METRICS.get(name)
        title, unit, decimals = (metric.title, metric.unit, metric.decimals) if metric else (name, "", 2)
        at = f"@{SHOWN_K}" if any(row["metric"] == name and row["k"] for row in rows) else ""
        found.append({"name": name, "title": title + at, "unit": unit, "decimals": decimals})
    return found


def compared(study) -> list[tuple[str, str]]:
    """(strategy, what it is held against): each main strategy against adv, adv against base; base where adv is not."""
    main = study.artefacts.main.strategies
    found = []
    for name in main:
        against = next((other for other in REFERENCES if other in main and other != name), None)
        if against and name != "base":
            found.append((name, against))
    return sorted(found, key=lambda pair: (pair[0] == "adv", main.index(pair[0])))


def contrasts(study, outcomes: Outcomes, draws: int = statistics.DRAWS) -> list[dict]:
    """The differences of the study's own main strategies: over all cells of each pair and metric, and of each cell.

    A difference is one strategy's mean over seeds less the other's, of the seeds that both have; over cells, the plain
    mean. Its interval resamples seeds and texts, the same texts of a data set for both sides.
    """
    found = []
    for of, minus in compared(study):
        for metric, method, k in _estimands(study):
            cells = [cell for cell in _cells(study, of, minus, metric, method, k, outcomes, draws) if cell]
            if not cells:
                continue
            draws_of_all = np.mean([cell.pop("draws") for cell in cells], axis=0)
            low, high = _spread(draws_of_all)
            seeds = min(len(cell["seeds"]) for cell in cells)
            found.append(
                {"of": of, "minus": minus, "metric": metric, "method": method, "k": k, "seeds": seeds}
                | {"pair_set": MAIN_PAIR_SET if method else "", "permits": statistics.permitted(seeds)}
                | {"value": rounded(math.fsum(cell["value"] for cell in cells) / len(cells))}
                | {"low": rounded(low), "high": rounded(high), "cells": cells}
            )
    return found


def _estimands(study) -> Iterator[tuple[str, str, int]]:
    yield AA, "", 0
    for method in study.interpretation.methods:
        yield KT, method, 0
        yield TI, method, SHOWN_K


def _cells(study, of: str, minus: str, metric: str, method: str, k: int, outcomes: Outcomes, draws: int):
    chosen = {(a.cell.dataset, a.cell.model, a.attack) for a in main_cells(study)}
    for dataset, model, attack in sorted(chosen):
        sides = []
        for name in (of, minus):
            trained = attack if study.strategies[name].adversarial else NO_ATTACK
            keys = {"dataset": dataset, "model": model, "attack": attack, "strategy": name, "train_attack": trained}
            keys |= {"metric": metric, "method": method, "pair_set": MAIN_PAIR_SET if method else "", "k": k}
            sides.append(outcomes.find(keys))
        yield _difference(study, {"dataset": dataset, "model": model, "attack": attack}, *sides, draws)


def _spread(draws: np.ndarray) -> tuple[float, float]:
    """The interval; NaN where every draw is alike, so that nothing is known of the spread."""
    low, high = statistics.interval(draws)
    return (math.nan, math.nan) if low == high else (low, high)


def _difference(study, keys: dict, a, b, draws: int) -> dict | None:
    seeds = sorted(set(a.seeds) & set(b.seeds)) if a and b else []
    if not seeds:
        return None
    a, b = a.of_seeds(seeds), b.of_seeds(seeds)
    drawn = resample(a, b, seed_of(study.seed, "explorer", *keys.values()), draws)
    low, high = _spread(drawn)
    n = int(min((~np.isnan(side.values)).sum(axis=1).min() for side in (a, b)))
    value = float(a.means.mean() - b.means.mean())
    return (
        keys
        | {"value": rounded(value), "low": rounded(low), "high": rounded(high), "n": n}
        | {
            "seeds": seeds,
            "draws": drawn,
        }
    )
