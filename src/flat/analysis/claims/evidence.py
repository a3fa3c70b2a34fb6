"""A study's evidence on each claim: every cell's difference with its interval and test, then the verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from flat.analysis import statistics
from flat.analysis.claims.claim import AA, Claim, Evidence, verdict
from flat.analysis.claims.printed import printed_difference
from flat.analysis.guards.flags import Flags
from flat.analysis.importance import correlations
from flat.analysis.outcomes import Outcome, Outcomes, resample
from flat.paper import catalogue
from flat.study import paths
from flat.study.grid import importance_cells
from flat.study.seeds import seed_of

NAN = float("nan")
KEYS = ("dataset", "model", "attack", "train_attack", "method", "pair_set", "metric", "k")


@dataclass(frozen=True)
class CellResult:
    """One cell's difference. Lists are by seed; ``of`` and ``minus`` hold each seed's mean (nothing: not run)."""

    keys: Mapping[str, object]
    strategies: tuple[str, str]
    printed: Decimal | None
    seeds: tuple[int, ...] = ()
    of: tuple[float, ...] = ()
    minus: tuple[float, ...] = ()
    n: int = 0
    draws: np.ndarray | None = None
    mcnemar: tuple[float, ...] = ()
    files: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def run(self) -> bool:
        return bool(self.seeds)

    @property
    def value(self) -> float:
        return math.fsum(self.of) / len(self.of) - math.fsum(self.minus) / len(self.minus) if self.run else NAN


def cell_results(claim: Claim, study, outcomes: Outcomes, printed, flags: Flags, draws: int) -> list[CellResult]:
    """A claim's cells, run or not. Only seeds that both sides have a value under are compared; 0 draws: no interval."""
    found = []
    for of, minus in claim.contrasts():
        keys = {name: of.get(name, "") for name in KEYS}
        result = CellResult(keys, (of["strategy"], minus["strategy"]), printed_difference(printed, claim, of, minus))
        a, b = outcomes.find(of), outcomes.find(minus)
        seeds = sorted(set(a.seeds) & set(b.seeds)) if a and b else []
        if seeds:
            a, b = a.of_seeds(seeds), b.of_seeds(seeds)
            names = dict.fromkeys(flag["flag"] for side in (of, minus) for flag in flags.at(side))
            result = _compared(result, a, b, _seed(study, of, minus), draws, tuple(names))
        found.append(result)
    return found


def _compared(result: CellResult, a: Outcome, b: Outcome, seed: int, draws: int, flags: tuple[str, ...]) -> CellResult:
    pairs = list(zip(a.values, b.values, strict=True)) if result.keys["metric"] == AA else []
    measured = [int(min(a.totals[i], b.totals[i]) if a.totals else _both(a, b, i)) for i in range(len(a.seeds))]
    return replace(
        result,
        seeds=a.seeds,
        of=tuple(a.means.tolist()),
        minus=tuple(b.means.tolist()),
        n=min(measured),
        draws=resample(a, b, seed, draws) if draws and len(a.seeds) > 1 else None,
        mcnemar=tuple(statistics.mcnemar(mine == 100, other == 100) for mine, other in pairs),
        files=tuple(dict.fromkeys([*a.files, *b.files])),
        flags=flags,
    )


def _both(a: Outcome, b: Outcome, seed: int) -> int:
    """Examples with a value on the side that has fewer."""
    return min((~np.isnan(side.values[seed])).sum() for side in (a, b))


def _seed(study, of: Mapping, minus: Mapping) -> int:
    names = ("dataset", "model", "strategy", "train_attack", "attack", "method", "pair_set", "metric", "k")
    return seed_of(study.seed, "bootstrap-seeds", *(str(side.get(name, "")) for side in (of, minus) for name in names))


# --- claims of a single model: no contrast of strategies


def single_result(claim: Claim, study, importance, synonyms, printed) -> list[CellResult]:
    """|r| or the synonym gap, where the study's importance analysis is of the claim's cell; one checkpoint each.

    Args:
        importance: importance.parquet of the strategy. synonyms: synonyms.parquet with and without gamma. None and
            nothing of a study without the analysis.
    """
    own, grid = study.artefacts.importance, claim.cells
    keys = {"dataset": grid.datasets[0], "model": grid.models[0], "attack": grid.attacks[0]}
    keys = {name: keys.get(name, "") for name in KEYS} | {"k": 0, "metric": claim.estimand.kind}
    r = None
    if claim.estimand.kind == "correlation":
        keys["metric"] = claim.estimand.pair
        text = printed.value("9", **catalogue.IMPORTANCE, correlation=claim.estimand.pair, metric="pearson_r")
        r = None if text is None else abs(Decimal(text))
    result = CellResult(keys, (own.strategy if own else "", ""), r)
    if importance is None or (own.dataset, own.model, own.attack) != (keys["dataset"], keys["model"], keys["attack"]):
        return [result]
    cells, place = importance_cells(study), paths.of(study)
    if claim.estimand.kind == "correlation":
        value, n = next(
            (abs(c["r"]), c["n"]) for c in correlations(importance) if c["correlation"] == claim.estimand.pair
        )
        of, minus, names = value, 0.0, [place.importance("importance.parquet", **paths.coordinates(cells[0]))]
    else:
        of, minus = (float(frame["distance"].mean()) for frame in synonyms)
        n = min(map(len, synonyms))
        names = [place.importance("synonyms.parquet", **paths.coordinates(cell)) for cell in cells]
        result = CellResult(keys, (own.strategy, own.without_gamma), None)
    if math.isnan(of) or math.isnan(minus):
        return [result]
    return [replace(result, seeds=(cells[0].seed,), of=(of,), minus=(minus,), n=int(n), files=tuple(names))]


# --- from cells to a claim


@dataclass(frozen=True)
class Judged:
    """A claim with its cells, in the order of ``Claim.contrasts``; p-values are NaN where there is no test.

    ``on_pair_sets``: of a claim about explanations, its verdict on each pair set, its own among them.
    """

    claim: Claim
    cells: tuple[CellResult, ...]
    cell_p: tuple[float, ...] = ()
    cell_holm: tuple[float, ...] = ()
    p: float = NAN
    p_holm: float = NAN
    evidence: Evidence | None = None
    verdict: str = "not run"
    value: float = NAN
    interval: tuple[float, float] = (NAN, NAN)
    seeds: int = 0
    mde: float = NAN
    intervals: tuple[tuple[float, float], ...] = field(default=())
    on_pair_sets: Mapping[str, str] = field(default_factory=dict)


def seed_means(cells: Sequence[CellResult]) -> tuple[list[float], list[float]]:
    """Each seed's mean over the cells, of both sides, for the seeds that every cell has."""
    common = sorted(set.intersection(*(set(cell.seeds) for cell in cells))) if cells else []
    sides = []
    for side in ("of", "minus"):
        rows = [[getattr(cell, side)[cell.seeds.index(seed)] for cell in cells] for seed in common]
        sides.append([math.fsum(row) / len(row) for row in rows])
    return sides[0], sides[1]


def judge(found: Sequence[tuple[Claim, Sequence[CellResult]]]) -> list[Judged]:
    """Verdicts on claims with their cells. Tests of a family's cells, and of its claims, are corrected together."""
    judged = [_tested(claim, tuple(cells)) for claim, cells in found]
    families = {item.claim.family for item in judged}
    cell_holm, claim_holm = {}, {}
    for family in sorted(families):
        members = [i for i, item in enumerate(judged) if item.claim.family == family]
        places = [(i, j) for i in members for j in range(len(judged[i].cells))]
        cell_holm |= dict(zip(places, statistics.holm([judged[i].cell_p[j] for i, j in places]), strict=True))
        claim_holm |= dict(zip(members, statistics.holm([judged[i].p for i in members]), strict=True))
    return [
        _verdict(item, tuple(cell_holm[i, j] for j in range(len(item.cells))), claim_holm[i])
        for i, item in enumerate(judged)
    ]


def _tested(claim: Claim, cells: tuple[CellResult, ...]) -> Judged:
    run = [cell for cell in cells if cell.run]
    of, minus = seed_means(run)
    intervals = tuple((NAN, NAN) if cell.draws is None else _interval(cell.draws) for cell in cells)
    value = math.fsum(cell.value for cell in run) / len(run) if run else NAN
    bounds = (NAN, NAN)
    if run and all(cell.draws is not None for cell in run):
        bounds = _interval(np.mean([cell.draws for cell in run], axis=0))
    return Judged(
        claim,
        cells,
        cell_p=tuple(statistics.welch(cell.of, cell.minus, claim.margin) for cell in cells),
        p=statistics.welch(of, minus, claim.margin),
        value=value,
        interval=bounds,
        seeds=len(of),
        mde=statistics.minimum_detectable(of, minus),
        intervals=intervals,
    )


def _interval(draws: np.ndarray) -> tuple[float, float]:
    """The draws' interval; none where all outcomes are alike, so that every draw is and nothing was learned of it."""
    low, high = statistics.interval(draws)
    return (low, high) if high - low > 1e-12 else (NAN, NAN)


def _verdict(item: Judged, cell_holm: tuple[float, ...], p_holm: float) -> Judged:
    claim = item.claim
    run = [(claim.gain(cell.value), p) for cell, p in zip(item.cells, cell_holm, strict=True) if cell.run]
    permitted = item.seeds >= statistics.VERDICT_SEEDS
    low, high = sorted(map(claim.gain, item.interval)) if not math.isnan(item.interval[0]) else (NAN, NAN)
    evidence = Evidence(
        gain=claim.gain(item.value),
        low=low,
        high=high,
        p=p_holm,
        seeds=item.seeds,
        cells=len(run),
        wins=sum(gain > 0 for gain, _ in run),
        holm_wins=sum(permitted and gain > 0 and p < statistics.ALPHA for gain, p in run),
        reversals=sum(permitted and gain < 0 and p < statistics.ALPHA for gain, p in run),
    )
    said = verdict(evidence, claim.share)
    return replace(item, cell_holm=cell_holm, p_holm=p_holm, evidence=evidence, verdict=said)
