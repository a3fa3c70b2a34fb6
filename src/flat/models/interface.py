"""What every text classifier of FLAT offers: the trainer, the attacks and the explanations know only this.

A text is a list of words. A model may cut words into pieces and add special tokens; ``Batch`` remembers which token
belongs to which word, so that word importance, attributions and pairs are aligned by word whatever the tokenizer does.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from flat.models.batch import Batch, Texts
from flat.models.edits.editor import Editor
from flat.models.gpu_memory import Parts
from flat.models.masks import Mask


class Classifier(nn.Module):
    """Base of all models. Subclasses give ``encode``, ``embed``, ``baseline`` and ``encode_embeddings``.

    Attributes:
        classes: number of classes.
        max_length: words (CNN, LSTM) or tokens (encoders) read of a text; the rest is cut.
        unknown_word: the word that stands for "no information" in LIME's perturbed texts.
        pad_id: the token id of padding.
        mask: what multiplies the word embeddings (docs/method.md).
        mask_special_tokens: CLS, SEP ... are masked too (a reading of the published code).
        tokens_per_pass: tokens in one forward pass whose activations are kept for a gradient: bounds memory.
        packed: what answers texts given as token ids faster (``flat.models.encoders.packed``), or None.
        encode_ids: the batch of texts of one length, given as ``signature`` gives them; it need not know their words. A
            model without it is asked about edits as texts, which takes longer on a GPU.
        most_at_once: texts that ``logits`` asks at once, less after a GPU ran out of memory.
    """

    classes: int
    max_length: int
    unknown_word: str
    pad_id: int = 0
    mask: Mask
    mask_special_tokens = False
    tokens_per_pass = 16_384
    most_at_once = 1 << 30
    packed = None
    encode_ids: Callable[[Sequence[Sequence[int]]], Batch] | None = None

    def signature(self, text: Sequence[str]) -> tuple[int, ...]:
        """Token ids of one text: equal for texts that the model cannot tell apart, whatever their words."""
        raise NotImplementedError

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

    def drop_embeddings(self, embeddings: Tensor) -> Tensor:
        """What training's dropout leaves of ``embed``'s answer, in models that drop it out."""
        return embeddings

    def joins_batches(self) -> bool:
        """Whether it takes several batches in one pass (``flat.models.joined``), as it stands: in training, say."""
        return False

    def padding(self, length: int) -> Batch:
        """A text of padding alone, (1, length)."""
        ids = torch.full((1, length), self.pad_id, device=self.device)
        absent = torch.zeros_like(ids, dtype=torch.bool)
        return Batch(ids, absent, absent, torch.full_like(ids, -1))

    def classify(
        self,
        embeddings: Tensor,
        batch: Batch,
        generator: torch.Generator | None = None,
        scores: Tensor | None = None,
    ) -> Tensor:
        """Logits (batch, classes) of embeddings (batch, tokens, dim), through the mask.

        In training the mask is sampled (straight-through Gumbel-softmax), in evaluation each embedding is multiplied by
        its phi: a deterministic answer (docs/method.md).

        Args:
            scores: ``mask.scores(embeddings)``, where the caller has them.
        """
        weights = self.token_weights(embeddings, batch, generator, scores)
        return self.encode_masked(embeddings, batch, weights)

    def token_weights(
        self,
        embeddings: Tensor,
        batch: Batch,
        generator: torch.Generator | None = None,
        scores: Tensor | None = None,
    ) -> Tensor | None:
        """What each embedding is multiplied by, (batch, tokens), or None for a model without mask."""
        if self.training:
            weights = self.mask.sample(embeddings, batch, generator, scores=scores)
        else:
            weights = self.mask.phi(embeddings, batch, scores=scores)
        if weights is None:
            return None
        return torch.where(self.masked(batch), weights, torch.ones_like(weights))

    def masked(self, batch: Batch) -> Tensor:
        """(batch, tokens) True on the tokens that the mask multiplies: never on padding."""
        return batch.present if self.mask_special_tokens else batch.maskable

    def encode_masked(self, embeddings: Tensor, batch: Batch, weights: Tensor | None) -> Tensor:
        """Logits (batch, classes) of embeddings (batch, tokens, dim) multiplied by weights (batch, tokens)."""
        return self.encode_embeddings(embeddings if weights is None else embeddings * weights.unsqueeze(-1), batch)

    def explained(self, embeddings: Tensor, batch: Batch) -> Tensor:
        """``encode_embeddings`` in evaluation for who wants gradients, not last bits: the fastest formula there is."""
        return self.encode_embeddings(embeddings, batch)

    def phi(self, batch: Batch) -> Tensor:
        """Importance of each token, (batch, tokens); one where the model has no mask or the token is not masked."""
        embeddings = self.embed(batch)
        weights = self.mask.phi(embeddings, batch)
        ones = embeddings.new_ones(batch.ids.shape)
        return ones if weights is None else torch.where(self.masked(batch), weights, ones)

    def forward(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        return self.classify(self.embed(batch), batch, generator)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def lengths(self, texts: Texts) -> list[int]:
        """What texts are sorted by before they are batched: the tokens that each is encoded to, or near it."""
        return [len(text) for text in texts]

    def editor(self):
        """What answers many one-word edits of a text (``flat.models.edits.editor``); in evaluation mode."""
        return Editor(self)

    def forget(self) -> None:
        """Drop answers that are kept in memory. A network keeps none; a black box does (``flat.models.black_box``)."""

    def stored_name(self, name: str) -> str:
        """How a weight of the state dict is called in model.safetensors."""
        return name

    @torch.inference_mode()
    def answer(self, batch: Batch) -> np.ndarray:
        """float32 logits (texts, classes) of an encoded batch, in the mode that the model is in."""
        return self(batch.to(self.device)).float().cpu().numpy()

    @torch.inference_mode()
    def logits(self, texts: Texts, batch_size: int = 64, stochastic: bool = False) -> np.ndarray:
        """float32 logits (texts, classes) in evaluation mode, in the order of ``texts``.

        Texts are asked in order of length so that a batch holds little padding.

        Args:
            stochastic: the answers of a model in training mode are wanted, with dropout and sampled masks (a reading
                of the published code attacks such a model); they draw from torch's global generator.

        Raises:
            RuntimeError: the model is in training mode, where its answers are random, and nobody asked for that.
        """
        if self.training and not stochastic:
            raise RuntimeError("logits() asked of a model in training mode: its answers are random; call eval() first")
        answers = np.empty((len(texts), self.classes), dtype=np.float32)
        order = [i for _, i in sorted(zip(self.lengths(texts), range(len(texts)), strict=True))]

        def ask(size: int) -> None:
            for start in range(0, len(order), size):
                rows = order[start : start + size]
                answers[rows] = self.answer(self.encode([texts[i] for i in rows]))

        at_once = Parts(min(batch_size, self.most_at_once))
        at_once.run(ask, "asking a model")
        if at_once.size < batch_size:
            self.most_at_once = at_once.size  # what the GPU's memory holds
        return answers


def word_phi(phi: Tensor, batch: Batch, words: int) -> Tensor:
    """phi of a word, the largest of its pieces' (docs/add-a-model.md): (batch, tokens) -> (batch, words).

    Zero where a word is absent.
    """
    index = batch.word_index.clamp(min=0)
    values = torch.where(batch.maskable, phi, torch.zeros_like(phi))
    out = phi.new_zeros(phi.shape[0], max(words, phi.shape[1]))
    return out.scatter_reduce(1, index, values, reduce="amax", include_self=True)[:, :words]
