"""The FLAT objective (paper, Eq. 1-5), one function a term.

L = E_D[CE - beta H(W|x)] + E_D'[CE - beta H(W'|x')] + gamma E[ sum over changed words of |phi_x - phi_x'| ]

Traditional adversarial training is the same objective with no mask and beta = gamma = 0 (Eq. 5): there is one trainer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from flat.models.batch import Batch
from flat.models.interface import Classifier, word_phi
from flat.models.joined import joined, parted
from flat.models.masks import bernoulli_entropy


@dataclass(frozen=True)
class Weights:
    """Weights and readings of the objective (paper, Eq. 1-4; docs/method.md).

    Attributes:
        beta: weight of the mask's entropy.
        gamma: weight of the importance gap between replaced words and their substitutes.
        detach_importance: the authors' BERT code: the gap is logged but carries no gradient.
        double_softmax: the authors' CNN/LSTM code: cross entropy on top of probabilities.
        importance_over: "changed": the gap counts replaced words, phi read without dropout; "all": every word that both
            texts have, each text's embeddings dropped out by itself (LSTM), so that unchanged words add noise.
        entropy_over: "words": mean over the words of a text; "positions": over all ``max_length`` positions, special
            tokens and padding included, so that short texts count for less.
        pairs_weight: "union": each adversarial text and each pair weighs as much as one original of the batch, as in a
            training on the augmented data set (section 3.3); "expectation": the adversarial texts of a batch weigh
            together as much as its originals, however few they are (Eq. 3 word for word).
    """

    beta: float = 0.0
    gamma: float = 0.0
    detach_importance: bool = False
    double_softmax: bool = False
    importance_over: str = "changed"
    entropy_over: str = "words"
    pairs_weight: str = "union"


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


def importance_gap(phi: Tensor, phi_adversarial: Tensor, counted: Tensor) -> Tensor:
    """L_imp (Eq. 4): mean over pairs of the summed |phi - phi'| at the counted words.

    Args:
        phi, phi_adversarial: (pairs, words) importance of each original word and of its counterpart.
        counted: (pairs, words) True where x_i != x'_i.
    """
    gaps = (phi - phi_adversarial).abs() * counted.to(phi.dtype)  # (pairs, words)
    return gaps.sum(-1).mean()


def mask_entropy(model: Classifier, batch: Batch, embeddings: Tensor, scores: Tensor, over: str) -> Tensor:
    """H(W|x), a scalar: the mean over the batch's words (each text's mean first) or over all positions."""
    if over == "words":
        return model.mask.entropy(embeddings, batch, scores).mean()
    entropy = bernoulli_entropy(scores)  # (batch, tokens), those of padding too
    padding = model.embed(model.padding(model.max_length))  # a text of padding stands for the columns cut off
    rest = bernoulli_entropy(model.mask.scores(padding))[0, entropy.shape[1] :]
    return (entropy.sum(-1) + rest.sum()).mean() / model.max_length


def word_importance(
    model: Classifier, batch: Batch, words: int, embeddings: Tensor | None = None, scores: Tensor | None = None
) -> Tensor:
    """phi of each word, (batch, words), without dropout: the embeddings before any of it.

    Args:
        embeddings, scores: the batch's embeddings and their mask scores, where the caller has them.
    """
    embeddings = model.embed(batch) if embeddings is None else embeddings
    return word_phi(model.mask.phi(embeddings, batch, scores=scores), batch, words)


def flat_loss(
    model: Classifier,
    original: Batch,
    labels: Tensor,
    adversarial: Batch | None,
    rows: Tensor | None,
    counterparts: Tensor | None,
    weights: Weights,
    generator: torch.Generator | None = None,
) -> Terms:
    """Eq. 3 on one batch: means over the batch's originals, its adversarial texts and its pairs.

    The means over adversarial texts and pairs are weighted by ``Weights.pairs_weight``.

    Args:
        original: B texts of D with ``labels`` (B,).
        adversarial: the adversarial texts of the round (P of them) whose originals are in the batch, or None.
        rows: (P,) the row in ``original`` each adversarial text belongs to.
        counterparts: (P, words) for each word of the original, the word of the adversarial text whose importance it is
            compared with; -1 where the gap does not count it.
        generator: CPU generator of the Gumbel noise.
    """
    zero = torch.zeros((), device=labels.device)
    masked = model.mask.variational
    seen = _seen(model, [original] if adversarial is None else [original, adversarial], generator)
    embeddings, scores, logits = next(seen)
    total = ce = cross_entropy(logits, labels, weights.double_softmax)
    entropy = entropy_adversarial = ce_adversarial = gap = zero
    if masked:
        entropy = mask_entropy(model, original, embeddings, scores, weights.entropy_over)
        total = total - weights.beta * entropy
    if adversarial is not None and len(adversarial):
        gold = labels[rows]  # an adversarial text keeps its original's label
        embeddings_adversarial, scores_adversarial, logits = next(seen)
        ce_adversarial = cross_entropy(logits, gold, weights.double_softmax)
        share = len(adversarial) / len(original) if weights.pairs_weight == "union" else 1.0
        total = total + share * ce_adversarial
        if masked:
            entropy_adversarial = mask_entropy(
                model, adversarial, embeddings_adversarial, scores_adversarial, weights.entropy_over
            )
            if weights.importance_over == "all":  # scores of the undropped embeddings do not serve
                embeddings, scores = model.drop_embeddings(embeddings), None
                embeddings_adversarial, scores_adversarial = model.drop_embeddings(embeddings_adversarial), None
            words, others = counterparts.shape[1], adversarial.ids.shape[1]  # no text has more words than tokens
            phi = word_importance(model, original, words, embeddings, scores)[rows]  # (pairs, words)
            phi_others = word_importance(model, adversarial, others, embeddings_adversarial, scores_adversarial)
            phi_adversarial = phi_others.gather(1, counterparts.clamp(0, others - 1))  # (pairs, words)
            # a word cut off by the maximal length has no phi
            counted = (counterparts >= 0) & (counterparts < others) & (phi > 0) & (phi_adversarial > 0)
            gap = importance_gap(phi, phi_adversarial, counted)
            if weights.detach_importance:
                gap = gap.detach()
            total = total + share * (weights.gamma * gap - weights.beta * entropy_adversarial)
    return Terms(total, ce, ce_adversarial, entropy, entropy_adversarial, gap)


def _seen(
    model: Classifier, batches: list[Batch], generator: torch.Generator | None
) -> Iterator[tuple[Tensor, Tensor | None, Tensor]]:
    """Of each batch embeddings (batch, tokens, dim), the scores of their masks, and the logits (batch, classes)."""
    batches = [batch for batch in batches if len(batch)]
    if len(batches) > 1 and generator is not None and model.joins_batches():
        whole = joined(batches)
        embeddings, scores, logits = _see(model, whole, generator)
        per_part = [None] * len(batches) if scores is None else parted(scores, whole)
        yield from zip(parted(embeddings, whole), per_part, parted(logits, whole, tokens=False), strict=True)
    else:
        for batch in batches:
            yield _see(model, batch, generator)


def _see(model: Classifier, batch: Batch, generator: torch.Generator | None) -> tuple[Tensor, Tensor | None, Tensor]:
    """Embeddings (batch, tokens, dim), the scores of their masks, and the logits (batch, classes)."""
    embeddings = model.embed(batch)
    scores = model.mask.scores(embeddings)
    return embeddings, scores, model.classify(embeddings, batch, generator, scores)
