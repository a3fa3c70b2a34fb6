"""ASCC-defense: answers must not change within the convex hull of each word's synonyms (Dong et al., ICLR 2021).

A word's embedding becomes a weighted mean of its own and its synonyms'. The weights are a softmax, so that the mean
stays in the hull. They are searched for by gradient ascent on the divergence of the answers. The entropy of the weights
is charged, which draws the mean towards one word.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from flat.models.batch import Batch
from flat.models.word_models import WordModel
from flat.plugins.own.objectives import Hull
from flat.training.objectives.sides import ADVERSARIAL, ORIGINAL, Side, fit, sides, zero
from flat.training.objectives.substitutes import Substitutes, of_resources
from flat.training.strategy import TOTAL, Objective, Step

NEVER = -1e4  # a logit whose softmax is 0; finite, so that its gradient is 0 too
START = 0.1  # standard deviation of the first, drawn logits of the weights


@dataclass(frozen=True)
class Corners:
    """The words whose embeddings span each token's hull: itself first.

    Attributes:
        ids: (batch, tokens, corners) of the vocabulary.
        valid: (batch, tokens, corners) bool: False beyond a word's last synonym.
    """

    ids: Tensor
    valid: Tensor


class ConvexHull(Objective):
    """Cross entropy + weight * KL(answer || answer at the worst point found in the hull), nats."""

    def __init__(self, options: Hull, **resources: str):
        self.options = options
        self.substitutes = of_resources(resources, options.neighbours, options.least_cosine)
        self._ids: dict[int, list[int]] = {}  # of words in the vocabulary, which training leaves as it is

    def loss(self, step: Step) -> Mapping[str, Tensor]:
        terms = {f"ce_{name}": zero(step) for name in (ORIGINAL, ADVERSARIAL)}
        total = divergence = zero(step)
        for side in sides(step):
            corners = self.corners(step.model, side.batch)
            weights = self.worst(step, side, corners)
            logits = step.model(side.batch, step.gumbel)
            moved = step.model.classify(inside(step.model, corners, weights), side.batch, step.gumbel)
            apart = divergences(logits, moved).mean()
            terms[f"ce_{side.name}"] = fit(step, logits, side.labels)
            divergence = divergence + side.share * apart
            total = total + side.share * (terms[f"ce_{side.name}"] + self.options.weight * apart)
        return {TOTAL: total} | terms | {"divergence": divergence}

    def corners(self, model: WordModel, batch: Batch) -> Corners:
        """Of each token. Padding and words without synonyms that the model knows have one corner."""
        unique, place = batch.ids.unique(return_inverse=True)
        found = [self._synonyms(model, int(one), self.substitutes) for one in unique]
        width = max(map(len, found))
        ids = torch.tensor([own + own[:1] * (width - len(own)) for own in found], device=batch.ids.device)
        valid = torch.tensor([[n < len(own) for n in range(width)] for own in found], device=batch.ids.device)
        return Corners(ids[place], valid[place])

    def _synonyms(self, model: WordModel, own: int, substitutes: Substitutes) -> list[int]:
        if own not in self._ids:
            known = [model.index[word] for word in substitutes.of(model.words[own]) if word in model.index]
            self._ids[own] = [own, *known]
        return self._ids[own]

    def worst(self, step: Step, side: Side, corners: Corners) -> Tensor:
        """(batch, tokens, corners) weights after ``steps`` of Adam; in evaluation mode, as attacks see the model."""
        model, options = step.model, self.options
        drawn = START * torch.randn(corners.ids.shape, generator=step.draws)
        logits = drawn.to(corners.ids.device, next(model.parameters()).dtype).requires_grad_()
        search = torch.optim.Adam([logits], lr=options.rate)
        was_training = model.training
        model.eval()
        with torch.backends.cudnn.flags(enabled=False):  # cuDNN has no gradient of an LSTM in evaluation mode
            with torch.no_grad():
                answer = model(side.batch)
            for _ in range(options.steps):
                log_weights = log_shares(logits, corners)
                moved = model.classify(inside(model, corners, log_weights.exp()), side.batch)
                gain = divergences(answer, moved) - options.sparsity * uncertainty(log_weights, side.batch)
                (logits.grad,) = torch.autograd.grad(-gain.sum(), logits)
                search.step()
        model.train(was_training)
        return log_shares(logits.detach(), corners).exp()


def log_shares(logits: Tensor, corners: Corners) -> Tensor:
    """Log softmax over the corners that there are, (batch, tokens, corners); of the others a weight of 0."""
    return logits.masked_fill(~corners.valid, NEVER).log_softmax(-1)


def inside(model: WordModel, corners: Corners, weights: Tensor) -> Tensor:
    """Embeddings in the hull, (batch, tokens, dim)."""
    return (weights.unsqueeze(-1) * model.embedding(corners.ids)).sum(-2)


def divergences(logits: Tensor, others: Tensor) -> Tensor:
    """KL(p || q) of each text in nats, (batch,); both logits are (batch, classes)."""
    log_p = F.log_softmax(logits, -1)
    return (log_p.exp() * (log_p - F.log_softmax(others, -1))).sum(-1)


def uncertainty(log_weights: Tensor, batch: Batch) -> Tensor:
    """Entropy of the weights in nats, the mean over each text's words: (batch,)."""
    entropy = -(log_weights.exp() * log_weights).sum(-1) * batch.present
    return entropy.sum(-1) / batch.present.sum(-1).clamp(min=1)
