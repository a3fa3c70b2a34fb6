"""Batches put through a model in one pass, each drawing the random numbers that it would draw alone.

A training step sees originals and adversarial texts. In one pass they cost less than in two; what is drawn (Gumbel
noise, dropout) is drawn part by part, in the shape of the part and in its order, so that joining changes no draw.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:  # masks, which the interface imports, import this module
    from flat.models.interface import Batch


def joined(batches: "Sequence[Batch]") -> "Batch":
    """The texts of ``batches``, one batch after the other, padded to the longest of all."""
    fills = {"ids": 0, "present": False, "special": False, "word_index": -1}
    whole = {name: stacked([getattr(batch, name) for batch in batches], fill) for name, fill in fills.items()}
    return replace(batches[0], **whole, parts=tuple(tuple(batch.ids.shape) for batch in batches))


def stacked(pieces: Sequence[Tensor], fill: float = 0) -> Tensor:
    """Pieces (rows, tokens, ...) one after the other, padded with ``fill`` to the most tokens."""
    most = max(piece.shape[1] for piece in pieces)
    behind = [(0, 0) * (piece.ndim - 2) + (0, most - piece.shape[1]) for piece in pieces]
    padded = [F.pad(p, by, value=fill) if by[-1] else p for p, by in zip(pieces, behind, strict=True)]
    return torch.cat(padded) if len(padded) > 1 else padded[0]


def parted(tensor: Tensor, batch: "Batch", tokens: bool = True) -> list[Tensor]:
    """What ``tensor`` (texts of a joined batch, tokens, ...) holds of each part; without ``tokens``: (texts, ...)."""
    pieces = tensor.split([rows for rows, _ in batch.parts])
    return [piece[:, :width] if tokens else piece for piece, (_, width) in zip(pieces, batch.parts, strict=True)]


def drawn(shape: Sequence[int], batch: "Batch", draw: Callable[..., Tensor], fill: float = 0) -> Tensor:
    """A tensor of ``shape`` (texts, tokens, ...): ``draw(rows, tokens, ...)`` for each part of the batch in turn.

    What lies behind a part's tokens is ``fill``.
    """
    return stacked([draw(*part, *shape[2:]) for part in batch.parts or (shape[:2],)], fill)
