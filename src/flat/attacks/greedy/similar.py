"""Similarities that are off by a known amount, and exact wherever a decision hangs on less.

An encoder may answer windows faster than whole texts, but for rounding (``flat.attacks.lexicon.quick_windows``). The
bound is one of cosines; near 1 it grows in angles.
"""

from collections.abc import Callable, Sequence

import numpy as np

ROUNDING = 3e-7  # of a similarity that is computed, and compared, in float32


class Similar:
    """The similarities of one question.

    Args:
        values: one for each text compared.
        ends: below and above which each surely does not lie; None: ``values`` are exact.
        exactly: gives the exact values.

    Attributes:
        values: the similarities known so far.
    """

    def __init__(
        self,
        values: Sequence[float],
        ends: tuple[np.ndarray, np.ndarray] | None = None,
        exactly: Callable[[], list[float]] | None = None,
    ):
        self.values, self._exactly = list(values), exactly
        self._low, self._high = ends or (np.asarray(self.values), np.asarray(self.values))
        self.exact = ends is None

    def settle(self) -> None:
        """Make all values exact."""
        if not self.exact:
            self.values, self.exact = self._exactly(), True
            self._low = self._high = np.asarray(self.values)

    def settle_at(self, limit: float, margin: float = 0.0) -> None:
        """Make them exact if one might lie on either side of the limit, or of what is ``margin`` below or above it."""
        if not self.exact and ((self._low < limit + margin) & (self._high > limit - margin)).any():
            self.settle()

    def settle_between(self, a: int, b: int, margin: Callable[[float], float] = lambda similarity: 0.0) -> None:
        """Make them exact if values a and b might be as near as ``margin`` of the greater one, or nearer."""
        if self.exact:
            return
        gap = max(self._low[a], self._low[b]) - min(self._high[a], self._high[b])
        if gap <= margin(float(max(self._high[a], self._high[b]))):
            self.settle()

    def reaching(self, limit: float) -> list[int]:
        """Places of those that are at least ``limit``."""
        self.settle_at(limit)
        return [n for n, value in enumerate(self.values) if value >= limit]

    def higher(self, a: int, b: int) -> bool:
        """Whether value a is greater than value b."""
        self.settle_between(a, b)
        return self.values[a] > self.values[b]


class Estimate(float):
    """One of the similarities of a question; compared with another of them, both are exact where they must be.

    What TextAttack's search keeps with a text and compares.
    """

    def __new__(cls, similar: Similar, place: int):
        value = super().__new__(cls, similar.values[place])
        value.similar, value.place = similar, place
        return value

    def _settled(self, other) -> tuple[float, float]:
        if isinstance(other, Estimate) and other.similar is self.similar:
            self.similar.settle_between(self.place, other.place)
        elif isinstance(other, Estimate):
            self.similar.settle()
            other.similar.settle()
        else:
            self.similar.settle_at(other)
        theirs = other.similar.values[other.place] if isinstance(other, Estimate) else other
        return self.similar.values[self.place], theirs

    def __gt__(self, other):
        mine, theirs = self._settled(other)
        return mine > theirs

    def __lt__(self, other):
        mine, theirs = self._settled(other)
        return mine < theirs

    def __ge__(self, other):
        mine, theirs = self._settled(other)
        return mine >= theirs

    def __le__(self, other):
        mine, theirs = self._settled(other)
        return mine <= theirs

    def __eq__(self, other):
        mine, theirs = self._settled(other)
        return mine == theirs

    __hash__ = float.__hash__


def cosine_ends(values: np.ndarray, error: float) -> tuple[np.ndarray, np.ndarray]:
    """Between which the cosines lie whose estimates may be off by ``error``."""
    return values - error - ROUNDING, values + error + ROUNDING


def angular_ends(values: np.ndarray, error: float) -> tuple[np.ndarray, np.ndarray]:
    """The same for 1 - angle / pi, of estimates whose cosines may be off by ``error``."""
    cosines = np.cos(np.pi * (1 - values))
    # a value is itself rounded: so is the cosine that is read back from it
    low, high = (np.clip(cosines + sign * (error + np.pi * ROUNDING), -1, 1) for sign in (-1, 1))
    return 1 - np.arccos(low) / np.pi - ROUNDING, 1 - np.arccos(high) / np.pi + ROUNDING


def estimated(metric: str, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(n,) similarities of two arrays of vectors (n, dim), up to rounding; metric: one of ``ENDS``."""
    a, b = before.astype(np.float64), after.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", b, b))
    cosines = np.einsum("ij,ij->i", a, b) / np.maximum(lengths, 1e-300)
    return cosines if metric == "cosine" else 1 - np.arccos(np.clip(cosines, -1, 1)) / np.pi


ENDS = {"cosine": cosine_ends, "angular": angular_ends}
"""TextAttack's name of a metric -> between which its exact values lie. Any other metric is asked exactly."""
