"""Convolutions over words with ReLU and max over time, as training computes them: one product, a sparse gradient.

The plain formula (``flat.models.word_models.CNN``) convolves once a width and takes the maximum over time of the ReLU.
Here all widths are one matrix product over windows of the largest width, shorter filters being followed by zeros, and
ReLU comes after the maximum, which it does not change. Of all windows of a text only the largest of each filter has a
gradient: both gradients are sums over those alone (``torch.embedding_bag`` sums rows by index), some twentieth of the
windows in texts of 20 words. Windows that share the maximum share its gradient, as in ``torch.amax``.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def pooled_windows(embeddings: Tensor, present: Tensor, convolutions: Sequence[torch.nn.Conv1d]) -> Tensor:
    """The largest window of each filter, after ReLU: (batch, filters of all convolutions), differentiable once.

    Args:
        embeddings: (batch, tokens, dim), zero where not present.
        present: (batch, tokens) bool; a window counts if its first word is present. Each text has one.
        convolutions: over the words, with a bias, no padding and stride 1.
    """
    widest = max(convolution.kernel_size[0] for convolution in convolutions)
    filters = [  # (filters, widest, dim) each
        F.pad(c.weight.transpose(1, 2), (0, 0, 0, widest - c.kernel_size[0])) for c in convolutions
    ]
    largest = _LargestWindows.apply(embeddings, torch.cat(filters).flatten(1), present)
    return F.relu(largest + torch.cat([convolution.bias for convolution in convolutions]))


class _LargestWindows(torch.autograd.Function):
    """(batch, tokens, dim), (filters, width * dim), (batch, tokens) -> (batch, filters), without bias and ReLU."""

    @staticmethod
    def forward(ctx, embeddings: Tensor, filters: Tensor, present: Tensor) -> Tensor:
        batch, tokens, dim = embeddings.shape
        windows = _windows(embeddings, filters.shape[1] // dim)
        products = (windows @ filters.t()).view(batch, tokens, -1)
        if not present.all():
            products.masked_fill_(~present.unsqueeze(-1), -torch.inf)
        largest = products.amax(1)
        ctx.dim = dim
        ctx.save_for_backward(windows, filters, products == largest.unsqueeze(1))
        return largest

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        windows, filters, is_largest = ctx.saved_tensors  # the last is (batch, tokens, filters)
        batch, tokens, number = is_largest.shape
        place = is_largest.view(-1).nonzero().squeeze(1)
        window = place.div(number, rounding_mode="floor")  # in order
        which = place - window * number
        maximum = window.div(tokens, rounding_mode="floor") * number + which  # its place in the gradient
        values = gradient.reshape(-1)[maximum]
        if len(place) > gradient.numel():
            values /= torch.bincount(maximum)[maximum]
        for_embeddings = for_filters = None
        if ctx.needs_input_grad[0]:
            summed = _sums(filters, which, values, window, batch * tokens)  # (windows, width * dim)
            for_embeddings = _overlapped(summed.view(batch, tokens, -1), ctx.dim)
        if ctx.needs_input_grad[1]:
            which, order = which.sort(stable=True)
            for_filters = _sums(windows, window[order], values[order], which, number)
        return for_embeddings, for_filters, None


def _windows(embeddings: Tensor, width: int) -> Tensor:
    """Each word with the ``width`` - 1 after it, zero behind the text: (batch * tokens, width * dim)."""
    batch, tokens, dim = embeddings.shape
    padded = embeddings.new_zeros(batch, tokens + width - 1, dim)
    padded[:, :tokens] = embeddings
    windows = padded.as_strided((batch, tokens, width * dim), (padded.stride(0), dim, 1))
    return windows.reshape(-1, width * dim)


def _overlapped(windows: Tensor, dim: int) -> Tensor:
    """The sum of what windows (batch, tokens, width * dim) hold of each word: (batch, tokens, dim)."""
    tokens = windows.shape[1]
    words = windows[..., :dim].clone()
    for behind in range(1, min(windows.shape[2] // dim, tokens)):
        words[:, behind:] += windows[:, : tokens - behind, behind * dim : (behind + 1) * dim]
    return words


def _sums(rows: Tensor, taken: Tensor, factors: Tensor, into: Tensor, number: int) -> Tensor:
    """(number, columns): sums of ``factors`` times ``rows[taken]`` by their place in ``into``, which is sorted."""
    starts = torch.searchsorted(into, torch.arange(number, device=into.device))
    return torch.embedding_bag(rows, taken, starts, mode=0, per_sample_weights=factors)[0]
