"""One more plugin of each kind, in a file that a study names."""

import numpy as np
import torch
import torch.nn.functional as F
from brought.texts import read

from flat.models.word_models import WordModel
from flat.plugins import Attack, Explainer, Found, Metric, Model, Objective, Options, Source
from flat.training import strategy


class Fewer(Options):
    texts: int = 160


def fewer(options):
    return {"train": read(options)["train"][::-1]}


class Largest(WordModel):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.output = torch.nn.Linear(self.dim, self.classes)

    def encode_embeddings(self, embeddings, batch):
        return self.output(embeddings.masked_fill(~batch.present.unsqueeze(-1), -10.0).amax(1))


class Drop:
    def attack(self, victim, example, rng):
        for place in range(len(example.words) if len(example.words) > 1 else 0):
            words = example.words[:place] + example.words[place + 1 :]
            if int(victim.logits([words])[0].argmax()) != example.label:
                return Found(words, succeeded=True)
        return Found(example.words, succeeded=False)


class Noisy(strategy.Objective):
    def __init__(self, options):
        pass

    def loss(self, step):
        embeddings = step.model.embed(step.original)
        noise = torch.randn(embeddings.shape, generator=step.draws).to(embeddings)
        logits = step.model.classify(embeddings + 0.05 * noise, step.original, step.gumbel)
        return {"total": F.cross_entropy(logits, step.labels)}


def by_length(model, texts, targets, seeds, options):
    return [[lengths(words) for _ in wanted] for words, wanted in zip(texts, targets, strict=True)]


def lengths(words):
    return np.array([float(len(word)) for word in words])


def removed(ask, words, target, scores, options):
    most = int(np.argmax(scores))
    whole, without = ask([list(words), [word for i, word in enumerate(words) if i != most or len(words) == 1]])
    return float(whole[target] - without[target])


FEWER = Source(name="fewer", options=Fewer, make=fewer)
LARGEST = Model(name="largest", title="Largest", built_from="vectors", make=Largest)
DROP = Attack(name="drop", title="Drop", make=Drop, own=True)
NOISY = Objective(name="noisy", title="noisy", make=Noisy)
LENGTH = Explainer(name="length", title="Length", make=by_length)
REMOVED = Metric(name="removed", title="First word removed", of="explanations", low=-1, high=1, make=removed)
