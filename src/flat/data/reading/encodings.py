"""What encoding a file that is not UTF-8 is in, as far as its bytes tell: an error then says how to convert it."""

import re
from typing import NamedTuple

from flat.data.reading.scripts import EAST_ASIAN, ENCODINGS

# byte order marks, the longer first: UTF-32's begins with UTF-16's
_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"\x84\x31\x95\x33", "GB18030"),
)
_PACKED = (
    (b"\x1f\x8b", "gzip", ".gz"),
    (b"BZh", "bzip2", ".bz2"),
    (b"\xfd7zXZ\x00", "xz", ".xz"),
    (b"PK\x03\x04", "a zip archive (or a spreadsheet)", ""),
    (b"\x28\xb5\x2f\xfd", "zstandard", ""),
    (b"PAR1", "parquet", ".parquet"),
    (b"\x80\x04", "a Python pickle", ""),
    (b"\x80\x05", "a Python pickle", ""),
)
# a guess fits so much of the text, and any other reading so much less: the less it fits, the more apart they must be
_SURE = ((0.9, 0.04), (0.65, 0.25))
_WESTERN, _PRIOR = "CP1252", 0.85
_LATIN = {"CP1250", "ISO-8859-2", "CP1254", "CP1257", "MACINTOSH", "CP850"}
_EVIDENCE = 7  # characters beyond ASCII, more in other scripts; with less, the usual Western encoding is assumed
_CONTROL = re.compile("[\x80-\x9f]")  # no text has these
_BEYOND_ASCII, _NO_UTF8 = re.compile("[^\x00-\x7f]"), re.compile("[\udc80-\udcff]")
_LOOKED_AT = 200_000  # bytes, of lines beyond ASCII, that are held against languages


class Guess(NamedTuple):
    """Attributes:
    encoding: a name that iconv and Python share, or None where the bytes do not tell.
    problem: what was found, in words.
    """

    encoding: str | None
    problem: str


def packed(data: bytes) -> tuple[str, str] | None:
    """What kind of packed or binary file begins with ``data``, and the suffix of such files; None: none known."""
    return next(((kind, suffix) for start, kind, suffix in _PACKED if data.startswith(start)), None)


def guess(data: bytes) -> Guess:
    """The encoding of the whole bytes of a text file that is not UTF-8, or UTF-8 with NULs in it."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            if _reads(data, encoding):
                return Guess(encoding, f"its first bytes are {encoding}'s byte order mark")
            return Guess(None, f"it begins with {encoding}'s byte order mark but is not {encoding} to its end")
    if b"\0" in data:
        return _by_nulls(data)
    found = _nearly_utf8(data)
    return found or _by_letters(data)


def _reads(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _by_nulls(data: bytes) -> Guess:
    """Latin letters, separators and line ends have NULs beside them in UTF-16 and UTF-32, always on one side."""
    for encoding in ("UTF-32LE", "UTF-32BE", "UTF-16LE", "UTF-16BE"):
        text = _reads(data, encoding)
        if text and "\0" not in text and {"\n", "\r"} & set(text) and sum(map(str.isascii, text)) * 50 > len(text):
            return Guess(encoding, f"its NUL bytes stand as {encoding} has them")
    return Guess(None, f"line {line_of(data, data.index(0))} holds a NUL byte")


def is_utf8(data: bytes) -> bool:
    return _reads(data, "utf-8") is not None


def mostly_utf8(data: bytes) -> bool:
    """Whether more characters are UTF-8 of several bytes than bytes are none."""
    text = data.decode("utf-8", "surrogateescape")
    return len(_BEYOND_ASCII.findall(text)) > 2 * len(_NO_UTF8.findall(text))


def _nearly_utf8(data: bytes) -> Guess | None:
    """What spoils a file that is UTF-8 for the greater part; None for one that is not."""
    if _is_cesu8(data):
        return Guess("CESU-8", "it is CESU-8: halves of characters such as emoji, each written as if it were one")
    if not mostly_utf8(data):
        return None
    text = data.decode("utf-8", "surrogateescape")
    bad = [found.start() for found in _NO_UTF8.finditer(text)]
    lines = sorted({line_of(text[:place].encode("utf-8", "replace"), None) for place in bad[:3]})
    if bad[0] >= len(text) - 3 and len(bad) == len(text) - bad[0]:
        return Guess(None, f"it is UTF-8 but ends in the middle of a character (line {lines[0]}): it was cut")
    return Guess(None, f"it is UTF-8 but for {len(bad)} bytes, the first in line {', '.join(map(str, lines))}")


def _is_cesu8(data: bytes) -> bool:
    try:
        text = data.decode("utf-8", "surrogatepass")
        text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return False
    return True


def _by_letters(data: bytes) -> Guess:
    """The encoding whose reading looks like writing while no other reading does.

    Western letters go before others in the Latin script: Polish, Czech or Turkish read as such soon shows signs inside
    words, whereas French read as Polish does not.
    """
    sample = _telling(data)
    readings = ((encoding, _reads(sample, encoding)) for encoding in ENCODINGS)
    looked_at = {encoding: text for encoding, text in readings if text and not _CONTROL.search(text)}
    lettered = {e: t for e, t in looked_at.items() if e == _WESTERN or any(c > "\x7f" and c.isalpha() for c in t)}
    scores = {encoding: ENCODINGS[encoding](text) for encoding, text in lettered.items()}
    ranking = sorted(scores, key=lambda encoding: -scores[encoding])
    if ranking and scores.get(_WESTERN, 0) >= _PRIOR:
        rivals = [encoding for encoding in ranking if encoding not in _LATIN]
        best = _WESTERN
    else:
        rivals, best = ranking, ranking[0] if ranking else None
    others = [scores[e] for e in rivals if best and looked_at[e] != looked_at[best]]
    evidence = sum(sign > "\x7f" for sign in looked_at[best]) if best else 0
    enough = best == _WESTERN or evidence >= (_EVIDENCE if best in _LATIN | EAST_ASIAN else 2 * _EVIDENCE)
    apart = scores[best] - max(others, default=0) if best else 0
    sure = enough and any(scores[best] >= fit and apart > least for fit, least in _SURE)
    if sure and (whole := _reads(data, best)) and not _CONTROL.search(whole):
        return Guess(best, f"its bytes read as {best} give {_sample(looked_at[best])}")
    close = [e for e in rivals if best and e != best and scores[e] > scores[best] - 0.25]
    likely = [best, *close] if best and scores[best] >= 0.5 else []
    if not likely:
        return Guess(None, "its bytes do not tell which encoding it is in")
    said = "; ".join(f"{encoding} would give {_sample(looked_at[encoding])}" for encoding in likely[:4])
    return Guess(None, f"its bytes do not tell which encoding it is in: {said}")


def _telling(data: bytes) -> bytes:
    """The first lines with other than ASCII bytes, as many as are looked at. No letter holds a line feed byte."""
    lines, size = [], 0
    for line in data.split(b"\n"):
        if not line.isascii() and size < _LOOKED_AT:
            lines.append(line)
            size += len(line)
    return b"\n".join(lines)


def _sample(text: str, around: int = 20) -> str:
    """Some of the text around its first other than ASCII character, on one line."""
    line = next(line for line in text.split("\n") if not line.isascii())
    place = next(i for i, sign in enumerate(line) if not sign.isascii())
    return repr(line[max(0, place - around) : place + around])


def line_of(data: bytes, place: int | None) -> int:
    """The line, from 1, that byte ``place`` (None: the last) stands in, whatever ends the lines."""
    return data[:place].replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
