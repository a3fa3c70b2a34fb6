"""Files in other encodings: the command that the message gives makes the right text of them."""

import re
import shutil
import subprocess

import pytest

from flat.data.reading.encodings import guess
from flat.data.reading.readers import read_columns
from flat.errors import DataError

SAID = {
    "English": [
        "the driver’s “short cut” – twice as long",
        "it cost me £5… never again",
        "fine",
        "a café, naïve but OK",
    ],
    "French": ["le bus était à l'heure, très agréable", "pas de siège, déçu", "où étiez-vous ? Ça suffit"],
    "Polish": ["pociąg się spóźnił o godzinę", "było źle, żadnych miejsc", "świetna podróż, dziękuję"],
    "Turkish": ["otobüs çok geç kaldı", "şoför iyiydi ama yağmur yağıyordu", "güzel bir yolculuktu"],
    "Russian": ["поезд опоздал на час", "мест не было, все стояли", "спасибо за хорошую поездку"],
    "Greek": ["το τρένο άργησε μία ώρα", "δεν υπήρχαν θέσεις", "πολύ καλό ταξίδι, ευχαριστώ"],
    "Hebrew": ["הרכבת איחרה בשעה", "לא היו מקומות ישיבה", "נסיעה טובה מאוד תודה"],
    "Arabic": ["تأخر القطار ساعة كاملة", "لم تكن هناك مقاعد", "رحلة جيدة جدا شكرا"],
    "Japanese": ["電車が一時間も遅れました", "席がありませんでした", "とても良い旅でした"],
    "Chinese": ["火车晚点了一个小时", "没有座位了", "这次旅行很好谢谢你们"],
    "Taiwanese": ["火車晚了一個小時", "沒有座位了", "這次旅行很好謝謝你們"],
    "Korean": ["기차가 한 시간이나 늦었어요", "자리가 없었습니다", "아주 좋은 여행이었어요"],
    "Thai": ["รถไฟมาสายหนึ่งชั่วโมง", "ไม่มีที่นั่งเลย", "การเดินทางดีมาก"],
}
WRITTEN = [
    *(("English", e) for e in ("cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")),
    *(("French", e) for e in ("latin-1", "cp1252", "iso8859-15")),
    *(("Polish", e) for e in ("cp1250", "iso8859-2")),
    ("Turkish", "cp1254"),
    *(("Russian", e) for e in ("koi8-r", "cp1251", "cp866", "iso8859-5", "utf-16-le")),
    *(("Greek", e) for e in ("cp1253", "iso8859-7")),
    *(("Hebrew", e) for e in ("cp1255", "iso8859-8")),
    ("Arabic", "cp1256"),
    *(("Japanese", e) for e in ("shift_jis", "cp932", "euc_jp", "utf-16")),
    *(("Chinese", e) for e in ("gb18030", "gbk", "gb2312", "utf-16-be")),
    ("Taiwanese", "big5"),
    *(("Korean", e) for e in ("euc_kr", "cp949")),
    ("Thai", "cp874"),
]


def refusal(path):
    with pytest.raises(DataError) as caught:
        read_columns(path, ["body", "topic"])
    return caught.value


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize(("language", "encoding"), WRITTEN)
def test_the_encoding_of_the_remedy_gives_the_right_text(tmp_path, language, encoding, kind):
    rows = [f'{{"body": "{text}", "topic": 1}}\n' for text in SAID[language]]
    if kind == "csv":
        rows = ["body,topic\n", *(f'"{text}",1\n' for text in SAID[language])]
    path = tmp_path / f"my mails.{kind}"
    path.write_bytes("".join(rows).encode(encoding))
    error = refusal(path)
    assert "not UTF-8" in error.problem
    named = re.search(r"iconv -f (\S+) -t UTF-8 '(.+?)' > '(.+?)'", error.remedy)
    assert path.read_bytes().decode(named[1]).lstrip("\ufeff") == "".join(rows)
    assert named[2] == str(path)


@pytest.mark.skipif(not shutil.which("iconv"), reason="no iconv here")
@pytest.mark.parametrize(("language", "encoding"), [("English", "utf-16"), ("Japanese", "cp932"), ("French", "cp1252")])
def test_the_command_itself_makes_a_file_that_is_read(tmp_path, language, encoding):
    path = tmp_path / "it's mails.csv"
    path.write_bytes("".join(["body,topic\n", *(f'"{text}",1\n' for text in SAID[language])]).encode(encoding))
    command = re.fullmatch(r"convert it: (.+?); and name (.+?) in the study.*", refusal(path).remedy)
    subprocess.run(command[1], shell=True, check=True, timeout=600)
    assert read_columns(command[2], ["body", "topic"]).columns["body"] == SAID[language]


SHORT = [
    *(
        (text, e)
        for text in ("хорошо", "ПЛОХО И СКУЧНО", "да", "Нет")
        for e in ("cp1251", "koi8-r", "cp866", "iso8859-5")
    ),
    *((text, e) for text in ("Å", "cliché", "über") for e in ("cp1252", "mac_roman", "cp850")),
    *((text, e) for text in ("价", "好", "便宜没好货") for e in ("gb18030", "gbk")),
    *((text, e) for text in ("良い", "カメラ", "駄目") for e in ("cp932", "euc_jp")),
]


@pytest.mark.parametrize(("text", "encoding"), SHORT)
def test_what_cannot_be_known_is_not_named(text, encoding):
    """A word may be read in several ways: the guess is right or it is none."""
    data = f"body,topic\n{text},1\nfine,0\n".encode(encoding)
    found = guess(data)
    assert found.encoding is None or data.decode(found.encoding) == data.decode(encoding)


def test_a_file_that_is_mostly_utf8_is_not_converted_as_a_whole(tmp_path):
    path = tmp_path / "m.csv"
    path.write_bytes("body,topic\nété déçu,1\n".encode() + "gêné,1\n".encode("latin-1") + "à côté,1\n".encode())
    error = refusal(path)
    assert "UTF-8 but for 2 bytes, the first in line 3" in error.problem
    assert "iconv" not in error.remedy


def test_a_file_cut_within_a_character_is_named_so(tmp_path):
    path = tmp_path / "m.csv"
    path.write_bytes("body,topic\nété,1\nfini là-bas,1\nété".encode()[:-1])
    assert "ends in the middle of a character (line 4)" in refusal(path).problem


def test_halves_of_emoji_written_as_characters_are_joined_by_the_remedy(tmp_path):
    path = tmp_path / "m.csv"
    path.write_bytes(b"body,topic\nlate \xed\xa0\xbd\xed\xb8\x80,1\n")
    command = re.fullmatch(r"convert it: (.+); and name (\S+) in the study.*", refusal(path).remedy, re.DOTALL)
    subprocess.run(command[1], shell=True, check=True, timeout=600)
    assert read_columns(command[2], ["body", "topic"]).columns["body"] == ["late 😀"]
