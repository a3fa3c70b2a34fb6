"""Batches put through a model in one pass, each drawing the random numbers that it would draw alone.

A training step sees originals and adversarial texts. In one pass they cost less than in two. What is drawn (Gumbel
noise, dropout) is drawn part by part, in the shape of the part and in its order. So joining changes no draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from flat.models.batch import Batch
from flat.models.parts import stacked


@dataclass(frozen=True)
class Joined(Batch):
    """Texts of several batches; ``parts``: (texts, tokens) of each of them, in order."""

    parts: tuple[tuple[int, int], ...]


def joined(batches: Sequence[Batch]) -> Joined:
    """The texts of ``batches``, one batch after the other, padded to the longest of all."""
    fills = {"ids": 0, "present": False, "special": False, "word_index": -1}
    whole = {name: stacked([getattr(batch, name) for batch in batches], fill) for name, fill in fills.items()}
    return Joined(**whole, parts=tuple(tuple(batch.ids.shape) for batch in batches))


def parted(tensor: Tensor, batch: Joined, tokens: bool = True) -> list[Tensor]:
    """What ``tensor`` (texts of a joined batch, tokens, ...) holds of each part; without ``tokens``: (texts, ...)."""
    pieces = tensor.split([rows for rows, _ in batch.parts])
    return [piece[:, :width] if tokens else piece for piece, (_, width) in zip(pieces, batch.parts, strict=True)]
