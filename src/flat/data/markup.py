"""HTML in raw texts: tags and entities go, words in angle brackets and addresses with & stay.

A tag is the name of an element of HTML, followed by nothing or by attributes: ``<br />`` and ``<a href="x">`` are
tags; ``<user>``, ``<unk>``, ``a <b and c> d`` and ``<http://x.org>`` are not.
"""

import html
import re
from collections.abc import Callable

_HTML_5_AND_OBSOLETE = """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body br
    button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed
    fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe
    image img input ins isindex kbd keygen label legend li link listing main map mark marquee menu meta meter nav nobr
    noembed noframes noscript object ol optgroup option output p param picture plaintext pre progress q rp rt ruby s
    samp script section select small source span strike strong style sub summary sup svg table tbody td template
    textarea tfoot th thead time title tr track tt u ul var video wbr xmp
"""
# these say nothing without attributes or an end tag: standing bare they are somebody's placeholders
_SAY_NOTHING_BARE = """
    address audio code data embed image img input label link mark meta object picture source summary time title track
    var video
"""
_WITHOUT_VALUE = """
    async autoplay checked compact controls default defer disabled hidden ismap loop multiple muted nohref noshade
    novalidate nowrap open readonly required reversed selected
"""
_ELEMENTS, _PLACEHOLDERS, _FLAGS = (
    frozenset(names.split()) for names in (_HTML_5_AND_OBSOLETE, _SAY_NOTHING_BARE, _WITHOUT_VALUE)
)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*|(?:o|st1|v|w|x|m):[A-Za-z]+)((?:[\s/][^<>]*)?)>")  # o: is Microsoft's
_ATTRIBUTE = re.compile(r"[A-Za-z_:@][\w:.@-]*\s*=")
_ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]*);")
_NESTED = re.compile(r"(?:<[^<>]*){9}")  # as many looks at a text are no burden
_PARAMETER = re.compile(r"&\w+=")
# ampersands written within ampersands (&amp;amp;amp;), where each may be written in several ways; with semicolons alone
_CLOSED = r"(?:amp|AMP|#0*38|#[xX]0*26);"
_OPEN = r"(?:(?:amp|AMP);?|#0*38(?:;|(?![0-9;]))|#[xX]0*26(?:;|(?![0-9A-Fa-f;])))"
_LAYERS = 8  # that are left of a pile: each goes by one look at the text, and nobody wrote more of them by mistake
_PILES = {step: re.compile(rf"&(?:{step}){{{_LAYERS + 1},}}+") for step in (_CLOSED, _OPEN)}
_DIGITS = re.compile(r"&#(?=[0-9])0*+([0-9]*)")  # Python reads no number of thousands of them


def without(text: str, lower: bool) -> str:
    """Tags become spaces and entities characters, until nothing changes: "&amp;lt;br&amp;gt;" hides a tag in layers.

    Args:
        lower: lower-case the text; that can complete an entity: "&AMP" is one, "&NBSP" is one only in lower case.
    """
    while "<" in text or "&" in text:
        plain = _without_tags(_resolved(text) if "&" in text else text)
        if lower:
            plain = plain.lower()
        if plain == text:
            break
        text = plain
    return text


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    closed = None

    def replaced(found: re.Match) -> str:
        nonlocal closed
        slash, name, rest = found[1], found[2].lower(), found[3].strip("/ \t\r\n\f")
        if name not in _ELEMENTS and ":" not in name:
            return found[0]
        if rest and not slash and not _ATTRIBUTE.match(rest) and not _FLAGS.issuperset(rest.lower().split()):
            return found[0]
        if rest and slash:
            return found[0]
        if name in _PLACEHOLDERS and not slash and not rest:
            if closed is None:
                lowered = text.lower()
                closed = {placeholder for placeholder in _PLACEHOLDERS if f"</{placeholder}" in lowered}
            if name not in closed:
                return found[0]
        return " "

    if _NESTED.search(text):
        return _from_within(text, replaced)
    return _TAG.sub(replaced, text)


def _from_within(text: str, replaced: Callable[[re.Match], str]) -> str:
    """All looks at the text at once, for tags in tags ("<a <b <i>>>"), whose inner ones go first."""
    open_ = [[]]  # the pieces before the first "<", and after each that is still open
    for piece in re.split("([<>])", text):
        if piece == "<":
            open_.append([])
        elif piece == ">" and len(open_) > 1:
            tag = f"<{''.join(open_.pop())}>"
            plain = _TAG.sub(replaced, tag)
            if plain == tag:  # a tag around it is none either
                for pieces in open_[1:]:
                    open_[0] += ["<", *pieces]
                del open_[1:]
            open_[-1].append(plain)
        else:
            open_[-1].append(piece)
    return "<".join("".join(pieces) for pieces in open_)


def _resolved(text: str) -> str:
    """Entities as characters. In an address, and before "=", only with a semicolon: "?a=1&copy=2" is no ©."""
    if "://" not in text and "www." not in text and not _PARAMETER.search(text):
        return _unescaped(text, _OPEN)
    return re.sub(r"\S+", _resolved_word, text)


def _resolved_word(found: re.Match) -> str:
    word = found[0]
    if "&" not in word:
        return word
    if "://" in word or "www." in word or _PARAMETER.search(word):
        word = _PILES[_CLOSED].sub(lambda pile: _lowered(pile, _CLOSED), word)
        return _ENTITY.sub(lambda entity: _unescaped(entity[0], _CLOSED), word)
    return _unescaped(word, _OPEN)


def _unescaped(text: str, step: str) -> str:
    """``html.unescape``, of what has been written in more than ``_LAYERS`` layers as if it had that many."""
    text = _PILES[step].sub(lambda pile: _lowered(pile, step), text)
    return html.unescape(_DIGITS.sub(lambda found: f"&#{found[1][:9] or 0}", text))  # 9 digits: of no character


def _lowered(pile: re.Match, step: str) -> str:
    return "&" + "".join(re.findall(step, pile[0])[-_LAYERS:])
