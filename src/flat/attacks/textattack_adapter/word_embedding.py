"""The synonym space as TextAttack's word embedding: who is a neighbour of whom, and how near.

``NeighbourEmbedding`` adapts any object with ``words``, ``index``, ``neighbours(word, k)`` and ``cosine(a, b)``: the
shipped table (``flat.attacks.lexicon.synonyms``) or ``VectorNeighbours``, the real counter-fitted vectors.
"""

import pickle
from functools import lru_cache
from pathlib import Path

import numpy as np

from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.textattack_adapter.words import is_one_word
from flat.errors import ResourceError
from flat.files.failures import of_reading
from flat.resources.builders import PlainUnpickler

KEPT = 2**15  # cosines that are remembered; memory must not grow with the number of texts


class NeighbourEmbedding(textattack.shared.AbstractWordEmbedding):
    """A neighbour table behind TextAttack's interface; neighbours and cosines are looked up once and remembered.

    Neighbours that TextAttack's splitter does not read as one word ("u.s.", "--") are left out: putting one in would
    change the number of words, on which its constraints stumble.
    """

    def __init__(self, neighbours):
        self.table = neighbours
        self._near = lru_cache(KEPT // 16)(self._nearest)
        self._cosine = lru_cache(KEPT)(self._cosine_of)

    def word2index(self, word: str) -> int:
        return self.table.index[word]  # KeyError: TextAttack's sign for "not in the space"

    def index2word(self, index: int) -> str:
        return self.table.words[index]

    def nearest_neighbours(self, index: int, topn: int) -> list[int]:
        """Indices of the ``topn`` nearest words, nearest first, the word itself excluded."""
        return self._near(index, topn)

    def _nearest(self, index: int, topn: int) -> list[int]:
        found = self.table.neighbours(self.table.words[index], topn)
        return [self.table.index[word] for word, _ in found if is_one_word(word)]

    def get_cos_sim(self, a, b) -> float:
        """Cosine of two words (or their indices)."""
        a, b = (self.table.index[w] if isinstance(w, str) else int(w) for w in (a, b))
        return self._cosine(a, b) if a <= b else self._cosine(b, a)

    def _cosine_of(self, a: int, b: int) -> float:
        return float(self.table.cosine(self.table.words[a], self.table.words[b]))

    def __getitem__(self, index):
        index = self.table.index.get(index) if isinstance(index, str) else index
        return None if index is None else self.table.vectors[index]

    def get_mse_dist(self, a, b) -> float:
        """Sum of squared differences of two words' unit vectors: 2 - 2 cos."""
        return 2 - 2 * self.get_cos_sim(a, b)


class VectorNeighbours:
    """Neighbours by cosine in a matrix of word vectors.

    Args:
        words: one word a row.
        vectors: (words, dim) float array; scaled to length 1 here.
        near: (words, m) indices of each word's nearest words, itself first, or None to compute them.
    """

    def __init__(self, words: list[str], vectors: np.ndarray, near: np.ndarray | None = None):
        self.words = list(words)
        self.index = {word: i for i, word in enumerate(self.words)}
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self.vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
        self._near = near

    def neighbours(self, word: str, k: int) -> list[tuple[str, float]]:
        """The ``k`` nearest other words with their cosines, nearest first; equal ones in the order of the list."""
        own = self.index[word]
        if self._near is not None and k < self._near.shape[1]:
            return [(self.words[i], self.cosine(word, self.words[i])) for i in self._near[own, 1 : k + 1]]
        cosines = self.vectors @ self.vectors[own]
        cosines[own] = -np.inf
        k = min(k, len(self.words) - 1)
        near = np.argpartition(-cosines, k - 1)[:k] if k else np.empty(0, dtype=int)
        near = near[np.lexsort((near, -cosines[near]))]
        return [(self.words[i], float(cosines[i])) for i in near]

    def cosine(self, a: str, b: str) -> float:
        return float(self.vectors[self.index[a]] @ self.vectors[self.index[b]])


def load_vectors(folder: str | Path) -> VectorNeighbours:
    """Counter-fitted vectors as TextAttack publishes them: ``paragram.npy``, ``wordlist.pickle``, ``nn.npy``.

    The word list is a pickle: it is read by an unpickler that knows containers only. TextAttack's remembered distances
    (two more pickles) are left alone; cosines are computed.

    Raises:
        ResourceError: a file is absent, or the files do not fit each other.
    """
    folder = Path(folder) / "paragramcf" if (Path(folder) / "paragramcf").is_dir() else Path(folder)
    try:
        vectors = np.load(folder / "paragram.npy", allow_pickle=False)
        near = np.load(folder / "nn.npy", allow_pickle=False, mmap_mode="r") if (folder / "nn.npy").exists() else None
        with (folder / "wordlist.pickle").open("rb") as stream:
            index = PlainUnpickler(stream).load()
    except (OSError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise of_reading(error, folder, ResourceError) or ResourceError(
            str(folder), f"cannot be read ({error})", "fetch the resource again"
        ) from None
    if vectors.ndim != 2 or sorted(index.values()) != list(range(len(vectors))):
        raise ResourceError(
            str(folder), f"{len(index)} words but vectors of shape {vectors.shape}", "fetch the resource again"
        )
    return VectorNeighbours(sorted(index, key=index.get), vectors, near)
