"""Edited texts for encoders: by their own pass without padding where there is one (``flat.models.encoders.packed``).

Elsewhere, on a GPU say, BERT's last layer computes nothing but the first token, which is all that its classifier reads.
Keys and values of all tokens are needed, but one query, and the feed-forward part of one token: five sixths of a layer
are saved. Everything around it is the code of transformers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from flat.models.edits.editor import Editor
from flat.models.encoders.products import serves

ONEDNN_ERROR = 9e-6  # an editor's ``error``; measured: less than a third of it
NETWORKS = ("BertForSequenceClassification",)


class FirstTokenEditor(Editor):
    """Opens texts for an ``Encoder`` around one of ``NETWORKS``."""

    def whole(self, texts):
        with _last_layer_of_the_first_token(self.model.network.base_model.encoder.layer[-1]):
            return super().whole(texts)

    def of_ids(self, rows):
        with _last_layer_of_the_first_token(self.model.network.base_model.encoder.layer[-1]):
            return super().of_ids(rows)


class PackedEditor(Editor):
    """Opens texts for an ``Encoder`` that has a ``packed`` pass; with oneDNN's products where they are faster."""

    @property
    def error(self):
        return ONEDNN_ERROR if serves() else Editor.error

    def whole(self, texts):
        return self.of_ids([self.signature(text) for text in texts])

    def of_ids(self, rows):
        return self.model.packed.logits(rows, rounder=True)


@contextmanager
def _last_layer_of_the_first_token(layer: nn.Module) -> Iterator[None]:
    if "forward" in vars(layer):  # within another call of this
        yield
        return
    layer.forward = partial(_first_token, layer)
    try:
        yield
    finally:
        del layer.forward  # the instance's own: the class's is back


def _first_token(layer: nn.Module, hidden: Tensor, attention_mask: Tensor | None = None, *_, **__) -> Tensor:
    """``BertLayer.forward`` in evaluation, (batch, tokens, dim) -> (batch, 1, dim): the first token's answer."""
    attention, first = layer.attention.self, hidden[:, :1]

    def heads(states: Tensor) -> Tensor:  # -> (batch, heads, tokens, dim of a head)
        return states.view(*states.shape[:-1], -1, attention.attention_head_size).transpose(1, 2)

    query, key, value = attention.query(first), attention.key(hidden), attention.value(hidden)
    mask = None if attention_mask is None else attention_mask[:, :, :1]
    found = F.scaled_dot_product_attention(heads(query), heads(key), heads(value), attn_mask=mask)
    return layer.feed_forward_chunk(layer.attention.output(found.transpose(1, 2).flatten(2), first))
