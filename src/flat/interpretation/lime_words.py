"""LIME on words (Ribeiro et al. 2016; docs/interpretation.md): a weighted ridge fit to the answers for masked texts.

Every word, by position, is a feature; a word left out is replaced by the model's unknown word, never deleted. Masks,
kernel and ridge are those of ``lime.lime_text.LimeTextExplainer(bow=False, feature_selection="none")``: given the same
generator the coefficients are equal (a test compares them). Nothing of lime or scikit-learn is imported for networks,
which would cost each job more than a CPU second. Black boxes are left to the package
(``flat.interpretation.lime_package``).

Short texts are explained without sampling: the 2^n masks enter the ridge, each with the weight that LIME's sampling
gives it on average. It is the answer that LIME's own answers scatter around.
"""

from collections.abc import Sequence
from math import comb

import numpy as np
import torch

from flat.interpretation.masked_texts import probabilities, words_read
from flat.interpretation.word_attribution import Targets, WordAttribution, check_fit_to_explain, resolve_targets
from flat.models.batch import Texts
from flat.models.interface import Classifier

KERNEL_WIDTH = 25.0  # LimeTextExplainer's, on cosine distances times 100
RIDGE = 1.0  # lime_base's Ridge(alpha=1, fit_intercept=True)


def explain(
    model: Classifier,
    texts: Texts,
    targets: Targets = "all",
    samples: int = 1000,
    seeds: Sequence[int] = (),
    exact_below: int = 10,
    batch_size: int = 128,
) -> list[list[WordAttribution]]:
    """Attributions of every word of every text to the probability of every wanted class: ``result[text][i]``.

    Words that the model does not read (beyond ``max_length``) are no features and score 0. A text's masks depend on its
    number of words and its seed alone, so an original and its adversarial text under one seed are asked the same
    questions.

    Args:
        targets: classes to explain, a list per text, or "all".
        samples: masks per text, the unmasked one included.
        seeds: one per text.
        exact_below: texts of at most this many words are explained from all 2^n masks.
        batch_size: masked texts in one forward pass.

    Raises:
        RuntimeError: the model is in training mode.
        ValueError: ``targets`` or ``seeds`` do not fit the texts.
    """
    check_fit_to_explain(model)
    wanted = resolve_targets(targets, len(texts), model.classes)
    if len(seeds) != len(texts):
        raise ValueError(f"seeds: {len(seeds)} for {len(texts)} texts")
    found = []
    for text, classes, seed in zip(texts, wanted, seeds, strict=True):
        read = words_read(model, text)
        scores = np.zeros((model.classes, len(text)), dtype=np.float32)
        if read <= exact_below:
            masks, weights = all_masks(read, samples)
        else:
            masks = sample_masks(read, samples, seed)
            weights = kernel(masks)
        if read:
            answers = probabilities(model, text, masks, batch_size)
            scores[:, :read] = ridge(masks, answers, weights).T
        found.append([WordAttribution(scores[c], float("nan"), len(masks)) for c in classes])
    return found


def sample_masks(words: int, samples: int, seed: int) -> np.ndarray:
    """(samples, words) bool, True where a word is kept, drawn as LimeTextExplainer draws.

    The first mask keeps all words; each other leaves out a uniform number of words from 1 to all, then a uniform set.
    """
    draw = np.random.RandomState(np.random.MT19937(seed))
    left_out = draw.randint(1, words + 1, samples - 1)
    # RandomState.choice(words, size, replace=False) takes the first ``size`` of a permutation
    orders = np.array([draw.permutation(words) for _ in left_out]).reshape(samples - 1, words)
    masks = np.ones((samples, words), dtype=bool)
    np.put_along_axis(masks[1:], orders, np.arange(words) >= left_out[:, None], axis=1)
    return masks


def all_masks(words: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """All (2^words, words) masks and the kernel weight each has, on average, among ``samples`` sampled ones.

    The full mask is always there once; each of the others is drawn with chance 1 / (words * C(words, left out)).
    """
    masks = (np.arange(2**words)[:, None] >> np.arange(words)) & 1 == 1
    left_out = words - masks.sum(1)
    expected = [1.0 if not out else (samples - 1) / (words * comb(words, out)) for out in left_out]
    return masks, np.array(expected) * kernel(masks)


def kernel(masks: np.ndarray) -> np.ndarray:
    """LIME's weight of each mask: sqrt(exp(-d^2 / width^2)), d = 100 * cosine distance to the full mask."""
    words = masks.shape[1]
    # the cosine of a 0/1 vector with k ones and the vector of n ones is k / sqrt(k n); that of no ones is taken as 0
    distance = 100.0 * (1.0 - np.sqrt(masks.sum(1) / max(words, 1)))
    return np.sqrt(np.exp(-(distance**2) / KERNEL_WIDTH**2))


def ridge(masks: np.ndarray, answers: np.ndarray, weights: np.ndarray, alpha: float = RIDGE) -> np.ndarray:
    """Coefficients (words, classes) of the weighted ridge with an intercept that is not penalised, in float64.

    Args:
        masks: (masks, words). answers: (masks, classes). weights: (masks,).
    """
    # torch and not NumPy: its threads are the study's, so that the core count changes no bit
    x = torch.from_numpy(masks.astype(np.float64))
    y = torch.from_numpy(np.asarray(answers, dtype=np.float64))
    w = torch.from_numpy(weights).unsqueeze(1)
    x = x - (w * x).sum(0) / w.sum()
    y = y - (w * y).sum(0) / w.sum()
    gram = x.T @ (w * x)  # (words, words)
    gram.diagonal().add_(alpha)
    return torch.linalg.solve(gram, x.T @ (w * y)).numpy()
