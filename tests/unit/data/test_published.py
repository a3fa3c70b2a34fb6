"""The published data sets themselves, where a folder holds them (FLAT_REAL_DATA): the numbers the paper prints.

The folder has ``sst2/{train,dev,test}.parquet`` and ``imdb/{train,dev,test}.parquet`` with columns text and label.
"""

import os
from pathlib import Path

import pytest

from flat.data.prepare import prepare

FOLDER = os.environ.get("FLAT_REAL_DATA")
pytestmark = pytest.mark.skipif(not FOLDER, reason="FLAT_REAL_DATA names no folder with the published data sets")


def options(name, **changes):
    files = {split: str(Path(FOLDER or ".") / name / f"{split}.parquet") for split in ("train", "dev", "test")}
    source = {"kind": "files", "text": "text", "label": "label"} | files
    return {"source": source, "classes": ["negative", "positive"], "max_length": 50} | changes


def test_sst2_has_the_numbers_of_tables_1_and_6():
    summary = prepare(options("sst2"), "sst2", 1).summary
    assert summary["sizes"] == {"train": 6920, "dev": 872, "test": 1821}
    assert round(summary["mean_words"]) == 19
    assert summary["vocabulary_size"] == 13838


@pytest.mark.slow
def test_imdb_has_about_the_vocabulary_of_table_6():
    summary = prepare(options("imdb", vocabulary={"min_count": 5, "over": ["train", "dev"]}), "imdb", 1).summary
    assert summary["sizes"] == {"train": 20000, "dev": 5000, "test": 25000}
    assert summary["vocabulary_size"] == pytest.approx(29571, rel=0.01)
