"""The trainer that users of PyTorch write: batches in a drawn order, each padded to its longest text, and Adam."""

from collections.abc import Callable, Sequence
from copy import deepcopy

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from flat.models.batch import Batch
from flat.models.word_models import CNN, LSTM
from flat.training.trainer import accuracy


def as_it_is(batch: Batch) -> Batch:
    """Padded to its longest text: as a model encodes it."""
    return batch


def train(
    model,
    words: Sequence[Sequence[str]],
    labels: Sequence[int],
    epochs: int,
    batch_size: int,
    rate: float,
    dev: tuple[Sequence[Sequence[str]], Sequence[int]] | None = None,
    pad: Callable[[Batch], Batch] = as_it_is,
) -> None:
    """Train ``model`` in place; with ``dev`` it ends with the epoch that is best there.

    Args:
        pad: what else a batch is padded to.
    """
    torch.manual_seed(0)
    order, best = np.random.default_rng(0), (-1.0, None)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=rate, fused=True)
    for _ in range(epochs):
        model.train()
        for rows in torch.from_numpy(order.permutation(len(words))).split(batch_size):
            batch = pad(model.encode([words[i] for i in rows]))
            optimizer.zero_grad()
            F.cross_entropy(logits(model, batch), torch.tensor([labels[i] for i in rows])).backward()
            optimizer.step()
        if dev is not None and (found := accuracy(model, *dev)) > best[0]:
            best = found, deepcopy(model.state_dict())
    if dev is not None:
        model.load_state_dict(best[1])
    model.eval()


def logits(model: CNN | LSTM, batch: Batch) -> Tensor:
    """(batch, classes), by PyTorch's own layers: our models train by faster formulas."""
    embeddings = model.drop_embeddings(model.embed(batch))
    if isinstance(model, CNN):
        pooled = model.pooled(embeddings * batch.present.unsqueeze(-1), batch.present)
    else:
        states = torch.tanh(model.lstm(embeddings)[0])
        pooled = states.masked_fill(~batch.present.unsqueeze(-1), -1.0).amax(1)
    return model.output(model.dropout(pooled))
