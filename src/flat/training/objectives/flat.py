"""FLAT's objective and traditional adversarial training (paper, Eq. 3 and 5), as an objective of a strategy."""

from collections.abc import Mapping
from dataclasses import fields

from torch import Tensor

from flat.plugins.values import Options
from flat.training.objective import Terms, flat_loss
from flat.training.strategy import TOTAL, Objective, Step


class Flat(Objective):
    """Eq. 3; without a mask and weights it is Eq. 5."""

    terms = tuple(field.name for field in fields(Terms) if field.name != TOTAL)

    def __init__(self, options: Options):
        pass

    def loss(self, step: Step) -> Mapping[str, Tensor]:
        terms = flat_loss(
            step.model,
            step.original,
            step.labels,
            step.adversarial,
            step.rows,
            step.counterparts,
            step.weights,
            step.gumbel,
        )
        return vars(terms)
