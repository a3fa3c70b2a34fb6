"""Build the synonym table that the repository ships, from package-shipped resources (docs/synonym-space.md)."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from flat.attacks.lexicon.synonym_space import inflections, vectors, wordnet
from flat.attacks.lexicon.synonym_space.counterfitting import Options, counter_fit, near_pairs
from flat.attacks.lexicon.synonym_space.word_list import word_list
from flat.files.artefacts import atomic, write_json

LIMITS = {"plain": 165_000, "names": 6_000, "derived": 60_000}  # ranks in GloVe's list of 400,000 words
MOST_WORDS = 60_000
DIMENSIONS = 300
SYNONYM_SHARE, ANTONYM_SHARE = 0.25, 0.1  # least share of a word's use that a common sense must be
PRESERVED = 30  # neighbours of a word that counter-fitting keeps near
ANTONYM_COSINE = 0.1  # opposites further apart than this need no repelling
NEIGHBOURS, LEAST_COSINE = 50, 0.5  # TextFooler's: 50 neighbours at cosine >= 0.5
SHIPPED_DIMENSIONS = 32  # of the vectors that word groups are made from


def build_table(folders: dict[str, Path], target: Path, say: Callable[[str], None] = print) -> None:
    """Write ``synonyms.npz`` and ``synonyms.json`` into ``target``; about three minutes on one core.

    Args:
        folders: resource -> its folder: those of ``vectors.VIEWS``, and wordnet.
    """
    import pyarrow.parquet as pq  # for cost

    net = wordnet.read(folders["wordnet"])
    index = folders["glove-6b-50d"] / "glove_6B_index.parquet"
    rank = {word: place for place, word in enumerate(pq.read_table(index)["index"].to_pylist())}
    words = word_list(net, rank, LIMITS, MOST_WORDS)
    say(f"{len(words)} words")
    meta = vectors.meta_vectors(vectors.all_views(folders, words, say), DIMENSIONS).astype(np.float32)
    synonyms, antonyms = pairs(net, words)
    antonyms = antonyms[_cosines(meta, antonyms) > ANTONYM_COSINE]
    options = Options()
    near, _ = near_pairs(meta, 0.6, PRESERVED)
    near = np.unique(np.sort(near, axis=1), axis=0)
    opposite = {tuple(pair) for pair in antonyms.tolist()}
    near = np.array([pair for pair in near.tolist() if tuple(pair) not in opposite])
    say(f"{len(synonyms)} synonym pairs, {len(antonyms)} antonym pairs, {len(near)} neighbours preserved")
    fitted = counter_fit(meta, synonyms, antonyms, near, options, say)
    write_table(words, fitted, target, {"options": vars(options), "sources": sorted([*vectors.VIEWS, "wordnet"])})


def pairs(net: wordnet.WordNet, words: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) rows of synonyms and of antonyms among ``words``; a pair that is both is neither."""
    row = {word: i for i, word in enumerate(words)}
    found = []
    for of, share in ((wordnet.synonym_pairs, SYNONYM_SHARE), (wordnet.antonym_pairs, ANTONYM_SHARE)):
        named = of(net, share)
        named |= inflections.inflected_pairs(named, set(row))
        found.append({tuple(sorted((row[a], row[b]))) for a, b, _ in named if a in row and b in row and a != b})
    return np.array(sorted(found[0] - found[1])), np.array(sorted(found[1] - found[0]))


def write_table(words: list[str], fitted: np.ndarray, target: Path, facts: dict) -> None:
    """The nearest neighbours of each word as 16-bit rows and 8-bit cosines, and the space in a few 8-bit dimensions.

    Cosines lie in [LEAST_COSINE, 1] in steps of 0.002; they are symmetric, as both sides round the same number.
    """
    near, cosines = near_pairs(fitted, 1 - LEAST_COSINE, NEIGHBOURS)
    counts = np.bincount(near[:, 0], minlength=len(words))
    small = vectors.principal(fitted, SHIPPED_DIMENSIONS)
    scale = float(np.abs(small).max() / 127)
    with atomic(target / "synonyms.npz") as part, part.open("wb") as stream:
        np.savez_compressed(
            stream,
            words=np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
            counts=counts.astype(np.uint8),
            neighbours=near[:, 1].astype(np.uint16),
            cosines=np.round((cosines - LEAST_COSINE) / (1 - LEAST_COSINE) * 255).clip(0, 255).astype(np.uint8),
            vectors=np.round(small / scale).astype(np.int8),
            scale=np.float64(scale),
        )
    digest = hashlib.sha256((target / "synonyms.npz").read_bytes()).hexdigest()
    about = {"words": len(words), "pairs": len(near), "least_cosine": LEAST_COSINE, "most_neighbours": NEIGHBOURS}
    write_json(target / "synonyms.json", facts | about | {"sha256": {"synonyms.npz": digest}})


def _cosines(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return (matrix[rows[:, 0]] * matrix[rows[:, 1]]).sum(1)
