"""A text of somebody else's stays a text: in a spreadsheet, in a Markdown table, on a terminal."""

import csv
import io
import logging

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from flat.errors import FlatError, visible
from flat.files import foreign
from flat.files.artefacts import write_csv
from flat.jobs.script import Visible
from flat.report.tables.render import _markdown
from flat.report.tex import tex

FORMULAS = ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "-", "--", "-0.3.1", "-1e", "+a", "＝1"]
PLAIN = [
    "-0.3",
    "+2",
    "-1e-05",
    "-.5",
    "1=2",
    "a-b",
    "",
    "'",
    "−0.3",
    "–",
    "not run",
    "nan",
    "[1, 2]",
    -0.3,
    5,
    None,
    True,
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_a_text(text, tmp_path):
    assert foreign.cell(text) == f"'{text}"
    write_csv(tmp_path / "t.csv", [{"word": text, "phi": -0.3}])
    with (tmp_path / "t.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [{"word": f"'{text}", "phi": "-0.3"}]


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_numbers_and_other_texts_stay(value):
    assert foreign.cell(value) is value


def test_a_sign_that_ends_a_row_is_written_out(tmp_path):
    write_csv(tmp_path / "t.csv", [{"word": "a\r=1\x1b", "n": 1}])
    assert (tmp_path / "t.csv").read_bytes() == b"word,n\na\\r=1\\x1b,1\n"


def test_a_frame_keeps_what_is_no_formula():
    frame = pd.DataFrame({"word": ["=1", "so"], "other": [None, 1], "phi": [-0.3, 2.0], "n": [-1, 2], "": ["a", "b"]})
    made = foreign.frame(frame)
    assert made["word"].tolist() == ["'=1", "so"] and frame["word"].tolist() == ["=1", "so"]
    pd.testing.assert_frame_equal(made.drop(columns="word"), frame.drop(columns="word"))
    assert foreign.frame(frame.drop(columns="word")).to_csv() == frame.drop(columns="word").to_csv()
    category = pd.DataFrame({"word": pd.Categorical(["@a", "b", None])})
    assert list(csv.reader(io.StringIO(foreign.frame(category).to_csv(index=False)))) == [
        ["word"],
        ["'@a"],
        ["b"],
        [""],
    ]


NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- so",
    "</table>",
    "<?php",
    "<javascript:alert(1)>",
    "[x](javascript:alert(1))",
    "[x]: javascript:alert(1)",
    "![x](http://example.org/p.png)",
    "\\](x) [y\\](javascript:alert(1))",
    "[x][x] [x]",
    "&lt;img&gt; &#60;b&#62; &amp;",
    "a|b \\| c",
    "\x1b[2J\x07 \x9b31m \u202eso",
    "p < 0.05, R&D, [80.1, 82.3] (84.0)",
]


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_a_cell_and_a_note_show_the_text_and_nothing_else(text):
    """As a renderer reads it that passes HTML and every address."""
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    reader.validateLink = lambda address: True
    rows = f"| a | b |\n| --- | ---: |\n| {_markdown(text)} | 1 |"
    for page in (rows, f"- {_markdown(text)}", f"# {_markdown(text)}", _markdown(text)):
        tokens = reader.parse(page)
        inner = [token for token in tokens if token.type == "inline"]
        shown = ["".join(child.content for child in token.children) for token in inner]
        assert visible(text) in shown, page
        kinds = {token.type for token in tokens} | {child.type for token in inner for child in token.children}
        assert not [kind for kind in kinds if "html" in kind or "link" in kind or "image" in kind]
        assert [token.type for token in tokens].count("td_open") == (2 if page is rows else 0)


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x08", "\x1b", "\r", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066"])
def test_no_sign_reaches_a_terminal(sign):
    text = f"a{sign}b"
    record = logging.LogRecord("flat", logging.INFO, "", 0, "word %s\nnext\tline", (text,), None)
    for told in (str(FlatError(text, text, "so")), Visible("%(message)s").format(record), _markdown(text), tex(text)):
        assert sign not in told
    shown = ascii(sign)[1:-1]
    assert Visible("%(message)s").format(record) == f"word a{shown}b\nnext\tline"
    assert str(FlatError(text, "é", "ü")) == f"a{shown}b: é\n  remedy: ü"
    assert FlatError(text, "é", "ü").where == text
