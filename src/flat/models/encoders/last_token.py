"""Decoders that classify: GPT-2, Llama, Qwen and their kin read a text's last token, through a layer named ``score``.

transformers finds that token by comparing ids with the padding's. It cannot do that when it is given embeddings. It
then takes the last position, which is padding in all but the longest text of a batch. Here the token is found by the
batch, and the layer is asked there alone. A padding token written in a text does not count, as it does not there.
"""

import torch
from torch import Tensor, nn

from flat.models.batch import Batch


def reads_last_token(network: nn.Module) -> bool:
    """Whether a sequence classifier of transformers is a decoder with a linear layer ``score`` on its last token."""
    score = getattr(network, "score", None)
    return isinstance(score, nn.Linear) and score.out_features == network.config.num_labels


def pad_as(network: nn.Module, pad_id: int) -> None:
    """Have a saved network know what is padding, so that transformers finds the last token of a text as we do."""
    network.config.pad_token_id = pad_id
    network.config.get_text_config().pad_token_id = pad_id


def logits(network: nn.Module, embeddings: Tensor, attention: Tensor, batch: Batch, pad_id: int) -> Tensor:
    """Logits (batch, classes) of embeddings (batch, tokens, dim), with attention (batch, tokens) zero where hidden."""
    states = network.base_model(inputs_embeds=embeddings, attention_mask=attention, use_cache=False)[0]
    places = last_places(batch, pad_id)
    return network.score(states[torch.arange(len(places), device=places.device), places])


def last_places(batch: Batch, pad_id: int) -> Tensor:
    """(batch,) where the last token of each text stands; 0 where a text has none."""
    counts = (batch.special | (batch.word_index >= 0)) & (batch.ids != pad_id)
    return (torch.arange(batch.ids.shape[1], device=batch.ids.device) * counts).argmax(1)
