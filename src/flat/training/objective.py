"""The FLAT objective (paper, Eq. 1-5), one function a term.

L = E_D[CE - beta H(W|x)] + E_D'[CE - beta H(W'|x')] + gamma E[ sum over changed words of |phi_x - phi_x'| ]

Traditional adversarial training is the same objective with no mask and beta = gamma = 0 (Eq. 5): there is one trainer.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from flat.models.interface import Batch, Classifier, word_phi


@dataclass(frozen=True)
class Weights:
    """Weights and readings of the objective (METHOD section 1).

    Attributes:
        beta: weight of the mask's entropy.
        gamma: weight of the importance gap between replaced words and their substitutes.
        detach_importance: the authors' BERT code: the gap is logged but carries no gradient.
        double_softmax: the authors' CNN/LSTM code: cross entropy on top of probabilities.
        importance_over: "changed": the gap counts replaced words; "all": every word, embedding dropout on.
        entropy_over: "words": mean over the words of a text; "positions": over all positions, padding included.
    """

    beta: float = 0.0
    gamma: float = 0.0
    detach_importance: bool = False
    double_softmax: bool = False
    importance_over: str = "changed"
    entropy_over: str = "words"


@dataclass(frozen=True)
class Terms:
    """The parts of one batch's loss, each a scalar tensor, unweighted; ``total`` is what is minimised."""

    total: Tensor
    ce_original: Tensor
    ce_adversarial: Tensor
    entropy_original: Tensor
    entropy_adversarial: Tensor
    importance_gap: Tensor


def cross_entropy(logits: Tensor, labels: Tensor, double_softmax: bool = False) -> Tensor:
    """Mean cross entropy. logits (batch, classes), labels (batch,)."""
    return F.cross_entropy(logits.softmax(-1) if double_softmax else logits, labels)


def importance_gap(phi: Tensor, phi_adversarial: Tensor, changed: Tensor) -> Tensor:
    """L_imp (Eq. 4): mean over pairs of the summed |phi - phi'| at the positions whose word changed.

    Args:
        phi, phi_adversarial: (pairs, words) importance of each word.
        changed: (pairs, words) True where x_i != x'_i.
    """
    gaps = (phi - phi_adversarial).abs() * changed.to(phi.dtype)  # (pairs, words)
    return gaps.sum(-1).mean()


def word_importance(model: Classifier, batch: Batch, words: int) -> Tensor:
    """phi of each word, (batch, words), without dropout: the embeddings before any of it."""
    return word_phi(model.mask.phi(model.embed(batch), batch), batch, words)


def flat_loss(
    model: Classifier,
    original: Batch,
    labels: Tensor,
    adversarial: Batch | None,
    rows: Tensor | None,
    changed: Tensor | None,
    weights: Weights,
    generator: torch.Generator | None = None,
) -> Terms:
    """Eq. 3 on one batch: the expectations are means over the batch's originals, adversarial texts and pairs.

    Args:
        original: B texts of D with ``labels`` (B,).
        adversarial: the adversarial texts of the round (P of them) whose originals are in the batch, or None.
        rows: (P,) the row in ``original`` each adversarial text belongs to.
        changed: (P, words) True where a word was replaced.
        generator: CPU generator of the Gumbel noise.
    """
    zero = torch.zeros((), device=labels.device)
    masked = model.mask.variational
    total = ce = cross_entropy(model(original, generator), labels, weights.double_softmax)
    entropy = entropy_adversarial = ce_adversarial = gap = zero
    if masked:
        entropy = model.mask.entropy(model.embed(original), original).mean()
        total = total - weights.beta * entropy
    if adversarial is not None and len(adversarial):
        gold = labels[rows]  # an adversarial text keeps its original's label
        ce_adversarial = cross_entropy(model(adversarial, generator), gold, weights.double_softmax)
        total = total + ce_adversarial
        if masked:
            entropy_adversarial = model.mask.entropy(model.embed(adversarial), adversarial).mean()
            phi = word_importance(model, original, changed.shape[1])[rows]  # (pairs, words)
            phi_adversarial = word_importance(model, adversarial, changed.shape[1])
            both = (phi > 0) & (phi_adversarial > 0)  # a word cut off by the maximal length has no phi
            gap = importance_gap(phi, phi_adversarial, changed & both)
            if weights.detach_importance:
                gap = gap.detach()
            total = total - weights.beta * entropy_adversarial + weights.gamma * gap
    return Terms(total, ce, ce_adversarial, entropy, entropy_adversarial, gap)
