"""What stands in a column: texts are strings, labels keep their names, Python's own notation is no text."""

import json
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flat.data.prepare import prepare
from flat.data.sources import read
from flat.errors import DataError


def options(path, **changes):
    source = {"kind": "files", "train": str(path), "text": "body", "label": "topic"}
    source |= {key: changes.pop(key) for key in ("text", "id", "labels") if key in changes}
    return {"source": source, "classes": ["bus", "rail"], "cleaning": {"style": "none"}, "max_length": 20} | changes


def rows(path, **changes):
    frame = read(options(path, **changes)).frames["train"]
    return list(zip(frame["text"], frame["label"], strict=True))


def refusal(path, **changes):
    with pytest.raises(DataError) as caught:
        rows(path, **changes)
    assert caught.value.remedy
    return str(caught.value)


def parquet(tmp_path, body, topic=("rail", "bus"), metadata=None):
    path = tmp_path / "mails.parquet"
    table = pa.table({"body": body, "topic": topic if isinstance(topic, pa.Array) else pa.array(topic)})
    pq.write_table(table.replace_schema_metadata(metadata) if metadata else table, path)
    return path


def jsonl(tmp_path, *records):
    path = tmp_path / "mails.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


TEXTS = ["so late", "naïve 🚆"]
READ = {
    "string": pa.array(TEXTS),
    "large_string": pa.array(TEXTS, pa.large_string()),
    "string_view": pa.array(TEXTS, pa.string_view()),
    "dictionary": pa.array(TEXTS).dictionary_encode(),
    "binary": pa.array([text.encode() for text in TEXTS]),
    "large_binary": pa.array([text.encode() for text in TEXTS], pa.large_binary()),
    "dictionary of binary": pa.array([text.encode() for text in TEXTS]).dictionary_encode(),
}


@pytest.mark.parametrize("case", READ)
def test_every_way_in_which_parquet_keeps_texts_is_read(tmp_path, case):
    assert rows(parquet(tmp_path, READ[case])) == [("so late", 1), ("naïve 🚆", 0)]


OTHERS = {
    "lists of words": (pa.array([["so", "late"], ["full"]]), "rows 1, 2", "holds a list, not a text: ['so', 'late']"),
    "objects": (pa.array([{"en": "so"}, None]), "row 1", "holds an object, not a text"),
    "numbers": (pa.array([None, 7]), "row 2", "holds a number, not a text: 7"),
    "truth values": (pa.array([True, False]), "rows 1, 2", "true or false"),
    "dates": (pa.array([1, 2], pa.date32()), "rows 1, 2", "holds date, not a text"),
    "bytes in another encoding": (pa.array([b"so", "né".encode("latin-1")]), "row 2", "not UTF-8"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_is_no_text_in_parquet_is_refused_by_row(tmp_path, case):
    body, where, said = OTHERS[case]
    message = refusal(parquet(tmp_path, body))
    assert f"mails.parquet, {where}: column 'body'" in message
    assert said in message


def test_a_string_column_with_damaged_bytes_is_refused_by_row(tmp_path):
    offsets = pa.array([0, 2, 4], pa.int32()).buffers()[1]
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"ok\xff\xfe")])
    assert "mails.parquet, row 2: column 'body' is not UTF-8" in refusal(parquet(tmp_path, broken))


@pytest.mark.parametrize("value", [5, 1.5, True, ["so", "late"], {"en": "so"}])
def test_what_is_no_text_in_json_lines_is_refused_by_row(tmp_path, value):
    path = jsonl(tmp_path, {"body": "fine", "topic": "bus"}, {"body": value, "topic": "rail"})
    assert "mails.jsonl, row 2: column 'body' holds" in refusal(path)


def test_each_of_several_text_columns_is_checked(tmp_path):
    path = jsonl(tmp_path, {"head": "Late", "body": ["so", "late"], "topic": "bus"})
    assert "row 1: column 'body' holds a list" in refusal(path, text=["head", "body"])


@pytest.mark.parametrize("place", ["body", "topic", "key"])
def test_half_a_character_is_refused_by_row_wherever_it_stands(tmp_path, place):
    record = {"body": "fine", "topic": "bus", "key": "a"}
    path = jsonl(tmp_path, record, record | {"key": "b", place: "tram \udd8e"})
    message = refusal(path, id="key")
    assert f"row 2: column '{place}' holds half of a character" in message
    assert "\\udd8e" in message
    assert (
        "\ud83d \ude8e".encode("utf-16", "surrogatepass").decode("utf-16", "replace") == "\ufffd \ufffd"
    )  # the remedy


def test_whole_characters_written_as_two_escapes_are_read(tmp_path):
    assert rows(jsonl(tmp_path, {"body": "tram 🚎", "topic": "bus"})) == [("tram 🚎", 0)]


@pytest.mark.parametrize("label", [["bus"], {"a": 1}])
def test_a_label_that_is_no_single_value_is_refused(tmp_path, label):
    assert "row 1: column 'topic' holds a" in refusal(jsonl(tmp_path, {"body": "x", "topic": label}))


@pytest.mark.parametrize("key", [1.0, None, True, [1]])
def test_an_id_is_a_string_or_a_whole_number(tmp_path, key):
    message = refusal(jsonl(tmp_path, {"body": "x", "topic": "bus", "key": key}), id="key")
    assert "row 1: column 'key'" in message


LABELS = {
    "floats that are names": ([1.0, 0.0], ["1.0", "0.0"], None, [0, 1]),
    "floats that are names, the other way": ([1.0, 0.0], ["0.0", "1.0"], None, [1, 0]),
    "floats that are whole names": ([2.0, 5.0], ["5", "2"], None, [1, 0]),
    "floats that are positions": ([1.0, 0.0], ["bus", "rail"], None, [1, 0]),
    "floats that are mapped": ([1.0, 0.0], ["bus", "rail"], {"1.0": "bus", "0.0": "rail"}, [0, 1]),
    "floats that are mapped as whole numbers": ([1.0, 0.0], ["bus", "rail"], {"1": "bus", "0": "rail"}, [0, 1]),
    "truth values that are names": ([True, False], ["true", "false"], None, [0, 1]),
    "truth values that are mapped": ([True, False], ["bus", "rail"], {"True": "rail", "False": "bus"}, [1, 0]),
    "decimals": ([Decimal(1), Decimal(0)], ["bus", "rail"], None, [1, 0]),
    "accents written apart": (["cafe\u0301", "rail"], ["caf\u00e9", "rail"], None, [0, 1]),
    "nullable numbers": (pd.array([1, 0], dtype="Int64"), ["bus", "rail"], None, [1, 0]),
    "categories": (pa.array(["rail", "bus"]).dictionary_encode(), ["bus", "rail"], None, [1, 0]),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_keep_their_names(tmp_path, case):
    topic, classes, labels, numbers = LABELS[case]
    found = rows(parquet(tmp_path, ["a", "b"], topic), classes=classes, labels=labels)
    assert [label for _, label in found] == numbers


def test_truth_values_without_a_mapping_are_refused(tmp_path):
    assert "label 'true', 'false' is outside the classes" in refusal(parquet(tmp_path, ["a", "b"], [True, False]))


def hub_file(tmp_path, names, body=("a", "b")):
    kinds = {"body": {"dtype": "string", "_type": "Value"}, "topic": {"names": names, "_type": "ClassLabel"}}
    return parquet(
        tmp_path,
        list(body),
        [i % 2 for i in range(len(body))],
        {"huggingface": json.dumps({"info": {"features": kinds}})},
    )


@pytest.mark.parametrize("names", [["Rail", "Bus"], ["rail transport", "bus transport"]])
def test_a_file_that_numbers_its_classes_otherwise_is_refused(tmp_path, names):
    path = hub_file(tmp_path, names)
    message = refusal(path)
    assert f"numbers its classes 0 {names[0]}, 1 {names[1]}; the study reads them as bus, rail" in message
    assert 'source.labels: {"0": rail, "1": bus}' in message
    assert rows(path, labels={"0": "rail", "1": "bus"}) == [("a", 1), ("b", 0)]  # the remedy, to the letter
    assert rows(path, classes=["rail", "bus"]) == [("a", 0), ("b", 1)]  # and the other one


@pytest.mark.parametrize("names", [["bus", "rail"], ["BUS", "Rail"], ["bus-lines", "rail-lines"], ["0", "1"]])
def test_a_file_that_numbers_its_classes_likewise_is_read_in_silence(tmp_path, names):
    assert read(options(hub_file(tmp_path, names))).warnings == []


def test_class_names_that_cannot_be_compared_warn_in_the_summary(tmp_path):
    path = hub_file(tmp_path, ["x", "y"], [f"text {i}" for i in range(30)])
    summary = prepare(options(path, splits={"dev": 4, "test": 4}), "mails", 1).summary
    assert "the file numbers its classes 0 x, 1 y; the study reads them as bus, rail" in summary["warnings"][0]


def test_two_parquet_columns_of_one_name_are_named(tmp_path):
    arrays = [pa.array(["a"]), pa.array(["b"]), pa.array(["bus"])]
    path = tmp_path / "mails.parquet"
    pq.write_table(pa.Table.from_arrays(arrays, names=["body", "body", "topic"]), path)
    assert "2 columns are named 'body'" in refusal(path)


def test_a_name_twice_in_one_json_line_is_refused(tmp_path):
    path = tmp_path / "mails.jsonl"
    path.write_text('{"body": "a", "topic": "bus"}\n{"body": "a", "body": "b", "topic": "bus"}\n')
    assert "mails.jsonl, line 2: the name 'body' stands twice" in refusal(path)


@pytest.mark.parametrize("line", ["[" * 100_000, '{"body": "a", "topic": ' + "1" * 5000 + "}"])
def test_json_that_python_cannot_hold_is_refused_by_line(tmp_path, line):
    path = tmp_path / "mails.jsonl"
    path.write_text('{"body": "a", "topic": "bus"}\n' + line + "\n")
    assert "mails.jsonl, line 2: not JSON" in refusal(path)


def test_a_folder_called_like_a_column_changes_nothing(tmp_path):
    folder = tmp_path / "topic=rail"
    folder.mkdir()
    assert rows(parquet(folder, ["a", "b"])) == [("a", 1), ("b", 0)]
