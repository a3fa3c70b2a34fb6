"""Word vectors out of small files of each format, written here."""

import gzip
import struct

import numpy as np
import pandas as pd
import pytest

from flat.data.vectors import REFERENCE_SIZE, load_vectors, size_of
from flat.errors import ResourceError

VECTORS = {"good": [1.0, 0.0, -1.0], "film": [0.5, 2.0, 0.25], "a b": [9.0, 9.0, 9.0], "the": [0.0, 1.0, 0.0]}
WORDS = ["<pad>", "<unk>", "film", "unseen", "good"]


def binary(line_end=b""):
    records = [f"{w} ".encode() + struct.pack("<3f", *v) for w, v in VECTORS.items() if " " not in w]
    records.append(b"film " + struct.pack("<3f", 7, 7, 7))  # a word met again: the first counts
    return f"{len(records)} 3\n".encode() + line_end.join(records) + line_end


def text(header):
    lines = [f"{word} {' '.join(map(str, vector))}" for word, vector in VECTORS.items()]
    return ("\n".join([f"{len(VECTORS)} 3"] * header + lines) + "\n").encode()


FILES = {
    "vectors.bin": binary(),
    "vectors-with-line-ends.bin": binary(b"\n"),
    "vectors.bin.gz": gzip.compress(binary(), mtime=0),
    "word2vec-google-news-300.gz": gzip.compress(binary(), mtime=0),
    "vectors.vec": text(header=True),
    "vectors.txt": text(header=False),
    "vectors.txt.gz": gzip.compress(text(header=False), mtime=0),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_vectors(tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    matrix, found = load_vectors(str(tmp_path / name), WORDS)
    assert found.tolist() == [False, False, True, False, True]
    assert matrix.dtype == np.float32
    assert matrix[2].tolist() == VECTORS["film"]
    assert matrix[4].tolist() == VECTORS["good"]


def test_arrays_with_an_index(tmp_path):
    np.save(tmp_path / "x_emb.npy", np.array(list(VECTORS.values()), dtype=np.float32))
    pd.DataFrame({"index": list(VECTORS)}).to_parquet(tmp_path / "x_index.parquet")
    matrix, found = load_vectors(str(tmp_path), WORDS)
    assert found.tolist() == [False, False, True, False, True]
    assert matrix[2].tolist() == VECTORS["film"]


def test_many_binary_vectors_cross_the_reading_buffer(tmp_path):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(5000, 300)).astype("<f4")  # 6 MB; a buffer holds 4
    records = b"".join(f"w{i} ".encode() + row.tobytes() for i, row in enumerate(table))
    (tmp_path / "large.bin").write_bytes(b"5000 300\n" + records)
    matrix, found = load_vectors(str(tmp_path), ["<pad>", "<unk>", "w0", "w3333", "w4999"])
    assert found[2:].all()
    assert np.array_equal(matrix[2:], table[[0, 3333, 4999]])


def test_padding_is_zero_and_drawn_vectors_lie_in_their_ranges(tmp_path):
    (tmp_path / "vectors.vec").write_bytes(text(header=True))
    absent = [f"absent{i}" for i in range(200)]
    matrix, _ = load_vectors(str(tmp_path / "vectors.vec"), [*WORDS, *absent], seed=1)
    size = np.sqrt(np.mean(np.square([VECTORS["film"], VECTORS["good"]]))) / REFERENCE_SIZE
    drawn = np.abs(matrix[len(WORDS) :])
    assert not matrix[0].any()
    assert 0 < np.abs(matrix[1]).max() <= 0.05 * size
    assert 0.009 * size < drawn.max() <= 0.01 * size


def test_a_drawn_vector_depends_on_seed_and_word_only(tmp_path):
    path = tmp_path / "vectors.vec"
    path.write_bytes(text(header=True))
    one, _ = load_vectors(str(path), ["<pad>", "<unk>", "good", "unseen"], seed=1)
    other, _ = load_vectors(str(path), ["<pad>", "<unk>", "unseen", "good", "else"], seed=1)
    again, _ = load_vectors(str(path), ["<pad>", "<unk>", "good", "unseen"], seed=2)
    assert np.array_equal(one[3], other[2])
    assert not np.array_equal(other[2], other[4])
    assert not np.array_equal(one[3], again[3])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cut.bin", binary()[:-5], "ends at vector 4 of 4"),
        ("cut.gz", gzip.compress(binary(), mtime=0)[:-9], "damaged"),
        ("ragged.vec", b"2 3\ngood 1 2 3\nfilm 1 2\n", "not 3"),
        ("prose.txt", b"once upon a time\n", "no word with its vector"),
        ("empty.bin", b"", "no word with its vector"),
    ],
)
def test_damaged_files_are_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ResourceError) as caught:
        load_vectors(str(tmp_path / name), WORDS)
    assert name in str(caught.value)
    assert said in str(caught.value)


def test_a_place_without_vectors_is_refused(tmp_path):
    for place in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ResourceError, match="name a resource"):
            load_vectors(f"{place}/", WORDS)


def test_an_index_of_another_length_is_refused(tmp_path):
    np.save(tmp_path / "x_emb.npy", np.zeros((3, 2), dtype=np.float32))
    pd.DataFrame({"index": ["a", "b"]}).to_parquet(tmp_path / "x_index.parquet")
    with pytest.raises(ResourceError, match="2 words for 3 vectors"):
        load_vectors(str(tmp_path), WORDS)


def test_glove_vectors_of_common_words(resources):
    words = ["<pad>", "<unk>", "film", "good", "n't", "qqqxyz"]
    matrix, found = load_vectors("glove-6b-50d", words)
    assert matrix.shape == (6, 50)
    assert found.tolist() == [False, False, True, True, True, False]
    film, good, movie = matrix[2], matrix[3], load_vectors("glove-6b-50d", ["<pad>", "<unk>", "movie"])[0][2]

    def cosine(a, b):
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    assert cosine(film, movie) > 0.9 > cosine(film, good)


def test_vectors_are_scaled_to_the_size_asked_for_and_the_drawn_ones_with_them(tmp_path):
    path, words = tmp_path / "vectors.vec", [*WORDS, "absent"]
    path.write_bytes(text(header=True))
    as_is, found = load_vectors(str(path), words, seed=1)
    scaled, _ = load_vectors(str(path), words, seed=1, size=0.3)
    assert size_of(scaled, found) == pytest.approx(0.3, rel=1e-5)
    np.testing.assert_allclose(scaled, as_is * (0.3 / size_of(as_is, found)), rtol=1e-5, atol=1e-7)
    assert 0 < np.abs(scaled[-1]).max() <= 0.3 / REFERENCE_SIZE * 0.01
    assert not scaled[0].any()


def test_without_a_found_word_drawn_vectors_have_the_reference_size(tmp_path):
    path = tmp_path / "vectors.vec"
    path.write_bytes(text(header=True))
    matrix, found = load_vectors(str(path), ["<pad>", "<unk>", *(f"x{i}" for i in range(50))], size=0.3)
    assert not found.any()
    assert 0.019 < np.abs(matrix[2:]).max() <= 0.02  # twice the reference size, twice the range
