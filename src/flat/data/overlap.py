"""Texts of dev and test that also stand in train, whatever their typesetting."""

import functools
import math
import re
import unicodedata

from flat.data.reading.tables import some_rows

# invisible: soft hyphen, zero-width space and no-break space, marks of direction, joiners of words, variants of symbols
_INVISIBLE = "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe0e\ufe0f\ufeff"
_ASCII_DROPPED = re.compile(r"[\x00-\x20!-#%-*,-/:;?@\[-`{}\x7f]+")


@functools.cache
def _dropped() -> re.Pattern:
    """White space, punctuation, control characters and accents that stand alone."""
    places = [
        place
        for place in range(0x20000)  # beyond are no such characters
        if (kind := unicodedata.category(chr(place))) in ("Cc", "Zs", "Zl", "Zp")
        or kind[0] == "P"
        or (kind == "Sk" and place < 0x1F000)  # beyond are the skin colours of emoji
    ]
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    inside = "".join(f"{re.escape(chr(a))}-{re.escape(chr(b))}" for a, b in runs)
    return re.compile(f"[{inside}{_INVISIBLE}]+")


def letters_only(text: str) -> str:
    """A text without white space and punctuation, lower-cased: two typesettings of one text are equal.

    Letters, their marks (accents, vowel signs), digits and symbols (emoji among them) tell texts apart. Accents are
    the same as characters of their own and as part of a letter (NFC). A text of punctuation alone stays as it is.
    """
    if text.isascii():
        return _ASCII_DROPPED.sub("", text.lower()) or text
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    return _dropped().sub("", plain) or plain


def overlapping(train, other) -> list[int]:
    """The positions of the texts of frame ``other`` that also stand in frame ``train`` (column text)."""
    known = set(map(letters_only, train["text"].tolist()))
    return [place for place, text in enumerate(other["text"].tolist()) if letters_only(text) in known]


def share_of(places: list[int], other) -> float:
    return len(places) / max(1, len(other))


def said_of(places: list[int], other, name: str) -> str:
    """How much of split ``name`` stands in train, in words."""
    return f"{share_of(places, other):.1%} of the {len(other)} {name} texts also stand in train"


def rows_of(places: list[int], other, where: str) -> str:
    """Which rows of the file those are."""
    return f"{some_rows(sorted(other['row'].iloc[places].tolist()))} of {where}"


def enough(shares: list[float]) -> float:
    """The least ``max_overlap`` of two decimals that allows all ``shares``."""
    return math.ceil(max(shares) * 100 - 1e-9) / 100
