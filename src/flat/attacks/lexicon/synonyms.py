"""The synonym space: which words are near which. TextFooler's candidates, Fig. 5's synonyms, Table 10's word groups.

Two sources: the table that the repository ships (built by ``synonym_space.build``), which stands in for the
counter-fitted vectors, and those vectors themselves. Loading needs numpy alone.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from flat.errors import ResourceError
from flat.files.artefacts import read_json
from flat.files.failures import of_reading
from flat.resources import locate

UNKNOWN_COSINE = -1.0  # of two words that the table does not name as neighbours: below every threshold
ROWS = 1024  # words whose neighbours are kept as a look-up


class SynonymTable:
    """The shipped table.

    Attributes:
        words: every word of the space, the most frequent first; ``index``: word -> row.
        vectors: (words, 32) float32, the space's first principal components, for word groups; not for cosines.
        sha256: of the table's file.
    """

    source = "counter-fitted table built by this repository"

    def __init__(self, folder: Path):
        path = folder / "synonyms.npz"
        about = read_json(folder / "synonyms.json")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise of_reading(error, path, ResourceError) or ResourceError(
                str(path), f"cannot be read ({error})", "git checkout -- src"
            ) from None
        self.sha256 = hashlib.sha256(content).hexdigest()
        if self.sha256 != about["sha256"][path.name]:
            raise ResourceError(
                str(path), "its SHA-256 is not the one in synonyms.json", "git checkout -- src, or build it again"
            )
        with np.load(path, allow_pickle=False) as arrays:
            self.words = arrays["words"].tobytes().decode().split("\n")
            ends = np.cumsum(arrays["counts"].astype(np.int64))
            self._starts = np.concatenate([[0], ends])
            self._neighbours = arrays["neighbours"]
            self._cosines = about["least_cosine"] + arrays["cosines"] / 255 * (1 - about["least_cosine"])
            self.vectors = (arrays["vectors"] * arrays["scale"]).astype(np.float32)
        self.index = {word: row for row, word in enumerate(self.words)}
        self._near = lru_cache(ROWS)(self._cosines_of)

    def neighbours(self, word: str, k: int = 50) -> list[tuple[str, float]]:
        """At most ``k`` (and 50) words at cosine >= 0.5 with their cosines, nearest first.

        Raises:
            KeyError: the space lacks the word.
        """
        row = self.index[word]
        places = range(self._starts[row], min(self._starts[row + 1], self._starts[row] + k))
        return [(self.words[self._neighbours[i]], float(self._cosines[i])) for i in places]

    def cosine(self, a: str, b: str) -> float:
        """Cosine of two words where either is among the other's stored neighbours; 1 of a word and itself; else -1."""
        if a == b:
            return 1.0
        one, other = self.index[a], self.index[b]
        found = self._near(one).get(other)
        found = self._near(other).get(one) if found is None else found
        return UNKNOWN_COSINE if found is None else found

    def _cosines_of(self, row: int) -> dict[int, float]:
        place = slice(self._starts[row], self._starts[row + 1])
        return dict(zip(self._neighbours[place].tolist(), self._cosines[place].tolist(), strict=True))


def load(source: str | Path = "synonyms-standin"):
    """The synonym space of a resource of the catalogue, or of a folder.

    A folder with ``synonyms.npz`` holds a table of ours; any other the published counter-fitted vectors.

    Raises:
        ResourceError: the resource is absent or damaged.
    """
    folder = Path(source)
    if not folder.is_dir():
        folder = locate(str(source))
    if (folder / "synonyms.npz").is_file():
        return SynonymTable(folder)
    from flat.attacks.textattack_adapter.word_embedding import load_vectors  # for cost: TextAttack

    return load_vectors(folder)


def groups(words: Sequence[str], n_groups: int, seed: int, space=None) -> np.ndarray:
    """(words,) group of each word: k-means of the space's vectors; words outside it share the group ``n_groups``.

    Seeded, with a fixed number of starts, in float64: the same words and seed give the same groups.
    """
    from sklearn.cluster import KMeans  # for cost

    space = space or load()
    inside = [i for i, word in enumerate(words) if word in space.index]
    if len(inside) < n_groups:
        raise ResourceError(
            "word groups",
            f"{len(inside)} of the vocabulary's words are in the space, fewer than {n_groups} groups",
            "ask for fewer groups",
        )
    vectors = np.asarray(space.vectors[[space.index[words[i]] for i in inside]], dtype=np.float64)
    found = np.full(len(words), n_groups)
    found[inside] = KMeans(n_groups, n_init=4, random_state=seed % 2**32).fit_predict(vectors)
    return found
