"""Texts encoded once and taken in batches padded only to the longest text of the batch."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from flat.models.batch import Batch
from flat.models.interface import Classifier


class EncodedTexts:
    """Texts of a split as token ids, by their row. Columns beyond the longest of the rows taken are dropped.

    Args:
        rows: the rows that will be taken; the others are not encoded. None: all.
    """

    def __init__(self, model: Classifier, texts: Sequence[Sequence[str]], rows: np.ndarray | None = None):
        rows = np.arange(len(texts)) if rows is None else rows
        self.whole = model.encode([texts[row] for row in rows])
        self._place = torch.full((len(texts),), len(rows), dtype=torch.long)  # no place: an error if it is taken
        self._place[torch.as_tensor(rows)] = torch.arange(len(rows))
        self._lengths = self.whole.present.sum(1)

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        """Tokens of each of these rows."""
        return self._lengths[self._place[torch.as_tensor(rows)]].numpy()

    def take(self, rows: np.ndarray | torch.Tensor, device: torch.device | str = "cpu") -> Batch:
        """The batch of these rows, (len(rows), longest of them)."""
        places = self._place[torch.as_tensor(rows)]
        width = max(1, int(self._lengths[places].max())) if len(places) else 1
        whole = self.whole
        return Batch(
            *(tensor[places, :width] for tensor in (whole.ids, whole.present, whole.special, whole.word_index))
        ).to(device)


def shuffled_batches(
    lengths: np.ndarray, size: int, rng: np.random.Generator, spread: int = 50
) -> Iterator[np.ndarray]:
    """Batches of row numbers in random order, each of texts of like length.

    The rows are shuffled, cut into pools of ``spread`` batches, sorted by length within a pool and the batches
    shuffled again: random enough for training, with little padding.
    """
    order = rng.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), size * spread):
        pool = order[start : start + size * spread]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[i : i + size] for i in range(0, len(pool), size)]
    yield from (batches[i] for i in rng.permutation(len(batches)))


def rows_of_epoch(count: int, taken: int, paired: np.ndarray, order: np.random.Generator) -> np.ndarray:
    """The training rows of one epoch: all ``count``, or the rows with an adversarial text and a draw of the others."""
    if taken == count:
        return np.arange(count)
    others = np.setdiff1d(np.arange(count), paired)
    return np.sort(np.concatenate([paired, order.permutation(others)[: taken - len(paired)]]))
