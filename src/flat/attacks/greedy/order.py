"""The order in which the greedy search visits words: TextAttack's ``GreedyWordSwapWIR._get_index_order``.

Importance is the score with the word deleted or replaced by the unknown word, or (PWWS) its softmax over the words
times the highest score that a substitute reaches. The order is given out as the search asks for it: near the end of a
ranking importances lie close, and most searches never get there.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from flat.attacks.greedy.answers import Answer, Answers


class Importance(NamedTuple):
    """Importance of each word: ``value`` and how far it may be off, both (words,)."""

    value: np.ndarray
    error: np.ndarray


def order(
    words: Sequence[int],
    measure: Callable[[Sequence[int] | None], Importance],
    matters: Callable[[int], bool],
    idle: Sequence[bool],
) -> Iterator[int]:
    """Words in descending order of importance, those that do not matter left out.

    Args:
        words: in TextAttack's own order, which ties depend on.
        measure: importance of all, exact for some of them (places in ``words``; None: for none yet).
        matters: of a word: whether it has substitutes at all; the place of the others changes nothing.
        idle: whether the model is known to see no difference between its substitutes and itself.
    """
    exact: set[int] = set()
    importance = measure(None)
    ranked, k = (-importance.value).argsort(), 0
    while k < len(ranked):
        end = k + 1
        while end < len(ranked) and not _apart(importance, ranked[end - 1], ranked[end]):
            end += 1
        tied = [n for n in ranked[k:end].tolist() if matters(words[n])]
        if len(tied) > 1 and not all(idle[n] for n in tied):
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


def _apart(importance: Importance, one: int, other: int) -> bool:
    difference = abs(importance.value[one] - importance.value[other])
    return difference > importance.error[one] + importance.error[other]


def by_score(answers: Answers, found: list[Answer]) -> Callable[[Sequence[int] | None], Importance]:
    """Importance is the score of the text without the word."""

    def measure(exact: Sequence[int] | None) -> Importance:
        if exact:
            answers.settle([found[n] for n in exact])
        return Importance(np.array([a.score for a in found]), np.array([a.error for a in found]))

    return measure


def by_weighted_saliency(
    answers: Answers, saliency: list[Answer], substitutes: list[list[Answer]]
) -> Callable[[Sequence[int] | None], Importance]:
    """Importance is softmax(saliency) times the highest score of a substitute; 0 where there is none (PWWS, Eq. 9)."""
    best = [max(found, key=lambda a: a.score) if found else None for found in substitutes]

    def measure(exact: Sequence[int] | None) -> Importance:
        if exact:
            answers.settle(saliency)
        for n in exact or ():
            found = substitutes[n]
            while found:  # those that may be the highest, until the highest is exact
                best[n] = max(found, key=lambda a: a.score)
                rivals = [a for a in found if a.score + a.error >= best[n].score - best[n].error]
                if not answers.settle(rivals):
                    break
        gains = [0.0 if answer is None else np.float32(answer.score) for answer in best]
        weights = torch.softmax(torch.Tensor([a.score for a in saliency]), dim=0).numpy()
        values = weights * np.array(gains)  # float32 where every word has substitutes, as in TextAttack
        off = np.array([0.0 if answer is None else answer.error for answer in best])
        spread = 2 * max((a.error for a in saliency), default=0.0)
        errors = weights * (off + np.array(gains) * spread) + 3e-7 * values
        errors[[n for n, answer in enumerate(best) if answer is None or (answer.error == 0 and spread == 0)]] = 0
        return Importance(values, errors)

    return measure
