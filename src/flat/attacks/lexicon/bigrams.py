"""A bigram model of a data set's training texts: what Gene asks instead of the One Billion Word language model.

TextAttack asks that model for the probability of candidate words after the one word before them, and of nothing else.
So a table of word pairs answers the same question. How good the answers are is another matter (docs/attacks.md).

P(w | v) is Witten and Bell's (1991, method C) back-off: with T(v) different words seen after v,

    P(w | v) = (c(v w) + T(v) P(w)) / (c(v) + T(v)),        P(w) = (c(w) + 1) / (N + V + 1)

so that a word never seen has a probability too. Words are TextAttack's, lower-cased.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from flat.attacks.textattack_adapter.words import attack_words
from flat.errors import ArtefactError
from flat.files.artefacts import atomic
from flat.files.failures import of_reading


class Bigrams:
    """Counts of words and word pairs.

    Args:
        words: the vocabulary, sorted.
        counts: (V,) occurrences of each word.
        pairs: sorted codes ``first * V + second`` of the pairs that occur.
        pair_counts: occurrences of each pair.
    """

    def __init__(self, words: Sequence[str], counts: np.ndarray, pairs: np.ndarray, pair_counts: np.ndarray):
        self.words, self.counts, self.pairs, self.pair_counts = list(words), counts, pairs, pair_counts
        self.index = {word: i for i, word in enumerate(self.words)}
        firsts = pairs // max(len(self.words), 1)
        self._followed = np.bincount(firsts, weights=pair_counts, minlength=len(self.words))  # c(v)
        self._followers = np.bincount(firsts, minlength=len(self.words))  # T(v)

    def get_words_probs(self, previous: str, words: Sequence[str]) -> list[float]:
        """P(word | previous) of each word; the name is that of TextAttack's interface."""
        before = self.index.get(previous.lower())
        return [self._probability(before, self.index.get(word.lower())) for word in words]

    def _probability(self, before: int | None, word: int | None) -> float:
        seen = 0 if word is None else int(self.counts[word])
        alone = (seen + 1) / (int(self.counts.sum()) + len(self.words) + 1)
        if before is None:
            return alone
        together = 0 if word is None else self._together(before * len(self.words) + word)
        followers = int(self._followers[before])
        return float((together + followers * alone) / (self._followed[before] + followers)) if followers else alone

    def _together(self, pair: int) -> int:
        place = int(np.searchsorted(self.pairs, pair))
        return int(self.pair_counts[place]) if place < len(self.pairs) and self.pairs[place] == pair else 0


def count(texts: Iterable[str]) -> Bigrams:
    """The bigrams of ``texts``; no pair reaches from one text into the next."""
    split = [[word.lower() for word in attack_words(text)] for text in texts]
    words = sorted({word for text in split for word in text})
    index = {word: i for i, word in enumerate(words)}
    rows = [np.array([index[word] for word in text], dtype=np.int64) for text in split]
    nothing = np.empty(0, dtype=np.int64)
    counts = np.bincount(np.concatenate([nothing, *rows]), minlength=len(words))
    codes = np.concatenate([nothing, *(row[:-1] * len(words) + row[1:] for row in rows)])
    pairs, pair_counts = np.unique(codes, return_counts=True)
    return Bigrams(words, counts, pairs, pair_counts)


def save(path: str | Path, bigrams: Bigrams) -> None:
    """Write the table; equal counts give equal bytes."""
    with atomic(path) as part, part.open("wb") as stream:
        np.savez_compressed(
            stream,
            words=np.frombuffer("\n".join(bigrams.words).encode(), dtype=np.uint8),
            counts=bigrams.counts.astype(np.int64),
            pairs=bigrams.pairs,
            pair_counts=bigrams.pair_counts.astype(np.int32),
        )


def load(path: str | Path) -> Bigrams:
    """Read a table.

    Raises:
        ArtefactError: it is absent or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            words = arrays["words"].tobytes().decode()
            return Bigrams(
                words.split("\n") if words else [],
                arrays["counts"],
                arrays["pairs"],
                arrays["pair_counts"].astype(np.int64),
            )
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise of_reading(error, path) or ArtefactError(
            str(path), f"no table of bigrams ({error})", "delete it and run snakemake again"
        ) from None
