"""A model of word vectors: their mean, through a layer."""

import torch
from torch import nn

from flat.models.word_models import WordModel
from flat.plugins import Model, Options


class Layer(Options):
    hidden: int = 16


class Mean(WordModel):
    def __init__(self, *args, hidden: int = 16, **kwargs):
        super().__init__(*args, **kwargs)
        self.inner = nn.Linear(self.dim, hidden)
        self.output = nn.Linear(hidden, self.classes)

    def encode_embeddings(self, embeddings, batch):
        present = batch.present.unsqueeze(-1)
        mean = (embeddings * present).sum(1) / present.sum(1).clamp(min=1)
        return self.output(torch.tanh(self.inner(mean)))


MEAN = Model(name="mean", title="Mean", built_from="vectors", options=Layer, make=Mean)
