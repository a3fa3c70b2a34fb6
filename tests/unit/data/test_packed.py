"""Packed files are read as they are; other kinds are refused with a step that makes a readable file of them."""

import bz2
import gzip
import json
import lzma
import re
import subprocess

import pyarrow as pa
import pyarrow.feather
import pytest

from flat.data.reading.readers import read_columns
from flat.errors import DataError

PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
CONTENTS = {
    ".csv": 'body,topic\n"so, late",rail\nà pied,bus\n',
    ".tsv": "body\ttopic\nso, late\trail\nà pied\tbus\n",
    ".jsonl": '{"body": "so, late", "topic": "rail"}\n{"body": "à pied", "topic": "bus"}\n',
}
TABLE = {"body": ["so, late", "à pied"], "topic": ["rail", "bus"]}


def refusal(path):
    with pytest.raises(DataError) as caught:
        read_columns(path, ["body", "topic"])
    return caught.value


def followed(remedy):
    """Run the command of a remedy; the file it makes."""
    command = re.fullmatch(r"convert it: (.+?); and name ([^;]+?)( in the study.*)?", remedy, re.DOTALL)
    subprocess.run(command[1], shell=True, check=True, timeout=600)
    return command[2]


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("kind", CONTENTS)
def test_packed_files_are_read(tmp_path, kind, packing):
    path = tmp_path / f"Mails{kind.upper()}{packing}"
    path.write_bytes(PACK[packing](CONTENTS[kind].encode()))
    assert read_columns(path, ["body", "topic"]).columns == TABLE


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("damage", ["cut", "flipped", "not packed"])
def test_a_damaged_packed_file_is_refused_by_name(tmp_path, packing, damage):
    rows = "".join(f"text number {i * 7919 % 1000},bus\n" for i in range(500))
    whole = bytearray(PACK[packing](("body,topic\n" + rows).encode()))
    if damage == "cut":
        whole = whole[: len(whole) // 2]
    elif damage == "flipped":
        whole[len(whole) // 2] ^= 0x55
    else:
        whole = bytearray(rows.encode())
    path = tmp_path / f"mails.csv{packing}"
    path.write_bytes(whole)
    assert re.search(rf"mails\.csv\{packing}: its \{packing} packing is cut or damaged", str(refusal(path)))


def test_a_packed_file_in_another_encoding_is_unpacked_by_the_remedy(tmp_path):
    path = tmp_path / "mails.csv.gz"
    path.write_bytes(gzip.compress("body,topic\nthe driver’s “short cut”,bus\n".encode("cp1252")))
    assert read_columns(followed(refusal(path).remedy), ["body"]).columns["body"] == ["the driver’s “short cut”"]


def test_a_file_that_is_packed_without_saying_so_is_named(tmp_path):
    path = tmp_path / "mails.csv"
    path.write_bytes(gzip.compress(CONTENTS[".csv"].encode()))
    assert "gzip" in refusal(path).problem
    assert refusal(path).remedy == "name it mails.csv.gz"
    path.rename(tmp_path / "mails.csv.gz")
    assert read_columns(tmp_path / "mails.csv.gz", ["body", "topic"]).columns == TABLE


ROWS = [{"body": "so, late", "topic": "rail"}, {"body": "à pied", "topic": "bus"}]
JSON = {
    "an array": json.dumps(ROWS, indent=1),
    "an array under a name": json.dumps({"version": "1", "data": ROWS}),
    "columns": json.dumps(TABLE),
    "columns by row number, as pandas writes them": json.dumps({k: dict(enumerate(v)) for k, v in TABLE.items()}),
}


@pytest.mark.parametrize("case", JSON)
def test_the_remedy_for_json_makes_json_lines(tmp_path, case):
    path = tmp_path / "my mails.v2.json"
    path.write_text(JSON[case])
    made = followed(refusal(path).remedy)
    assert read_columns(made, ["body", "topic"]).columns == TABLE


def test_json_lines_called_json_are_to_be_renamed(tmp_path):
    path = tmp_path / "mails.json"
    path.write_text(CONTENTS[".jsonl"])
    assert refusal(path).remedy == f"it holds one object a line: name it {tmp_path / 'mails.jsonl'}"


@pytest.mark.parametrize(("kind", "named"), [(".csv", ".csv"), (".tsv", ".tsv")])
def test_a_table_called_txt_is_to_be_renamed(tmp_path, kind, named):
    path = tmp_path / "mails.txt"
    path.write_text(CONTENTS[kind])
    assert refusal(path).remedy.endswith(f"name it {tmp_path / 'mails'}{named}")


def test_the_remedy_for_feather_makes_parquet(tmp_path):
    path = tmp_path / "mails.feather"
    pyarrow.feather.write_feather(pa.table(TABLE), path)
    assert read_columns(followed(refusal(path).remedy), ["body", "topic"]).columns == TABLE


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("mails.xlsx", "CSV UTF-8"),
        ("mails.pkl", "to_parquet"),
        ("mails.parquet.gz", "unpack it"),
        ("mails.zip", "unzip"),
        ("mails", "convert it to one of .csv, .tsv, .jsonl, .parquet"),
    ],
)
def test_other_kinds_are_refused_with_a_way_out(tmp_path, name, remedy):
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    error = refusal(tmp_path / name)
    assert name in error.where
    assert "are not read" in error.problem
    assert remedy in error.remedy
