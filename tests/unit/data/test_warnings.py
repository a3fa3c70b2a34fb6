"""What looks wrong but may be meant: warnings with rows. And empty texts, refused or left out."""

import json
import logging

import pytest

from flat.data.prepare import prepare
from flat.errors import DataError


def options(path, **changes):
    source = {"kind": "files", "train": str(path), "text": "body", "label": "topic"}
    source |= {key: changes.pop(key) for key in ("text", "id") if key in changes}
    given = {"source": source, "classes": ["bus", "rail"], "cleaning": {"style": "none", "lower": False}}
    return given | {"max_length": 20, "splits": {"dev": 6, "test": 6}} | changes


def jsonl(tmp_path, texts):
    path = tmp_path / "mails.jsonl"
    path.write_text("".join(json.dumps({"body": text, "topic": i % 2}) + "\n" for i, text in enumerate(texts)))
    return path


def mails(count=40):
    return [f"mail number {i}" for i in range(count)]


def test_a_text_of_another_order_of_length_warns_with_its_row(tmp_path, caplog):
    texts = mails()
    texts[12] = "late again " * 200
    path = jsonl(tmp_path, texts)
    with caplog.at_level(logging.WARNING, "flat.data"):
        warnings = prepare(options(path), "mails", 1).summary["warnings"]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{path}, row 13: more than 100 times as long as the median text (14 characters")
    assert warnings[0] in caplog.text
    assert prepare(options(jsonl(tmp_path, mails())), "mails", 1).summary["warnings"] == []


def test_rows_swallowed_by_a_quotation_mark_warn_in_the_summary(tmp_path):
    lines = [f"{text},{i % 2}" for i, text in enumerate(mails())]
    lines[5], lines[8] = f'"{lines[5]}', 'so he said",1'
    path = tmp_path / "mails.csv"
    path.write_text("\n".join(["body,topic", *lines]) + "\n")
    summary = prepare(options(path), "mails", 1).summary
    assert sum(summary["sizes"].values()) == 37
    assert f"{path}, row 6: a line break stands between quotation marks" in summary["warnings"][0]


def test_words_that_tokenizers_take_for_marks_warn_with_their_rows(tmp_path):
    texts = mails()
    texts[3], texts[4], texts[9] = "fill in the [MASK] here", "<pad> it", "[masked] mask"
    warnings = prepare(options(jsonl(tmp_path, texts)), "mails", 1).summary["warnings"]
    assert [warning.split(": the word ")[0].rpartition(", ")[2] for warning in warnings] == ["row 5", "row 4"]


@pytest.mark.parametrize("blank", ["", "  \n", None])
def test_blank_texts_are_left_out_where_the_study_says_so(tmp_path, blank):
    texts = mails()
    texts[7] = blank
    wanted = options(jsonl(tmp_path, texts))
    with pytest.raises(DataError, match=r"row 8: column 'body' is empty\n.*set empty: drop"):
        prepare(wanted, "mails", 1)
    data = prepare(wanted | {"empty": "drop"}, "mails", 1)
    assert data.summary["dropped"] == {"train: empty texts": 1}
    names = {name for frame in (data.train, data.dev, data.test) for name in frame["example_id"]}
    assert names == {f"train-{i:06d}" for i in range(40) if i != 7}  # the others keep their numbers


def test_texts_that_cleaning_empties_are_left_out_where_the_study_says_so(tmp_path):
    texts = mails()
    texts[2], texts[30] = "👍👍", "<br />"
    wanted = options(jsonl(tmp_path, texts), cleaning={"style": "sst"})
    with pytest.raises(DataError, match=r"rows 3, 31: nothing is left(.|\n)*empty: drop"):
        prepare(wanted, "mails", 1)
    summary = prepare(wanted | {"empty": "drop"}, "mails", 1).summary
    assert summary["dropped"] == {"train: nothing left after cleaning": 2}
    assert sum(summary["sizes"].values()) == 38


def test_rows_after_left_out_ones_are_named_by_their_place_in_the_file(tmp_path):
    path = tmp_path / "mails.jsonl"
    records = [{"body": "a", "topic": 0}, {"body": "", "topic": 1}, {"body": "b", "topic": "tram"}]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    with pytest.raises(DataError, match=r"row 3: label 'tram' is outside the classes"):
        prepare(options(path, empty="drop"), "mails", 1)


def test_a_missing_label_is_refused_also_where_empty_texts_are_dropped(tmp_path):
    path = tmp_path / "mails.csv"
    path.write_text("body,topic\nlate,1\nfull,\n")
    with pytest.raises(DataError, match="row 2: column 'topic' is empty") as caught:
        prepare(options(path, empty="drop"), "mails", 1)
    assert "empty: drop" not in caught.value.remedy
