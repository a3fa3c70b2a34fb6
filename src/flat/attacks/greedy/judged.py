"""What logits say of an attack's texts, and how far each of it may be off."""

from typing import NamedTuple

import numpy as np
import torch

from flat.attacks.victim import finite
from flat.models.edits.screening import spread_of

ROUNDING = 2e-7  # of a probability


class Judged(NamedTuple):
    """Of n texts; tensors.

    Attributes:
        probabilities: (n, classes).
        scores: (n,) 1 - probability of the label.
        margins: (n,) by how much (in probability) the label wins; negative: the model is fooled.
        errors: (n,) how far a score may lie from that of TextAttack's own batch.
    """

    probabilities: torch.Tensor
    scores: torch.Tensor
    margins: torch.Tensor
    errors: torch.Tensor


def judged(logits: np.ndarray, label: int, error: float, bound: float | None = None) -> Judged:
    """From logits (n, classes), computed as TextAttack's goal function does.

    Args:
        error: an editor's (``flat.models.edits.editor.Editor.error``).
        bound: how far a difference of two logits of a row may be off; None: by the editor's rounding.

    Raises:
        AttackError: a logit is no number, and could not be ranked.
    """
    values = torch.from_numpy(finite(np.asarray(logits)))
    probabilities = torch.softmax(values, dim=1)
    own = probabilities[:, label]
    others = probabilities.clone()
    others[:, label] = -1.0
    margins = own - others.amax(1)
    fooled = probabilities.argmax(1) != label  # of equal probabilities the first class wins
    margins = torch.where(fooled, margins.clamp(max=-1e-30), margins.clamp(min=0.0))
    if bound is None:
        errors = own * (1 - own) * error * (1 + values.abs().amax(1))
    else:
        errors = spread_of(own, bound)
    return Judged(probabilities, 1 - own, margins, errors + ROUNDING)
