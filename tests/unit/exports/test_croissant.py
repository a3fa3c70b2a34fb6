"""Croissant metadata: mlcroissant checks it, reads a record back, and sees a file that was changed."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from finished_study import PASSPORT, SUMMARY, TEXTS, complete, put

from flat.errors import FlatError
from flat.exports import croissant
from flat.files.artefacts import write_table
from flat.study import paths

TAUS = {0: dict.fromkeys(TEXTS, 0.5)}


@pytest.fixture(scope="module")
def mlc():
    return pytest.importorskip("mlcroissant", reason="the extra `exports` is not installed")


@pytest.fixture
def written(mlc, tmp_path):
    mine = complete(put(tmp_path, {0: {"e1"}}, TAUS))
    place = Path(paths.of(mine).croissant("sst2"))
    croissant.write(mine, "sst2", SUMMARY, PASSPORT, place)
    return mine, place


def test_mlcroissant_finds_it_valid_and_reads_records(mlc, written):
    data = mlc.Dataset(jsonld=written[1])
    assert not data.metadata.issues.errors and not data.metadata.issues.warnings
    records = list(data.records("test"))
    assert len(records) == len(TEXTS)
    first = records[0]
    assert first["test/example_id"] == b"test-e1" and first["test/text"] == b"a fine film"
    assert first["test/label"] == 1 and list(first["test/words"]) == [b"a", b"fine", b"film"]
    assert [record["classes/name"] for record in data.records("classes")] == ["negative", "positive"]


def test_files_licences_and_splits_are_named(written):
    _, place = written
    value = json.loads(place.read_text())
    assert {file["name"] for file in value["distribution"]} == {"train.parquet", "dev.parquet", "test.parquet"}
    assert all((place.parent / file["contentUrl"]).is_file() for file in value["distribution"])
    assert value["license"] == "snippets: terms of others" and value["url"] == "https://example.org/snippets"
    assert {record["name"] for record in value["recordSet"]} == {"classes", "train", "dev", "test"}
    assert "stands in for SST2: Rotten Tomatoes sentences" in value["description"]
    assert value["datePublished"] == "2026-01-02T03:04:05"


def test_a_changed_file_is_seen(mlc, written):
    mine, place = written
    other = pd.DataFrame({"example_id": ["x"], "text": ["another"], "label": [0], "words": [["another"]]})
    write_table(paths.of(mine).split("sst2", "test"), other)
    with pytest.raises(mlc.GenerationError) as raised:
        list(mlc.Dataset(jsonld=place).records("test"))
    assert "hash" in str(raised.value.__cause__).lower()


def test_data_of_ones_own_have_no_page_and_are_valid(mlc, tmp_path):
    source = {"kind": "files", "files": {"train": {"file": "mine.csv", "sha256": "a" * 64, "rows": 5}}}
    mine = complete(put(tmp_path, {0: {"e1"}}, TAUS))
    place = Path(paths.of(mine).croissant("sst2"))
    croissant.write(mine, "sst2", SUMMARY | {"source": source}, PASSPORT, place)
    assert not mlc.Dataset(jsonld=place).metadata.issues.errors
    assert "mine.csv" in place.read_text()


def test_without_mlcroissant_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mlcroissant", None)
    with pytest.raises(FlatError, match=r"mlcroissant is not installed\n  remedy: pip install mlcroissant"):
        croissant.write(None, "sst2", SUMMARY, PASSPORT, tmp_path / "x.json")
