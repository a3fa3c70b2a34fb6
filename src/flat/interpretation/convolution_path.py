"""The integrated path of a CNN without a backward pass: which windows win, and what each word puts into them.

Along the path from zero every word's embedding e moves on its own line s * e. A filter's maximum over time picks one
window, the picked window is linear in its words, and the mask (if any) multiplies a word by a number that depends on s
alone. So the change of a class's logit that word t causes at a point s of the path is

    sum over filters f of V[class, f] * sum over places o of [t - o is the picked window of f] * (K_f[o] . e_t) * h_t

with K_f the filter, V the output layer and h_t = d(s * phi(s e_t)) / ds. Only the picks and h_t vary along the path;
they serve all classes. Where windows share a maximum each gets an equal part, as torch's ``amax`` has it.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from flat.models.batch import Batch
from flat.models.interface import Classifier
from flat.models.word_models import CNN

# Two ways to sum a window in float32 differ by less than this share of |filter| * |words| + |bias|, as a rule by a
# fifth of it. Nearer than that to a kink of the path, it is not decided here which side counts.
ROUNDING = 1e-7


@dataclass(frozen=True)
class Stretch:
    """Some points of the path, and what is integrated along it.

    Attributes:
        points: (steps * texts, tokens, dim) embeddings, texts of one step one after the other.
        batch: the texts, not repeated.
        direction: (texts, tokens, dim) what the embeddings move along.
        weights: what the mask multiplies them by: (texts, tokens) where it is held, None where it follows the path.
        quadrature: (steps,) weights of the points.
        targets: (texts, targets) classes.
    """

    points: Tensor
    batch: Batch
    direction: Tensor
    weights: Tensor | None
    quadrature: Tensor
    targets: Tensor


def applies_to(model: Classifier) -> bool:
    """Whether the model is a CNN whose forward pass from embeddings is the one of ``flat.models.word_models``."""
    return isinstance(model, CNN) and type(model).encode_embeddings is CNN.encode_embeddings


def straight(
    model: CNN, embeddings: Tensor, batch: Batch, where: Tensor, quadrature: Tensor, targets: Tensor
) -> Tensor | None:
    """The integral over the whole path for a mask that does not vary along it: (texts, targets, tokens) float64.

    A window is then bias + s * slope: the steepest window is the maximum everywhere, and counts from where it exceeds
    zero. No convolution is computed at the points.

    Args:
        embeddings: (texts, tokens, dim), times the mask. where, quadrature: (steps,) points and their weights.
        targets: (texts, targets) classes.

    Returns:
        None where rounding may decide (two windows all but equal, a maximum all but zero at a point): ask
        ``along`` then, whose windows are the model's own.
    """
    tokens = embeddings.shape[1]
    found = []
    for convolution in model.convolutions:
        put = _put(convolution, embeddings, batch)
        slopes = put[..., 0].clone()  # (texts, filters, tokens)
        for place in range(1, min(put.shape[-1], tokens)):
            slopes[..., : tokens - place] += put[..., place:, place]
        slopes = slopes.masked_fill(~batch.present.unsqueeze(1), -torch.inf)
        steepest, window = slopes.max(-1, keepdim=True)  # (texts, filters, 1)
        bias = convolution.bias.unsqueeze(-1)  # (filters, 1)
        alphas = where.to(steepest)
        heights = steepest * alphas + bias  # (texts, filters, steps)
        share = (heights > 0).to(put) @ quadrature.to(put).unsqueeze(-1)  # (texts, filters, 1)
        size = _size(convolution, embeddings)
        level = (heights.abs() < ROUNDING * (size * alphas + bias.abs())).any(-1, keepdim=True)
        tied = (slopes > steepest - 2 * ROUNDING * (size + bias.abs() / alphas.min())).sum(-1, keepdim=True) > 1
        if (level | (tied & (share > 0))).any():
            return None
        picked = torch.zeros_like(slopes).scatter_(-1, window, share)
        found.append(_moved(put, [picked] * put.shape[-1]))
    return _by_class(model, found, targets)


def along(model: CNN, part: Stretch, pace: Tensor) -> Tensor:
    """The integral over a stretch of the path, (texts, targets, tokens) float64: one forward pass for all classes.

    Args:
        part: its ``weights`` are (steps * texts, tokens).
        pace: as many, h of the module's text.
    """
    texts, tokens, _ = part.direction.shape
    steps = len(part.quadrature)
    present = part.batch.present.repeat(steps, 1)
    masked = part.points * part.weights.unsqueeze(-1) * present.unsqueeze(-1)
    channels = masked.transpose(1, 2)  # (steps * texts, dim, tokens)
    paces = part.quadrature.to(masked).view(steps, 1, 1) * pace.view(steps, texts, tokens)
    found = []
    for convolution in model.convolutions:
        width = convolution.kernel_size[0]
        windows = F.relu(convolution(F.pad(channels, (0, width - 1))))
        windows = windows.masked_fill(~present.unsqueeze(1), 0.0)  # (steps * texts, filters, tokens)
        best = windows.amax(-1, keepdim=True)
        picked = (windows == best) & (best > 0)  # at zero nothing moves
        share = (picked / picked.sum(-1, keepdim=True).clamp(min=1)).view(steps, texts, -1, tokens)
        # the pace is that of the word, which at each place of a window is another one
        over = [
            torch.einsum("sbft,sbt->bft", share, F.pad(paces[..., place:], (0, min(place, tokens))))
            for place in range(width)
        ]
        found.append(_moved(_put(convolution, part.direction, part.batch), over))
    return _by_class(model, found, part.targets)


def _put(convolution: torch.nn.Conv1d, embeddings: Tensor, batch: Batch) -> Tensor:
    """What each word puts into a filter at each place of its window: (texts, filters, tokens, places)."""
    embeddings = embeddings * batch.present.unsqueeze(-1)
    return torch.einsum("btd,fdo->bfto", embeddings, convolution.weight)


def _size(convolution: torch.nn.Conv1d, embeddings: Tensor) -> Tensor:
    """|filter| * |words|, (texts, filters, 1): a bound of each window, which rounding errors are a share of."""
    words = embeddings.norm(dim=-1).amax(-1) * convolution.kernel_size[0] ** 0.5  # (texts,)
    return (words.unsqueeze(-1) * convolution.weight.flatten(1).norm(dim=1)).unsqueeze(-1)


def _moved(put: Tensor, picked: list[Tensor]) -> Tensor:
    """What each word adds to each filter, (texts, filters, tokens), of the share that each window has, by place."""
    tokens = put.shape[2]
    moved = torch.zeros_like(put[..., 0])
    for place, share in zip(range(min(put.shape[-1], tokens)), picked, strict=False):
        moved[..., place:] += share[..., : tokens - place] * put[..., place:, place]
    return moved


def _by_class(model: CNN, moved: list[Tensor], targets: Tensor) -> Tensor:
    """(texts, targets, tokens) of what words add to the filters of each width."""
    return torch.einsum("bcf,bft->bct", model.output.weight[targets], torch.cat(moved, 1)).double()
