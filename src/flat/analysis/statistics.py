"""What a number of runs permits to say: intervals, tests, detectable effects (docs/statistics.md). Pure functions.

A cell's outcomes are a matrix (seeds, examples), NaN where an example has no value. The same examples are measured
under every seed, so seeds and examples are crossed: a bootstrap draw resamples seeds and, once for all seeds, examples
(the multi-bootstrap of Sellam et al., 2022). Examples of one checkpoint are never taken for evidence about a method.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

DRAWS = 10_000
LEVEL = 0.95
ALPHA, POWER = 0.05, 0.80
VERDICT_SEEDS = 5
MARKS = {"checkpoint-level": "ᶜ", "descriptive": "ᵈ", "verdicts allowed": "ᵛ"}
_CHUNK = 2_000_000  # resampled examples held at once
_KEPT = 25_000_000  # largest number of resampled examples that is remembered for the next cell


def permitted(seeds: int) -> str:
    """What ``seeds`` runs permit: nothing (""), one checkpoint, a description of the method, or a verdict on it."""
    if seeds < 1:
        return ""
    return "checkpoint-level" if seeds == 1 else "descriptive" if seeds < VERDICT_SEEDS else "verdicts allowed"


def mark(seeds: int) -> str:
    """The sign that stands beside a number in tables for what its seeds permit."""
    return MARKS.get(permitted(seeds), "")


# --- bootstrap


@lru_cache(maxsize=4)
def _kept_counts(examples: int, draws: int, seed: int) -> np.ndarray:
    return _counts(np.random.default_rng(seed), examples, draws)


def _counts(rng: np.random.Generator, choices: int, draws: int) -> np.ndarray:
    """(draws, choices): how often each of ``choices`` is taken in ``choices`` draws with replacement."""
    taken = rng.integers(choices, size=(draws, choices), dtype=np.int32)
    taken += choices * np.arange(draws, dtype=np.int32)[:, None]
    kind = np.uint16 if choices > 255 else np.uint8
    return np.bincount(taken.ravel(), minlength=draws * choices).reshape(draws, choices).astype(kind)


def resampled_means(values: np.ndarray, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Means of each seed's outcomes over resampled examples: (seeds, examples) -> (draws, seeds).

    Equal numbers of examples, draws and ``seed`` take the same examples, so that two strategies, models or attacks of
    one data set are compared on one resample. A draw without any defined outcome of a seed is NaN there.
    """
    values = np.asarray(values, dtype=np.float64)
    examples = values.shape[1]
    if not examples:
        return np.full((draws, len(values)), np.nan)
    defined = ~np.isnan(values)
    both = np.concatenate([np.where(defined, values, 0.0), defined.astype(np.float64)]).T  # (examples, 2 x seeds)
    if draws * examples <= _KEPT:
        kept = _kept_counts(examples, draws, seed)
        size = max(1, _CHUNK // examples)
        sums = np.concatenate([kept[i : i + size].astype(np.float64) @ both for i in range(0, draws, size)])
    else:
        rng, size = np.random.default_rng(seed), max(1, _CHUNK // examples)
        sizes = [min(size, draws - i) for i in range(0, draws, size)]
        sums = np.concatenate([_counts(rng, examples, n).astype(np.float64) @ both for n in sizes])
    totals, counts = sums[:, : len(values)], sums[:, len(values) :]
    return np.divide(totals, counts, out=np.full_like(totals, np.nan), where=counts > 0)


def resampled_shares(right: Sequence[int], total: Sequence[int], draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """As ``resampled_means`` in percent, of counts alone: resampling n examples of which k are right is binomial."""
    total = np.asarray(total)
    return 100.0 * np.random.default_rng(seed).binomial(total, np.asarray(right) / total, (draws, len(total))) / total


def over_seeds(means: np.ndarray, seed: int = 0) -> np.ndarray:
    """The second level: the mean over resampled seeds of each draw, (draws, seeds) -> (draws,).

    Deviations between seeds are stretched by sqrt(seeds / (seeds - 1)): resampling few seeds would otherwise
    understate their variance by that factor squared (Davison and Hinkley, 1997, section 3.8).
    """
    draws, seeds = means.shape
    if seeds == 1:
        return means[:, 0]
    centre = means.mean(axis=1)
    counts = _counts(np.random.default_rng(seed), seeds, draws)
    apart = (counts * (means - centre[:, None])).sum(axis=1) / seeds
    return centre + math.sqrt(seeds / (seeds - 1)) * apart


def interval(draws: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Percentile interval of bootstrap draws; NaN of none that is defined."""
    draws = draws[~np.isnan(draws)]
    if not len(draws):
        return float("nan"), float("nan")
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def exact_share(percent: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share of n examples, in percent: for outcomes that are all alike, of which
    any resample is alike too."""
    from scipy.stats import binomtest  # for cost

    found = binomtest(round(percent * n / 100), n).proportion_ci(level)
    return 100 * float(found.low), 100 * float(found.high)


def wilson_share(percent: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's interval of a share of n examples of one checkpoint, in percent."""
    from scipy.stats import binomtest  # for cost

    found = binomtest(round(percent * n / 100), n).proportion_ci(level, method="wilson")
    return 100 * float(found.low), 100 * float(found.high)


# --- tests


def welch(a: Sequence[float], b: Sequence[float], threshold: float = 0.0) -> float:
    """Two-sided p-value of Welch's t over seed means: mean(a) - mean(b) against ``threshold``; NaN under two seeds."""
    from scipy.stats import ttest_ind  # for cost

    a, b = np.asarray(a, dtype=float) - threshold, np.asarray(b, dtype=float)
    if min(len(a), len(b)) < 2:
        return float("nan")
    if not np.ptp(a) and not np.ptp(b):  # no spread, as where few examples give every seed the same: no evidence
        return 1.0 if a[0] == b[0] else float("nan")
    return float(ttest_ind(a, b, equal_var=False).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values of one family, in the given order; NaN (no test) is left out and stays NaN."""
    adjusted = [float("nan")] * len(p_values)
    tested = sorted((i for i, p in enumerate(p_values) if not math.isnan(p)), key=lambda i: p_values[i])
    largest = 0.0
    for rank, i in enumerate(tested):
        largest = max(largest, min(1.0, (len(tested) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def mcnemar(a: Sequence[float], b: Sequence[float]) -> float:
    """Exact two-sided McNemar test of two checkpoints on the same examples (1 right, 0 wrong). Checkpoint-level."""
    from scipy.stats import binomtest  # for cost

    a, b = np.asarray(a), np.asarray(b)
    only_a, only_b = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def minimum_detectable(a: Sequence[float], b: Sequence[float], alpha: float = ALPHA, power: float = POWER) -> float:
    """The smallest difference that Welch's test over seeds with these spreads finds with ``power``.

    NaN under two seeds, and of seeds without any spread, which are not tested.
    Solved on the noncentral t distribution with Welch's degrees of freedom.
    """
    from scipy.optimize import brentq  # for cost
    from scipy.stats import nct, t  # for cost

    if min(len(a), len(b)) < 2:
        return float("nan")
    parts = [np.var(x, ddof=1) / len(x) for x in (a, b)]
    error = math.sqrt(sum(parts))
    if not error:
        return float("nan")
    freedom = sum(parts) ** 2 / sum(v**2 / (len(x) - 1) for v, x in zip(parts, (a, b), strict=True))
    critical = t.ppf(1 - alpha / 2, freedom)

    def missing(shift: float) -> float:
        found = float(nct.sf(critical, freedom, shift) + nct.cdf(-critical, freedom, shift))
        return power - (1.0 if math.isnan(found) else found)  # scipy gives NaN far out, where power is 1

    return error * brentq(missing, 1e-6, 3 * critical + 6)


def rank_agreement(ours: Sequence[float], printed: Sequence[float]) -> float:
    """Kendall's tau-b between our values and the printed ones of the same cells; NaN under three cells."""
    from scipy.stats import kendalltau  # for cost

    return float(kendalltau(ours, printed).statistic) if len(ours) > 2 else float("nan")
