"""Cleaning of texts: what makes a raw text the list of words that every model, attack and explanation works on.

Style ``sst`` is the cleaning behind the paper's SST2 numbers: applied to the sentence-level train split it gives the
13,838 words (padding and unknown included) of Table 6. The authors' own TREC and AG files hold letters, digits and
quotation marks only: style ``alphanumeric``. A cleaned text is its words joined by single spaces.
"""

import re
from collections.abc import Callable, Mapping

from flat.data import markup

# what a style keeps besides letters and digits; None keeps every character
KEPT = {"sst": "(),!?'`", "alphanumeric": "'`", "none": None}

# 's 've n't 're 'd 'll become words of their own, as in the Penn Treebank
_CLITIC = re.compile(r"('s|'ve|n't|'re|'d|'ll)", re.IGNORECASE)
_MARKS = "(),!?"
_DROPPED = {style: re.compile(f"[^A-Za-z0-9 {re.escape(kept)}]+") for style, kept in KEPT.items() if kept}


def clean(
    text: str, style: str = "sst", lower: bool = True, strip_html: bool = True, max_words: int | None = None
) -> str:
    """The words of ``text`` joined by single spaces; empty if none is left. Cleaning a cleaned text changes nothing.

    Args:
        style: ``sst`` keeps letters, digits and ``( ) , ! ? ' ` ``; ``alphanumeric`` keeps letters, digits, ``'`` and
            `````; both split clitics and turn the rest into spaces. ``none`` only tidies the white space.
        lower: lower-case everything.
        strip_html: replace HTML tags such as ``<br />`` by a space and resolve entities such as ``&amp;``; what is
            no HTML stays, angle brackets or not (``flat.data.markup``).
        max_words: keep the first words only.
    """
    if strip_html:
        text = markup.without(text, lower)
    if lower:
        text = text.lower()
    if style != "none":
        text = _DROPPED[style].sub(" ", text)
        text = _CLITIC.sub(r" \1", text)
        for mark in _MARKS:
            text = text.replace(mark, f" {mark} ")
    return " ".join(text.split()[:max_words])


def cleaner(options: Mapping) -> Callable[[str], str]:
    """``clean`` with the study's options for a data set (``mask_unknown`` is not cleaning: see ``mask_unknown``)."""
    chosen = {name: options[name] for name in ("style", "lower", "strip_html", "max_words") if name in options}
    return lambda text: clean(text, **chosen)


def mask_unknown(words: list[str], known: set[str], unknown: str = "<unk>") -> list[str]:
    """Words outside ``known`` (lower-cased) become the literal unknown word, as in the authors' dev and test files.

    An attack cannot usefully touch such a word, which raises after-attack accuracy: off by default.
    """
    return [word if word.lower() in known else unknown for word in words]
