"""Attention rollout (Abnar and Zuidema 2020): how much of each token flows into the one that the answer is read from.

It looks at no class and at no value vector: what it says is the same for every class. How faithful that is, the metrics
of ``flat.plugins`` tell.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from flat.errors import StudyError
from flat.interpretation.word_attribution import WordAttribution, check_fit_to_explain
from flat.models.encoders.encoder import Encoder


def explain(
    model: Encoder, texts: Sequence[Sequence[str]], targets: Sequence[Sequence[int]], seeds, options
) -> list[list[WordAttribution]]:
    """Rollout scores of every word, equal for all targets; those of a word's pieces are summed.

    Args:
        options: ``residual``: the share of a layer's input that passes by its attention (section 3; 0.5).

    Raises:
        RuntimeError: the model is in training mode.
        StudyError: the network shows no attention weights.
    """
    check_fit_to_explain(model)
    found = []
    for words, wanted in zip(texts, targets, strict=True):
        batch = model.encode([list(words)]).to(model.device)
        flow = rollout(attentions(model, batch), options.residual)  # (tokens, tokens)
        read = int(batch.present[0].sum()) - 1 if model.reads_last_token else 0
        index = batch.word_index[0].cpu()
        scores = torch.zeros(len(words), dtype=torch.float64)
        scores.index_add_(0, index[index >= 0], flow[read].cpu()[index >= 0])
        one = WordAttribution(scores.numpy().astype(np.float32), float("nan"), 1)
        found.append([one] * len(wanted))
    return found


def rollout(layers: Sequence[Tensor], residual: float) -> Tensor:
    """(tokens, tokens) float64: row i says how much of each input token is in token i of the last layer.

    Args:
        layers: a layer's attention weights each, (heads, tokens, tokens), the first layer first.
    """
    flow = None
    for weights in layers:
        mixed = (1 - residual) * weights.double().mean(0)
        mixed = mixed + residual * torch.eye(len(mixed), dtype=torch.float64, device=mixed.device)
        mixed = mixed / mixed.sum(-1, keepdim=True)
        flow = mixed if flow is None else mixed @ flow
    return flow


@torch.no_grad()
def attentions(model: Encoder, batch) -> list[Tensor]:
    """Each layer's attention weights (heads, tokens, tokens) for one text, through the word mask.

    Raises:
        StudyError: the network shows none.
    """
    network, embeddings = model.network, model.embed(batch)
    weights = model.token_weights(embeddings, batch)
    masked = embeddings if weights is None else embeddings * weights.unsqueeze(-1)
    chosen = network.config._attn_implementation
    network.set_attn_implementation("eager")  # the faster kernels show no weights
    try:
        given = {"inputs_embeds": masked, "attention_mask": batch.present.long(), **model.positions(batch)}
        found = network(**given, output_attentions=True).attentions
    finally:
        network.set_attn_implementation(chosen)
    if not found or any(layer is None for layer in found) or model.position_dependent_masks:
        raise StudyError(
            "interpretation.attention-rollout",
            f"{type(network).__name__} shows no attention weights that rollout could follow",
            "leave this method out for studies with this encoder, or the switch position_dependent_masks off",
        )
    return [layer[0] for layer in found]
