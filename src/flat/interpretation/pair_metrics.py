"""Metrics of pairs: how alike two rankings of the same words are, as ``flat.plugins.kinds.Metric`` calls them.

``before`` and ``after`` are the scores (words,) of the words that a text and its adversarial text share, for one class.
Words are ranked by their signed score, the most positive first.
"""

import numpy as np

from flat.interpretation import ranking


def kendall_tau(before: np.ndarray, after: np.ndarray, options) -> float:
    """Kendall's tau-b (Kendall 1945); NaN if a ranking is constant, or of fewer than two words."""
    return ranking.kendall_tau(before, after)


def topk_intersection(before: np.ndarray, after: np.ndarray, options) -> float:
    """TI@k (paper, section 5.2); NaN of no word."""
    return ranking.topk_intersections(before, after, [options.k])[0] if len(before) else float("nan")


def rank_biased_overlap(before: np.ndarray, after: np.ndarray, options) -> float:
    """Extrapolated rank-biased overlap (Webber, Moffat and Zobel 2010, Eq. 32 for rankings of one length).

    (1 - p) sum over depths d of p^(d - 1) A_d, plus p^n A_n, where A_d is the share of the top d words that both have.
    Of equal scores the word further left ranks higher, as in TI@k. NaN of no word.
    """
    words = len(before)
    if not words:
        return float("nan")
    depths = np.arange(1, words + 1)
    agreement = np.array(ranking.topk_intersections(before, after, depths))
    found = (1 - options.p) * (options.p ** (depths - 1) * agreement).sum() + options.p**words * agreement[-1]
    return min(float(found), 1.0)  # rounding


def spearman(before: np.ndarray, after: np.ndarray, options) -> float:
    """Spearman's rho (Spearman 1904): Pearson's r of the ranks, equal scores sharing the mean of theirs.

    NaN if a ranking is constant, or of fewer than two words.
    """
    a, b = (mean_ranks(scores) - (len(scores) - 1) / 2 for scores in (before, after))
    sizes = float((a**2).sum() * (b**2).sum())
    return float(np.clip((a * b).sum() / np.sqrt(sizes), -1, 1)) if sizes else float("nan")


def mean_ranks(scores: np.ndarray) -> np.ndarray:
    """Each position's rank from 0, the lowest score; equal scores have the mean of the ranks that they take up."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[place]
