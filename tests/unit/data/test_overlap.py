"""Which texts are one text: in the overlap of splits and where repeated texts are dropped; and remedies that work."""

import json
import re
import unicodedata

import pytest

from flat.data.overlap import letters_only
from flat.data.prepare import prepare
from flat.errors import DataError

DIFFERENT = [
    ("\u0915\u093f", "\u0915\u0940"),  # ki, kii: Hindi vowel signs
    ("\u0e19\u0e49\u0e33", "\u0e19\u0e48\u0e33"),  # Thai tones
    (unicodedata.normalize("NFD", "m\u1ea1"), unicodedata.normalize("NFD", "m\u00e1")),
    ("\u05e9\u05c1", "\u05e9\u05c2"),  # Hebrew points
    ("😀 😀", "😀 😢"),
    ("👍🏻", "👍🏿"),
    ("🇫🇷", "🇩🇪"),
    ("👩\u200d🔬", "👩\u200d🚒"),
    ("火车", "汽车"),
    ("5 €", "5 $"),
    ("C++ is hard", "C is hard"),
    ("!!!", "???"),
    ("...", "…"),
    ("2 < 3", "2 > 3"),
]
SAME = [
    ("Tr\u00e8s bien !", unicodedata.normalize("NFD", "tr\u00e8s bien")),
    ("M\u1ea1 n\u1eb7ng", unicodedata.normalize("NFD", "m\u1ea1 n\u1eb7ng.")),
    ("It's -- so - late", "its so late"),
    ("“Late”, he said", '"late" he said'),
    ("很好！", "很好"),
    ("naïve\u00a0\u200bone", "naïve one"),
    ("so nice \u2764\ufe0f", "So nice \u2764!"),
    ("`quoted'' text", "'quoted text"),
    ("soft\u00adware", "software"),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_texts_that_differ_in_marks_or_symbols_are_different(one, other):
    assert letters_only(one) != letters_only(other)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_typesettings_of_one_text_are_the_same(one, other):
    assert letters_only(one) == letters_only(other)


def mails(tmp_path, texts, name="mails.jsonl"):
    path = tmp_path / name
    path.write_text("".join(json.dumps({"body": text, "topic": i % 2}) + "\n" for i, text in enumerate(texts)))
    return path


def options(path, **changes):
    source = {"kind": "files", "train": str(path), "text": "body", "label": "topic"}
    given = {"source": source, "classes": ["bus", "rail"], "cleaning": {"style": "none"}, "max_length": 20}
    return given | {"splits": {"dev": 6, "test": 6}} | changes


def test_emoji_alone_overlap_only_where_they_are_the_same(tmp_path):
    texts = [chr(0x1F600 + i // 8) + " " + chr(0x1F640 + i % 8) for i in range(40)]
    assert prepare(options(mails(tmp_path, texts)), "mails", 1).summary["overlap_with_train"] == {"test": 0, "dev": 0}


@pytest.mark.parametrize("how", ["drop", "refuse"])
def test_repeated_texts_are_found_whatever_the_form_of_their_accents(tmp_path, how):
    texts = [f"caf\u00e9 num\u00e9ro {i}" for i in range(30)]
    path = mails(tmp_path, [*texts, unicodedata.normalize("NFD", texts[4]), texts[7].replace("é", "e")])
    wanted = options(path, duplicates=how)
    if how == "refuse":
        with pytest.raises(DataError, match="row 31: the text also stands in an earlier row"):
            prepare(wanted, "mails", 1)
    else:
        summary = prepare(wanted, "mails", 1).summary
        assert summary["dropped"] == {"train: repeated texts": 1}
        assert sum(summary["sizes"].values()) == 31


def refusal(wanted):
    with pytest.raises(DataError) as caught:
        prepare(wanted, "mails", 1)
    return caught.value


def test_the_remedies_for_overlap_within_one_file_work(tmp_path):
    texts = [f"mail number {i}" for i in range(40)]
    wanted = options(mails(tmp_path, texts * 2))
    error = refusal(wanted)
    assert "duplicates: drop" in error.remedy
    assert prepare(wanted | {"duplicates": "drop"}, "mails", 1).summary["overlap_with_train"] == {"test": 0, "dev": 0}
    raised = float(re.search(r"max_overlap to (\d\.\d+)", error.remedy)[1])
    assert prepare(wanted | {"max_overlap": raised}, "mails", 1).summary["warnings"]


def test_dropping_is_no_remedy_for_overlap_between_files(tmp_path):
    train = mails(tmp_path, [f"mail number {i}" for i in range(40)])
    test = mails(tmp_path, [f"other mail {i}" for i in range(8)] + ["Mail number 3!", "mail number 5"], "test.jsonl")
    wanted = options(train, splits={"dev": 6})
    wanted["source"]["test"] = str(test)
    error = refusal(wanted)
    assert "20.0% of the 10 test texts also stand in train" in error.problem
    assert f"rows 9, 10 of {test}" in error.remedy
    assert "duplicates" not in error.remedy
    assert "max_overlap to 0.2" in error.remedy


def test_overlap_in_typesetting_only_is_not_said_to_be_cured_by_dropping(tmp_path):
    texts = [f"mail number {i}" for i in range(40)]
    error = refusal(
        options(
            mails(tmp_path, [*texts, *(text.upper() + "!" for text in texts)]),
            cleaning={"style": "none", "lower": False},
        )
    )
    assert "duplicates" not in error.remedy
