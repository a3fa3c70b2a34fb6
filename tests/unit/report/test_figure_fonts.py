"""Words of other scripts: drawn where a font of the system has them, else said to be missing, never in silence."""

import logging
import warnings
from itertools import pairwise

import pandas as pd
import pytest
from figure_examples import CLASSES, frames, measured, pair, words_of

from flat.report.figures import figure_3, figure_6, fonts, style, word_canvas
from flat.report.figures import files as figures
from flat.report.figures.style import paper_style
from flat.report.figures.word_canvas import Word

HINDI, CHINESE, ARABIC, HEBREW = (
    "मौसम आज सुहावना है और हवा",
    "今天 天气 不错 风 很 小",
    "الطقس جميل اليوم و الهواء نقي",
    "מזג האוויר נעים היום ויש רוח",
)
GREEK = "ο καιρός είναι καλός σήμερα εδώ"
needs = {
    script: pytest.mark.skipif(len(fonts.families([text])) == 1, reason=f"no font of this machine has {script} letters")
    for script, text in (("Devanagari", HINDI), ("CJK", CHINESE))
}


def drawn(text, title="base", classes=CLASSES):
    """Figure 3 of one pair whose first word is replaced by its last."""
    words = text.split(" ")
    swapped = " ".join([words[-1], *words[1:]])
    scores = list(range(1, len(words) + 1))
    attributions, ledger = frames(pair("a", 1, text, swapped, "succeeded", scores, scores))
    return figure_3.draw({"base": attributions}, {"base": ledger}, classes=classes, strategies={"base": title})


def notes_on_fonts(drawing):
    return [note for note in drawing.notes if note.startswith("Drawn as")]


@pytest.fixture
def bare(monkeypatch):
    """A machine that has matplotlib's own fonts alone."""
    monkeypatch.setattr(fonts, "_installed", lambda region: ())


@pytest.fixture(autouse=True)
def warned():
    """matplotlib warns of a glyph that it lacks: here that would be a fault."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("text", [GREEK, ARABIC, HEBREW, "plain words of a film review"])
def test_what_dejavu_has_needs_no_other_font(text, bare, tmp_path):
    assert fonts.families([text]) == [fonts.MAIN]
    drawing = drawn(text)
    style.write(drawing, tmp_path)
    assert not notes_on_fonts(drawing)
    assert all(word in words_of(drawing.figure) for word in text.split(" "))


@pytest.mark.parametrize(
    ("text", "script", "package"),
    [
        (HINDI, "Devanagari", "fonts-noto-core"),
        (CHINESE, "CJK", "fonts-noto-cjk"),
        ("so 🎬 it was a film 🎬 then", "emoji and symbols", "fonts-symbola"),
    ],
)
def test_without_a_font_note_and_log_name_words_script_and_remedy(
    text, script, package, bare, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr(logging.getLogger("flat"), "propagate", True)  # a job of another test turns it off
    with caplog.at_level(logging.WARNING, logger="flat"):
        drawing = drawn(text)
    style.write(drawing, tmp_path)
    (note,) = notes_on_fonts(drawing)
    assert script in note and f"apt install {package})" in note
    assert f"“{next(word for word in text.split(' ') if not word.isascii())}”" in note
    assert note in caplog.text
    assert note in figures.read(tmp_path, 3).notes  # hence in the report
    assert fonts.BOX in words_of(drawing.figure)
    assert set(drawing.frame["word"]) == set(text.split(" "))  # the csv keeps them


@pytest.mark.parametrize(
    "text", [pytest.param(HINDI, marks=needs["Devanagari"]), pytest.param(CHINESE, marks=needs["CJK"])]
)
def test_with_a_font_the_words_are_drawn(text, tmp_path):
    drawing = drawn(text)
    paths = style.write(drawing, tmp_path)
    assert not notes_on_fonts(drawing) and fonts.BOX not in words_of(drawing.figure)
    assert b"/Type3" not in paths["pdf"].read_bytes()
    again = style.write(drawn(text), tmp_path / "again")
    assert all(paths[kind].read_bytes() == again[kind].read_bytes() for kind in paths)


def test_titles_and_class_names_count_as_words(bare):
    (note,) = notes_on_fonts(drawn("a plain text of six words", title="पहला", classes=["खराब", "अच्छा"]))
    assert "पहला" in note and "अच्छा" in note
    rows = [measured("base", 0.5, train_attack="none")]
    titles = {"models": {"LSTM": "模型"}, "datasets": {"sst2": "电影"}, "strategies": {"base": "基础"}}
    (note,) = notes_on_fonts(figure_6.draw(pd.DataFrame(rows), **titles))
    assert all(title in note for title in ("模型", "电影", "基础"))
    (note,) = notes_on_fonts(style.not_run(3, "数据 has nothing"))
    assert "数据" in note


@pytest.mark.parametrize(
    ("character", "script"),
    [
        ("य", "Devanagari"),
        ("।", "Devanagari"),
        ("，", "CJK"),
        ("、", "CJK"),
        ("漢", "CJK"),
        ("カ", "Katakana"),
        ("한", "Hangul"),
        ("ไ", "Thai"),
        ("🎬", "emoji and symbols"),
        ("\U0001f3fd", "emoji and symbols"),
    ],
)
def test_punctuation_belongs_to_its_script(character, script):
    assert fonts.script_of(character) == script


def test_a_character_that_no_script_has_is_named_too(bare):
    (note,) = notes_on_fonts(drawn("a private \ue123 character in a text"))
    assert "characters without a name" in note and "apt" not in note


def test_a_word_that_a_font_lacks_in_bold_alone_is_found():
    regular, bold = (fonts._face(fonts.MAIN, weight).get_charmap() for weight in fonts.WEIGHTS)
    lacking = chr(min(set(regular) - set(bold)))  # matplotlib's DejaVu Sans has a hundred and more of them
    with paper_style():
        assert fonts.drawable(lacking) == lacking
        assert fonts.drawable(lacking, bold=True) == fonts.BOX


def test_joiners_stay_in_their_words_and_draw_nothing():
    assert word_canvas.visible("می‌خواهم") == "می‌خواهم"
    assert word_canvas.visible("a\u202eb\u2028c") == "a�b�c"  # what would turn or break the line does not
    with paper_style():
        assert fonts.drawable("❤\ufe0f") in ("❤", "❤\ufe0f")


def test_texts_written_from_right_to_left_run_from_the_right_edge():
    words = [Word(word) for word in HEBREW.split(" ")]
    with paper_style([HEBREW]):
        placed = word_canvas.wrap(words, 1.2)
    assert placed[0].x_in + placed[0].width_in == pytest.approx(1.2)
    assert all(item.x_in >= -1e-9 for item in placed)
    lines = [[item for item in placed if item.line == line] for line in {item.line for item in placed}]
    assert len(lines) > 1 and all(a.x_in > b.x_in for line in lines for a, b in pairwise(line))
    left = word_canvas.wrap([Word("mostly"), Word("latin"), Word("רוח")], 3)
    assert left[0].x_in == 0


def test_a_matplotlib_that_cannot_shape_is_named(monkeypatch):
    monkeypatch.setattr(fonts, "SHAPED_FROM", (99, 0))
    (note,) = [note for note in drawn(ARABIC).notes if note.startswith("Drawn letter by letter")]
    assert "Arabic" in note and "99.0 or later" in note
    assert not [note for note in drawn(GREEK).notes if note.startswith("Drawn letter by letter")]


def test_fonts_installed_after_matplotlib_s_first_run_are_found(monkeypatch, tmp_path):
    from shutil import copy

    from matplotlib.font_manager import findfont, fontManager

    copy(findfont("STIXGeneral"), tmp_path / "new.ttf")
    (tmp_path / "broken.ttf").write_bytes(b"not a font")
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(tmp_path / "new.ttf"), str(tmp_path / "broken.ttf")])
    monkeypatch.setattr(fontManager, "ttflist", list(fontManager.ttflist))
    fonts._installed.__wrapped__("SC")
    assert str(tmp_path / "new.ttf") in {entry.fname for entry in fontManager.ttflist}
    assert str(tmp_path / "broken.ttf") not in {entry.fname for entry in fontManager.ttflist}
