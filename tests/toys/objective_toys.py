"""A model whose gradients can be written down: logits = W (sum of a text's embeddings) + b. And steps on it."""

import numpy as np
import torch
from torch import nn

from flat.models.masks import Mask
from flat.models.word_models import WordModel
from flat.training.objective import Weights
from flat.training.strategy import Step

WORDS = ["<pad>", "<unk>", *"abcdefgh"]
TEXTS = [["a", "b", "c"], ["d"], ["e", "f"]]
LABELS = np.array([0, 1, 1])
OTHERS, ROWS = [["a", "g", "c"], ["h", "f"]], [0, 2]  # adversarial texts, and of which text each is


class Linear(WordModel):
    """No dropout unless asked for: it falls on the sum."""

    def __init__(self, *args, dropout=0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(self.dim, self.classes)

    def encode_embeddings(self, embeddings, batch):
        return self.output(self.dropout((embeddings * batch.present.unsqueeze(-1)).sum(1)))


def linear(dropout=0.0, dim=5, seed=0, words=WORDS, classes=2):
    torch.manual_seed(seed)
    vectors = torch.randn(len(words), dim)
    vectors[0] = 0
    return Linear(words, vectors, classes, 9, Mask(), dropout=dropout).double().train()


def step(model, adversarial=False, made=None, made_rows=(), seed=0, **weights):
    """A step on TEXTS; ``made``: texts of the objective's own."""
    return Step(
        model,
        model.encode(TEXTS),
        torch.tensor(LABELS),
        model.encode(OTHERS) if adversarial else None,
        torch.tensor(ROWS if adversarial else [], dtype=torch.long),
        torch.full((len(ROWS) if adversarial else 0, 3), -1),
        Weights(**weights),
        torch.Generator().manual_seed(seed),
        torch.Generator().manual_seed(seed + 1),
        model.encode(made) if made else None,
        torch.tensor(list(made_rows), dtype=torch.long) if made else None,
    )


def sums(model, texts):
    """(texts, dim) of numpy: what the linear layer sees."""
    vectors = model.embedding.weight.detach().numpy()
    return np.array([sum(vectors[model.index[word]] for word in text) for text in texts])


def softmax(logits):
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def gradients(objective, given):
    """Gradients of the output layer after every part of a loss, and the terms, summed."""
    given.model.zero_grad()
    terms = {}
    for part in objective.losses(given):
        part["total"].backward()
        terms = {name: terms.get(name, 0.0) + float(value.detach()) for name, value in part.items()}
    output = given.model.output
    return output.weight.grad.numpy().copy(), output.bias.grad.numpy().copy(), terms
