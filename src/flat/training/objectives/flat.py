"""FLAT's objective and traditional adversarial training (paper, Eq. 3 and 5), as an objective of a strategy."""

from collections.abc import Mapping

from torch import Tensor

from flat.plugins.values import Options
from flat.training.objective import flat_loss
from flat.training.strategy import Objective, Step


class Flat(Objective):
    """Eq. 3; without a mask and weights it is Eq. 5."""

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
