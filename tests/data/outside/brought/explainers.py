"""An explainer: what the logit loses when a word and its right neighbour are unknown."""

import numpy as np

from flat.plugins import Explainer, Options


class Window(Options):
    words: int = 2


def explain(model, texts, targets, seeds, options):
    found = []
    for words, wanted in zip(texts, targets, strict=True):
        size = options.words
        others = [
            [model.unknown_word if place <= i < place + size else word for i, word in enumerate(words)]
            for place in range(len(words))
        ]
        logits = model.logits([list(words), *others])
        found.append([np.asarray(logits[0, t] - logits[1:, t]) for t in wanted])
    return found


PAIRED = Explainer(name="paired", title="Paired", options=Window, make=explain)
