"""The columns that a file has, and which of them are texts and labels."""

import gzip

import pytest

from flat.data.columns import describe, find
from flat.data.reading.headers import columns_of
from flat.data.survey import survey
from flat.errors import DataError

TEXTS = [f"a text of some words , number {n}" for n in range(12)]
KINDS = ["x", "y"] * 6


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("a.csv", '\n"a, b",c\n1,2\n', ["a, b", "c"]),
        ("a.csv", "v1,v2,,,\r\nx,y,,,\r\n", ["v1", "v2"]),  # as spreadsheets leave them
        ("a.csv", "a,b,a,c\n1,2,3,4\n", ["b", "c"]),  # of two columns of one name none can be asked for
        ("a.tsv", 'a\t"b"\n1\t2\n', ["a", '"b"']),
        ("a.jsonl", '{"a": 1, "b": 2, "c": 3}\n\n{"c": 1, "a": 2}\n', ["a", "c"]),
    ],
)
def test_columns_that_can_be_asked_for(tmp_path, name, content, columns):
    (tmp_path / name).write_text(content)
    assert columns_of(tmp_path / name) == columns


def test_a_packed_file(tmp_path):
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write("a,b\n1,2\n")
    assert columns_of(tmp_path / "a.csv.gz") == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "", "it has no column"),
        ("a.csv", "a\n1\n", "its columns are 'a'"),
        ("a.csv", "a\tb\n1\t2\n", "separated by tabs, not by commas\n  remedy: name the file .tsv"),
        ("a.tsv", "a,b\n1,2\n", "separated by commas, not by tabs"),
        ("a.jsonl", "[1]\n", "line 1: not an object"),
        ("a.jsonl", "{\n", "line 1: not JSON"),
        ("a.parquet", "no", "not a readable parquet file"),
        ("a.xlsx", "no", "files of kind '.xlsx' are not read"),
    ],
)
def test_what_has_no_columns_is_refused(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=said):
        columns_of(tmp_path / name)


def test_columns_are_found_by_what_they_hold():
    columns = {"id": [str(n) for n in range(12)], "said": TEXTS, "kind": KINDS, "year": [2026] * 12}
    assert find(columns, [], None, "a.csv") == (["said"], "kind")
    assert find(columns, ["id", "said"], "year", "a.csv") == (["id", "said"], "year")
    with pytest.raises(DataError, match="cannot be both"):
        find(columns, ["said"], "said", "a.csv")
    with pytest.raises(DataError, match="no column looks like the text"):
        find({"kind": KINDS, "year": KINDS}, [], "kind", "a.csv")


def test_a_description_is_short_and_shows_no_more_than_a_line():
    (line,) = describe({"said": ["one\ntwo " * 30, None, ""]}).splitlines()
    assert line.startswith("      said: 1 different values, such as 'one two one") and len(line) < 100
    assert describe({"none": [None, ""]}) == "      none: empty"


def test_labels_that_are_numbers_are_ordered_by_size(tmp_path):
    rows = [f"{text},{number % 12}" for number, text in enumerate(f"{t} {n}" for n in range(3) for t in TEXTS)]
    (tmp_path / "a.csv").write_text("text,label\n" + "\n".join(row.replace(" , ", " ") for row in rows))
    found = survey({"train": tmp_path / "a.csv"})
    assert list(found.classes) == [str(number) for number in range(12)]
    assert found.length(0.5) == found.lengths[-1] == 8
