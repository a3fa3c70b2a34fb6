"""Shapley values of words (Lundberg and Lee 2017): by Captum's KernelShap, exact for short texts.

A word that is out of a coalition is the model's unknown word. The values of a class sum to its probability for the text
less that for a text of unknown words.
"""

from collections.abc import Sequence
from math import factorial

import numpy as np
import torch

from flat.interpretation.masked_texts import probabilities, words_read
from flat.interpretation.word_attribution import WordAttribution, check_fit_to_explain
from flat.models.interface import Classifier

SMALLEST_CHANGE = 1e-6  # of a probability: less has no relative error to speak of


def explain(
    model: Classifier, texts: Sequence[Sequence[str]], targets: Sequence[Sequence[int]], seeds: Sequence[int], options
) -> list[list[WordAttribution]]:
    """Shapley values of every word for every wanted class's probability: ``result[text][i]``.

    Words that the model does not read score 0. A text's coalitions depend on its number of words and its seed alone.

    Args:
        seeds: one per text.
        options: ``samples``: coalitions drawn of a text; ``exact_below``: texts of at most this many words get all 2^n.

    Raises:
        RuntimeError: the model is in training mode.
    """
    check_fit_to_explain(model)
    size = 1024 if model.device.type == "cuda" else 128
    found = []
    for words, wanted, seed in zip(texts, targets, seeds, strict=True):
        read = words_read(model, words)
        asked = Asked(model, words, size)
        if read <= options.exact_below:
            values, evaluations = exact(asked, read), 2**read
        else:
            values, evaluations = sampled(asked, read, wanted, seed, options.samples), options.samples
        ends = asked(np.array([[True] * read, [False] * read]))
        answers = []
        for target in wanted:
            scores = np.zeros(len(words), dtype=np.float32)
            scores[:read] = values[:, target]
            change = ends[0, target] - ends[1, target]
            error = abs(values[:, target].sum() - change) / max(abs(change), SMALLEST_CHANGE)
            answers.append(WordAttribution(scores, float(error), evaluations))
        found.append(answers)
    return found


class Asked:
    """Class probabilities of a text's masks, (masks, words) -> (masks, classes); each mask is asked once."""

    def __init__(self, model: Classifier, words: Sequence[str], batch_size: int):
        self.model, self.words, self.batch_size = model, list(words), batch_size
        self.known: dict[bytes, np.ndarray] = {}

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        keys = [row.tobytes() for row in np.packbits(masks, axis=1)]
        fresh = {key: row for row, key in enumerate(keys) if key not in self.known}
        if fresh:
            answers = probabilities(self.model, self.words, masks[list(fresh.values())], self.batch_size)
            self.known |= dict(zip(fresh, answers, strict=True))
        return np.stack([self.known[key] for key in keys])


def exact(asked: Asked, words: int) -> np.ndarray:
    """(words, classes) Shapley values from all coalitions (Shapley 1953)."""
    masks = (np.arange(2**words)[:, None] >> np.arange(words) & 1).astype(bool)  # row m: the bits of m
    answers = asked(masks)
    sizes = masks.sum(1)
    share = np.array([factorial(s) * factorial(words - s - 1) / factorial(words) for s in range(words)])
    values = np.zeros((words, answers.shape[1]))
    for word in range(words):
        without = np.flatnonzero(~masks[:, word])
        gains = answers[without + (1 << word)] - answers[without]
        values[word] = (share[sizes[without]][:, None] * gains).sum(0)
    return values


def sampled(asked: Asked, words: int, wanted: Sequence[int], seed: int, samples: int) -> np.ndarray:
    """(words, classes) KernelSHAP of the wanted classes, zero for others; each is fitted to the same coalitions."""
    from captum.attr import KernelShap  # for cost: scikit-learn, which few jobs need

    first = asked(np.ones((1, words), dtype=bool))
    values = np.zeros((words, first.shape[1]))
    for target in wanted:
        shap = KernelShap(lambda masks, t=target: torch.from_numpy(asked(masks.bool().numpy())[:, t]))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed % 2**63)
            found = shap.attribute(
                torch.ones(1, words, dtype=torch.float64),
                baselines=torch.zeros(1, words, dtype=torch.float64),
                n_samples=samples,
                perturbations_per_eval=samples,
                show_progress=False,
            )
        values[:, target] = found[0].numpy()
        # Captum holds the sum by a large weight alone; what is missing goes to all words alike
        gain = first[0, target] - asked(np.zeros((1, words), dtype=bool))[0, target]
        values[:, target] += (gain - values[:, target].sum()) / words
    return values
