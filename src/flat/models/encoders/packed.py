"""Encoders of BERT's kind without padding: a forward pass of ours over the tokens of many texts, one after the other.

transformers' own pass takes a rectangle of texts with a mask. Here the matrix products run over the real tokens of all
texts, and attention over texts of one length, which need no mask. Two parts of the work are left out:

- In the first layer a token's query, key and value depend on its piece and its position alone. Texts that differ in a
  word share nearly all of them.
- In the last layer the head reads the first token alone. Its scores q . (K x + k) are (q K) . x but for a constant that
  softmax ignores, and its sum of values is V times a sum of x. So no key and no value is computed there.

The answers are those of transformers up to float32's rounding. A network that is not recognised, or that answers two
texts otherwise (``of``), keeps transformers' pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import groupby

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flat.models.batch import Batch
from flat.models.encoders.products import Product

BERT = {"bert", "roberta", "xlm-roberta", "camembert", "electra"}  # config.model_type with BERT's layers and names
KINDS = {*BERT, "distilbert", "albert"}
TOKENS = 2048  # of one pass: more leave the cache, fewer make small products
TOLERANCE = 1e-5  # of logits against transformers', times the largest where that exceeds 1


@dataclass(frozen=True)
class Layer:
    """The parts of one layer, as the network holds them: attention, norm, feed-forward, norm."""

    query: nn.Linear | Product
    key: nn.Linear | Product
    value: nn.Linear | Product
    out: nn.Linear | Product
    norm: nn.LayerNorm
    up: nn.Linear | Product
    activation: nn.Module
    down: nn.Linear | Product
    last_norm: nn.LayerNorm

    def laid_out(self) -> "Layer":
        """With oneDNN's products."""
        parts = (getattr(self, field.name) for field in fields(self))
        return Layer(*(Product(part) if isinstance(part, nn.Linear) else part for part in parts))

    def finish(self, attended: Tensor, states: Tensor) -> Tensor:
        """What follows attention, token by token: (tokens, dim) of both to (tokens, dim)."""
        states = self.norm(self.out(attended) + states)
        within = self.up(states)
        if torch.is_grad_enabled() or getattr(self.activation, "act", None) is not F.gelu:
            within = self.activation(within)
        else:
            torch.ops.aten.gelu_(within)  # in place, which spares a pass over memory
        return self.last_norm(self.down(within) + states)


class PackedEncoder:
    """The pass of one ``flat.models.encoders.encoder.Encoder``; it holds no weights of its own."""

    def __init__(self, model, layers: list[Layer], heads: int):
        self.model, self.layers, self.heads = model, layers, heads
        # the last layer multiplies by slices of weights
        self.laid_out = [*(layer.laid_out() for layer in layers[:-1]), layers[-1]]
        self.base, self.kind = model.network.base_model, model.network.config.model_type

    @classmethod
    def of(cls, model) -> "PackedEncoder | None":
        """The pass of an encoder in evaluation mode; None where transformers' own is to serve."""
        config = model.network.config
        if config.model_type not in KINDS or getattr(config, "is_decoder", False):
            return None
        if model.position_dependent_masks or not model.special_ids:  # the head's first token is a special one
            return None
        try:
            made = cls(model, _layers(model.network.base_model, config), config.num_attention_heads)
            return made if made._answers_alike() else None
        except (AttributeError, TypeError):  # a class of another version, or of the user's own, with other parts
            return None

    @torch.inference_mode()
    def logits(self, rows: Sequence[Sequence[int]], rounder: bool = False) -> np.ndarray:
        """float32 logits (texts, classes) of texts as token ids, special ones included (``Encoder.signature``).

        Args:
            rounder: where that is faster, with oneDNN's products, whose rounding errors are larger.
        """
        layers = self.laid_out if rounder else self.layers
        answers = np.empty((len(rows), self.model.classes), dtype=np.float32)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        start = tokens = 0
        for stop, i in enumerate(order):
            if stop > start and tokens + len(rows[i]) > TOKENS:
                answers[order[start:stop]] = self._ask([rows[j] for j in order[start:stop]], layers)
                start, tokens = stop, 0
            tokens += len(rows[i])
        if order:
            answers[order[start:]] = self._ask([rows[j] for j in order[start:]], layers)
        return answers

    def through(self, embeddings: Tensor, batch: Batch) -> Tensor:
        """Logits (texts, classes), differentiable in the masked embeddings (texts, tokens, dim): no padding."""
        return self._through(self.laid_out, embeddings, batch)

    def _through(self, layers: list[Layer], embeddings: Tensor, batch: Batch) -> Tensor:
        states = self._embedded(embeddings, self._positions(batch)).flatten(0, 1)
        return self._run(layers, states, None, [tuple(batch.ids.shape)])

    def _ask(self, rows: list[Sequence[int]], layers: list[Layer]) -> np.ndarray:
        """Logits of texts sorted by length."""
        groups = [(len(list(same)), length) for length, same in groupby(map(len, rows))]
        parts = [self.model.encode_ids(list(same)) for _, same in groupby(rows, len)]
        ids, special, place = (
            torch.cat([part.flatten() for part in column])
            for column in zip(*((part.ids, part.special, self._positions(part)) for part in parts), strict=True)
        )
        # tokens of one piece at one position enter the first layer alike
        kinds = (ids * 2 + special) * (int(place.max()) + 1) + place
        _, back = torch.unique(kinds, return_inverse=True)
        one = torch.empty(int(back.max()) + 1, dtype=torch.long).scatter_(0, back, torch.arange(len(back)))
        alone = Batch(*(part[one].unsqueeze(0) for part in (ids, torch.ones_like(special), special, ids)))
        embeddings = self.model.embed(alone)
        weights = self.model.token_weights(embeddings, alone)
        embeddings = embeddings if weights is None else embeddings * weights.unsqueeze(-1)
        states = self._embedded(embeddings, place[one].unsqueeze(0))[0]
        return self._run(layers, states, back, groups).float().numpy()

    def _positions(self, batch: Batch) -> Tensor:
        """(texts, tokens) of texts without padding, as the network counts."""
        given = self.model.positions(batch).get("position_ids")
        return (
            torch.arange(batch.ids.shape[1], device=batch.ids.device).expand_as(batch.ids) if given is None else given
        )

    def _embedded(self, embeddings: Tensor, positions: Tensor) -> Tensor:
        """What enters the first layer."""
        states = self.base.embeddings(input_ids=None, inputs_embeds=embeddings, position_ids=positions)
        if self.kind == "albert":
            return self.base.encoder.embedding_hidden_mapping_in(states)
        project = getattr(self.base, "embeddings_project", None)  # ELECTRA's
        return states if project is None else project(states)

    def _run(self, layers: list[Layer], states: Tensor, back: Tensor | None, groups: list[tuple[int, int]]) -> Tensor:
        """Logits (texts, classes).

        Args:
            states: (tokens, dim) what enters the first layer; with ``back`` (tokens,) each distinct row once.
            groups: how many texts of which length follow each other.
        """
        for layer in layers[:-1]:
            parts = [part(states) for part in (layer.query, layer.key, layer.value)]
            if back is not None:
                states, *parts = (part[back] for part in (states, *parts))
                back = None
            states = layer.finish(self._attended(*parts, groups), states)
        if back is not None:
            states = states[back]
        return self._head(self._first(layers[-1], states, groups))

    def _attended(self, query: Tensor, key: Tensor, value: Tensor, groups: list[tuple[int, int]]) -> Tensor:
        """(tokens, dim) each."""
        found, start = [], 0
        for texts, length in groups:
            own = slice(start, start + texts * length)
            heads = [p[own].view(texts, length, self.heads, -1).transpose(1, 2) for p in (query, key, value)]
            found.append(F.scaled_dot_product_attention(*heads).transpose(1, 2).reshape(texts * length, -1))
            start = own.stop
        return found[0] if len(found) == 1 else torch.cat(found)

    def _first(self, layer: Layer, states: Tensor, groups: list[tuple[int, int]]) -> Tensor:
        """The layer's answer for the first token of each text, (texts, dim)."""
        firsts, sums, start = [], [], 0
        by_head = [part.weight.view(self.heads, -1, part.in_features) for part in (layer.key, layer.value)]
        for texts, length in groups:
            own = states[start : start + texts * length].view(texts, length, -1)
            first = own[:, 0]
            query = layer.query(first).view(texts, self.heads, -1).transpose(0, 1)  # (heads, texts, dim of a head)
            scores = (query @ by_head[0]).transpose(0, 1) @ own.transpose(1, 2)  # (texts, heads, tokens)
            shares = (scores * query.shape[-1] ** -0.5).softmax(-1)
            sums.append(shares @ own)  # (texts, heads, dim)
            firsts.append(first)
            start += texts * length
        summed = torch.cat(sums).transpose(0, 1) @ by_head[1].transpose(1, 2)  # (heads, texts, dim of a head)
        attended = summed.transpose(0, 1).flatten(1) + layer.value.bias  # shares sum to one
        return layer.finish(attended, torch.cat(firsts))

    def _head(self, first: Tensor) -> Tensor:
        """Logits (texts, classes) of the last layer's first tokens (texts, dim), by the network's own head."""
        network, states = self.model.network, first.unsqueeze(1)
        if self.kind == "bert":
            return network.classifier(self.base.pooler(states))
        if self.kind == "albert":
            return network.classifier(self.base.pooler_activation(self.base.pooler(first)))
        if self.kind == "distilbert":
            return network.classifier(F.relu(network.pre_classifier(first)))
        return network.classifier(states)

    @torch.no_grad()
    @torch.autocast("cpu", enabled=False)
    def _answers_alike(self) -> bool:
        """Whether two texts of other lengths get transformers' logits, by their ids and by their embeddings."""
        model = self.model
        pieces = model.network.get_input_embeddings().num_embeddings
        room = max(model.max_length - len(model.special_ids), 1)
        for length in (min(3, room), min(17, room)):
            row = [i * (pieces - 1) // length for i in range(1, length + 1)]
            batch = model.encode_pieces([(row, list(range(length)))])
            embeddings = model.embed(batch)
            weights = model.token_weights(embeddings, batch)
            embeddings = embeddings if weights is None else embeddings * weights.unsqueeze(-1)
            expected = model.encode_embeddings(embeddings, batch)
            allowed = TOLERANCE * max(1.0, float(expected.abs().max()))
            answers = self._through(self.layers, embeddings, batch), torch.from_numpy(self.logits(batch.ids.tolist()))
            if not all(float((answer - expected).abs().max()) <= allowed for answer in answers):
                return False
        return True


def _layers(base: nn.Module, config) -> list[Layer]:
    """The layers of a network's base model."""
    if config.model_type == "distilbert":
        return [
            Layer(a.q_lin, a.k_lin, a.v_lin, a.out_lin, layer.sa_layer_norm, layer.ffn.lin1, layer.ffn.activation,
                  layer.ffn.lin2, layer.output_layer_norm)
            for layer in base.transformer.layer for a in [layer.attention]
        ]  # fmt: skip
    if config.model_type == "albert":
        return _albert_layers(base.encoder, config)
    return [
        Layer(a.self.query, a.self.key, a.self.value, a.output.dense, a.output.LayerNorm, layer.intermediate.dense,
              layer.intermediate.intermediate_act_fn, layer.output.dense, layer.output.LayerNorm)
        for layer in base.encoder.layer for a in [layer.attention]
    ]  # fmt: skip


def _albert_layers(encoder: nn.Module, config) -> list[Layer]:
    """Groups of layers, each run through several times."""
    found = []
    for number in range(config.num_hidden_layers):
        group = encoder.albert_layer_groups[number * config.num_hidden_groups // config.num_hidden_layers]
        for layer in group.albert_layers:
            a = layer.attention
            found.append(
                Layer(a.query, a.key, a.value, a.dense, a.LayerNorm, layer.ffn, layer.activation, layer.ffn_output,
                      layer.full_layer_layer_norm)
            )  # fmt: skip
    return found
