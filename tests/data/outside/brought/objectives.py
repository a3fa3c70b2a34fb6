"""An objective: cross entropy with smoothed labels."""

import torch.nn.functional as F

from flat.plugins import Objective, Options
from flat.training import strategy


class Amount(Options):
    smoothing: float = 0.1


class Smoothed(strategy.Objective):
    def __init__(self, options: Amount):
        self.amount = options.smoothing

    def loss(self, step):
        logits = step.model.classify(step.model.embed(step.original), step.original, step.gumbel)
        fit = F.cross_entropy(logits, step.labels, label_smoothing=self.amount)
        return {"total": fit, "fit": fit}


SMOOTHED = Objective(name="smoothed", title="smoothed labels", options=Amount, make=Smoothed, terms=("fit",))
