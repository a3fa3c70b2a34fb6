"""Files without words: no word is left, every number is counted the same."""

import io

import pandas as pd
import pyarrow.parquet as pq
import pytest

from flat.analysis import antonyms
from flat.analysis.measurements import ledger_values
from flat.attacks import ledger
from flat.data.overlap import overlapping
from flat.errors import ArtefactError
from flat.files.artefacts import write_json, write_table
from flat.published import wordless


def row(name, status, words, swaps):
    """A row of a ledger: ``swaps`` are (position, to), "" where the word is dropped."""
    changed = {position: to for position, to in swaps}
    perturbed = [changed.get(place, word) for place, word in enumerate(words)]
    return {
        "example_id": name,
        "label": 0,
        "status": status,
        "original": " ".join(words),
        "perturbed": " ".join(filter(None, perturbed)),
        "original_words": words,
        "perturbed_words": list(filter(None, perturbed)),
        "aligned": list(range(len(words))),
        "swaps": [{"position": at, "from": words[at], "to": to} for at, to in swaps],
        "predicted": 0,
        "perturbed_predicted": int(status == "succeeded"),
        "logits": [1.0, 0.25],
        "perturbed_logits": [0.0, 0.5],
        "queries": 12,
        "victim_forwards": 7,
        "similarity_unchecked": False,
        "attack_hash": "h",
    }


ROWS = [
    row("test-1", "succeeded", ["A", "fine", "film"], [(1, "nifty"), (2, "Movie")]),
    row("test-2", "failed", ["dull", "plot"], [(0, "nifty")]),
    row("test-3", "succeeded", ["fine", "fine", "fine", "end"], [(3, "")]),
    row("test-4", "skipped", ["plot"], []),
]
VOCABULARY = ["a", "fine", "film", "movie", "plot"]


def test_words_become_what_the_vocabulary_says_of_them_and_all_else_stays():
    before = ledger.frame(ROWS)
    after = wordless.wordless_ledger(before, frozenset(VOCABULARY), "here")
    assert after["original_words"].tolist()[0] == ["known", "known", "known"]  # looked up lower-cased
    assert after["original_words"].tolist()[1] == ["unknown", "known"]
    assert after["swaps"].tolist()[0] == [
        {"position": 1, "from": "known", "to": "unknown"},
        {"position": 2, "from": "known", "to": "known"},
    ]
    assert after["swaps"].tolist()[2] == [{"position": 3, "from": "unknown", "to": ""}]
    assert set(after["original"]) | set(after["perturbed"]) == {""}
    same = [name for name in ledger.SCHEMA.names if name not in {"original", "perturbed", "swaps"}]
    same = [name for name in same if not name.endswith("_words")]
    assert after[same].equals(before[same])


def test_numbers_are_those_of_the_words():
    """By hand: two successes, one of which uses a word out of the vocabulary; one of two substitutes is unknown."""
    kept = wordless.wordless_ledger(ledger.frame(ROWS), frozenset(VOCABULARY), "here")
    values = ledger_values(kept, frozenset(wordless.VOCABULARY["words"]))
    assert values["oov_swap_percent"] == (50.0, 2) and values["oov_success_percent"] == (50.0, 2)
    assert values["perturbed_words_percent"] == (pytest.approx(100 * (2 / 3 + 1 / 4) / 2), 2)
    assert values["after_attack_accuracy_percent"] == (25.0, 4)


def test_a_model_that_looks_no_words_up_has_words_alone():
    kept = wordless.wordless_ledger(ledger.frame(ROWS), None, "here")
    assert {word for words in kept["original_words"] for word in words} == {"word"}


def test_a_number_that_would_change_is_refused(monkeypatch):
    monkeypatch.setattr(wordless, "token", lambda word, vocabulary: "unknown")
    with pytest.raises(ArtefactError, match=r"without its words \w+_percent is") as told:
        wordless.wordless_ledger(ledger.frame(ROWS), frozenset(VOCABULARY), "here/ledger.parquet")
    assert told.value.where == "here/ledger.parquet"


def test_the_file_holds_tokens_under_the_ledger_s_own_schema(tmp_path):
    ledger.write(tmp_path / "ledger.parquet", ledger.frame(ROWS))
    write_json(tmp_path / "vocabulary.json", {"words": VOCABULARY, "counts": [1] * 5})
    data = wordless.ledger_bytes(tmp_path / "ledger.parquet", tmp_path / "vocabulary.json")
    assert data == wordless.ledger_bytes(tmp_path / "ledger.parquet", tmp_path / "vocabulary.json")
    assert pq.read_schema(io.BytesIO(data)).equals(ledger.SCHEMA)
    assert not any(word.encode() in data for word in ("film", "nifty", "Movie", "dull", "plot"))
    outcomes = pq.read_table(io.BytesIO(wordless.outcome_bytes(tmp_path / "ledger.parquet"))).to_pandas()
    assert list(outcomes) == ["example_id", "status", "attack_hash"] and len(outcomes) == 4


def test_splits_overlap_as_their_texts_do(tmp_path):
    texts = {"dev": ["Good film !", "bad", "so so"], "test": ["good film", "other", "bad.", "another"]}
    frames = {name: pd.DataFrame({"text": held}) for name, held in texts.items()}
    for name, frame in frames.items():
        write_table(tmp_path / f"{name}.parquet", frame, wordless.SPLIT)
    dev, test = (
        pd.read_parquet(io.BytesIO(data))
        for data in wordless.split_texts([tmp_path / "dev.parquet", tmp_path / "test.parquet"])
    )
    assert overlapping(dev, test) == overlapping(frames["dev"], frames["test"]) == [0, 2]
    assert dev["text"].tolist() == ["t0", "t1", "t2"] and test["text"].tolist() == ["t0", "t3", "t1", "t4"]


@pytest.mark.parametrize("pairs", ([], [["good > bad", "up > down"]]))
def test_antonyms_keep_their_number_alone(pairs):
    cell = {"dataset": "d", "model": "m", "strategy": "s", "train_attack": "t", "attack": "a", "seed": 0}
    rows = [cell | {"example_id": "test-1", "antonyms": found} for found in pairs]
    frame = pd.DataFrame(rows, columns=antonyms.SCHEMA.names)
    table = pq.read_table(io.BytesIO(wordless.parquet(wordless.opposed(frame), antonyms.SCHEMA)))
    assert table.column("antonyms").to_pylist() == [["word > word"] * len(found) for found in pairs]
