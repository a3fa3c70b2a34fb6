"""Validity of adversarial texts: antonyms, similarity, grammar errors, AA at stricter thresholds; by hand."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from table_examples import build, entry, make_extras

from flat.analysis.antonyms import SCHEMA as ANTONYMS
from flat.analysis.antonyms import Antonyms
from flat.analysis.validity import judge_words, measure, similarities, summarise
from flat.report.tables import render
from flat.study.guards import Validity

CELL = {"dataset": "sst2", "model": "CNN", "strategy": "base", "train_attack": "none", "attack": "pwws", "seed": "0"}


class Space:
    """good is near fine and far from bad."""

    index = dict.fromkeys(("good", "fine", "bad", "film", "movie"), 0)

    def cosine(self, a, b):
        return {("good", "fine"): 0.95, ("film", "movie"): 0.8, ("good", "bad"): 0.5}[a, b]


def encode(texts):
    """Sentences as points on a circle: the angle is the number of words that are not “a”, in tenths."""
    angles = [sum(word not in ("a", "b") for word in text.split()) / 10 for text in texts]
    return np.array([[3 * math.cos(angle), 3 * math.sin(angle)] for angle in angles])


class Grammar:
    """Every a is one error, every x two."""

    name = "by hand 1.0"

    def errors(self, texts):
        return {text: text.count("a") + 2 * text.count("x") for text in texts}


def swap(before, after):
    return {"position": 0, "from": before, "to": after}


def ledger(*rows):
    """Rows of (id, status, original, perturbed, swaps, unchecked)."""
    names = ["example_id", "status", "original", "perturbed", "swaps", "similarity_unchecked"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(original_words=[text.split() for text in frame["original"]])


LEDGER = ledger(
    ("1", "succeeded", "a b", "a a", [swap("good", "fine")], False),  # equal for the encoder: similarity 1
    ("2", "succeeded", "a b a b", "a x a b", [swap("good", "fine"), swap("film", "movie")], True),  # cos 0.1
    ("3", "succeeded", "b a", "x y z", [swap("good", "odd"), swap("", "new")], True),  # cos 0.3, nothing to judge
    ("4", "failed", "a", "x", [swap("good", "bad")], False),
    ("5", "skipped", "a", "a", [], False),
)


def test_words_are_judged_where_the_space_knows_both():
    assert judge_words([swap("Good", "fine,"), swap("film", "movie")], Space()) == (0.8, 0)
    least, unjudged = judge_words([swap("good", "odd"), swap("", "fine"), swap("good", "")], Space())
    assert math.isnan(least) and unjudged == 3
    assert judge_words([swap("good", "fine")], None)[1] == 1


def test_similarity_is_the_cosine_of_the_whole_texts_whatever_the_lengths():
    found = similarities({("a b", "a a"), ("a", "x")}, encode)
    assert found == {("a b", "a a"): pytest.approx(1), ("a", "x"): pytest.approx(math.cos(0.1))}


def test_stricter_thresholds_by_hand():
    frame = measure([(CELL, LEDGER)], Space(), encode, Grammar())
    assert frame["example_id"].tolist() == list("12345") and frame["changed"].tolist() == [1, 2, 2, 0, 0]
    similarity = [1, math.cos(0.1), math.cos(0.3)]
    assert frame["sentence_similarity"].tolist()[:3] == pytest.approx(similarity)
    antonyms = pd.DataFrame(
        [{**CELL, "seed": 0, "example_id": "2", "antonyms": ["good > bad"]}], columns=ANTONYMS.names
    )
    rows = summarise(frame, antonyms, Validity())
    values = {row.metric: (row.value, row.n) for row in rows.itertuples()}
    assert values == {
        "pairs": (3.0, 3),
        "perturbed_words_percent": (pytest.approx(100 * (1 / 2 + 2 / 4 + 2 / 2) / 3), 3),
        "sentence_similarity": (pytest.approx(sum(similarity) / 3), 3),
        "unchecked_sentence_similarity": (pytest.approx((math.cos(0.1) + math.cos(0.3)) / 2), 2),
        "introduced_errors": (pytest.approx((1 + 2 + 1) / 3), 3),  # 2 - 1, 4 - 2, 2 - 1
        "antonym_percent": (pytest.approx(100 / 3), 3),
        "unjudged_percent": (pytest.approx(100 * 2 / 5), 5),
        "after_attack_accuracy_percent": (20.0, 5),
        "aa_word_percent": (40.0, 5),  # film > movie at 0.8 does not count; what cannot be judged does
        "aa_sentence_percent": (40.0, 5),  # cos 0.3 = 0.955 does not count, cos 0.1 = 0.995 does
        "aa_both_percent": (60.0, 5),
    }


NO_ANTONYMS = pd.DataFrame([], columns=ANTONYMS.names)
WORDS = {"unjudged_percent": None, "aa_word_percent": "AA, words"}
SENTENCES = {
    "sentence_similarity": "similarity",
    "unchecked_sentence_similarity": "similarity, unchecked",
    "aa_sentence_percent": "AA, sentence",
}
BOTH = {"aa_both_percent": "AA, both"}


@pytest.mark.parametrize(
    ("space", "encoder", "absent"),
    [(None, None, WORDS | SENTENCES | BOTH), (Space(), None, SENTENCES | BOTH), (None, encode, WORDS | BOTH)],
    ids=["no judge", "no encoder", "no space"],
)
def test_what_nothing_judges_is_not_run(space, encoder, absent, tmp_path):
    summary = summarise(measure([(CELL, LEDGER)], space, encoder, None), NO_ANTONYMS, Validity())
    assert not set(summary["metric"]) & set(absent)
    table = build("validity", [], replace(make_extras(), validity=summary))
    row = ("SST2 †", "PWWS", "CNN-base")
    for title in filter(None, absent.values()):
        assert entry(table, row, title).text == "not run"
        (note,) = [note for note in table.notes if note.startswith("“not run” in") and f"“{title}”" in note][:1]
        assert "attacks.*.resources." in note
    present = set((SENTENCES | WORDS | BOTH).values()) - set(absent.values()) - {None}
    assert all(entry(table, row, title).state == "run" for title in present)
    assert entry(table, row, "AA").text == "20.00ᶜ"  # AA needs no judge
    roles = [role for role in ("synonyms", "sentence_encoder") if any(f".{role} " in note for note in table.notes)]
    assert roles == ["synonyms"] * (space is None) + ["sentence_encoder"] * (encoder is None)
    for path in render.write(table, tmp_path).values():
        text = path.read_text(encoding="utf-8")
        assert "not run" in text
        if path.suffix == ".csv":
            lines = [line for line in text.splitlines() if any(f",{metric}," in line for metric in absent)]
            assert lines and all(",not run," in line for line in lines)


def test_with_every_judge_no_note_speaks_of_one_that_is_missing():
    summary = summarise(measure([(CELL, LEDGER)], Space(), encode, Grammar()), NO_ANTONYMS, Validity())
    table = build("validity", [], replace(make_extras(), validity=summary))
    assert not any("“not run” in" in note or "knows no replaced word" in note for note in table.notes)


def test_a_space_that_knows_no_word_of_a_cell_is_named():
    foreign = ledger(("1", "succeeded", "gut so", "fein so", [swap("gut", "fein")], False))
    frame = measure([(CELL, foreign), (CELL | {"attack": "textfooler"}, LEDGER)], Space(), encode, Grammar())
    table = build("validity", [], replace(make_extras(), validity=summarise(frame, NO_ANTONYMS, Validity())))
    (note,) = [note for note in table.notes if "knows no replaced word" in note]
    assert "CNN-base on SST2, PWWS" in note and "TextFooler" not in note
    blind, seen = ("SST2 †", "PWWS", "CNN-base"), ("SST2 †", "TextFooler §", "CNN-base")
    for title in ("AA, words", "AA, both"):
        assert entry(table, blind, title).text == "not run" and entry(table, seen, title).state == "run"
    assert entry(table, blind, "AA, sentence").state == "run"


def test_grammar_errors_are_those_of_successes_alone():
    frame = measure([(CELL, LEDGER)], None, None, Grammar())
    assert frame["introduced_errors"].tolist()[:3] == [1.0, 2.0, 1.0] and frame["introduced_errors"][3:].isna().all()
    assert set(frame["grammar_checker"]) == {"by hand 1.0"}
    failed = measure([(CELL, LEDGER[3:])], None, None, Grammar())
    summary = summarise(failed, pd.DataFrame([], columns=ANTONYMS.names), Validity()).set_index("metric")
    assert math.isnan(summary.loc["introduced_errors", "value"]) and summary.loc["introduced_errors", "n"] == 0


@pytest.mark.parametrize(("grammar", "text"), [(Grammar(), "1.333ᶜ"), (None, "not run")])
def test_grammar_errors_reach_the_table_with_what_counted_them(grammar, text):
    frame = measure([(CELL, LEDGER)], None, None, grammar)
    summary = summarise(frame, pd.DataFrame([], columns=ANTONYMS.names), Validity())
    table = build("validity", [], replace(make_extras(), validity=summary))
    assert entry(table, ("SST2 †", "PWWS", "CNN-base"), "grammar errors").text == text
    assert entry(table, ("SST2 †", "PWWS", "CNN-base"), "pairs").text == "3ᶜ"
    lines = table.frame[table.frame["metric"] == "introduced_errors"]
    assert set(lines["unit"]) == {"errors a text"}
    (note,) = [note for note in table.notes if note.startswith("Grammar errors")]
    assert ("found by by hand 1.0" in note) == (grammar is not None)
    assert ("harper-py cannot be imported" in note) == (grammar is None)


def test_antonyms_in_any_sense_and_inflection(resources):
    from flat.attacks.lexicon.wordnet_table import WordNet

    antonyms = Antonyms(WordNet(resources / "wordnet").reader)
    for word, other in (("good", "bad"), ("Loved", "hates"), ("best", "worst"), ("hot", "cold"), ("dead", "alive")):
        assert antonyms.are(word, other) and antonyms.are(other, word), (word, other)
    for word, other in (("good", "great"), ("film", "movie"), ("zzyzx", "good"), ("good", "good")):
        assert not antonyms.are(word, other), (word, other)
    assert antonyms.among([swap("good", "evil"), swap("", "bad"), swap("good", ""), swap("big", "large")]) == [
        "good > evil"
    ]
