"""Small models with answers that can be computed by hand, and ledgers, for the tests of explanations."""

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
