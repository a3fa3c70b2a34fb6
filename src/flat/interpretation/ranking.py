"""How alike two rankings of the same words are: Kendall's tau and top-k intersection, as functions of the scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

KS = tuple(range(1, 11))


def kendall_tau(a: np.ndarray, b: np.ndarray) -> float:
    """Kendall's tau-b of two score vectors (words,), in [-1, 1]; NaN if one is constant or shorter than two.

    Pairs of words tied in one vector count as neither concordant nor discordant and shrink that vector's total.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"kendall_tau of shapes {a.shape} and {b.shape}")
    sign_a, sign_b = np.sign(a[:, None] - a), np.sign(b[:, None] - b)  # (words, words), every pair twice
    untied_a, untied_b = int((sign_a != 0).sum()), int((sign_b != 0).sum())
    if not untied_a or not untied_b:
        return float("nan")
    surplus = float((sign_a * sign_b).sum())  # concordant minus discordant
    return surplus / float(np.sqrt(float(untied_a * untied_b)))  # exactly 1 for equal rankings


def topk_intersections(a: np.ndarray, b: np.ndarray, ks: Sequence[int] = KS) -> list[float]:
    """For each k the share of the k positions with the highest scores that ``a`` and ``b`` (words,) have in common.

    In [0, 1]; k is cut to the number of words. Of equal scores the earlier position ranks higher.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"topk_intersections of shapes {a.shape} and {b.shape}")
    worse = np.maximum(ranks(a), ranks(b))  # a position is in both top-k where its worse rank is below k
    return [int((worse < k).sum()) / min(k, len(a)) for k in ks]


def ranks(scores: np.ndarray) -> np.ndarray:
    """Each position's rank from 0, the most positive score; equal scores rank from left to right."""
    found = np.empty(len(scores), dtype=int)
    found[np.argsort(-np.asarray(scores), kind="stable")] = np.arange(len(scores))
    return found


def chance_topk(words: int, k: int) -> float:
    """Expected TI@k of two random rankings of ``words`` words: min(k, words) / words."""
    return min(k, words) / words


@dataclass(frozen=True)
class Likeness:
    """KT and TI@k of one pair, means over the explained classes; KT is NaN where ``tau_dropped`` counts every class."""

    kendall_tau: float
    tau_dropped: int
    ti: tuple[float, ...]


def likeness(original: np.ndarray, other: np.ndarray) -> Likeness:
    """KT and TI@1..10 of each class's rankings, averaged over the classes: (classes, words) twice."""
    if original.shape != other.shape or original.ndim != 2 or not original.size:
        raise ValueError(f"likeness of shapes {original.shape} and {other.shape}")
    pairs = list(zip(original, other, strict=True))
    taus = np.array([kendall_tau(a, b) for a, b in pairs])
    defined = taus[~np.isnan(taus)]
    return Likeness(
        kendall_tau=float(defined.mean()) if len(defined) else float("nan"),
        tau_dropped=len(taus) - len(defined),
        ti=tuple(np.mean([topk_intersections(a, b) for a, b in pairs], axis=0).tolist()),
    )
