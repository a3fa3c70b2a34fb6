"""Texts encoded once and taken in batches padded only to the longest text of the batch."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from flat.models.interface import Batch, Classifier


class EncodedTexts:
    """A split's texts as token ids. Rows are taken in any order; columns beyond the longest row taken are dropped."""

    def __init__(self, model: Classifier, texts: Sequence[Sequence[str]]):
        self.whole = model.encode(texts)
        self.lengths = self.whole.present.sum(1)

    def __len__(self) -> int:
        return len(self.whole)

    def take(self, rows: np.ndarray | torch.Tensor, device: torch.device | str = "cpu") -> Batch:
        """The batch of these rows, (len(rows), longest of them)."""
        rows = torch.as_tensor(rows)
        width = max(1, int(self.lengths[rows].max())) if len(rows) else 1
        whole = self.whole
        return Batch(
            *(tensor[rows, :width] for tensor in (whole.ids, whole.present, whole.special, whole.word_index))
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
