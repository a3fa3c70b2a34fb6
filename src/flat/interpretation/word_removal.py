"""Metrics of one explanation: what a model answers without the words that the explanation ranks highest, or of them
alone, as ``flat.plugins.kinds.Metric`` calls them.

A word that is left out is replaced by the model's unknown word (``ask.unknown``), as LIME's are, and never deleted: the
words that are left stay in their places. Words are ranked by their signed score for the class explained, equal scores
from left to right.
"""

import math
from collections.abc import Sequence

import numpy as np

from flat.interpretation.ranking import ranks


def comprehensiveness(ask, words: Sequence[str], target: int, scores: np.ndarray, options) -> float:
    """Drop of the class's probability when the top words are left out (DeYoung et al. 2020, section 4.2).

    The mean over ``options.percent``, as their code takes it (AOPC). Their Eq. 3 counts an empty set of words too,
    which adds nothing to the sum and one to what it is divided by. NaN of no word.
    """
    return _drop(ask, words, target, [ranks(scores) >= k for k in _tops(words, options)])


def sufficiency(ask, words: Sequence[str], target: int, scores: np.ndarray, options) -> float:
    """Drop of the class's probability when the top words alone are left; else as ``comprehensiveness``.

    Lower is better: the words that were kept carry the answer.
    """
    return _drop(ask, words, target, [ranks(scores) < k for k in _tops(words, options)])


def insertion(ask, words: Sequence[str], target: int, scores: np.ndarray, options) -> float:
    """Area under the class's probability as words are put into a text of unknown words, the top ones first.

    Over the share of words that are there, by the trapezoid rule (Petsiuk, Das and Saenko 2018, where
    pixels are put into a blurred image). NaN of no word.
    """
    return _area(ask, words, target, options, lambda k: ranks(scores) < k)


def deletion(ask, words: Sequence[str], target: int, scores: np.ndarray, options) -> float:
    """Area under the class's probability as words are left out, the top ones first; else as ``insertion``.

    Lower is better: the answer goes with the words that were left out.
    """
    return _area(ask, words, target, options, lambda k: ranks(scores) >= k)


def _tops(words: Sequence[str], options) -> list[int]:
    """How many words each share is: rounded up, so that it is one at least."""
    return [math.ceil(len(words) * percent / 100) for percent in options.percent]


def _drop(ask, words: Sequence[str], target: int, kept: list[np.ndarray]) -> float:
    if not len(words):
        return float("nan")
    answers = ask([list(words), *(_left(ask, words, mask) for mask in kept)])[:, target]
    return float(answers[0] - answers[1:].mean())


def _area(ask, words: Sequence[str], target: int, options, kept) -> float:
    if not len(words):
        return float("nan")
    counts = np.rint(np.linspace(0, len(words), min(len(words), options.steps) + 1)).astype(int)
    answers = ask([_left(ask, words, kept(k)) for k in counts])[:, target]
    return min(float((np.diff(counts) * (answers[1:] + answers[:-1]) / 2).sum() / len(words)), 1.0)  # rounding


def _left(ask, words: Sequence[str], kept: np.ndarray) -> list[str]:
    return [word if keep else ask.unknown for word, keep in zip(words, kept, strict=True)]
