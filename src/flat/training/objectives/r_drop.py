"""R-Drop: two passes with their own dropout must agree (Liang et al., NeurIPS 2021, section 2)."""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor

from flat.plugins.own.objectives import TwoPasses
from flat.training.objectives.sides import ADVERSARIAL, ORIGINAL, fit, sides, zero
from flat.training.strategy import TOTAL, Objective, Step


def symmetric_divergence(logits: Tensor, others: Tensor) -> Tensor:
    """Mean over texts of (KL(p || q) + KL(q || p)) / 2 in nats; both logits are (texts, classes)."""
    log_p, log_q = F.log_softmax(logits, -1), F.log_softmax(others, -1)
    # the sum of both directions is sum (p - q) (log p - log q)
    return ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(-1).mean() / 2


class RDrop(Objective):
    """Cross entropy, the mean of both passes, + weight * their divergence.

    The paper sums the cross entropies of both passes. Their published code takes the mean, and so do we: weight 0 is
    plain training on twice the dropout masks.
    """

    def __init__(self, options: TwoPasses):
        self.weight = options.weight

    def loss(self, step: Step) -> Mapping[str, Tensor]:
        terms = {f"ce_{name}": zero(step) for name in (ORIGINAL, ADVERSARIAL)}
        total = divergence = zero(step)
        for side in sides(step):
            logits, others = (step.model(side.batch, step.gumbel) for _ in range(2))
            ce = (fit(step, logits, side.labels) + fit(step, others, side.labels)) / 2
            apart = symmetric_divergence(logits, others)
            terms[f"ce_{side.name}"] = ce
            divergence = divergence + side.share * apart
            total = total + side.share * (ce + self.weight * apart)
        return {TOTAL: total} | terms | {"divergence": divergence}
