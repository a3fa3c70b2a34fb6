"""Small models with answers that can be computed by hand, and ledgers, for the tests of explanations."""

import numpy as np
import pandas as pd
import torch

from flat.interpretation.pairs import LEDGER_COLUMNS
from flat.models.batch import Batch
from flat.models.interface import Classifier
from flat.models.masks import Mask, VariationalWordMask
from flat.models.word_models import CNN, LSTM, WordModel

WORDS = ["<pad>", "<unk>", "good", "bad", "plot", "film", "very", "dull", "warm", "a"]
DIM = 6


def vectors(seed: int = 0, dim: int = DIM) -> torch.Tensor:
    found = torch.randn(len(WORDS), dim, generator=torch.Generator().manual_seed(seed))
    found[0] = 0
    return found


class Additive(WordModel):
    """logit_c = sum over words of power(embedding . weight_c): attributions are those terms, exactly."""

    def __init__(self, mask: Mask | None = None, power: int = 1, classes: int = 2, max_length: int = 8, seed: int = 0):
        super().__init__(WORDS, vectors(seed), classes, max_length, mask or Mask())
        self.power = power
        self.weight = torch.nn.Parameter(torch.randn(classes, DIM, generator=torch.Generator().manual_seed(seed + 1)))
        self.eval()

    def encode_embeddings(self, embeddings, batch):
        terms = (embeddings @ self.weight.T) ** self.power  # (batch, tokens, classes)
        return (terms * batch.present.unsqueeze(-1)).sum(1)

    def term(self, word: str, target: int) -> float:
        vector = self.embedding.weight[self.index.get(word, 1)]
        return float((vector @ self.weight[target]).detach() ** self.power)


class Pieces(Classifier):
    """An encoder in small: words cut into letters, CLS before and SEP after; a token's value is its logit."""

    classes, max_length, unknown_word = 2, 8, "?"

    def __init__(self, power: int = 1):
        super().__init__()
        self.mask, self.power = Mask(), power
        self.scale = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
        self.eval()

    def encode(self, texts):
        rows = []
        for text in texts:
            letters = [(ord(c), i) for i, word in enumerate(text) for c in word][: self.max_length - 2]
            rows.append([(1000, -1), *letters, (2000, -1)])
        longest = max(map(len, rows))
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        words = torch.full_like(ids, -1)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor([value for value, _ in row])
            words[i, : len(row)] = torch.tensor([word for _, word in row])
        present = ids > 0
        return Batch(ids, present, present & (ids >= 1000), words)

    def embed(self, batch):
        return batch.ids.float().unsqueeze(-1)

    def baseline(self, batch):
        return torch.where(batch.special, batch.ids, torch.zeros_like(batch.ids)).float().unsqueeze(-1)

    def encode_embeddings(self, embeddings, batch):
        return embeddings.sum(1) ** self.power * self.scale


def real_model(kind: str, mask: str = "variational", classes: int = 3, max_length: int = 12) -> WordModel:
    """A CNN or LSTM with random weights, in evaluation mode."""
    torch.manual_seed(5)
    layer = VariationalWordMask(DIM, hidden=7) if mask == "variational" else Mask()
    if mask == "variational":  # away from phi = 1/2, so that the mask matters
        torch.nn.init.normal_(layer.network[2].weight, std=2.0)
    if kind == "cnn":
        return CNN(WORDS, vectors(), classes, max_length, layer, filters=9, widths=(1, 2, 3)).eval()
    return LSTM(WORDS, vectors(), classes, max_length, layer, hidden=8).eval()


def ledger(rows: dict[str, tuple[str, str, str]], label: int = 1) -> pd.DataFrame:
    """Ledger columns that explanations read, of {example id: (status, original, perturbed)}."""
    found = []
    for example, (status, original, perturbed) in rows.items():
        before, after = original.split(" "), perturbed.split(" ")
        swaps = [
            {"position": i, "from": a, "to": b} for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b
        ]
        found.append((example, label, status, before, after, list(range(len(before))), swaps))
    return pd.DataFrame(found, columns=LEDGER_COLUMNS)


# --- explained pairs, four examples


OWN = {
    "e1": ("succeeded", "a good film", "a warm film"),
    "e2": ("skipped", "bad plot", "bad plot"),
    "e3": ("failed", "a dull plot", "a bad plot"),
    "e4": ("failed", "very good", "very good"),  # the attack found nothing to change
}
SHARED = {
    "e1": ("succeeded", "a good film", "a good plot"),
    "e2": ("failed", "bad plot", "bad film"),
    "e3": ("skipped", "a dull plot", "a dull plot"),
    "e4": ("skipped", "very good", "very good"),
}
# (example, side) -> scores for class 0 and for class 1
SCORES = {
    ("e1", "original"): ([1, 2, 3], [3, 2, 1]),
    ("e1", "adversarial"): ([1, 3, 2], [3, 2, 1]),  # tau 1/3 and 1
    ("e1", "shared"): ([3, 2, 1], [1, 2, 3]),  # tau -1 and -1
    ("e1", "repeat"): ([1, 2, 3], [3, 1, 2]),  # tau 1 and 1/3
    ("e2", "original"): ([1, 2], [2, 1]),
    ("e2", "adversarial"): ([1, 2], [2, 1]),
    ("e2", "shared"): ([1, 2], [1, 2]),  # tau 1 and -1
    ("e3", "original"): ([1, 2, 3], [0, 0, 0]),
    ("e3", "adversarial"): ([3, 2, 1], [0, 0, 0]),  # tau -1 and undefined
    ("e4", "original"): ([1, 2], [2, 1]),
    ("e4", "adversarial"): ([1, 2], [2, 1]),
}
PAIR_CELL = {"strategy": "adv", "train_attack": "pwws", "attack": "pwws", "seed": 3}


def attributions(scores=SCORES, own=OWN, shared=SHARED):
    rows = []
    for (example, side), by_class in scores.items():
        text = shared[example][2] if side == "shared" else own[example][2 if side == "adversarial" else 1]
        rows += [(example, side, c, text.split(" "), np.array(s, np.float32)) for c, s in enumerate(by_class)]
    return pd.DataFrame(rows, columns=["example_id", "side", "target", "words", "scores"])


def value(frame, example, source, column):
    return frame[(frame["example_id"] == example) & (frame["source"] == source)][column].item()
