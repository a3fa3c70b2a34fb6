"""What each part of a training step gave: kept on the device until several are fetched together.

To fetch a number a GPU must have computed all before it. A step that waits for its loss leaves the GPU idle meanwhile.
So there a loss that is no number is found some steps late. Nothing is lost: the training ends with the same error.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from flat.errors import FlatError
from flat.resume.checkpoints import Checkpoints, Progress

UNFETCHED = {"cuda": 64, "cpu": 1}  # parts of steps before their terms are fetched


@dataclass(frozen=True)
class Part:
    """A part of a step.

    Attributes:
        terms: of its loss by name, each a tensor of one number.
        rows: its texts.
        adversarial: the adversarial texts that went with them.
    """

    terms: dict[str, Tensor]
    rows: np.ndarray
    adversarial: list[Sequence[str]]


def without_graph(part: Part) -> Part:
    return replace(part, terms={name: term.detach() for name, term in part.terms.items()})


def summed(parts: Sequence[Part]) -> Part:
    """One part of a step from those that its loss was computed in; at least one."""
    first, *others = parts
    for other in others:
        first = replace(first, terms={name: term + other.terms[name] for name, term in first.terms.items()})
    return first


def fetched(parts: Sequence[Part]) -> list[dict[str, float]]:
    """The terms of each part by name, in one transfer."""
    if not parts:
        return []
    values = torch.stack([torch.stack([term.double() for term in part.terms.values()]) for part in parts])
    return [dict(zip(parts[0].terms, own, strict=True)) for own in values.tolist()]


def not_a_number(
    values: dict[str, float], part: Part, texts, labels, progress: Progress, checkpoints: Checkpoints
) -> FlatError:
    """The error of a loss that is no number; its batch is noted."""
    rows = part.rows
    noted = checkpoints.note_batch(
        {
            "epoch": progress.epoch,
            "step": progress.steps,
            "rows": [int(row) for row in rows],
            "labels": [int(labels[row]) for row in rows],
            "texts": [" ".join(texts[row]) for row in rows],
            "adversarial_texts": [" ".join(words) for words in part.adversarial],
            "terms": {name: repr(value) for name, value in values.items()},
        }
    )
    return FlatError(
        f"epoch {progress.epoch}",
        f"the loss is {values['total']} (rows {[int(row) for row in rows[:5]]} ...)"
        + (f"; its batch is in {noted}" if noted else ""),
        "lower the learning rate or set clip_norm in the study's training options",
    )
