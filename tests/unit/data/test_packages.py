"""The package-shipped corpora: what they hold, counted; and how a news file is read."""

import re

import pytest

from flat.data.package_sources import first_sentences, letters, read, split_article
from flat.data.prepare import prepare
from flat.errors import DataError

CLASSES = {
    "rotten-tomatoes": ["negative", "positive"],
    "imdb-reviews": ["negative", "positive"],
    "bbc-news": ["business", "entertainment", "politics", "sports", "tech"],
    "trec-questions": ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"],
}
SIZES = {
    "rotten-tomatoes": {"train": [4264, 4264], "test": [904, 909]},
    "imdb-reviews": {"train": [12432, 12470]},
    "bbc-news": {"train": [502, 366, 400, 502, 336]},
    "trec-questions": {"train": [86, 1151, 1245, 1214, 824, 856]},
}


@pytest.fixture(scope="module")
def corpora(resources):
    return {name: read(name) for name in CLASSES}


@pytest.mark.parametrize("name", CLASSES)
def test_every_corpus_has_its_sizes(corpora, name):
    found = {
        split: [int((frame["label"] == label).sum()) for label in CLASSES[name]]
        for split, frame in corpora[name].splits.items()
    }
    assert found == SIZES[name]


@pytest.mark.parametrize("name", CLASSES)
def test_no_text_stands_twice_in_a_corpus(corpora, name):
    keys = [letters(text) for frame in corpora[name].splits.values() for text in frame["text"]]
    assert len(set(keys)) == len(keys)


def test_rows_left_out_are_counted(corpora):
    assert corpora["imdb-reviews"].dropped == {"repeated texts": 98}
    assert corpora["trec-questions"].dropped == {"repeated texts": 15452 - 5376}
    rotten = corpora["rotten-tomatoes"].dropped
    assert rotten["train: repeated texts"] == 8530 - 8528
    assert sum(rotten[key] for key in rotten if key.startswith("test")) == 10605 - 1813


@pytest.mark.parametrize("name", CLASSES)
def test_every_corpus_is_prepared_without_a_warning(resources, name):
    options = {
        "source": {"kind": "package", "corpus": name},
        "classes": CLASSES[name],
        "splits": {"train": 300, "dev": 60, "test": 90},
        "cleaning": {"max_words": 40},
        "max_length": 40,
    }
    data = prepare(options, name, 1)
    assert data.summary["sizes"] == {"train": 300, "dev": 60, "test": 90}
    assert data.summary["overlap_with_train"] == {"test": 0, "dev": 0}
    assert data.summary["warnings"] == []
    for record in data.summary["source"]["resources"].values():
        assert re.fullmatch("[0-9a-f]{64}", record["content_sha256"])


def test_an_unknown_corpus_is_refused():
    with pytest.raises(DataError, match="use one of rotten-tomatoes"):
        read("rotten-apples")


def test_headline_and_body():
    assert split_article("Sales boost profit\n\nProfits jumped.\n\nIt rose 2%.\n") == (
        "Sales boost profit",
        "Profits jumped. It rose 2%.",
    )
    assert split_article("Only a headline") == ("Only a headline", "")


def test_first_sentences_end_at_a_capital_a_digit_or_a_quotation_mark():
    body = 'It cost 2.5bn in the U.S. last year. "No comment," he said! 30 firms paid. The rest did not.'
    assert first_sentences(body, 1) == "It cost 2.5bn in the U.S. last year."
    assert first_sentences(body, 2) == 'It cost 2.5bn in the U.S. last year. "No comment," he said!'
    assert first_sentences("One.", 2) == "One."


def test_letters_are_equal_for_two_typesettings():
    assert letters("It's GREAT &amp; brief ...") == letters("it 's great & brief")
