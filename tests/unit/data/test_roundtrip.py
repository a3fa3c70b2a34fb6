"""Any table that a library writes is read as the same strings, or refused: never as other texts, never with a crash."""

import csv
import json
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from flat.data.prepare import prepare
from flat.data.sources import read
from flat.errors import DataError

NASTY = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="\",;\t\r\n\\'| a\ufeff\u2028\x00\x1a\x0b\x85", max_size=12),
    st.sampled_from(["NA", "null", "None", "1.0", "0", "True", "=1+1", "#x", "\ufefftext", "e\u0301", "<SPLIT>", "-1"]),
    st.sampled_from(["<user>", "&amp;", "[MASK]", "\ud83d", "b'x'", "['a']", "a\r\nb", '"', '""', "\u200b", "👍🏿"]),
)
TABLES = st.lists(st.tuples(NASTY, st.sampled_from(["bus", "rail"])), min_size=1, max_size=8)


def as_csv(rows, path):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("body", "topic"), *rows])


def as_quoted_csv(rows, path):
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("body", "topic"), *rows])


def as_pandas_csv(rows, path):
    pd.DataFrame(rows, columns=["body", "topic"]).to_csv(path, index=False)


def as_tsv(rows, path):
    lines = ["\t".join(row) for row in [("body", "topic"), *rows]]
    with open(path, "w", newline="", encoding="utf-8") as file:
        file.write("\n".join(lines))


def as_jsonl(rows, path, ascii_only=True):
    lines = [json.dumps({"body": body, "topic": topic}, ensure_ascii=ascii_only) for body, topic in rows]
    path.write_bytes(("\n".join(lines) + "\n").encode())


def as_plain_jsonl(rows, path):
    as_jsonl(rows, path, ascii_only=False)


def as_parquet(rows, path):
    pq.write_table(pa.table({"body": [body for body, _ in rows], "topic": [topic for _, topic in rows]}), path)


WRITERS = [
    (as_csv, ".csv"),
    (as_quoted_csv, ".csv"),
    (as_pandas_csv, ".csv"),
    (as_tsv, ".tsv"),
    (as_jsonl, ".jsonl"),
    (as_plain_jsonl, ".jsonl"),
    (as_parquet, ".parquet"),
]


def options(path):
    source = {"kind": "files", "train": str(path), "text": "body", "label": "topic"}
    return {"source": source, "classes": ["bus", "rail"], "cleaning": {"style": "none"}, "max_length": 9}


@settings(max_examples=300, deadline=None)
@given(TABLES, st.sampled_from(WRITERS))
def test_a_written_table_is_read_back_or_refused(rows, writer):
    write, suffix = writer
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"mails{suffix}"
        try:
            write(rows, path)
        except (UnicodeEncodeError, csv.Error, pa.ArrowException):
            return  # half a character, which only JSON can write
        try:
            frame = read(options(path)).frames["train"]
        except DataError as error:
            assert error.remedy
            texts = [body for body, _ in rows]
            reasons = [not text.strip() or "\0" in text or not text.isprintable() for text in texts]
            assert any(reasons) or write is as_tsv
            return
        if write is as_tsv and any(set("\t\r\n") & set(body) for body, _ in rows):
            return  # a tsv file cannot say where such a text ends
        assert frame["text"].tolist() == [body for body, _ in rows]
        assert frame["label"].tolist() == [["bus", "rail"].index(topic) for _, topic in rows]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80), st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz", ".json", ".txt"]))
def test_any_bytes_behind_a_header_are_read_or_refused(tail, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"mails{suffix}"
        separator = "\t" if suffix == ".tsv" else ","
        path.write_bytes(f"body{separator}topic\nso{separator}bus\n".encode() + tail)
        try:
            prepare(options(path), "mails", 1)
        except DataError as error:
            assert error.remedy
