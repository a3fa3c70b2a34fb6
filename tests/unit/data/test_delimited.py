"""csv and tsv files as people write them: read as they mean, or refused with row and line."""

import pytest

from flat.data.reading.readers import read_columns
from flat.errors import DataError


def columns(path, *names):
    return read_columns(path, names or ("body", "topic")).columns


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path, *names):
    with pytest.raises(DataError) as caught:
        columns(path, *names)
    assert caught.value.remedy
    return str(caught.value)


READ = {
    "carriage returns": "body,topic\rthe train was late,rail\rno seat,rail\r",
    "both line ends": "body,topic\r\nthe train was late,rail\r\nno seat,rail\r\n",
    "doubled carriage returns": "body,topic\r\r\nthe train was late,rail\r\r\nno seat,rail\r\r\n",
    "a byte order mark": "\ufeffbody,topic\nthe train was late,rail\nno seat,rail\n",
    "no last line end": "body,topic\nthe train was late,rail\nno seat,rail",
    "blank lines": "\n  \nbody,topic\n\nthe train was late,rail\n   \nno seat,rail\n\n",
    "quotes": '"body",topic\n"the train was late","rail"\n"no seat",rail\n',
    "other columns twice": "n,body,n,topic\n1,the train was late,2,rail\n3,no seat,4,rail\n",
}


@pytest.mark.parametrize("case", READ)
def test_a_csv_file_is_read_whatever_its_line_ends(tmp_path, case):
    found = columns(written(tmp_path, "mails.csv", READ[case]))
    assert found == {"body": ["the train was late", "no seat"], "topic": ["rail", "rail"]}


def test_quoted_fields_keep_separators_quotes_and_long_texts(tmp_path):
    long = "so " * 60_000
    path = written(tmp_path, "mails.csv", f'body,topic\n"late, and ""no"" seat",rail\n{long},rail\nsay "hi",rail\n')
    assert columns(path)["body"] == ['late, and "no" seat', long, 'say "hi"']


REFUSED = {
    "a comma in the first row's text": (
        "m.csv",
        "topic,body\nrail,late, no seat\nbus,fine\n",
        ["row 1 (line 2)", "3 f"],
    ),
    "more fields in each row": ("m.csv", "body,topic\n1,late,rail\n2,no seat,rail\n", ["row 1 (line 2)", "3 fields"]),
    "a last row that was cut": ("m.csv", "body,topic\nlate,rail\nno se", ["row 2 (line 3)", "1 field where"]),
    "fewer, after blank lines": ("m.csv", "n,body,topic\n\n1,late,rail\n\n2,full\n", ["row 2 (line 5)", "2 fields"]),
    "a tab in a tsv text": ("m.tsv", "body\ttopic\nlate\tagain\trail\n", ["row 1 (line 2)", "3 fields", "tabs"]),
    "a carriage return in a tsv text": (
        "m.tsv",
        "body\ttopic\nlate\ragain\trail\n",
        ["line 2", "a carriage return stands there alone"],
    ),
    "an unquoted carriage return": ("m.csv", "body,topic\r\n\rlate,rail\r\n", ["line 2", "carriage return", "quote"]),
    "a quote that nothing closes": ("m.csv", 'body,topic\nlate,rail\n"full,bus\nok,bus\n', ["row 2 (lines 3 to 4)"]),
    "a quote closed in a later text": ("m.csv", 'body,topic\n"late,rail\nso" full,bus\n', ["row 1 (lines 2 to 3)"]),
    "quotes escaped by a backslash": ("m.csv", 'body,topic\n"a \\"bad\\" day",bus\n', ["row 1 (line 2)", "twice"]),
    "a wanted name twice": ("m.csv", "body,body,topic\nlate,full,rail\n", ["2 columns", "'body'"]),
    "no header": ("m.csv", "the bus was full again,bus\nlate,rail\n", ["looks like an example", "body,topic"]),
    "no header, short texts": ("m.csv", "late,rail\nfull,bus\n", ["no column 'body', 'topic'", "body,topic"]),
    "no header, a number": ("m.tsv", "late\t1\nfull\t2\n", ["looks like an example", "body<tab>topic"]),
    "bars": ("m.csv", "body|topic\nlate|rail\n", ["separated by a bar, not by a comma"]),
    "semicolons in a .tsv": ("m.tsv", "body;topic\nlate;rail\n", ["separated by a semicolon, not by a tab", ".csv"]),
    "a semicolon too many": ("m.csv", "body;topic\nlate; full;rail\n", ["row 1 (line 2)", '("a; b")']),
    "tabs in a .csv": ("m.csv", "body\ttopic\nlate\trail\n", ["separated by a tab", "name the file .tsv"]),
    "commas in a .tsv": ("m.tsv", "body,topic\nlate,rail\n", ["separated by a comma, not by a tab", ".csv"]),
    "a NUL byte": ("m.csv", "body,topic\nlate,rail\nfu\0ll,bus\n", ["line 3 holds a NUL byte", "tr -d"]),
    "nothing but blank lines": ("m.csv", "\n\n", ["not a readable .csv table", "empty"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_row_that_does_not_fit_is_refused_by_row_and_line(tmp_path, case):
    name, content, said = REFUSED[case]
    message = refusal(written(tmp_path, name, content))
    for part in [name, *said]:
        assert part in message


def test_semicolons_separate_where_the_header_has_no_comma(tmp_path):
    text = '\ufeff\r\nbody;topic\r\n"late; again, ""so""";rail\r\nfull, too;bus\r\n'
    found = read_columns(written(tmp_path, "m.csv", text), ["body", "topic"])
    assert found.columns == {"body": ['late; again, "so"', "full, too"], "topic": ["rail", "bus"]}
    commas = read_columns(written(tmp_path, "n.csv", "body,a;b\nlate; full,rail\n"), ["body"])
    assert commas.columns == {"body": ["late; full"]}


def test_a_line_break_inside_quotes_warns_with_its_rows(tmp_path):
    path = written(tmp_path, "m.csv", 'body,topic\nok,bus\n"late,rail\nfull",bus\nok,bus\n')
    found = read_columns(path, ["body", "topic"])
    assert found.columns["body"] == ["ok", "late,rail\nfull", "ok"]
    assert len(found.warnings) == 1
    assert f"{path}, row 2: a line break" in found.warnings[0]


def test_quotation_marks_around_all_texts_of_a_tsv_file_warn(tmp_path):
    wrapped = read_columns(written(tmp_path, "m.tsv", 'body\ttopic\n"late"\trail\n"full"\tbus\n'), ["body", "topic"])
    assert wrapped.columns["body"] == ['"late"', '"full"']
    assert "rows 1, 2: column 'body' stands between quotation marks" in wrapped.warnings[0]
    some = read_columns(written(tmp_path, "n.tsv", 'body\ttopic\n"late"\trail\nfull\tbus\n'), ["body", "topic"])
    assert some.warnings == []


def test_the_limit_of_fields_is_left_as_it_was(tmp_path):
    import csv

    before = csv.field_size_limit()
    columns(written(tmp_path, "m.csv", "body,topic\nlate,rail\n"))
    assert csv.field_size_limit() == before
