"""Adversarial texts beside the training texts that they were made from."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Pairs:
    """Adversarial texts of a round.

    Attributes:
        rows: ``rows[i]`` is the training row that ``texts[i]`` was made from.
        texts: word lists.
        aligned: per text and word of its original, the word of the text that stands for it, -1 if none; None in a
            text's place, or for all: word by word.
    """

    rows: Sequence[int]
    texts: Sequence[Sequence[str]]
    aligned: Sequence[Sequence[int] | None] | None = None


def counterparts(originals: Sequence[Sequence[str]], pairs: Pairs, longest: int, over: str = "changed") -> torch.Tensor:
    """The word that the importance gap compares each word of an original with, (pairs, words).

    It is the place of the word that stands for it in the adversarial text; -1 where the gap does not count it.

    Args:
        originals: the original of each pair.
        longest: words read of a text at most.
        over: "changed": words that were replaced (Eq. 4); "all": every word that both texts have.
    """
    width = max([1, *(min(len(text), longest) for text in originals)])
    found = torch.full((len(pairs.texts), width), -1)
    for row, (before, after) in enumerate(zip(originals, pairs.texts, strict=True)):
        aligned = (pairs.aligned[row] if pairs.aligned else None) or range(min(len(before), len(after)))
        for i, j in enumerate(aligned[:width]):
            if j >= 0 and (over == "all" or before[i] != after[j]):
                found[row, i] = j
    return found
