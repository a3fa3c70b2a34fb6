"""Temperature training: labels are fitted by the logits divided by a temperature (Raina et al., ACL 2024).

They raise the temperature in training to gain robustness that is left when the attack's temperature is fitted too. The
guard of calibration (``flat.models.temperature``) attacks so, and tells it from the illusion of sharp answers.
"""

from collections.abc import Mapping

from torch import Tensor

from flat.plugins.own.objectives import Scaled
from flat.training.objectives.sides import ADVERSARIAL, ORIGINAL, fit, sides, zero
from flat.training.strategy import TOTAL, Objective, Step


class ScaledLogits(Objective):
    """Cross entropy of logits / temperature, over originals and adversarial texts."""

    def __init__(self, options: Scaled):
        self.temperature = options.temperature

    def loss(self, step: Step) -> Mapping[str, Tensor]:
        terms = {f"ce_{name}": zero(step) for name in (ORIGINAL, ADVERSARIAL)}
        total = zero(step)
        for side in sides(step):
            terms[f"ce_{side.name}"] = fit(step, step.model(side.batch, step.gumbel) / self.temperature, side.labels)
            total = total + side.share * terms[f"ce_{side.name}"]
        return {TOTAL: total} | terms
