"""What most objectives share: the batches of a step, what each weighs, and the cross entropy of the study's reading."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from flat.models.batch import Batch
from flat.training.objective import cross_entropy
from flat.training.strategy import Step

ORIGINAL, ADVERSARIAL, MADE = "original", "adversarial", "made"


@dataclass(frozen=True)
class Side:
    """The originals of a step, the round's adversarial texts of them, or the objective's own texts.

    Attributes:
        name: ORIGINAL, ADVERSARIAL or MADE.
        rows: (texts,) the row among the originals that each belongs to.
        share: what the mean over these texts weighs in the loss, that over the originals weighing 1.
    """

    name: str
    batch: Batch
    labels: Tensor
    rows: Tensor
    share: float


def sides(step: Step) -> Iterator[Side]:
    """Originals first; a side without texts is left out.

    As in Eq. 3: each text weighs alike, or a side's texts together as much as the originals (``pairs_weight``).
    """
    originals = len(step.original)
    yield Side(ORIGINAL, step.original, step.labels, torch.arange(originals, device=step.labels.device), 1.0)
    for name, batch, rows in ((ADVERSARIAL, step.adversarial, step.rows), (MADE, step.made, step.made_rows)):
        if batch is not None and len(batch):
            share = len(batch) / originals if step.weights.pairs_weight == "union" else 1.0
            yield Side(name, batch, step.labels[rows], rows, share)


def fit(step: Step, logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy as the study reads it. logits (texts, classes), labels (texts,)."""
    return cross_entropy(logits, labels, step.weights.double_softmax)


def zero(step: Step) -> Tensor:
    """What a term of a side without texts is."""
    return torch.zeros((), device=step.labels.device)
