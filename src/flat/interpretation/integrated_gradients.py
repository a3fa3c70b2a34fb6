"""Integrated gradients of words (Sundararajan et al. 2017; Captum's path and quadrature; EVALUATION section 2).

The gradient of each class's logit is integrated along the straight line from the baseline to the text's embeddings and
summed over the embedding dimension, then over the pieces of a word. The path runs through the word mask: phi is a
function of the embedding on the path, as it is in the model.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import fields, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from flat.interpretation.word_attribution import Targets, WordAttribution, check_fit_to_explain, resolve_targets
from flat.memory import Parts
from flat.models.interface import Batch, Classifier, Texts

# A logit that moves less than this between baseline and text has no relative error to speak of.
SMALLEST_CHANGE = 1e-3


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
            other texts; otherwise texts of like length are taken together, which moves an answer by less than 1e-5.
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
    with _recurrent_backward(model):
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
    from captum.attr import IntegratedGradients  # half a CPU second: only jobs that explain pay it

    batch = model.encode(texts).to(model.device)
    with torch.no_grad():
        embeddings, baseline = model.embed(batch), model.baseline(batch)  # (texts, tokens, dim)
        weights = model.phi(batch).unsqueeze(-1) if frozen else None  # (texts, tokens, 1)

    def logits(points: Tensor) -> Tensor:
        """(copies * texts, tokens, dim) -> (copies * texts, classes); copies of the batch lie one after the other."""
        copies = len(points) // len(batch)
        if frozen:
            return model.encode_embeddings(points * weights.repeat(copies, 1, 1), _repeated(batch, copies))
        return model.classify(points, _repeated(batch, copies))

    count = targets.shape[1]
    method = IntegratedGradients(logits)
    method.gradient_func = _gradients_of(targets)
    # One copy of the input per target: Captum integrates each with its own gradient, one forward pass serves them all.
    parts = method.attribute(
        (embeddings,) * count,
        (baseline,) * count,
        n_steps=steps,
        internal_batch_size=max(len(batch), tokens_per_pass // batch.ids.shape[1]),
    )
    tokens = torch.stack([part.detach().double().sum(-1) for part in parts], 1)  # (texts, targets, tokens)
    with torch.no_grad():
        ends = logits(torch.cat([embeddings, baseline])).double()  # (2 * texts, classes)
    change = (ends[: len(batch)] - ends[len(batch) :]).gather(1, targets)  # (texts, targets)
    error = (tokens.sum(-1) - change).abs() / change.abs().clamp(min=SMALLEST_CHANGE)
    return _by_word(tokens.cpu(), batch.word_index.cpu(), [len(t) for t in texts], error.cpu(), steps)


def _gradients_of(targets: Tensor):
    """Captum's gradient function, for one input per target: the gradient of each target's logit, from one forward."""

    def gradients(forward_fn, inputs: tuple[Tensor, ...], target_ind=None, additional_forward_args=None):
        with torch.enable_grad():
            logits = forward_fn(inputs[0])  # (copies * texts, classes)
            chosen = logits.gather(1, targets.repeat(len(logits) // len(targets), 1))  # (copies * texts, targets)
            last = chosen.shape[1] - 1
            return tuple(
                torch.autograd.grad(chosen[:, i].sum(), inputs[0], retain_graph=i < last)[0] for i in range(last + 1)
            )

    return gradients


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


def _repeated(batch: Batch, copies: int) -> Batch:
    return replace(batch, **{field.name: getattr(batch, field.name).repeat(copies, 1) for field in fields(batch)})


def _recurrent_backward(model: Classifier):
    """cuDNN cannot go backward through a recurrent layer in evaluation mode; torch's own kernels can."""
    recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
    if model.device.type == "cuda" and recurrent:
        return torch.backends.cudnn.flags(enabled=False)
    return nullcontext()
