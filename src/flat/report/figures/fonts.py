"""Which fonts draw a figure's texts: DejaVu Sans, and installed ones for the scripts that it lacks.

matplotlib ships DejaVu Sans, so that figures in Latin, Greek, Cyrillic, Arabic or Hebrew letters are the same on every
machine. Other scripts are drawn where a font of the system has them. What none has is drawn as □ and said: in a note of
the figure and in the log. Shaping (Arabic, Devanagari) and direction are matplotlib's, from its version 3.11 on.
"""

import logging
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache

import matplotlib
from matplotlib.font_manager import FontEntry, findSystemFonts, fontManager, weight_dict
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

log = logging.getLogger("flat")

MAIN = "DejaVu Sans"
BOX = "□"
NAMED = 5  # words given as examples of what cannot be drawn
WEIGHTS = ("normal", "bold")
SHAPED_FROM = (3, 11)  # the first matplotlib that joins, reorders and turns letters
JOINED = "ARABIC SYRIAC MANDAIC NKO THAANA HEBREW MONGOLIAN DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU"
JOINED_SCRIPTS = frozenset(f"{JOINED} KANNADA MALAYALAM SINHALA THAI LAO TIBETAN MYANMAR KHMER".split())
EAST_ASIAN = {"CJK": "SC", "HIRAGANA": "JP", "KATAKANA": "JP", "HANGUL": "KR", "BOPOMOFO": "TC"}
SYMBOLS, UNKNOWN = "emoji and symbols", "characters without a name"
PACKAGES = {  # of Debian and Ubuntu
    **{script.capitalize(): "fonts-noto-cjk" for script in EAST_ASIAN},
    "CJK": "fonts-noto-cjk",
    SYMBOLS: "fonts-symbola",  # fonts-noto-color-emoji holds pictures, which matplotlib cannot draw
}
OTHER_SCRIPTS = "fonts-noto-core"


def families(texts: Iterable[str]) -> list[str]:
    """DejaVu Sans, then the installed fonts that draw what it lacks of ``texts``; fewest first, the same each time."""
    missing = sorted(c for c in set().union(*texts) if _draws_something(c) and not _has(MAIN, c))
    if not missing:
        return [MAIN]
    candidates, chosen = _installed(_east_asian(missing)), []
    for character in missing:
        if not any(_has(family, character) for family in chosen):
            chosen += [family for family in candidates if _has(family, character)][:1]
    return [MAIN, *chosen]


def current() -> tuple[str, ...]:
    """The fonts of the drawing at hand (``figure_style.paper_style``); DejaVu Sans outside of one."""
    found = tuple(matplotlib.rcParams["font.family"])
    return found if found[0] == MAIN else (MAIN,)


def drawable(text: str, bold: bool = False) -> str:
    """The text, each character that no font at hand has replaced by □; invisible ones without a glyph go."""
    fonts = current()
    return "".join(c if _drawn(fonts, c, bold) else BOX * _draws_something(c) for c in text)


def settle(figure) -> list[str]:
    """Replace what cannot be drawn in all texts of a figure; the sentences that say so, which are logged too.

    Texts are drawn in the fonts that they were made with (``figure_style.paper_style``).
    """
    lost: dict[str, dict[str, None]] = {}
    unshaped: dict[str, None] = {}
    for item in figure.findobj(Text):
        text, fonts, bold = item.get_text(), tuple(item.get_family()), item.get_weight() in ("bold", 700)
        unshaped |= dict.fromkeys(_joined(text))
        gone = [c for c in text if not _drawn(fonts, c, bold)]
        if not gone:
            continue
        for character in filter(_draws_something, gone):
            words = (word for word in text.split() if character in word)
            lost.setdefault(script_of(character), {}).update(dict.fromkeys(words))
        item.set_text("".join(BOX * _draws_something(c) if c in gone else c for c in text))
    said = [*_sentence(lost), *(_unshaped(unshaped) if matplotlib.__version_info__[:2] < SHAPED_FROM else [])]
    for sentence in said:
        log.warning("%s", sentence)
    return said


def runs_right_to_left(words: Iterable[str]) -> bool:
    """Whether most words with a letter are of a script written from right to left."""
    sides = [side for word in words if (side := _side(word))]
    return 2 * sum(side in ("R", "AL") for side in sides) > len(sides)


def script_of(character: str) -> str:
    """Devanagari, CJK, ... by the first word of the character's Unicode name; emoji and symbols are one kind."""
    name = unicodedata.name(character, "")
    if not name:
        return UNKNOWN
    first = name.replace("-", " ").split()[0]
    if first in ("CJK", "FULLWIDTH", "HALFWIDTH", "IDEOGRAPHIC"):
        return "CJK"
    if unicodedata.category(character)[0] in "SPZ" and not _names_a_script(first):
        return SYMBOLS
    return first.capitalize()


def _names_a_script(word: str) -> bool:
    for letter in ("LETTER A", "LETTER KA", "LETTER ALEF", "SYLLABLE A", "SYLLABLE KA", "DIGIT ONE"):
        with suppress(KeyError):
            return bool(unicodedata.lookup(f"{word} {letter}"))
    return False


def _sentence(lost: Mapping[str, Mapping[str, None]]) -> list[str]:
    if not lost:
        return []
    named = [
        f"{script} (in {', '.join(f'“{word}”' for word in list(words)[:NAMED])}{' …' if len(words) > NAMED else ''})"
        for script, words in sorted(lost.items())
    ]
    packages = sorted({PACKAGES.get(script, OTHER_SCRIPTS) for script in lost if script != UNKNOWN})
    known = f" (Debian and Ubuntu: apt install {' '.join(packages)})" if packages else ""
    return [
        f"Drawn as {BOX}, for no installed font has these characters: {'; '.join(named)}. The files that the figure is "
        f"drawn from have them. Install a font that has them{known} and draw the figure again."
    ]


def _unshaped(scripts: Iterable[str]) -> list[str]:
    names = ", ".join(name.capitalize() for name in sorted(scripts))
    return [
        f"Drawn letter by letter, from left to right and not joined as the script asks: {names}. Install matplotlib "
        f"{'.'.join(map(str, SHAPED_FROM))} or later (here: {matplotlib.__version__}) and draw the figure again."
    ] * bool(names)


def _joined(text: str) -> set[str]:
    names = {unicodedata.name(c, " ").split(" ")[0] for c in text if ord(c) > 0x58F}
    return names & JOINED_SCRIPTS


def _side(word: str) -> str:
    """L, R or AL: the direction of the first letter; empty where there is none."""
    return next((side for c in word if (side := unicodedata.bidirectional(c)) in ("L", "R", "AL")), "")


def _draws_something(character: str) -> bool:
    """False for joiners and variation selectors, which shape their neighbours."""
    return not (unicodedata.category(character) == "Cf" or character == "\n" or 0xFE00 <= ord(character) <= 0xFE0F)


def _drawn(fonts: Sequence[str], character: str, bold: bool) -> bool:
    weights = WEIGHTS[bold : bold + 1]
    return character in "\n" or any(_has(family, character, weights) for family in fonts)


@cache
def _has(family: str, character: str, weights: tuple[str, ...] = WEIGHTS) -> bool:
    """Whether the family's faces of these weights all have a glyph."""
    return all(_face(family, weight).get_char_index(ord(character)) for weight in weights)


@cache
def _face(family: str, weight: str):
    """The face that matplotlib draws a family and weight with."""
    faces = [e for e in fontManager.ttflist if e.name == family and _is_upright(e)]
    wanted = weight_dict[weight]
    best = min(faces, key=lambda e: abs(weight_dict.get(e.weight, e.weight) - wanted))
    index = getattr(best, "index", 0)  # of a collection's faces; matplotlib before 3.11 knows the first alone
    return FT2Font(best.fname, face_index=index) if index else FT2Font(best.fname)


def _is_upright(entry: FontEntry) -> bool:
    return entry.style == "normal" and entry.size == "scalable"


@cache
def _installed(east_asian: str) -> tuple[str, ...]:
    """Families of the system that may stand in, best first: Noto Sans, then others by name.

    matplotlib remembers the fonts that it found when it ran first; those installed since are added.
    """
    known = {entry.fname for entry in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - known):
        try:
            fontManager.addfont(path)
        except (RuntimeError, OSError, NotImplementedError, ValueError) as error:  # pictures of emoji, a broken file
            log.info("font %s is not used: %s", path, error)
    upright = {e.name for e in fontManager.ttflist if _is_upright(e) and weight_dict.get(e.weight, e.weight) == 400}
    # matplotlib's own fonts for formulas have glyphs under other characters' numbers
    usable = {name for name in upright if not name.startswith(("DejaVu", "cm", "STIX", "Last Resort", "."))}
    return tuple(sorted(usable, key=lambda name: (_rank(name, east_asian), name)))


def _rank(family: str, east_asian: str) -> int:
    if family == f"Noto Sans CJK {east_asian}":
        return 0
    if "Mono" in family or "Serif" in family:
        return 3
    return 1 if family.startswith("Noto Sans") else 2


def _east_asian(characters: Iterable[str]) -> str:
    """Whose forms ideographs take: Japanese beside kana, Korean beside hangul, else simplified Chinese."""
    found = {EAST_ASIAN.get(unicodedata.name(c, " ").split(" ")[0]) for c in characters}
    return next((region for region in ("JP", "KR", "TC") if region in found), "SC")
