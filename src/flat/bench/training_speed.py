"""An epoch of training on texts of mixed length, against padding to the maximum or the longest (docs/performance.md).

Both sides start from the same model, take the same texts in steps of 64 with the same optimizer, and see each text
once; that is what is compared. The batches are others, since ours holds texts of like length together, and so are the
losses. Stock is ``flat.bench.plain_training``: it pads a batch to its longest text in rows ``-longest``, else to as
many words as the model reads. The CNN has 300-dimensional word vectors, drawn: no time depends on their values.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial

import torch
import torch.nn.functional as F

from flat.bench import plain_training
from flat.bench.material import network_of, victim
from flat.bench.measure import Comparison
from flat.models import registry
from flat.models.batch import Batch
from flat.models.interface import Classifier
from flat.training.objective import Weights
from flat.training.trainer import Options, train

BATCH = 64
RATE = 0.003


def comparisons() -> list[Comparison]:
    sizes = {"texts": "mixed", "count": 2304, "short": 130}
    return [
        Comparison("train-lstm", 2.5, partial(_epoch, _lstm, True), **sizes),
        Comparison("train-cnn", 2, partial(_epoch, _cnn, True), **sizes),
        Comparison("train-lstm-longest", 2.5, partial(_epoch, _lstm, False), **sizes),
        Comparison("train-cnn-longest", 2, partial(_epoch, _cnn, False), **sizes),
    ]


def _lstm() -> Classifier:
    return victim("lstm-long")


def _cnn() -> Classifier:
    words, (kind, _, options) = victim("cnn-long").words, network_of("cnn-long")
    vectors = torch.randn(len(words), 300, generator=torch.Generator().manual_seed(0))
    vectors[0] = 0
    torch.manual_seed(0)
    return registry.build(
        kind=kind, options=options, classes=2, max_length=250, mask="none", words=words, vectors=vectors
    )


def _epoch(build: Callable, to_maximum: bool, texts: list[tuple[str, int]]) -> tuple[Callable, Callable]:
    model = build()
    words = [text.split() for text, _ in texts]
    labels = [label for _, label in texts]
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])  # torch imports its compiler at the first optimizer
    pad = partial(_padded, length=model.max_length) if to_maximum else plain_training.as_it_is

    def stock() -> list:
        with _seen(model) as seen:
            plain_training.train(model, words, labels, epochs=1, batch_size=BATCH, rate=RATE, pad=pad)
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
