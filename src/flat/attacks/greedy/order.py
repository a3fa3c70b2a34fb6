"""The order in which the greedy search visits words: TextAttack's ``GreedyWordSwapWIR._get_index_order``.

Importance is the score with the word deleted or replaced by the unknown word, or (PWWS) its softmax over the words
times the highest score that a substitute reaches. The order is given out as the search asks for it: near the end of a
ranking importances lie close, and most searches never get there.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch

from flat.attacks.greedy.answers import Answer, Answers


class Importance(NamedTuple):
    """Importance of each word: ``value`` and how far it may be off, both (words,)."""

    value: np.ndarray
    error: np.ndarray


class Measure(Protocol):
    """The importance of the words of one text."""

    def __call__(self, exact: Sequence[int] | None) -> Importance:
        """Importance of all; exact for some of them (places in the list of words; None: for none yet)."""

    def refine(self, places: Sequence[int]) -> bool:
        """Have the importance of some rest on fp32; whether any did not."""


def order(
    words: Sequence[int],
    measure: Measure,
    matters: Callable[[int], bool],
    idle: Sequence[bool],
) -> Iterator[int]:
    """Words in descending order of importance, those that do not matter left out.

    Args:
        words: in TextAttack's own order, which ties depend on.
        measure: their importance.
        matters: of a word: whether it has substitutes at all; the place of the others changes nothing.
        idle: whether the model is known to see no difference between its substitutes and itself.
    """
    exact: set[int] = set()
    importance = measure(None)
    ranked, k = (-importance.value).argsort(), 0
    while k < len(ranked):
        end = _surely_above(importance, ranked, k)
        tied = [n for n in ranked[k:end].tolist() if matters(words[n])]
        if len(tied) > 1 and not all(idle[n] for n in tied):
            if measure.refine(tied):
                importance = measure(sorted(exact))
                ranked = (-importance.value).argsort()
                continue
            # of equals the sort decides, and how it decides depends on every value
            equal = exact.issuperset(tied) and len(set(importance.value[tied].tolist())) < len(tied)
            wanted = set(range(len(words))) if equal else set(tied)
            if not wanted <= exact:
                exact |= wanted
                importance = measure(sorted(exact))
                ranked = (-importance.value).argsort()
                continue
        yield from (words[n] for n in tied)
        k = end


def _surely_above(importance: Importance, ranked: np.ndarray, k: int) -> int:
    """The end of the shortest run of ``ranked`` from k on whose words are surely more important than all behind it."""
    values, errors = importance.value[ranked[k:]], importance.error[ranked[k:]]
    lowest = np.minimum.accumulate(values - errors)
    highest = np.maximum.accumulate((values + errors)[::-1])[::-1]
    apart = np.flatnonzero(lowest[:-1] > highest[1:])
    return k + 1 + int(apart[0]) if len(apart) else len(ranked)


class ByScore:
    """Importance is the score of the text without the word."""

    def __init__(self, answers: Answers, found: list[Answer]):
        self.answers, self.found = answers, found

    def refine(self, places: Sequence[int]) -> bool:
        return self.answers.refine(self.found[n] for n in places)

    def __call__(self, exact: Sequence[int] | None) -> Importance:
        if exact:
            self.answers.settle([self.found[n] for n in exact])
        return Importance(np.array([a.score for a in self.found]), np.array([a.error for a in self.found]))


class ByWeightedSaliency:
    """Importance is softmax(saliency) times the highest score of a substitute; 0 where there is none (PWWS, Eq. 9).

    Args:
        saliency: answers to the text with each word unknown, in fp32: the softmax would spread a larger error.
        substitutes: answers to the substitutes of each word.
    """

    def __init__(self, answers: Answers, saliency: list[Answer], substitutes: list[list[Answer]]):
        self.answers, self.saliency, self.substitutes = answers, saliency, substitutes

    def refine(self, places: Sequence[int]) -> bool:
        return self.answers.refine([a for n in places for a in _rivals(self.substitutes[n])])

    def __call__(self, exact: Sequence[int] | None) -> Importance:
        answers = self.answers
        if exact:
            answers.settle(self.saliency)
        for n in exact or ():
            while True:  # those that may be the highest, until the highest is exact
                rivals = _rivals(self.substitutes[n])
                if not (answers.refine(rivals) or answers.settle(rivals)):
                    break
        best = [max(found, key=lambda a: a.score) if found else None for found in self.substitutes]
        gains = [0.0 if answer is None else np.float32(answer.score) for answer in best]
        weights = torch.softmax(torch.Tensor([a.score for a in self.saliency]), dim=0).numpy()
        values = weights * np.array(gains)  # float32 where every word has substitutes, as in TextAttack
        off = np.array([_off(found, answer) for found, answer in zip(self.substitutes, best, strict=True)])
        spread = 2 * max((a.error for a in self.saliency), default=0.0)
        errors = weights * (off + np.array(gains) * spread) + 3e-7 * values
        errors[[n for n, answer in enumerate(best) if answer is None or (off[n] == 0 and spread == 0)]] = 0
        return Importance(values, errors)


def _rivals(found: list[Answer]) -> list[Answer]:
    """Those that may have the highest score."""
    least = max((a.score - a.error for a in found), default=0.0)
    return [a for a in found if a.score + a.error >= least]


def _off(found: list[Answer], best: Answer | None) -> float:
    """How far the highest score of ``found`` may lie from that of ``best``, the highest as far as is known."""
    if best is None:
        return 0.0
    return max(best.error, max(a.score + a.error for a in found) - best.score)
