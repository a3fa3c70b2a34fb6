"""An epoch of training on texts of mixed length, against padding every text to the maximum (docs/performance.md).

Both sides start from the same LSTM, take the same texts in steps of 64 with the same optimizer, and see each text once;
that is what is compared. The batches are others, since ours holds texts of like length together, and so are the losses.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F

from flat.bench.material import victim
from flat.bench.measure import Comparison
from flat.models.batch import Batch
from flat.models.interface import Classifier
from flat.training.objective import Weights
from flat.training.trainer import Options, train

BATCH = 64
RATE = 0.003


def comparisons() -> list[Comparison]:
    return [Comparison("train-lstm", 2, _epoch, texts="mixed", count=2304, short=130)]


def _epoch(texts: list[tuple[str, int]]) -> tuple[Callable[[], list], Callable[[], list]]:
    model = victim("lstm-long")
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
                F.cross_entropy(model(batch), torch.tensor([labels[i] for i in rows])).backward()
                optimizer.step()
        return _times(seen, model, words)

    def ours() -> list:
        options = Options(epochs=1, batch_size=BATCH, learning_rate=RATE, select="last")
        with _seen(model) as seen:
            train(model, words, labels, (words[:1], labels[:1]), options, Weights(), seed=0)
        return _times(seen, model, words)

    return stock, ours


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
