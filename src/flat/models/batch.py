"""Texts as token ids, padded, with the word that each piece belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

Texts = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Batch:
    """Texts as token ids, padded to the longest of the batch. All tensors are (batch, tokens)."""

    ids: Tensor  # long
    present: Tensor  # bool: False on padding
    special: Tensor  # bool: True on CLS, SEP, ...: never masked, never in a metric
    word_index: Tensor  # long: index of the token's word in its text; -1 on padding and special tokens
    parts: ClassVar[tuple[tuple[int, int], ...]] = ()  # (texts, tokens) of those joined in it (flat.models.joined)

    def to(self, device: torch.device | str) -> "Batch":
        """On a device; a GPU copies from pinned memory, and the caller does not wait for it."""
        tensors = (self.ids, self.present, self.special, self.word_index)
        if torch.device(device).type == "cuda" and self.ids.device.type == "cpu":
            tensors = tuple(tensor.pin_memory() for tensor in tensors)
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in tensors))

    @property
    def maskable(self) -> Tensor:
        """(batch, tokens) True on the tokens that carry a word: those that masks, entropy and metrics are about."""
        return self.present & ~self.special

    def __len__(self) -> int:
        return self.ids.shape[0]
