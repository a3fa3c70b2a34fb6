"""Bad data files: each is refused fast, by a message that names the place, what was found and what to do."""

import pandas as pd
import pytest

from flat.data.prepare import prepare
from flat.errors import DataError

HEADER = "id,text,label\n"
GOOD = "".join(f'{i},"text number {i} of the file",{"good" if i % 2 else "bad"}\n' for i in range(1, 21))


def options(path, **source):
    return {
        "source": {"kind": "files", "train": str(path), "text": "text", "label": "label"} | source,
        "classes": ["bad", "good"],
        "splits": {"dev": 4, "test": 4},
        "max_length": 50,
    }


def refusal(wanted):
    with pytest.raises(DataError) as caught:
        prepare(wanted, "mine", 1)
    assert caught.value.remedy
    return str(caught.value)


BAD_ROWS = {
    "empty text": ('21,"  ",good\n', ["row 21", "'text' is empty", "remove the row"]),
    "missing label": ('21,"fine",\n', ["row 21", "'label' is empty"]),
    "nothing left after cleaning": ('21,"...",good\n', ["row 21", "nothing is left", "'sst'", "cleaning.style"]),
    "label outside the classes": ('21,"fine",excellent\n', ["row 21", "'excellent'", "bad, good", "source.labels"]),
    "number outside the classes": ('21,"fine",2\n', ["row 21", "'2'", "0 to 1"]),
    "hidden label": ('21,"fine",-1\n22,"fine too",-1\n', ["rows 21, 22", "-1", "hidden", "GLUE"]),
    "a field too many": ('21,"fine",good,extra\n', ["line 22", "fields"]),
    "an open quotation mark": ('21,"fine,good\n', ["row 21", "quote"]),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows_of_a_csv_file(tmp_path, case):
    row, said = BAD_ROWS[case]
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD + row)
    message = refusal(options(path))
    for part in ["mine.csv", *said]:
        assert part in message


def test_many_bad_rows_are_counted_not_listed(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD.replace("good\n", "great\n"))
    assert "rows 1, 3, 5 and 7 more" in refusal(options(path))


BAD_FILES = {
    "no rows": ("mine.csv", HEADER.encode(), "no rows"),
    "no bytes": ("mine.csv", b"", "not a readable .csv table"),
    "latin-1": ("mine.csv", (HEADER + GOOD + "21,caf\u00e9,good\n").encode("latin-1"), "not UTF-8"),
    "a missing column": ("mine.csv", b"id,sentence,label\n1,a,good\n", "no column 'text'; there are 'id', 'sentence'"),
    "another kind of file": ("mine.xlsx", b"PK", ".csv, .tsv, .jsonl, .parquet"),
    "not parquet": ("mine.parquet", b"id,text,label", "not a readable parquet file"),
    "broken json": ("mine.jsonl", b'{"text": "a", "label": "good"}\n{"text": \n', "mine.jsonl, line 2"),
    "json of another shape": ("mine.jsonl", b'["a", "good"]\n', "not an object"),
    "a json line without label": (
        "mine.jsonl",
        b'{"text": "a", "label": "good"}\n{"text": "b"}\n',
        "line 2: no column",
    ),
    "json null": ("mine.jsonl", b'{"text": null, "label": "good"}\n', "'text' is empty"),
    "latin-1 json": ("mine.jsonl", '{"text": "caf\u00e9", "label": "good"}\n'.encode("latin-1"), "not UTF-8"),
    "a ragged tsv": ("mine.tsv", b"text\tlabel\na\tgood\nb\tgood\tbad\n", "not a readable .tsv table"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files(tmp_path, case):
    name, content, said = BAD_FILES[case]
    (tmp_path / name).write_bytes(content)
    message = refusal(options(tmp_path / name))
    assert name in message
    assert said in message


def test_an_absent_file_is_named_before_anything_is_read(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("not even a table")
    message = refusal(options(path, test=str(tmp_path / "absent.csv")))
    assert "absent.csv: no such file" in message


def test_parquet_with_missing_values(tmp_path):
    path = tmp_path / "mine.parquet"
    pd.DataFrame({"text": ["a", "b", "c"], "label": [1.0, float("nan"), 0.0]}).to_parquet(path)
    assert "row 2" in refusal(options(path))


def test_repeated_ids(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD + "7,another text,good\n")
    message = refusal(options(path, id="id"))
    assert "rows 7 and 21" in message
    assert "id '7'" in message


def test_a_label_map_with_a_strange_class(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD)
    assert "fine is not among the classes" in refusal(options(path, labels={"good": "fine", "bad": "bad"}))


def test_a_label_that_the_map_lacks(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD)
    message = refusal(options(path, labels={"good": "good"}))
    assert "'bad' is outside the classes" in message
    assert "allowed: good" in message


def test_classes_named_by_numbers_are_names_not_positions(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD.replace("good", "2").replace("bad", "0"))
    message = refusal(options(path) | {"classes": ["1", "2"]})
    assert "'0' is outside the classes" in message
    assert "allowed: 1, 2;" in message


def test_train_texts_in_the_test_split(tmp_path):
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text(HEADER + GOOD)
    rows = [f'{i},"another text, number {i}",{"good" if i % 2 else "bad"}\n' for i in range(49)]
    test.write_text(HEADER + "".join(rows) + "50,Text NUMBER 3 -- of the file!,good\n")
    given = options(train, test=str(test)) | {"splits": {"dev": 4}, "cleaning": {"lower": False}}
    message = refusal(given | {"max_overlap": 0.01})
    assert "2.0% of the 50 test texts also stand in train; at most 1.0% are allowed" in message
    warned = prepare(given | {"max_overlap": 0.02}, "mine", 1).summary
    assert warned["overlap_with_train"] == {"test": 0.02, "dev": 0}
    assert warned["warnings"] == ["2.0% of the 50 test texts also stand in train (at most 2.0% are allowed)"]


def test_a_class_without_examples(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD)
    message = refusal(options(path) | {"classes": ["bad", "good", "mixed"]})
    assert "data set mine, train" in message
    assert "no example of class mixed" in message


def test_a_split_larger_than_the_file(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD)
    message = refusal(options(path) | {"splits": {"train": 100, "dev": 4, "test": 4}})
    assert "splits.train" in message
    assert "100 examples are asked for, train after carving has 12" in message


def test_repeated_texts_where_the_study_refuses_them(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + GOOD + "21,Text number 7 of the file,good\n")
    message = refusal(options(path) | {"duplicates": "refuse"})
    assert "row 21" in message
    assert "duplicates: drop" in message
