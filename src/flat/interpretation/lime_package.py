"""LIME of black boxes, drawn and fitted by the lime package itself (Ribeiro et al. 2016).

A black box costs what its answers cost, beside which the package's own time is nothing. For networks
``flat.interpretation.lime_words`` does the same on token ids, many times as fast; a test compares the two.
"""

from collections.abc import Sequence

import numpy as np
from lime.lime_base import LimeBase
from lime.lime_text import LimeTextExplainer

from flat.interpretation.lime_words import KERNEL_WIDTH, all_masks
from flat.interpretation.word_attribution import WordAttribution, check_fit_to_explain
from flat.models.black_box import BlackBox

CHOOSE_ALL = {"feature_selection": "none"}


def explain(
    model: BlackBox, texts: Sequence[Sequence[str]], targets: Sequence[Sequence[int]], seeds: Sequence[int], options
) -> list[list[WordAttribution]]:
    """Attributions of every word to the probability of every wanted class: ``result[text][i]``.

    Args:
        seeds: one per text.
        options: ``samples``: masked texts of a text, the text itself included; ``exact_below``: texts of at most this
            many words are fitted to all 2^n masks, each with the weight that sampling gives it on average.
    """
    check_fit_to_explain(model)
    found = []
    for words, wanted, seed in zip(texts, targets, seeds, strict=True):
        short = len(words) <= options.exact_below
        coefficients = _of_all if short else _of_samples
        by_class = coefficients(model, list(words), list(wanted), seed, options.samples) if len(words) else {}
        asked = 2 ** len(words) if short else options.samples
        found.append([_attribution(by_class.get(target, ()), len(words), asked) for target in wanted])
    return found


def _of_samples(model: BlackBox, words: list[str], wanted: list[int], seed: int, samples: int) -> dict:
    """Class -> (place, coefficient) of each word."""
    explainer = LimeTextExplainer(
        kernel_width=KERNEL_WIDTH,
        split_expression=lambda text: text.split(" "),
        bow=False,  # a feature is a place, not a word
        mask_string=model.unknown_word,
        random_state=np.random.RandomState(np.random.MT19937(seed)),
        **CHOOSE_ALL,
    )
    return explainer.explain_instance(
        " ".join(words),
        lambda strings: _probabilities(model, [string.split(" ") for string in strings]),
        labels=wanted,
        num_features=len(words),
        num_samples=samples,
    ).local_exp


def _of_all(model: BlackBox, words: list[str], wanted: list[int], _seed: int, samples: int) -> dict:
    masks, weights = all_masks(len(words), samples)
    answers = _probabilities(model, [np.where(mask, words, model.unknown_word).tolist() for mask in masks])
    fit = LimeBase(lambda distances: weights).explain_instance_with_data
    return {
        target: fit(masks.astype(float), answers, weights, target, num_features=len(words), **CHOOSE_ALL)[1]
        for target in wanted
    }


def _probabilities(model: BlackBox, texts: Sequence[Sequence[str]]) -> np.ndarray:
    """(texts, classes), scaled to a sum of 1."""
    answers = np.exp(model.logits(texts).astype(np.float64))
    return answers / answers.sum(1, keepdims=True)


def _attribution(coefficients: Sequence[tuple[int, float]], words: int, asked: int) -> WordAttribution:
    scores = np.zeros(words, dtype=np.float32)
    for place, coefficient in coefficients:
        scores[place] = coefficient
    return WordAttribution(scores, float("nan"), asked)
