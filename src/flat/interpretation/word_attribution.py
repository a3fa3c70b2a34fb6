"""What every explanation method answers: one score per word, per text and class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Targets = Sequence[Sequence[int]] | Literal["all"]


@dataclass(frozen=True)
class WordAttribution:
    """How much each word of a text speaks for one class.

    Attributes:
        scores: (words,) float32, signed; positive speaks for the class.
        completeness: relative error of the sum of the scores (IG); NaN where the method has none (LIME).
        steps: evaluations behind the scores: path steps (IG) or masks (LIME).
    """

    scores: np.ndarray
    completeness: float
    steps: int


def resolve_targets(targets: Targets, texts: int, classes: int) -> list[list[int]]:
    """The classes to explain, a list per text; "all" means every class of every text.

    Raises:
        ValueError: not one list per text, or a class that the model does not have.
    """
    if isinstance(targets, str):
        if targets != "all":
            raise ValueError(f"targets: {targets!r} is neither 'all' nor a list of classes per text")
        return [list(range(classes))] * texts
    wanted = [[int(target) for target in one] for one in targets]
    if len(wanted) != texts:
        raise ValueError(f"targets: {len(wanted)} lists for {texts} texts")
    if any(not 0 <= target < classes for one in wanted for target in one):
        raise ValueError(f"targets: a class outside 0..{classes - 1}")
    return wanted


def check_fit_to_explain(model) -> None:
    """Raises RuntimeError for a model in training mode, whose answers are random."""
    if model.training:
        raise RuntimeError("explanation of a model in training mode: its answers are random; call eval() first")
