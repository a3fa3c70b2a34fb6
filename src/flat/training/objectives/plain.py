"""Cross entropy on originals, adversarial texts and texts of the objective's own: for objectives that make texts."""

from collections.abc import Mapping

from torch import Tensor

from flat.training.objectives.sides import ADVERSARIAL, MADE, ORIGINAL, fit, sides, zero
from flat.training.strategy import TOTAL, Objective, Step


class Plain(Objective):
    """Each text weighs alike, or a side's texts together as much as the originals (``Weights.pairs_weight``)."""

    def loss(self, step: Step) -> Mapping[str, Tensor]:
        terms = {f"ce_{name}": zero(step) for name in (ORIGINAL, ADVERSARIAL, MADE)}
        total = zero(step)
        for side in sides(step):
            terms[f"ce_{side.name}"] = fit(step, step.model(side.batch, step.gumbel), side.labels)
            total = total + side.share * terms[f"ce_{side.name}"]
        return {TOTAL: total} | terms
