"""An epoch of training on texts of mixed length, against padding every text to the maximum (docs/performance.md).

Stock is the network as a user of PyTorch writes it: ``nn.LSTM`` or a ``nn.Conv1d`` a width, then the maximum over time.
The CNN's vectors are 300 wide and drawn: how fast it trains does not depend on what they hold. Both sides start from
the same network, take the same texts in steps of 64 with the same optimizer, and see each text once;
that is what is compared. The batches are others, since ours holds texts of like length together, and so are the losses.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

from flat.bench.material import victim
from flat.bench.measure import Comparison
from flat.models.batch import Batch
from flat.models.interface import Classifier
from flat.models.masks import Mask
from flat.models.word_models import CNN, LSTM
from flat.training.objective import Weights
from flat.training.trainer import Options, train

BATCH = 64
RATE = 0.003


def comparisons() -> list[Comparison]:
    sizes = {"texts": "mixed", "count": 2304}
    return [
        Comparison("train-lstm", 2.5, partial(_epoch, lambda _: victim("lstm-long")), **sizes),
        Comparison("train-cnn", 2, partial(_epoch, _wide_cnn), **sizes),
    ]


def _wide_cnn(texts: list[tuple[str, int]]) -> CNN:
    """A fresh CNN as large as the paper's, on 300-dimensional vectors."""
    words = ["<pad>", "<unk>", *sorted({word for text, _ in texts for word in text.split()})]
    torch.manual_seed(0)
    return CNN(words, torch.randn(len(words), 300).mul_(0.3).index_fill_(0, torch.tensor([0]), 0), 2, 250, Mask())


def _epoch(build: Callable, texts: list[tuple[str, int]]) -> tuple[Callable[[], list], Callable[[], list]]:
    model = build(texts)
    words = [text.split() for text, _ in texts]
    labels = [label for _, label in texts]
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])  # torch imports its compiler at the first optimizer

    def stock() -> list:
        model.train()
        torch.manual_seed(0)
        optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=RATE, fused=True)
        with _seen(model) as seen:
            for rows in torch.from_numpy(np.random.default_rng(0).permutation(len(words))).split(BATCH):
                batch = _padded(model.encode([words[i] for i in rows]), model.max_length)
                optimizer.zero_grad()
                F.cross_entropy(_plainly(model, batch), torch.tensor([labels[i] for i in rows])).backward()
                optimizer.step()
        return _times(seen, model, words)

    def ours() -> list:
        options = Options(epochs=1, batch_size=BATCH, learning_rate=RATE, select="last")
        with _seen(model) as seen:
            train(model, words, labels, (words[:1], labels[:1]), options, Weights(), seed=0)
        return _times(seen, model, words)

    return stock, ours


def _plainly(model: CNN | LSTM, batch: Batch) -> torch.Tensor:
    """Logits (batch, classes) in training, by PyTorch's own layers alone."""
    embeddings = model.drop_embeddings(model.embed(batch))
    if isinstance(model, CNN):
        pooled = model.pooled(embeddings, batch.present)
    else:
        states = torch.tanh(model.lstm(embeddings)[0])
        pooled = states.masked_fill(~batch.present.unsqueeze(-1), -1.0).amax(1)
    return model.output(model.dropout(pooled))


def _padded(batch: Batch, length: int) -> Batch:
    """The batch, padded to ``length`` tokens."""
    fill = {"ids": 0, "present": False, "special": False, "word_index": -1}
    return Batch(
        **{name: F.pad(getattr(batch, name), (0, length - batch.ids.shape[1]), value=v) for name, v in fill.items()}
    )


@contextmanager
def _seen(model: Classifier):
    """Counts each text, as token ids, that the model is trained on."""
    seen: Counter = Counter()
    embed = model.embed

    def counted(batch: Batch):
        if model.training:
            lengths = batch.present.sum(1).tolist()
            seen.update(tuple(ids[:length]) for ids, length in zip(batch.ids.tolist(), lengths, strict=True))
        return embed(batch)

    model.embed = counted
    try:
        yield seen
    finally:
        del model.embed


def _times(seen: Counter, model: Classifier, words: list[list[str]]) -> list:
    """How often each text was seen."""
    return [(text, seen[text]) for text in map(model.signature, words)]
