"""What every text classifier of FLAT offers: the trainer, the attacks and the explanations know only this.

A text is a list of words. A model may cut words into pieces and add special tokens; ``Batch`` remembers which token
belongs to which word, so that word importance, attributions and pairs are aligned by word whatever the tokenizer does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from flat.models.masks import Mask

Texts = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Batch:
    """Texts as token ids, padded to the longest of the batch. All tensors are (batch, tokens)."""

    ids: Tensor  # long
    present: Tensor  # bool: False on padding
    special: Tensor  # bool: True on CLS, SEP, ...: never masked, never in a metric
    word_index: Tensor  # long: index of the token's word in its text; -1 on padding and special tokens

    def to(self, device: torch.device | str) -> "Batch":
        return Batch(*(getattr(self, name).to(device) for name in ("ids", "present", "special", "word_index")))

    @property
    def maskable(self) -> Tensor:
        """(batch, tokens) True on the tokens that carry a word: those that masks, entropy and metrics are about."""
        return self.present & ~self.special

    def __len__(self) -> int:
        return self.ids.shape[0]


class Classifier(nn.Module):
    """Base of all models. Subclasses give ``encode``, ``embed``, ``baseline`` and ``encode_embeddings``.

    Attributes:
        classes: number of classes.
        max_length: words (CNN, LSTM) or tokens (encoders) read of a text; the rest is cut.
        unknown_word: the word that stands for "no information" in LIME's perturbed texts.
        mask: what multiplies the word embeddings (METHOD section 1).
    """

    classes: int
    max_length: int
    unknown_word: str
    mask: Mask

    def encode(self, texts: Texts) -> Batch:
        raise NotImplementedError

    def embed(self, batch: Batch) -> Tensor:
        """Word embeddings before the masks: (batch, tokens, dim)."""
        raise NotImplementedError

    def baseline(self, batch: Batch) -> Tensor:
        """Embeddings of the text without information, IG's baseline: (batch, tokens, dim)."""
        raise NotImplementedError

    def encode_embeddings(self, embeddings: Tensor, batch: Batch) -> Tensor:
        """Masked embeddings (batch, tokens, dim) to logits (batch, classes)."""
        raise NotImplementedError

    def classify(self, embeddings: Tensor, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """Logits (batch, classes) of embeddings (batch, tokens, dim), through the mask.

        In training the mask is sampled (straight-through Gumbel-softmax), in evaluation each embedding is multiplied by
        its phi: a deterministic answer (METHOD section 1).
        """
        weights = self.mask.sample(embeddings, batch, generator) if self.training else self.mask.phi(embeddings, batch)
        if weights is not None:
            weights = torch.where(batch.maskable, weights, torch.ones_like(weights))  # special tokens: never masked
            embeddings = embeddings * weights.unsqueeze(-1)  # (batch, tokens, dim)
        return self.encode_embeddings(embeddings, batch)

    def phi(self, batch: Batch) -> Tensor:
        """Importance of each token, (batch, tokens); one where the model has no mask or the token is no word."""
        embeddings = self.embed(batch)
        weights = self.mask.phi(embeddings, batch)
        ones = embeddings.new_ones(batch.ids.shape)
        return ones if weights is None else torch.where(batch.maskable, weights, ones)

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        return self.classify(self.embed(batch), batch, generator)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    @torch.inference_mode()
    def logits(self, texts: Texts, batch_size: int = 64) -> np.ndarray:
        """float32 logits (texts, classes) in evaluation mode, in the order of ``texts``.

        Texts are asked in order of length so that a batch holds little padding.

        Raises:
            RuntimeError: the model is in training mode, where its answers are random.
        """
        if self.training:
            raise RuntimeError("logits() asked of a model in training mode: its answers are random; call eval() first")
        answers = np.empty((len(texts), self.classes), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = self.encode([texts[i] for i in rows]).to(self.device)
            answers[rows] = self(batch).float().cpu().numpy()
        return answers


def word_phi(phi: Tensor, batch: Batch, words: int) -> Tensor:
    """phi of a word = max over its pieces (METHOD section 2). (batch, tokens) -> (batch, words); zero where absent."""
    index = batch.word_index.clamp(min=0)
    values = torch.where(batch.maskable, phi, torch.zeros_like(phi))
    out = phi.new_zeros(phi.shape[0], max(words, phi.shape[1]))
    return out.scatter_reduce(1, index, values, reduce="amax", include_self=True)[:, :words]
