"""The shipped synonym table: whole, sensible, and refused when it is not what it says."""

import shutil
import time

import numpy as np
import pytest

from flat.attacks.lexicon import synonyms
from flat.attacks.lexicon.synonym_space import wordnet
from flat.attacks.lexicon.synonym_space.build import write_table
from flat.errors import ResourceError
from flat.resources import locate


@pytest.fixture(scope="module")
def table():
    return synonyms.load()


def test_neighbours_are_sorted_near_and_never_the_word_itself(table):
    for word in ("good", "film", "running", "president", *table.words[::997]):
        near = table.neighbours(word)
        cosines = [cosine for _, cosine in near]
        assert len(near) <= 50 and word not in [other for other, _ in near]
        assert cosines == sorted(cosines, reverse=True) and all(0.5 <= c <= 1 for c in cosines)


def test_cosines_are_those_of_the_neighbours_and_the_same_both_ways(table):
    for word in table.words[5000:5200]:
        for other, cosine in table.neighbours(word, 5):
            assert table.cosine(word, other) == cosine
            assert abs(table.cosine(other, word) - cosine) <= 0.002
    assert table.cosine("good", "good") == 1.0
    assert table.cosine("good", "carburetor") == synonyms.UNKNOWN_COSINE
    with pytest.raises(KeyError):
        table.neighbours("qqqq")


@pytest.mark.parametrize(
    "word, near, not_near",
    [
        ("good", {"great", "excellent", "decent"}, {"bad", "terrible", "poor"}),
        ("bad", {"awful", "terrible"}, {"good", "great"}),
        ("boring", {"tedious", "tiresome"}, {"exciting", "interesting"}),
        ("movie", {"film"}, {"book"}),
        ("love", {"loves", "affection"}, {"hate"}),
    ],
)
def test_neighbours_mean_the_same_and_not_the_opposite(table, word, near, not_near):
    found = {other for other, _ in table.neighbours(word)}
    assert near <= found and not not_near & found


def test_few_neighbours_are_antonyms_of_wordnet(table, resources):
    net = wordnet.read(resources / "wordnet")
    opposite = {frozenset((a, b)) for a, b, _ in wordnet.antonym_pairs(net, 0.3)}
    words = [w for pair in opposite for w in pair if w in table.index]
    listed = [frozenset((w, other)) in opposite for w in words for other, _ in table.neighbours(w)]
    assert len(listed) > 5000 and np.mean(listed) < 0.01


def test_loading_takes_a_moment(table):
    """Little more than to read and check the file: nothing is computed from its millions of numbers."""

    def seconds(work) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    read = seconds(lambda: dict(np.load(locate("synonyms-standin") / "synonyms.npz").items()))
    assert seconds(synonyms.load) < 10 * read + 0.2


def test_a_table_that_is_not_the_recorded_one_is_refused(tmp_path):

    folder = tmp_path / "table"
    shutil.copytree(locate("synonyms-standin"), folder)
    content = bytearray((folder / "synonyms.npz").read_bytes())
    content[5000] ^= 1
    (folder / "synonyms.npz").write_bytes(content)
    with pytest.raises(ResourceError, match=r"synonyms\.npz: its SHA-256"):
        synonyms.load(folder)


def test_a_written_table_reads_back(tmp_path):
    angles = np.radians([0, 30, 45, 170])
    vectors = np.zeros((4, 40), dtype=np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
    write_table(["a", "b", "c", "d"], vectors, tmp_path, {})
    table = synonyms.load(tmp_path)
    assert [w for w, _ in table.neighbours("a")] == ["b", "c"]
    assert table.neighbours("a", 1)[0][1] == pytest.approx(np.cos(np.radians(30)), abs=0.001)
    assert table.neighbours("d") == [] and table.vectors.shape == (4, 32)


def test_groups_are_seeded_and_keep_synonyms_together(table):
    words = ["<pad>", *table.words[:1500], "qqqq"]
    first = synonyms.groups(words, 10, seed=3)
    assert np.array_equal(first, synonyms.groups(words, 10, seed=3))
    assert first[0] == first[-1] == 10 and set(first[1:-1]) == set(range(10))
    row = {word: group for word, group in zip(words, first, strict=True)}
    assert row["film"] == row["movie"] == row["films"]
    with pytest.raises(ResourceError, match="fewer groups"):
        synonyms.groups(["good", "qqqq"], 5, seed=0)
