"""Pretrained vectors of a vocabulary's words, from GloVe arrays, word2vec's binary format or text files of vectors.

Words are looked up as they stand in the vocabulary. As in the authors' code padding is zero, a word without a vector
is drawn from U(-0.01, 0.01), and the unknown word from U(-0.05, 0.05). Those numbers fit GoogleNews vectors. They are
scaled to the size of the vectors at hand.
"""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from flat.errors import ResourceError
from flat.files.failures import of_reading
from flat.resources import locate
from flat.study.seeds import seed_of

ABSENT_RANGE, UNKNOWN_RANGE = 0.01, 0.05
# about the root mean square entry of GoogleNews vectors of common words, which the two ranges were chosen for
REFERENCE_SIZE = 0.15
_PAD, _UNKNOWN = 0, 1
_AGAIN = "fetch the resource again: python -m flat.resources fetch --again <its name>"


def load_vectors(
    name: str, words: Sequence[str], seed: int = 0, size: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of ``words``, whose first two are padding and the unknown word.

    Args:
        name: a resource of the catalogue, or a folder or file (with a / in its name).
        words: a vocabulary, in order.
        seed: of the vectors that are drawn. A drawn vector depends on its word, not on its place.
        size: root mean square entry that the found vectors are scaled to; None: as they are.

    Returns:
        float32 matrix (words, dimension) and a mask (words,) of those found.

    Raises:
        ResourceError: not fetched, no known format, or damaged.
    """
    wanted = {word: row for row, word in enumerate(words) if row > _UNKNOWN}
    matrix, found = _read(Path(name) if "/" in name else locate(name), wanted, len(words))
    return completed(matrix, found, words, seed, size), found


def size_of(matrix: np.ndarray, found: np.ndarray) -> float:
    """The root mean square entry of the found vectors; the reference size where there is none."""
    return float(np.sqrt(np.mean(matrix[found] ** 2))) if found.any() else REFERENCE_SIZE


def completed(
    matrix: np.ndarray, found: np.ndarray, words: Sequence[str], seed: int, size: float | None = None
) -> np.ndarray:
    """The matrix (words, dimension) scaled to ``size``, with drawn vectors for the words that were not found.

    The arguments are those of ``load_vectors``; ``matrix`` is zero where nothing was found, and changed in place.
    """
    given = size_of(matrix, found)
    if size is not None:
        matrix *= np.float32(size / given)
    scale = (given if size is None else size) / REFERENCE_SIZE
    for row in np.flatnonzero(~found):
        if row != _PAD:
            reach = scale * (UNKNOWN_RANGE if row == _UNKNOWN else ABSENT_RANGE)
            drawn = np.random.default_rng(seed_of(seed, "vector", words[row]))
            matrix[row] = drawn.uniform(-reach, reach, matrix.shape[1])
    return matrix


def _read(place: Path, wanted: dict[str, int], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (rows, dimension), zero where nothing was found, and the mask of found rows."""
    if place.is_dir():
        arrays, index = sorted(place.glob("*_emb.npy")), sorted(place.glob("*_index.parquet"))
        if arrays and index:
            return _read_arrays(arrays[0], index[0], wanted, rows)
        files = [f for f in sorted(place.iterdir()) if f.name.endswith((".bin", ".gz", ".vec", ".txt"))]
        if not files:
            raise ResourceError(
                str(place),
                "no word vectors: neither *_emb.npy with *_index.parquet nor a .bin, .vec, .txt or .gz file",
                "name a resource or folder that holds some",
            )
        place = files[0]
    if not place.is_file():
        raise ResourceError(str(place), "no such file or folder", "name a resource of config/resources.yaml, or a path")
    try:
        with gzip.open(place) if place.suffix == ".gz" else place.open("rb") as stream:
            dimension, vectors = _open(stream, str(place))
            matrix, found = np.zeros((rows, dimension), dtype=np.float32), np.zeros(rows, dtype=bool)
            for word, vector in vectors:
                row = wanted.get(word)
                if row is not None and not found[row]:  # the first of two equal words is the more frequent one
                    matrix[row], found[row] = vector(), True
    except (EOFError, OSError, ValueError) as error:
        raise of_reading(error, place, ResourceError) or ResourceError(
            str(place), f"damaged ({error})", _AGAIN
        ) from None
    return matrix, found


def _read_arrays(array: Path, index: Path, wanted: dict[str, int], rows: int) -> tuple[np.ndarray, np.ndarray]:
    import pyarrow as pa  # for cost
    import pyarrow.parquet as pq  # for cost

    try:
        table = np.load(array, mmap_mode="r", allow_pickle=False)
        names = pq.read_table(index).column(0).to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise of_reading(error, array.parent, ResourceError) or ResourceError(
            str(array.parent), f"damaged ({error})", _AGAIN
        ) from None
    if len(names) != len(table):
        raise ResourceError(str(array.parent), f"{len(names)} words for {len(table)} vectors", _AGAIN)
    matrix, found = np.zeros((rows, table.shape[1]), dtype=np.float32), np.zeros(rows, dtype=bool)
    for place, word in enumerate(names):
        row = wanted.get(word)
        if row is not None and not found[row]:
            matrix[row], found[row] = table[place], True
    return matrix, found


def _open(stream: BinaryIO, where: str) -> tuple[int, Iterator]:
    """Dimension and (word, function giving its vector) of a file of vectors, binary or text, told by its first bytes.

    Binary and word2vec's text start with a line "<words> <dimension>"; GloVe's text starts with the first vector.
    """
    first = stream.readline()
    fields = first.split()
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        count, dimension = map(int, fields)
        start = stream.read(1 << 16)
        if _is_text(start.split(b"\n")[0], dimension):
            return dimension, _text_vectors(start, stream, dimension, where)
        return dimension, _binary_vectors(start, stream, count, dimension)
    if len(fields) < 3 or not _is_text(first, len(fields) - 1):
        raise ResourceError(where, "its first line is no word with its vector", "give word2vec or GloVe files")
    return len(fields) - 1, _text_vectors(first, stream, len(fields) - 1, where)


def _is_text(line: bytes, dimension: int) -> bool:
    try:
        return len([float(field) for field in line.split()[-dimension:]]) == dimension
    except ValueError:
        return False


def _text_vectors(start: bytes, stream: BinaryIO, dimension: int, where: str) -> Iterator:
    def lines() -> Iterator[bytes]:
        whole, _, rest = start.rpartition(b"\n")
        yield from whole.split(b"\n") if whole else ()
        yield rest + stream.readline()
        yield from stream

    for line in lines():
        parts = line.rstrip().rsplit(b" ", dimension)
        if not line.strip():
            continue
        if len(parts) != dimension + 1:
            raise ValueError(f"a line has {len(parts) - 1} numbers, not {dimension}")
        yield parts[0].decode("utf-8", "replace"), lambda parts=parts: np.array(parts[1:], dtype=np.float32)


def _binary_vectors(start: bytes, stream: BinaryIO, count: int, dimension: int) -> Iterator:
    """Each record: the word, a space, ``dimension`` little-endian float32 (and perhaps a line end before the next)."""
    size = 4 * dimension
    buffer, at = start, 0
    for number in range(count):
        space = buffer.find(b" ", at)
        while space < 0 or len(buffer) < space + 1 + size:
            more = stream.read(1 << 22)
            if not more:
                raise EOFError(f"it ends at vector {number + 1} of {count}")
            buffer, at = buffer[at:] + more, 0
            space = buffer.find(b" ", at)
        word = buffer[at:space].lstrip(b"\n").decode("utf-8", "replace")
        at = space + 1 + size
        yield word, lambda b=buffer, p=space + 1: np.frombuffer(b, dtype="<f4", count=dimension, offset=p)
