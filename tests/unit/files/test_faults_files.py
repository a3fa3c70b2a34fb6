"""Broken files: each is refused by name with a remedy, none is run, and foreign notes of a job are set aside."""

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file
from small_network import NETWORK, WORDS, model

from flat.errors import ArtefactError
from flat.files.artefacts import read_arrays, read_json, read_table, write_json, write_table
from flat.models import checkpoint
from flat.models.encoders.pretrained import read_network
from flat.resume.journal import Journal
from flat.training.rounds import build

pytestmark = pytest.mark.fault


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "ledger.parquet"
    write_table(path, pd.DataFrame({"example_id": [f"e{i}" for i in range(500)], "label": range(500)}))
    return path


@pytest.fixture
def folder(tmp_path):
    checkpoint.save(model(), tmp_path / "model", NETWORK)
    return tmp_path / "model"


def halve(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip(path, place=0.3):
    content = bytearray(path.read_bytes())
    at = int(len(content) * place)
    content[at : at + 64] = bytes(byte ^ 0xFF for byte in content[at : at + 64])
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [halve, flip, lambda path: path.write_bytes(b"")], ids=["half", "flipped", "empty"])
def test_a_damaged_table_is_refused_by_name(table, damage):
    damage(table)
    with pytest.raises(ArtefactError, match=r"ledger\.parquet: not a readable parquet file(?s:.)*remedy: delete"):
        read_table(table)


def test_a_table_without_a_column_is_refused_by_name(table):
    with pytest.raises(ArtefactError, match=r"ledger\.parquet: lacks the columns swaps\n  remedy: delete"):
        read_table(table, ["example_id", "swaps"])


@pytest.mark.parametrize("content", [b'{"a": 1', b"\xff\xfe\x00", b""], ids=["half", "not text", "empty"])
def test_damaged_json_is_refused_by_name(tmp_path, content):
    (tmp_path / "lock.json").write_bytes(content)
    with pytest.raises(ArtefactError, match=r"lock\.json: not JSON(?s:.)*remedy: delete the file"):
        read_json(tmp_path / "lock.json")


def test_a_missing_file_says_which_rule_to_run(tmp_path):
    for read in (read_json, read_table, read_arrays):
        with pytest.raises(ArtefactError, match=r"absent: no such file\n  remedy: run the rule"):
            read(tmp_path / "absent")


def test_damaged_weights_are_refused_by_name(folder):
    halve(folder / "model.safetensors")
    with pytest.raises(ArtefactError, match=r"model\.safetensors: not a whole safetensors file(?s:.)*remedy"):
        checkpoint.load(folder)


def test_weights_of_another_network_are_refused(folder):
    write_json(folder / "config.json", NETWORK | {"options": {"filters": 5}})
    with pytest.raises(ArtefactError, match=r"do not fit config\.json(?s:.)*remedy: delete the folder"):
        checkpoint.load(folder)


class Trap:
    """A pickle that leaves a file behind when it is loaded."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return (os.mkdir, (str(self.place),))


def test_a_pickle_in_place_of_weights_is_refused_and_not_run(folder, tmp_path):
    torch.save({"weight": Trap(tmp_path / "run")}, folder / "model.safetensors")
    with pytest.raises(ArtefactError, match="not a whole safetensors file"):
        checkpoint.load(folder)
    assert not (tmp_path / "run").exists()
    (tmp_path / "run2.bin").write_bytes(pickle.dumps(Trap(tmp_path / "run2")))
    with pytest.raises(ArtefactError, match="not a whole safetensors file"):
        read_arrays(tmp_path / "run2.bin")
    assert not (tmp_path / "run2").exists()


def small_bert(folder):
    from transformers import BertConfig

    BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    ).save_pretrained(folder)


def test_an_encoder_that_lies_there_as_a_pickle_is_refused_and_not_run(tmp_path):
    small_bert(tmp_path)
    torch.save(
        {"bert.pooler.dense.weight": torch.zeros(8, 8), "x": Trap(tmp_path / "run")}, tmp_path / "pytorch_model.bin"
    )
    with pytest.raises(ArtefactError, match=r"cannot be read(?s:.)*only safetensors are read"):
        read_network(tmp_path, 2)
    # even one that holds nothing but tensors
    torch.save({"bert.pooler.dense.weight": torch.zeros(8, 8)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ArtefactError, match="only safetensors are read"):
        read_network(tmp_path, 2)
    assert not (tmp_path / "run").exists()


def test_code_beside_an_encoder_is_not_run(tmp_path):
    from flat.errors import ResourceError

    config = {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Mine", "AutoModel": "mine.Net"}}
    write_json(tmp_path / "config.json", config)
    (tmp_path / "mine.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'run')!r})\n")
    with pytest.raises(ResourceError, match=r"holds no encoder(?s:.)*remedy"):
        read_network(tmp_path, 2)
    assert not (tmp_path / "run").exists()


def test_damaged_or_foreign_vectors_are_refused_by_name(tmp_path):
    write_json(tmp_path / "vocabulary.json", {"words": WORDS})
    vectors = tmp_path / "vectors-x.safetensors"
    save_file({"vectors": np.zeros((3, 6), np.float32)}, vectors)
    inputs = {"vocabulary": str(tmp_path / "vocabulary.json"), "vectors": str(vectors)}
    with pytest.raises(ArtefactError, match=r"vectors-x\.safetensors: 3 vectors for 4 words\n  remedy: delete it"):
        build(NETWORK, inputs)
    halve(vectors)
    with pytest.raises(ArtefactError, match=r"vectors-x\.safetensors: not a whole safetensors file"):
        build(NETWORK, inputs)


# --- notes of an interrupted job


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no journal\n",
        b'{"format": 1, "job": "other"}\n["e1", 1]\n',
        b'{"format": 0, "job": "digest"}\n',
        b"\xff\n",
    ],
    ids=["empty", "text", "another job's", "another format", "bytes"],
)
def test_foreign_notes_are_set_aside_with_a_line_in_the_log(tmp_path, content, caplog):
    path = tmp_path / "cell.jsonl"
    path.write_bytes(content)
    journal = Journal(path, "digest")
    assert journal.noted == {}
    journal.close()
    assert (tmp_path / "cell.jsonl.stale").read_bytes() == content
    assert "cell.jsonl" in caplog.text and "set aside as cell.jsonl.stale" in caplog.text


@pytest.mark.parametrize("torn", [b"", b'["e3", [1', b'["e3"'])
def test_a_torn_last_line_is_dropped(tmp_path, torn):
    journal = Journal(tmp_path / "cell.jsonl", "digest")
    journal.append({"e1": [0.1, float("nan")], "e2": None})
    journal.close()
    with (tmp_path / "cell.jsonl").open("ab") as stream:
        stream.write(torn)
    again = Journal(tmp_path / "cell.jsonl", "digest")
    assert json.dumps(again.noted) == '{"e1": [0.1, NaN], "e2": null}'
    again.append({"e3": 3})
    again.close()
    assert list(Journal(tmp_path / "cell.jsonl", "digest").noted) == ["e1", "e2", "e3"]


def test_two_processes_never_write_one_journal(tmp_path, monkeypatch):
    code = (
        "import sys, time; from flat.resume.journal import Journal; "
        "j = Journal(sys.argv[1], 'digest'); j.append({'a': 1}); "
        "print('held', flush=True); sys.stdin.read()"
    )
    path = tmp_path / "cell.jsonl"
    other = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert other.stdout.readline() == "held\n"
    monkeypatch.setattr("flat.resume.journal.PATIENCE_S", 0.2)
    with pytest.raises(ArtefactError, match=r"cell\.jsonl: another process is at work(?s:.)*remedy: wait for it"):
        Journal(path, "digest")
    other.kill()  # its hold ends with it
    other.communicate()
    assert Journal(path, "digest").noted == {"a": 1}
