"""Explanations by gradients at a text's embeddings or on ways to them: input x gradient, sequential, discretised IG.

All run through the word mask, and sum the pieces of a word, as ``flat.interpretation.integrated_gradients`` does.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from flat.errors import StudyError
from flat.interpretation.integrated_gradients import gauss_legendre, recurrent_backward, repeated
from flat.interpretation.word_attribution import WordAttribution, check_fit_to_explain
from flat.models.batch import Batch
from flat.models.encoders.encoder import Encoder
from flat.models.interface import Classifier
from flat.models.word_models import UNKNOWN, WordModel

UNDEFINED = float("nan")


def input_x_gradient(model: Classifier, texts, targets, seeds, options) -> list[list[WordAttribution]]:
    """Embedding times gradient of the class's logit, summed over its numbers (Shrikumar et al. 2016, Eq. 3).

    It is a one-step approximation of integrated gradients from a zero embedding.

    Raises:
        RuntimeError: the model is in training mode.
    """
    check_fit_to_explain(model)
    found = []
    with recurrent_backward(model):
        for words, wanted in zip(texts, targets, strict=True):
            batch, embeddings = embedded(model, words)
            gradients = _gradients(model, embeddings, batch, wanted)  # (targets, 1, tokens, dim)
            tokens = torch.einsum("kbtd,btd->kt", gradients.double(), embeddings.double())
            found.append(by_word(tokens, batch, len(words), 1, [UNDEFINED] * len(wanted)))
    return found


def sequential(model: Classifier, texts, targets, seeds, options) -> list[list[WordAttribution]]:
    """Sequential integrated gradients (Enguehard 2023, Eq. 4): each token moves alone, the others stay as they are.

    A token's score is the integral of its own gradient from the baseline's embedding in its place to its own. So it
    equals what the logit loses when the baseline takes the token's place, up to the quadrature's error.

    Args:
        options: ``steps``: points of the Gauss-Legendre quadrature.

    Raises:
        RuntimeError: the model is in training mode.
    """
    check_fit_to_explain(model)
    where, quadrature = gauss_legendre(options.steps)
    found = []
    with recurrent_backward(model):
        for words, wanted in zip(texts, targets, strict=True):
            batch, embeddings = embedded(model, words)
            with torch.no_grad():
                direction = (embeddings - model.baseline(batch))[0]  # (tokens, dim)
            places = torch.nonzero(batch.maskable[0]).flatten().tolist()
            tokens = torch.zeros(len(wanted), batch.ids.shape[1], dtype=torch.float64, device=model.device)
            alphas = (1 - where).to(embeddings).view(-1, 1)  # what is missing of the way, (steps, 1)
            at_once = max(1, model.tokens_per_pass // (options.steps * batch.ids.shape[1]))
            for start in range(0, len(places), at_once):
                part = places[start : start + at_once]
                points = embeddings.repeat(len(part) * options.steps, 1, 1)  # (places * steps, tokens, dim)
                rows = torch.arange(len(points), device=model.device)
                moved = torch.tensor(part, device=model.device).repeat_interleave(options.steps)
                points[rows, moved] -= alphas.repeat(len(part), 1) * direction[moved]
                gradients = _gradients(model, points, repeated(batch, len(points)), wanted)
                own = gradients[:, rows, moved]  # (targets, places * steps, dim)
                along = torch.einsum("kpd,pd->kp", own.double(), direction[moved].double())
                weights = quadrature.to(along).repeat(len(part))
                tokens[:, part] = (along * weights).view(len(wanted), len(part), options.steps).sum(-1)
            found.append(by_word(tokens, batch, len(words), options.steps, [UNDEFINED] * len(wanted)))
    return found


def discretised(model: Classifier, texts, targets, seeds, options) -> list[list[WordAttribution]]:
    """Discretised integrated gradients (Sanyal and Ren 2021): the path leads over embeddings of real words.

    Each token walks to the baseline over near words of the vocabulary, made monotonic number by number (section 3.1).
    The gradients along the walk are summed, each times the step that follows it (Eq. 3).

    Args:
        options: ``steps`` of the walk; ``neighbours`` of a word among which the next is chosen; ``strategy``: "greedy"
            takes the one that monotonising moves least, "count" the one with most monotonic numbers.

    Raises:
        RuntimeError: the model is in training mode.
        StudyError: the model shows no table of embeddings.
    """
    check_fit_to_explain(model)
    vocabulary = table_of(model)
    found = []
    with recurrent_backward(model):
        for words, wanted in zip(texts, targets, strict=True):
            batch, embeddings = embedded(model, words)
            with torch.no_grad():
                path = walk(vocabulary, embeddings[0], model.baseline(batch)[0], batch.maskable[0], options)
            gradients = _gradients(model, path[:-1], repeated(batch, options.steps), wanted)
            moved = (path[:-1] - path[1:]).double()  # from the baseline's side to the text's
            tokens = torch.einsum("kstd,std->kt", gradients.double(), moved)
            with torch.no_grad():
                ends = model.classify(path[[0, -1]], repeated(batch, 2)).double()
            change = (ends[0] - ends[1])[torch.tensor(list(wanted), dtype=torch.long, device=ends.device)]
            error = (tokens.sum(-1) - change).abs() / change.abs().clamp(min=1e-3)
            found.append(by_word(tokens, batch, len(words), options.steps, error.tolist()))
    return found


def walk(vocabulary: Tensor, start: Tensor, end: Tensor, moves: Tensor, options) -> Tensor:
    """The points of a text's walk, (steps + 1, tokens, dim), from the text to its baseline.

    Args:
        vocabulary: (words, dim). start, end: (tokens, dim). moves: (tokens,) False for tokens that stay.
    """
    points, at, near = [start], start, vocabulary[_nearest(vocabulary, start, 1)[:, 0]]
    for step in range(1, options.steps):
        candidates = vocabulary[_nearest(vocabulary, near, options.neighbours)]  # (tokens, neighbours, dim)
        low, high = torch.minimum(at, end).unsqueeze(1), torch.maximum(at, end).unsqueeze(1)
        monotonic = (candidates >= low) & (candidates <= high)
        straight = at + (end - at) / (options.steps - step + 1)
        made = torch.where(monotonic, candidates, straight.unsqueeze(1))
        if options.strategy == "greedy":
            best = (candidates - made).square().sum(-1).argmin(1)
        else:
            best = monotonic.sum(-1).argmax(1)
        rows = torch.arange(len(at), device=at.device)
        near = candidates[rows, best]
        at = torch.where(moves.unsqueeze(-1), made[rows, best], at)
        points.append(at)
    points.append(torch.where(moves.unsqueeze(-1), end, start))
    return torch.stack(points)


def table_of(model: Classifier) -> Tensor:
    """(words, dim) the embeddings of a model's vocabulary.

    Raises:
        StudyError: the model shows none, or its masks are read behind position embeddings.
    """
    if isinstance(model, WordModel):
        return model.embedding.weight.detach()[UNKNOWN:]
    if isinstance(model, Encoder) and not model.position_dependent_masks:
        return model.network.get_input_embeddings().weight.detach()
    raise StudyError(
        "interpretation.discretised-ig",
        "a model of this study shows no table of word embeddings to walk over",
        "leave this method out, or the switch position_dependent_masks off",
    )


def _nearest(vocabulary: Tensor, points: Tensor, count: int) -> Tensor:
    """(points, count) rows of the vocabulary, the nearest first; a word itself counts."""
    return torch.cdist(points, vocabulary).topk(min(count, len(vocabulary)), largest=False).indices


def embedded(model: Classifier, words: Sequence[str]) -> tuple[Batch, Tensor]:
    """A text as a batch of one, and its embeddings (1, tokens, dim)."""
    batch = model.encode([list(words)]).to(model.device)
    with torch.no_grad():
        return batch, model.embed(batch)


def _gradients(model: Classifier, points: Tensor, batch: Batch, wanted: Sequence[int]) -> Tensor:
    """Gradients (targets, texts, tokens, dim) of each target's logit by the embeddings (texts, tokens, dim)."""
    with torch.enable_grad():
        points = points.detach().requires_grad_()
        if not len(wanted):
            return points.new_zeros(0, *points.shape)
        sums = model.classify(points, batch).sum(0)
        return torch.stack(
            [torch.autograd.grad(sums[t], points, retain_graph=i + 1 < len(wanted))[0] for i, t in enumerate(wanted)]
        )


def by_word(tokens: Tensor, batch: Batch, words: int, steps: int, errors: list[float]) -> list[WordAttribution]:
    """(targets, tokens) -> the scores (words,) of each target: the sum over a word's pieces."""
    index = batch.word_index[0].cpu()
    own = index >= 0
    scores = torch.zeros(len(tokens), words, dtype=torch.float64)
    scores.index_add_(1, index[own], tokens.cpu()[:, own])
    return [
        WordAttribution(one, error, steps) for one, error in zip(scores.numpy().astype(np.float32), errors, strict=True)
    ]
