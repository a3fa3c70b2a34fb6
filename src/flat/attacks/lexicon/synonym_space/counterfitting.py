"""Counter-fitting: word vectors moved so that synonyms lie near and antonyms apart (Mrksic et al., NAACL 2016).

Vectors learned from text put "good" beside "bad": both stand in the same places. Attacks that swap neighbours need a
space where they do not (Jin et al., 2020, use the vectors this method gave).

With d(u, v) = 1 - cos(u, v), the cost is the sum of three terms (section 2 of the paper):

    antonym repel            sum over antonyms (u, w) of             max(0, delta - d(u, w))
    synonym attract          sum over synonyms (u, w) of             max(0, d(u, w) - gamma)
    space preservation       sum over neighbours (i, j) at first of  max(0, d(i, j) - d0(i, j))

The paper follows the gradient pair by pair. Here each step uses all pairs at once: a product of a sparse matrix and the
vectors. So the answer does not depend on an order of pairs, and the fit takes minutes on one core.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

CHUNK = 65536  # pairs whose vectors are gathered at once


@dataclass(frozen=True)
class Options:
    """Margins, weights and steps. The paper: delta 1, gamma 0, equal weights, 20 passes, rho 0.2.

    ``gamma``: synonyms nearer than this are left alone. With the paper's 0 words that share one sense fall into one
    point ("boring", "drilling"); 0.3 gave more of the published space's neighbours (docs/synonym-space.md).
    ``reach``: the distance up to which words count as neighbours to be preserved (the paper's rho);
    ``rate``: how far a full step moves a vector of length 1 along its gradient; it falls to zero linearly.
    """

    delta: float = 1.0
    gamma: float = 0.3
    repel: float = 1.0
    attract: float = 1.0
    preserve: float = 1.0
    reach: float = 0.5
    rate: float = 0.1
    steps: int = 60


def counter_fit(
    vectors: np.ndarray,
    synonyms: np.ndarray,
    antonyms: np.ndarray,
    neighbours: np.ndarray,
    options: Options | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> np.ndarray:
    """Counter-fitted vectors, (words, dim) float32 of length 1; a word in no pair keeps its direction exactly.

    Args:
        vectors: (words, dim), any lengths.
        synonyms, antonyms, neighbours: (pairs, 2) row numbers; a pair is named once, in either order. A pair that is
            in ``antonyms`` must not be in ``synonyms``. ``neighbours``: what ``near_pairs`` finds.
        say: told the cost now and then.
    """
    options = options or Options()
    fitted = np.array(vectors, dtype=np.float32)
    fitted /= np.maximum(np.linalg.norm(fitted, axis=1, keepdims=True), 1e-12)
    first = 1 - _cosines(fitted, neighbours)  # d0
    terms = [  # pairs, weight of the term, sign of the pull, the margin
        (antonyms, -options.repel, options.delta),
        (synonyms, options.attract, options.gamma),
        (neighbours, options.preserve, first + 1e-4),  # slack: rounding alone must not wake a pair
    ]
    for step in range(options.steps):
        pulls, costs = [], []
        for pairs, weight, margin in terms:
            over = (1 - _cosines(fitted, pairs) - margin) * np.sign(weight)
            pulls.append((pairs[over > 0], weight))
            costs.append(float(np.abs(weight) * over[over > 0].sum()))
        if step % 10 == 0:
            say(f"step {step}: repel {costs[0]:.0f}, attract {costs[1]:.0f}, preserve {costs[2]:.0f}")
        gradient = _pull(fitted, pulls)
        # only the part across the vector turns it; the lengths stay 1
        gradient -= (gradient * fitted).sum(1, keepdims=True) * fitted
        # a word with many pairs must not be thrown about: no step is longer than `rate`
        lengths = np.linalg.norm(gradient, axis=1, keepdims=True)
        rate = options.rate * (1 - step / options.steps)
        moved = np.flatnonzero(lengths[:, 0] > 0)
        fitted[moved] += rate * gradient[moved] / np.maximum(lengths[moved], 1)
        fitted[moved] /= np.linalg.norm(fitted[moved], axis=1, keepdims=True)
    return fitted


def near_pairs(vectors: np.ndarray, reach: float, most: int, chunk: int = 1024) -> tuple[np.ndarray, np.ndarray]:
    """Each word's nearest others within distance ``reach``: pairs (n, 2) and their cosines (n,), by word.

    At most ``most`` a word, nearest first; equal ones by row number. A pair may appear from both sides.
    """
    rows, others, cosines = [], [], []
    most = min(most, len(vectors) - 1)
    for start in range(0, len(vectors), chunk):
        block = vectors[start : start + chunk] @ vectors.T  # (chunk, words)
        own = np.arange(len(block))
        block[own, start + own] = -np.inf
        best = np.argpartition(-block, most - 1, axis=1)[:, :most]
        best.sort(axis=1)  # by row number, so that the stable sort below breaks ties by it
        value = np.take_along_axis(block, best, axis=1)
        order = np.argsort(-value, axis=1, kind="stable")
        best, value = np.take_along_axis(best, order, axis=1), np.take_along_axis(value, order, axis=1)
        at, column = np.nonzero(value >= 1 - reach)
        rows.append(start + at)
        others.append(best[at, column])
        cosines.append(value[at, column])
    return np.stack([np.concatenate(rows), np.concatenate(others)], axis=1), np.concatenate(cosines)


def _cosines(vectors: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(pairs,) cosines of rows of unit length."""
    parts = [
        np.einsum("pd,pd->p", vectors[pairs[i : i + CHUNK, 0]], vectors[pairs[i : i + CHUNK, 1]])
        for i in range(0, len(pairs), CHUNK)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


def _pull(vectors: np.ndarray, pulls: list[tuple[np.ndarray, float]]) -> np.ndarray:
    """(words, dim): for each word the weighted sum of its partners' vectors, which is the gradient of the cosines."""
    from scipy.sparse import coo_array  # for cost

    pairs = np.concatenate([pairs for pairs, _ in pulls])
    weights = np.concatenate([np.full(len(pairs), weight, dtype=np.float32) for pairs, weight in pulls])
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    graph = coo_array((np.tile(weights, 2), (rows, columns)), shape=(len(vectors), len(vectors)))
    return graph.tocsr() @ vectors
