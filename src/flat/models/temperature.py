"""Temperature and saturation of a model's outputs (docs/guards.md; Raina et al., ACL 2024, arXiv 2402.17509).

A model that is nearly certain of everything hides from an attack which change brings it nearer to an error: the search
finds no signal and gives up, which looks like robustness. Dividing its logits by a temperature changes no answer, but
gives the signal back.
"""

from dataclasses import dataclass

import numpy as np

BOUNDS = (0.1, 1000.0)  # of the temperature: a dev split without an error would ask for zero


@dataclass(frozen=True)
class Temperature:
    """A fitted temperature.

    Attributes:
        value: what logits are divided by.
        n: texts of dev that it was fitted on.
        nll, nll_at_one: mean negative log likelihood of dev's labels at ``value`` and at 1.
        at_bound: the best value lies at or beyond BOUNDS.
    """

    value: float
    n: int
    nll: float
    nll_at_one: float
    at_bound: bool


def log_probabilities(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(texts, classes) log softmax of logits / temperature, in float64."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    return scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    """Mean over texts of -log p(label)."""
    chosen = log_probabilities(logits, temperature)[np.arange(len(labels)), labels]
    return float(-chosen.mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> Temperature:
    """The temperature that makes the labels likeliest (Guo et al. 2017, section 4.2); convex in its inverse.

    Args:
        logits: (texts, classes).
        labels: (texts,) class indices.

    Raises:
        ValueError: there is no text.
    """
    from scipy.optimize import minimize_scalar  # for cost

    labels = np.asarray(labels, dtype=np.int64)
    if not len(labels):
        raise ValueError("a temperature cannot be fitted on no text")
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, labels, float(np.exp(log_t))),
        bounds=tuple(np.log(BOUNDS)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    value = round(float(np.exp(found.x)), 6)
    at_bound = not BOUNDS[0] * 1.001 < value < BOUNDS[1] * 0.999
    fitted = negative_log_likelihood(logits, labels, value)
    return Temperature(value, len(labels), fitted, negative_log_likelihood(logits, labels), at_bound)


def saturated(logits: np.ndarray, probability: float) -> np.ndarray:
    """(texts,) whether the largest probability exceeds ``probability``."""
    return np.exp(log_probabilities(logits).max(axis=1)) > probability


def margins(logits: np.ndarray) -> np.ndarray:
    """(texts,) the largest logit minus the second largest."""
    ordered = np.sort(np.asarray(logits, dtype=np.float64), axis=1)
    return ordered[:, -1] - ordered[:, -2]
