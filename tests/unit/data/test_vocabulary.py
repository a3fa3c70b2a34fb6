"""Vocabulary by hand, and its file."""

import pytest

from flat.data.vocabulary import build, load, save, unknown_share
from flat.errors import ArtefactError
from flat.files.artefacts import write_json

TEXTS = [["The", "film", "is", "good"], ["the", "film", "is", "bad"], ["the", "end"]]


def test_words_by_descending_count_then_alphabet_after_the_two_specials():
    words, counts = build(TEXTS)
    assert words == ["<pad>", "<unk>", "the", "film", "is", "bad", "end", "good"]
    assert counts == [0, 0, 3, 2, 2, 1, 1, 1]


@pytest.mark.parametrize(("min_count", "size"), [(0, 8), (1, 8), (2, 5), (3, 3), (4, 2)])
def test_words_at_the_threshold_stay(min_count, size):
    assert len(build(TEXTS, min_count)[0]) == size


def test_case_is_kept_on_demand():
    words, counts = build(TEXTS, lower=False)
    assert counts[words.index("the")] == 2
    assert counts[words.index("The")] == 1


def test_the_literal_unknown_word_of_masked_texts_is_not_counted_twice():
    words, counts = build([["<unk>", "film", "<pad>"]])
    assert words == ["<pad>", "<unk>", "film"]
    assert counts == [0, 0, 1]


def test_unknown_share_counts_occurrences():
    assert unknown_share([["The", "rare", "film"], ["rare"]], {"the", "film"}) == 0.5
    assert unknown_share([], set()) == 0


def test_the_order_of_texts_does_not_matter():
    assert build(TEXTS[::-1]) == build(TEXTS)


def test_a_saved_vocabulary_is_read_back(tmp_path):
    save(tmp_path / "vocabulary.json", *build(TEXTS))
    assert load(tmp_path / "vocabulary.json") == build(TEXTS)


@pytest.mark.parametrize(
    "value",
    [
        {"words": ["<pad>", "<unk>", "a"], "counts": [0, 0]},
        {"words": ["<unk>", "<pad>"], "counts": [0, 0]},
        {"words": ["<pad>", "<unk>"]},
        ["<pad>", "<unk>"],
    ],
)
def test_a_file_that_is_no_vocabulary_is_refused(tmp_path, value):
    write_json(tmp_path / "vocabulary.json", value)
    with pytest.raises(ArtefactError, match="no vocabulary"):
        load(tmp_path / "vocabulary.json")
