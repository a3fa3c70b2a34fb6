"""Any pretrained encoder with a classification head: BERT, DeBERTa and their kin (docs/add-a-model.md).

The mask multiplies the word-piece embeddings and the network is called through ``inputs_embeds``, so that no model is
forked or patched. phi of a piece depends on its row of the embedding matrix alone; special tokens are never masked. A
decoder's head reads its last token (flat.models.encoders.last_token). Three switches (flat.study.readings) give the
published code's reading instead: masks behind position embeddings and layer norm, masked special tokens, masks that
also hide tokens from the attention.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flat.errors import StudyError
from flat.models.batch import Batch, Texts
from flat.models.edits.bert import NETWORKS, FirstTokenEditor, PackedEditor
from flat.models.encoders import last_token
from flat.models.encoders.first_token import skip_unread_tokens
from flat.models.encoders.packed import PackedEncoder
from flat.models.encoders.pretrained import counts_from_padding, longest_text, read_network, read_tokenizer
from flat.models.encoders.probe import probe
from flat.models.encoders.word_pieces import WordPieces
from flat.models.interface import Classifier
from flat.models.masks import Mask, build_mask


class Encoder(Classifier):
    """A classifier on word pieces around a network of transformers.

    Args:
        network: an ``...ForSequenceClassification`` that takes ``inputs_embeds``.
        tokenizer: its fast tokenizer.
        max_length: tokens read of a text, special ones included.
        mask: what multiplies the embeddings.
        switches: position_dependent_masks, mask_special_tokens, mask_attention; an absent one is off.

    Raises:
        StudyError: ``max_length`` is more than the network can read, or a switch does not fit the network.
    """

    # a token keeps some 0.2 MB of activations in a small encoder, 1 MB in one of BERT's size
    tokens_per_pass = 2048

    def __init__(self, network, tokenizer, max_length: int, mask: Mask, switches: Mapping[str, bool] | None = None):
        super().__init__()
        limit = longest_text(network, tokenizer)
        if max_length > limit:
            raise StudyError(
                "datasets.*.max_length", f"{max_length} tokens, but this encoder reads at most {limit}", "lower it"
            )
        switches = dict(switches or {})
        self.network, self.mask, self.tokenizer = network, mask, tokenizer
        skip_unread_tokens(network)
        self._packed: list[PackedEncoder | None] = []  # once asked for
        self.classes, self.max_length = network.config.num_labels, max_length
        self._texts = WordPieces(tokenizer, max_length)
        self.pad_id, self.unknown_word = self._texts.pad_id, self._texts.unknown_word
        self.special_ids = self._texts.special_ids
        self.reads_last_token = last_token.reads_last_token(network)
        if self.reads_last_token:
            last_token.pad_as(network, self.pad_id)
        self._pad_position = counts_from_padding(network)
        self.position_dependent_masks = switches.get("position_dependent_masks", False)
        self.mask_special_tokens = switches.get("mask_special_tokens", False)
        self.mask_attention = switches.get("mask_attention", False)
        if self.position_dependent_masks and "inputs_embeds" not in signature(self.embedding_block.forward).parameters:
            raise StudyError(
                "method.switches.position_dependent_masks",
                f"the embedding block of {type(network).__name__} cannot be given embeddings",
                "leave the switch off for this model",
            )

    @property
    def words(self) -> list[str]:
        """The tokenizer's pieces in the order of their ids."""
        vocabulary = self.tokenizer.get_vocab()
        return sorted(vocabulary, key=vocabulary.get)

    @property
    def embedding_block(self) -> nn.Module:
        """The network's first module: word, position and type embeddings with their layer norm.

        Raises:
            StudyError: the network keeps them elsewhere.
        """
        block = getattr(self.network.base_model, "embeddings", None)
        if block is None:
            raise StudyError(
                "method.switches",
                f"{type(self.network).__name__} has no embedding block to mask or freeze",
                "leave position_dependent_masks and freeze_embeddings off for this model",
            )
        return block

    def signature(self, text: Sequence[str]) -> tuple[int, ...]:
        return self._texts.ids(text)

    def encode(self, texts: Texts) -> Batch:
        return self._texts.encode(texts)

    def encode_pieces(self, rows: Sequence[tuple[list[int], list[int]]]) -> Batch:
        """``encode`` for texts given as token ids and the numbers of their words, without special tokens."""
        return self._texts.batch(rows)

    def encode_ids(self, rows: Sequence[Sequence[int]]) -> Batch:
        return self._texts.of_ids(rows)

    def lengths(self, texts: Texts) -> list[int]:
        return self._texts.lengths(texts)

    @property
    def packed(self) -> PackedEncoder | None:
        """The faster pass that serves in evaluation on a CPU, found at the first call; None where there is none."""
        if self.training or self.device.type != "cpu" or self.network.dtype != torch.float32:
            return None
        if not self._packed:
            self._packed.append(PackedEncoder.of(self))
        return self._packed[0]

    def editor(self):
        if self.packed is not None:
            return PackedEditor(self)
        return FirstTokenEditor(self) if type(self.network).__name__ in NETWORKS else super().editor()

    def embed(self, batch: Batch) -> Tensor:
        """What the mask multiplies: rows of the embedding matrix, or by the switch the embedding block's output.

        Either is without dropout. The block's own dropout comes after the mask instead of before: both scale elements.
        """
        rows = self.network.get_input_embeddings()(batch.ids)
        if not self.position_dependent_masks:
            return rows
        block, training = self.embedding_block, self.training
        try:
            return block.eval()(input_ids=None, inputs_embeds=rows, **self.positions(batch))
        finally:
            block.train(training)

    def drop_embeddings(self, embeddings: Tensor) -> Tensor:
        if not self.position_dependent_masks:
            return embeddings  # the embedding block's dropout is still to come
        shares = [module.p for module in self.embedding_block.modules() if isinstance(module, nn.Dropout)]
        return F.dropout(embeddings, max(shares, default=0.0), self.training)

    def baseline(self, batch: Batch) -> Tensor:
        """PAD in the place of every word; special tokens stay."""
        return self.embed(replace(batch, ids=torch.where(batch.special, batch.ids, self.pad_id)))

    def encode_masked(self, embeddings: Tensor, batch: Batch, weights: Tensor | None) -> Tensor:
        if self.training and self.mask_attention and weights is not None:
            kept = batch.present & (weights > 0.5)
            # where nothing is left, attention is as without the mask
            batch = replace(batch, present=torch.where(kept.any(1, keepdim=True), kept, batch.present))
        return super().encode_masked(embeddings, batch, weights)

    def encode_embeddings(self, embeddings: Tensor, batch: Batch) -> Tensor:
        if not self.position_dependent_masks:
            return self._answer(embeddings, batch)
        # the network runs on from its embedding block, whose own answer is replaced
        unused = self.network.get_input_embeddings()(torch.full_like(batch.ids, self.pad_id))
        dropped = self.drop_embeddings(embeddings)
        hook = self.embedding_block.register_forward_hook(lambda *_: dropped)
        try:
            return self._answer(unused, batch)
        finally:
            hook.remove()

    def explained(self, embeddings: Tensor, batch: Batch) -> Tensor:
        if self.packed is None or not batch.present.all():
            return super().explained(embeddings, batch)
        return self.packed.through(embeddings, batch)

    def _answer(self, embeddings: Tensor, batch: Batch) -> Tensor:
        attention = batch.present.long()
        if self.reads_last_token:
            return last_token.logits(self.network, embeddings, attention, batch, self.pad_id)
        return self.network(inputs_embeds=embeddings, attention_mask=attention, **self.positions(batch)).logits

    def positions(self, batch: Batch) -> dict[str, Tensor]:
        """RoBERTa's positions, as it counts them itself when it is given ids: a padding token in a text has none."""
        if self._pad_position is None:
            return {}
        counted = (batch.ids != self._pad_position).long()
        return {"position_ids": counted.cumsum(1) * counted + self._pad_position}

    def freeze_embeddings(self) -> None:
        """Train everything but the embedding block (a reading of the published code)."""
        self.embedding_block.requires_grad_(False)

    def stored_name(self, name: str) -> str:
        """The network's weights are stored as transformers names them; the mask's as ``flat_mask.*``."""
        return name.removeprefix("network.") if name.startswith("network.") else f"flat_{name}"


def from_folder(
    folder: str | Path,
    *,
    classes: int,
    max_length: int,
    mask: str = "none",
    mask_hidden: int = 400,
    switches: Mapping[str, bool] | None = None,
    labels: Sequence[str] | None = None,
    layers: int | None = None,
    attention: str | None = None,
    gradient_checkpointing: bool = False,
) -> Encoder:
    """An encoder of a pretrained network; its head, where the folder has none, and its mask are fresh.

    It is tried out on two short texts, unless the folder is a checkpoint of ours, which was when it was trained.

    Args:
        folder: config.json, weights and tokenizer as transformers writes them.
        labels: the names of the classes, for whom reads the saved network with transformers; None: LABEL_0 and so on.
        layers: keep so many layers, evenly spread: a smaller encoder for small machines.
        attention: sdpa | eager; None: as transformers chooses.
        gradient_checkpointing: recompute activations in the backward pass: less memory, a third more time.

    Raises:
        FlatError: see ``flat.models.encoders.pretrained``, ``flat.models.encoders.probe`` and ``Encoder``.
    """
    if mask == "group":
        raise StudyError("strategies.*.mask: group", "word groups are no groups of word pieces", "use a CNN or LSTM")
    network = read_network(folder, classes, labels=labels, layers=layers, attention=attention)
    if gradient_checkpointing:
        network.activation_checkpointing_enable({"use_reentrant": False})
    encoder = Encoder(network, read_tokenizer(folder), max_length, Mask(), switches)
    if not hasattr(network.config, "flat"):
        probe(encoder, folder)
    with torch.no_grad():
        dim = encoder.embed(encoder.padding(1)).shape[-1]
    encoder.mask = build_mask(mask, dim, mask_hidden)
    return encoder
