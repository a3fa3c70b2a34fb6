"""Pages of parquet carry checksums: a flipped bit in a page is an error, and equal rows still give equal bytes."""

import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flat.attacks import ledger
from flat.data.reading.readers import read_columns
from flat.errors import FlatError
from flat.files.artefacts import read_table, write_table

pytestmark = pytest.mark.fault
FLIPS = 150


@pytest.fixture
def frame():
    draw = np.random.default_rng(4)
    texts = [" ".join(draw.choice(["good", "bad", "film", "plot"], 9)) for _ in range(300)]
    return pd.DataFrame({"text": texts, "label": draw.integers(0, 2, 300), "score": draw.normal(size=300)})


def pages_end(content: bytes) -> int:
    """Where the pages end and the footer, which has no checksum, begins."""
    return len(content) - 8 - int.from_bytes(content[-8:-4], "little")


@pytest.mark.parametrize(
    "read", [read_table, lambda path: read_columns(path, ["text", "label", "score"])], ids=["ours", "own"]
)
def test_no_flipped_bit_of_a_page_changes_what_is_read(tmp_path, frame, read):
    path = tmp_path / "table.parquet"
    write_table(path, frame)
    content, good, draw, refused = path.read_bytes(), str(vars(read(path))), random.Random(8), 0
    whole = read(path)
    for _ in range(FLIPS):
        damaged, place = bytearray(content), draw.randrange(pages_end(content))
        damaged[place] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            found = read(path)
        except FlatError:
            refused += 1
        else:
            assert found.equals(whole) if isinstance(found, pd.DataFrame) else str(vars(found)) == good
    assert refused > 0.9 * FLIPS


def test_the_checksums_are_those_of_the_pages_and_without_them_bits_flip_silently(tmp_path, frame):
    """The test above could not fail if Arrow noticed all damage by itself."""
    path, silent = tmp_path / "table.parquet", 0
    pq.write_table(pa.Table.from_pandas(frame[["score"]]), path, compression="none", use_dictionary=False)
    content, draw = path.read_bytes(), random.Random(8)
    assert read_table(path).equals(frame[["score"]])  # a file without checksums is read as ever
    for _ in range(FLIPS):
        damaged, place = bytearray(content), draw.randrange(pages_end(content))
        damaged[place] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            silent += not read_table(path).equals(frame[["score"]])
        except FlatError:
            continue
    assert silent > 0.5 * FLIPS


def test_equal_rows_give_equal_bytes(tmp_path, frame):
    for name in ("a", "b"):
        write_table(tmp_path / name, frame)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_ledger_has_them_too(tmp_path):
    rows = [
        dict.fromkeys(ledger.SCHEMA.names) | {"example_id": f"{n:05}", "queries": n * 7919 % 613} for n in range(400)
    ]
    frame = pd.DataFrame(rows, columns=ledger.SCHEMA.names)
    ledger.write(tmp_path / "ledger.parquet", frame)
    path = tmp_path / "ledger.parquet"
    content, refused, draw = path.read_bytes(), 0, random.Random(2)
    whole = read_table(path)
    for _ in range(FLIPS):
        damaged, place = bytearray(content), draw.randrange(pages_end(content))
        damaged[place] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            assert read_table(path).equals(whole)
        except FlatError:
            refused += 1
    assert refused > 0.5 * FLIPS
