"""Variational word masks (paper, section 3.1) and the group-mask baseline (Table 10).

A mask gives each word embedding a weight. ``phi`` is the weight in evaluation, ``sample`` the one in training,
``entropy`` the H(W|x) of Eq. 3 (zero for masks that are not random).
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flat.models.parts import drawn


class Mask(nn.Module):
    """No mask: every weight is 1, as for base models and traditional adversarial training (Eq. 5).

    ``scores`` is what a mask computes once per batch; who has them passes them on, so that weights, entropy and
    importance of one batch cost one pass of the mask network.
    """

    variational = False

    def scores(self, embeddings: Tensor) -> Tensor | None:
        return None

    def phi(self, embeddings: Tensor, batch, scores: Tensor | None = None) -> Tensor | None:
        """Importance in evaluation, (batch, tokens), or None for all ones."""
        return None

    def sample(
        self, embeddings: Tensor, batch, generator: torch.Generator | None = None, scores: Tensor | None = None
    ) -> Tensor | None:
        """Weights in training, (batch, tokens), or None for all ones."""
        return self.phi(embeddings, batch)

    def entropy(self, embeddings: Tensor, batch, scores: Tensor | None = None) -> Tensor:
        """Mean Bernoulli entropy (nats) over each text's maskable tokens: (batch,)."""
        return embeddings.new_zeros(embeddings.shape[0])


class VariationalWordMask(Mask):
    """W_w ~ Bernoulli(phi_w), phi_w a function of the word's embedding alone (paper, section 3.1; docs/method.md).

    The network is Linear(dim -> hidden), tanh, Linear(hidden -> 2): the same for all models.
    """

    variational = True

    def __init__(self, dim: int, hidden: int = 400, temperature: float = 1.0):
        super().__init__()
        self.network = nn.Sequential(nn.Linear(dim, hidden), nn.Tanh(), nn.Linear(hidden, 2))
        self.temperature = temperature

    def scores(self, embeddings: Tensor) -> Tensor:
        """(batch, tokens, dim) -> (batch, tokens, 2): unnormalised log-probabilities of W = 0 and W = 1."""
        return self.network(embeddings)

    def phi(self, embeddings: Tensor, batch, scores: Tensor | None = None) -> Tensor:
        scores = self.scores(embeddings) if scores is None else scores
        return scores.softmax(-1)[..., 1]

    def sample(
        self, embeddings: Tensor, batch, generator: torch.Generator | None = None, scores: Tensor | None = None
    ) -> Tensor:
        """Hard 0/1 samples with the gradient of the soft ones (straight-through Gumbel-softmax, tau = temperature)."""
        scores = self.scores(embeddings) if scores is None else scores
        # the generator lives on the CPU: the same draw on every device
        uniform = drawn(scores.shape, batch.parts, partial(torch.rand, generator=generator), fill=0.5)
        uniform = uniform.to(scores.device).clamp(min=1e-20)
        gumbel = -torch.log((-torch.log(uniform)).clamp(min=1e-20))
        soft = ((scores + gumbel) / self.temperature).softmax(-1)[..., 1]
        hard = (soft > 0.5).to(soft.dtype)
        return hard + soft - soft.detach()

    def entropy(self, embeddings: Tensor, batch, scores: Tensor | None = None) -> Tensor:
        """H(W|x): mean over the real tokens, no pads, no special tokens, so that beta means the same at all lengths."""
        entropy = bernoulli_entropy(self.scores(embeddings) if scores is None else scores)  # (batch, tokens)
        keep = batch.maskable.to(entropy.dtype)
        return (entropy * keep).sum(-1) / keep.sum(-1).clamp(min=1)  # (batch,)


def bernoulli_entropy(scores: Tensor) -> Tensor:
    """Entropy in nats, in [0, ln 2], of each token's mask: scores (..., 2) -> (...)."""
    log_p = F.log_softmax(scores, -1)
    return -(log_p.exp() * log_p).sum(-1)


class GroupMask(Mask):
    """Words in groups; the words of a group share one trainable weight that starts at 1 (Table 10).

    Args:
        groups: (vocabulary,) long tensor: the group of each word id.
    """

    def __init__(self, groups: Tensor):
        super().__init__()
        self.register_buffer("groups", groups.long())
        self.weights = nn.Parameter(torch.ones(int(groups.max()) + 1))

    def phi(self, embeddings: Tensor, batch, scores: Tensor | None = None) -> Tensor:
        return self.weights[self.groups[batch.ids]]  # (batch, tokens)


def build_mask(kind: str, dim: int, hidden: int = 400, groups: Tensor | None = None) -> Mask:
    """The mask a strategy names: none | variational | group."""
    if kind == "none":
        return Mask()
    if kind == "variational":
        return VariationalWordMask(dim, hidden)
    if kind == "group":
        if groups is None:
            raise ValueError("a group mask needs the group of each word")
        return GroupMask(groups)
    raise ValueError(f"unknown mask {kind!r}: none, variational or group")
