"""Occlusion (Zeiler and Fergus 2014; Li, Monroe and Jurafsky 2016): what an answer loses without a word.

The model's one-word edits answer (``flat.models.edits``): a CNN recomputes the windows that hold the word, an LSTM runs
on from the words before it.
"""

from collections.abc import Sequence

import numpy as np

from flat.interpretation.word_attribution import WordAttribution, check_fit_to_explain
from flat.models.interface import Classifier

NOT_COMPLETE = float("nan")


def explain(
    model: Classifier, texts: Sequence[Sequence[str]], targets: Sequence[Sequence[int]], seeds, options
) -> list[list[WordAttribution]]:
    """Attributions of every word, ``result[text][i]`` of the i-th target: the text's answer less that without the word.

    Args:
        options: ``by``: "unknown" puts the model's unknown word in a word's place, "deletion" nothing. ``output``: the
            class's "logit" or "probability".

    Raises:
        RuntimeError: the model is in training mode.
    """
    check_fit_to_explain(model)
    editor = model.editor()
    put = model.unknown_word if options.by == "unknown" else None
    found = []
    for words, wanted in zip(texts, targets, strict=True):
        text, places = editor.open(list(words)), range(len(words))
        # (1 + words, classes): the whole text first
        logits = np.concatenate([model.logits([list(words)]), text.logits(list(places), [put] * len(words))])
        answers = logits.astype(np.float64)
        if options.output == "probability":
            answers = probabilities(answers)
        loss = answers[0] - answers[1:]
        found.append([WordAttribution(loss[:, t].astype(np.float32), NOT_COMPLETE, len(words)) for t in wanted])
    return found


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis, float64."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)
