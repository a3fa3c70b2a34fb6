"""An encoder's short cut for windows that differ in a word or two: how it is declared, and held to its word."""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

Encoder = Callable[[Sequence[str]], np.ndarray]
"""Texts to vectors: n texts -> (n, dim) float32. It may have a method ``windows()`` that gives its ``Windows``."""
PROBE = ("a film that is well made", "a film that is badly-made , and long", "an uneven film that is well made")
log = logging.getLogger("flat")


class Windows(Protocol):
    """An encoder's short cut for windows of one place of a text, which differ in a word or two.

    Attributes:
        error: how far the cosine of two of its vectors may lie from that of the encoder's own.
    """

    error: float

    def __call__(self, windows: Sequence[str]) -> np.ndarray | None:
        """(n, dim) vectors of n >= 1 windows, the first being what the others differ from; None where it cannot."""


def short_cut(encoder: Encoder) -> Windows | None:
    """The short cut that an encoder declares; None, with a warning, if it is not within the error that it declares."""
    declared = getattr(encoder, "windows", None)
    quick = None if declared is None else declared()
    if quick is None or getattr(quick, "checked", False):
        return quick
    apart = difference(quick, encoder)
    if not apart <= quick.error:
        log.warning("the sentence encoder is asked about whole windows: short cuts are off by %.1e", apart)
        return None
    return quick


def difference(quick: Windows, encode: Encoder) -> float:
    """How far cosines of a short cut lie from the encoder's own, of three texts; infinity where it gives none."""
    ours = quick(PROBE)
    return float("inf") if ours is None else float(np.abs(_cosines(ours) - _cosines(encode(PROBE))).max())


def _cosines(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, dtype=np.float64)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors @ vectors.T
