"""Plugins that each break a promise, as the texts of files."""

BATCH = """
    from flat.models.word_models import CNN
    from flat.plugins import Model


    class Normalised(CNN):
        def encode_embeddings(self, embeddings, batch):
            logits = super().encode_embeddings(embeddings, batch)
            return logits - logits.mean(0, keepdim=True)

        def editor(self):
            from flat.models.edits.editor import Editor

            return Editor(self)


    MODEL = Model(name="normalised", built_from="vectors", make=Normalised)
"""
PIECES = """
    import torch

    from flat.models.batch import Batch
    from flat.models.edits.editor import Editor
    from flat.models.word_models import LSTM
    from flat.plugins import Model

    SIZE = 3


    class Trigrams(LSTM):
        def pieces(self, text):
            running = "".join(text)
            starts = [word for word, letters in enumerate(text) for _ in letters]
            found = [(running[i : i + SIZE], starts[i]) for i in range(0, len(running), SIZE)]
            return [(2 + sum(map(ord, piece)) % 12, word) for piece, word in found[: self.max_length]]

        def signature(self, text):
            return tuple(token for token, _ in self.pieces(text))

        def encode(self, texts):
            rows = [self.pieces(text) for text in texts]
            longest = max(map(len, rows))
            ids = torch.zeros(len(rows), longest, dtype=torch.long)
            words = torch.full_like(ids, -1)
            for number, row in enumerate(rows):
                ids[number, : len(row)] = torch.tensor([token for token, _ in row])
                words[number, : len(row)] = torch.tensor([word for _, word in row])
            return Batch(ids, words >= 0, torch.zeros_like(ids, dtype=torch.bool), words)

        def editor(self):
            return Editor(self)


    MODEL = Model(name="trigrams", built_from="vectors", make=Trigrams)
"""
RANGE = """
    import numpy as np

    from flat.plugins import Metric


    def cosine(before, after, options):
        return float(np.dot(before, after) / max(np.linalg.norm(before) * np.linalg.norm(after), 1e-12))


    COSINE = Metric(name="cosine", of="pairs", low=0, high=1, make=cosine)
"""
COMPLETE = """
    import numpy as np

    from flat.plugins import Explainer
    from flat.plugins.kinds import Complete


    def losses(model, texts, targets, seeds, options):
        found = []
        for words, wanted in zip(texts, targets):
            others = [words[:i] + [model.unknown_word] + words[i + 1 :] for i in range(len(words))]
            logits = model.logits([words, *others])
            found.append([logits[0, t] - logits[1:, t] for t in wanted])
        return found


    LOSSES = Explainer(name="losses", make=losses, complete=Complete(baseline="unknown", output="logit"))
"""
UNSEEDED = """
    import numpy as np

    from flat.plugins import Explainer


    def noise(model, texts, targets, seeds, options):
        return [[np.random.normal(size=len(words)) for _ in wanted] for words, wanted in zip(texts, targets)]


    NOISE = Explainer(name="noise", make=noise)
"""
WIDE = """
    from flat.plugins import Explainer, Options


    class Needs(Options):
        window: int


    def wide(model, texts, targets, seeds, options):
        return [[[0.0] * (len(words) + 1) for _ in wanted] for words, wanted in zip(texts, targets)]


    WIDE = Explainer(name="wide", make=wide)
    NEEDS = Explainer(name="needs", make=wide, options=Needs)
"""


LIAR = """
    from flat.plugins import Attack, Found


    class Liar:
        def attack(self, victim, example, rng):
            words = [*example.words[:-1], "bad"]
            victim.logits([words])
            return Found(words, succeeded=True)


    LIAR = Attack(name="liar", make=Liar, own=True)
"""
LOSS = """
    import numpy as np
    import torch
    import torch.nn.functional as F

    from flat.plugins import Objective
    from flat.training.strategy import Objective as Base

    ENTROPY = np.random.default_rng()


    class Noisy(Base):
        def __init__(self, options):
            pass

        def loss(self, step):
            embeddings = step.model.embed(step.original)
            noise = torch.from_numpy(ENTROPY.normal(size=embeddings.shape)).float()
            logits = step.model.classify(embeddings + 0.1 * noise, step.original, step.gumbel)
            return {"total": F.cross_entropy(logits, step.labels)}


    NOISY = Objective(name="noisy", make=Noisy)
"""
ROWS = """
    from flat.plugins import Source


    def read(options):
        rows = [{"id": "a", "text": "good film", "label": 1}, {"id": "a", "text": " ", "label": 0}]
        return {"train": rows, "extra": rows}


    ROWS = Source(name="rows", make=read)
"""
