"""Integrated gradients of words (Sundararajan et al. 2017), equal to Captum's (docs/interpretation.md).

The gradient of each class's logit is integrated along the straight line from the baseline to the text's embeddings and
summed over the embedding dimension, then over the pieces of a word. The path runs through the word mask: phi is a
function of the embedding on the path, as it is in the model.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import fields, replace
from functools import cache, partial

import numpy as np
import torch
from torch import Tensor, nn

from flat.interpretation import convolution_path
from flat.interpretation.convolution_path import Stretch
from flat.interpretation.word_attribution import Targets, WordAttribution, check_fit_to_explain, resolve_targets
from flat.models.batch import Batch, Texts
from flat.models.gpu_memory import Parts
from flat.models.interface import Classifier

# A logit that moves less than this between baseline and text has no relative error to speak of.
SMALLEST_CHANGE = 1e-3


def for_study(model: Classifier, texts, targets, seeds, options) -> list[list[WordAttribution]]:
    """As an explainer of a study is called (``flat.plugins.kinds.Explainer``); it draws nothing, so has no seeds."""
    size = 16 if model.device.type == "cuda" else 1  # one text at a time keeps a CPU busy; a GPU is not
    return explain(model, texts, targets, batch_size=size, **options.model_dump())


def explain(
    model: Classifier,
    texts: Texts,
    targets: Targets = "all",
    steps: int = 50,
    batch_size: int = 1,
    tolerance: float = 0.05,
    max_doublings: int = 2,
    frozen_mask: bool = False,
    tokens_per_pass: int | None = None,
) -> list[list[WordAttribution]]:
    """Attributions of every word of every text, for every wanted class: ``result[text][i]`` explains its i-th target.

    Words that the model does not read (beyond ``max_length``) score 0, padding and special tokens are never scored.
    The completeness error is ``|sum of attributions - dF| / max(|dF|, SMALLEST_CHANGE)``, dF being the difference of
    the class's logit between text and baseline. While it exceeds ``tolerance`` for a class of a text, that text alone
    is explained again with twice the steps, at most ``max_doublings`` times; the last answer stands.

    Args:
        targets: classes to explain, a list per text, or "all".
        steps: points of the Gauss-Legendre quadrature.
        batch_size: texts explained together. With 1 (best on a CPU) an answer does not depend in a single bit on the
            other texts. Otherwise texts of like length are taken together. That moves an answer by less than 1e-5.
        frozen_mask: keep phi at its value for the text itself instead of following the path.
        tokens_per_pass: tokens (texts x steps x length) in one forward pass, to bound memory; None: the model's own.

    Raises:
        RuntimeError: the model is in training mode.
        ValueError: ``targets`` do not fit the texts or the model.
    """
    check_fit_to_explain(model)
    wanted = resolve_targets(targets, len(texts), model.classes)
    found: list[list[WordAttribution]] = [[] for _ in texts]
    pending = [i for i, classes in enumerate(wanted) if classes]
    per_pass = Parts(tokens_per_pass or model.tokens_per_pass)
    with recurrent_backward(model):
        for doubling in range(max_doublings + 1):
            for rows in _like_length(pending, texts, wanted, batch_size):
                part = [texts[i] for i in rows]
                chosen = torch.tensor([wanted[i] for i in rows], device=model.device)  # (texts, targets)
                explain_part = partial(_explain_batch, model, part, chosen, steps << doubling, frozen_mask)
                answers = per_pass.run(explain_part, "integrated gradients")
                for i, answer in zip(rows, answers, strict=True):
                    found[i] = answer
            pending = [i for i in pending if any(a.completeness > tolerance for a in found[i])]
    return found


def _like_length(rows: list[int], texts: Texts, wanted: list[list[int]], size: int) -> Iterator[list[int]]:
    """Batches of texts with equally many targets and like length; the order of the texts changes no batch's content."""
    rows = sorted(rows, key=lambda i: (len(wanted[i]), len(texts[i]), list(texts[i]), wanted[i]))
    start = 0
    for end in range(1, len(rows) + 1):
        full = end - start == size
        if end == len(rows) or full or len(wanted[rows[end]]) != len(wanted[rows[start]]):
            yield rows[start:end]
            start = end


def _explain_batch(
    model: Classifier, texts: Sequence[Sequence[str]], targets: Tensor, steps: int, frozen: bool, tokens_per_pass: int
) -> list[list[WordAttribution]]:
    batch = model.encode(texts).to(model.device)
    with torch.no_grad():
        embeddings, baseline = model.embed(batch), model.baseline(batch)  # (texts, tokens, dim)
        weights = model.phi(batch) if frozen else None  # (texts, tokens)
        tokens = _integrate(model, batch, embeddings, baseline, weights, steps, targets, tokens_per_pass)
        ends = _logits(model, torch.cat([embeddings, baseline]), repeated(batch, 2), weights).double()
    change = (ends[: len(batch)] - ends[len(batch) :]).gather(1, targets)  # (texts, targets)
    error = (tokens.sum(-1) - change).abs() / change.abs().clamp(min=SMALLEST_CHANGE)
    return _by_word(tokens.cpu(), batch.word_index.cpu(), [len(t) for t in texts], error.cpu(), steps)


def _integrate(
    model: Classifier,
    batch: Batch,
    embeddings: Tensor,
    baseline: Tensor,
    weights: Tensor | None,
    steps: int,
    targets: Tensor,
    tokens_per_pass: int,
) -> Tensor:
    """The attribution of each token to each target, (texts, targets, tokens) float64."""
    where, quadrature = (part.to(model.device) for part in gauss_legendre(steps))
    convolutional = convolution_path.applies_to(model)
    if convolutional and (weights is not None or not model.mask.variational):
        fixed = model.phi(batch) if weights is None else weights
        seen = embeddings * fixed.unsqueeze(-1)
        found = convolution_path.straight(model, seen, batch, where, quadrature, targets)
        if found is not None:
            return found
    integrate = _along_convolutions if convolutional else _by_autograd
    direction = embeddings - baseline
    total = torch.zeros(*targets.shape, batch.ids.shape[1], dtype=torch.float64, device=model.device)
    at_once = max(1, tokens_per_pass // batch.ids.numel())
    for start in range(0, steps, at_once):
        alphas = where[start : start + at_once].to(embeddings)
        points = (baseline + alphas.view(-1, 1, 1, 1) * direction).flatten(0, 1)  # (steps * texts, tokens, dim)
        part = Stretch(points, batch, direction, weights, quadrature[start : start + at_once], targets)
        total += integrate(model, part)
    return total


@cache
def gauss_legendre(steps: int) -> tuple[Tensor, Tensor]:
    """Points in (0, 1) and weights of the quadrature, each (steps,) float64: Captum's default."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    return torch.from_numpy(0.5 * (1 + points)), torch.from_numpy(0.5 * weights)


def _by_autograd(model: Classifier, part: Stretch) -> Tensor:
    """The integral over these points, (texts, targets, tokens): one forward pass, one backward pass a class."""
    steps = len(part.quadrature)
    with torch.enable_grad():
        points = part.points.requires_grad_()
        logits = _logits(model, points, repeated(part.batch, steps), part.weights)  # (steps * texts, classes)
        # (targets,): no text's logit depends on another's
        chosen = logits.gather(1, part.targets.repeat(steps, 1)).sum(0)
        found = []
        for i, one in enumerate(chosen):
            (gradient,) = torch.autograd.grad(one, points, retain_graph=i + 1 < len(chosen))
            moved = torch.einsum("sbtd,btd->sbt", gradient.view(steps, *part.direction.shape), part.direction)
            found.append(torch.einsum("s,sbt->bt", part.quadrature, moved.double()))
    return torch.stack(found, 1)


def _along_convolutions(model: Classifier, part: Stretch) -> Tensor:
    """As ``_by_autograd`` for a CNN, which needs no backward pass but that of its mask."""
    steps, points, weights = len(part.quadrature), part.points, part.weights
    if weights is None and model.mask.variational:
        with torch.enable_grad():
            points.requires_grad_()
            weights = model.token_weights(points, repeated(part.batch, steps))  # (steps * texts, tokens)
            (slope,) = torch.autograd.grad(weights.sum(), points)
        # d(s phi(s e)) / ds = phi + (s e) . dphi: the path starts from zero
        weights, points = weights.detach(), points.detach()
        pace = weights + torch.einsum("xtd,xtd->xt", slope, points)
    else:
        weights = pace = (model.phi(part.batch) if weights is None else weights).repeat(steps, 1)
    return convolution_path.along(model, replace(part, points=points, weights=weights), pace)


def _logits(model: Classifier, points: Tensor, batch: Batch, weights: Tensor | None) -> Tensor:
    """(copies * texts, tokens, dim) -> (copies * texts, classes), through the mask or with its ``weights`` held."""
    weights = model.token_weights(points, batch) if weights is None else weights.repeat(len(points) // len(weights), 1)
    return model.explained(points if weights is None else points * weights.unsqueeze(-1), batch)


def _by_word(
    tokens: Tensor, word_index: Tensor, lengths: Sequence[int], errors: Tensor, steps: int
) -> list[list[WordAttribution]]:
    """Sum the pieces of each word: (texts, targets, tokens) -> scores (words,) per text and target."""
    answers = []
    for values, index, length, relative in zip(tokens, word_index, lengths, errors, strict=True):
        own = index >= 0  # neither padding nor special
        scores = torch.zeros(len(values), length, dtype=torch.float64)
        scores.index_add_(1, index[own], values[:, own])  # (targets, words)
        found = zip(scores.numpy().astype(np.float32), relative.tolist(), strict=True)
        answers.append([WordAttribution(one, error, steps) for one, error in found])
    return answers


def repeated(batch: Batch, copies: int) -> Batch:
    return replace(batch, **{field.name: getattr(batch, field.name).repeat(copies, 1) for field in fields(batch)})


def recurrent_backward(model: Classifier):
    """cuDNN cannot go backward through a recurrent layer in evaluation mode; torch's own kernels can."""
    recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
    if model.device.type == "cuda" and recurrent:
        return torch.backends.cudnn.flags(enabled=False)
    return nullcontext()
