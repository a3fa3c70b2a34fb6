"""Tensors of several batches as one: what is random is drawn for each batch by itself, in its own shape and order."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def stacked(pieces: Sequence[Tensor], fill: float = 0) -> Tensor:
    """Pieces (rows, tokens, ...) one after the other, padded with ``fill`` to the most tokens."""
    most = max(piece.shape[1] for piece in pieces)
    behind = [(0, 0) * (piece.ndim - 2) + (0, most - piece.shape[1]) for piece in pieces]
    padded = [F.pad(p, by, value=fill) if by[-1] else p for p, by in zip(pieces, behind, strict=True)]
    return torch.cat(padded) if len(padded) > 1 else padded[0]


def drawn(shape: Sequence[int], parts: Sequence[Sequence[int]], draw: Callable[..., Tensor], fill: float = 0) -> Tensor:
    """A tensor of ``shape`` (texts, tokens, ...): ``draw(rows, tokens, ...)`` for each part in turn.

    Args:
        parts: (texts, tokens) of each; none: the whole is one.
        fill: what lies behind a part's tokens.
    """
    return stacked([draw(*part, *shape[2:]) for part in parts or (shape[:2],)], fill)
