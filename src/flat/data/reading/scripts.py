"""How well a decoded text looks like writing: what tells the encodings of a file apart that is not UTF-8.

Each encoding is held against the languages that are written in it. A wrong one puts signs inside words, mixes letters
that no language has together, turns capitals around, or gives characters that hardly anybody writes.
"""

import re
import string
import unicodedata
from collections.abc import Callable
from itertools import pairwise

_WESTERN = (
    "àâæçéèêëîïôœùûü",  # French
    "äöüßé",  # German
    "áéíóúüñ",  # Spanish
    "àáâãçéêíóôõú",  # Portuguese
    "àèéìíîòóùú",  # Italian, Catalan
    "åäöéæøü",  # the Nordic languages
    "áæéíðóöúýþ",  # Icelandic
    "áéëèêïíóöôüúûâîŵŷ",  # Dutch, Welsh
)
_CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áéíóöőúüű", "áäčďéíĺľňóôŕšťúýž", "čćđšž", "ăâîşţșț", "čšž", "äöüßé")
_TURKISH = ("çğıöşüâîûi̇",)
_CYRILLIC = (
    "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "абвгдђежзијклљмнњопрстћуфхцчџшѓќѕ",
)
_GREEK = ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",)
_BALTIC = ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž")
# a fair share of every text in the script is made of the common ones; no longer word is without a vowel
_COMMON = {"cyrillic": "оеаинтсрвлкі", "greek": "αοιετσνηυρπκςίάόή"}
_SELDOM = "щэфцюхшжёъ"  # a twelfth of a Russian text
_VOWELS = {"cyrillic": "аеёиоуыэюяіїє", "greek": "αεηιουωάέήίόύώϊϋΐΰ"}
_COMMON_HANZI = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然"
    "没日于起还发成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长電這個們為時說國來對過後沒還發開樣電影很"
    "常部故片喜歡欢棒推薦荐商品质質服务務宝寶買买東东西快真太差非演"
)
_COMMON_HANGUL = frozenset("이다는을를의에가고하은로지도한기사어아나자서들그리해있었게만대인시정주요음너무화영재")
_PUNCTUATION = "’‘“”„‚–—…«»¿¡·´¨"
_AROUND = _PUNCTUATION + string.punctuation + string.digits
_OPENING = dict.fromkeys(map(ord, "„‚¿¡"))  # not at a word's end
_SIGNS = "°ªº€£¥©®™§²"  # may stand beside a letter
_THAI = re.compile("(?:[เแโใไ]?[ก-ฮ][ัิีึืุู็ํ]?[่้๊๋์]?[ะาำ]?[ๆฯ]?)+")
_ALONE = "½¼¾×÷±µ•¢³¹"
_INSIDE = "’'·´-"  # may stand between two letters


def _word_fits(word: str, languages: tuple[str, ...]) -> bool:
    """Whether a run of non-space characters may be a word of one of ``languages``."""
    core = word.lstrip(_AROUND).rstrip(_AROUND.translate(_OPENING))
    letters = {sign for sign in core.lower() if sign > "\x7f" and (sign.isalpha() or sign == "\u0307")}
    for place, sign in enumerate(core):
        if sign <= "\x7f" or sign in letters or sign in _INSIDE or sign.isalpha():
            continue
        if sign not in _PUNCTUATION + _SIGNS + _ALONE:
            return False
        beside = core[place - 1 : place] + core[place + 1 : place + 2]
        if sign not in _PUNCTUATION + _SIGNS and any(map(str.isalpha, beside)):
            return False
        if sign in "„‚¿¡" and core[place - 1 : place].isalpha():
            return False
        if sign not in "—–…“”" and len(beside) == 2 and beside.isalpha():
            return False
    if any(a.islower() and b.isupper() and not (a + b).isascii() for a, b in pairwise(core)):
        return False
    if languages is _WESTERN and re.search("õ(?![eo])", core.lower()):
        return False  # Portuguese alone has it, before an e
    return not letters or any(letters <= set(language) for language in languages)


def alphabetic(
    languages: tuple[str, ...], common: str = "", vowels: str = "", accents: str = ""
) -> Callable[[str], float]:
    """A scorer of texts in ``languages``: the share of their words with other than ASCII letters that fit one.

    Args:
        common: the letters of a script other than Latin that make up 0.6 of a usual text; capitals count for less.
        vowels: without one of these, a word of three letters or more does not fit.
        accents: of these, a word of four letters or more that is not in capitals has one.
    """

    def score(text: str) -> float:
        words = [word for word in re.split(r"[\s,\t\"{}:]+", text) if not word.isascii()]
        fitting = [word for word in words if _word_fits(word, languages)]
        if languages is _WESTERN and not set("áíóúæ") & set(text.lower()):
            fitting = [word for word in fitting if not set("ðþý") & set(word.lower())]  # Turkish, not Icelandic
        if not common:  # Latin: a longer word has plain letters too
            fitting = [w for w in fitting if len(w) < 5 or 3 * len(re.findall("[ -~]", w)) >= len(w)]
            return len(fitting) / max(1, len(words))
        letters = [letter for word in words for letter in word if letter > "\x7f" and letter.isalpha()]
        fitting = [w for w in fitting if not re.search("[A-Za-z]", w) and (len(w) < 3 or set(vowels) & set(w.lower()))]
        if accents:
            fitting = [w for w in fitting if len(w) < 4 or w.isupper() or sum(letter in accents for letter in w) == 1]
        usual = sum(letter.lower() in common for letter in letters) / max(1, len(letters))
        seldom = sum(letter.lower() in _SELDOM for letter in letters) / max(1, len(letters))
        capitals = sum(map(str.isupper, letters)) / max(1, len(letters))
        return (
            len(fitting)
            / max(1, len(words))
            * min(1.0, usual / 0.6)
            * (1 - 0.12 * capitals - 2 * max(0.0, seldom - 0.12 - 0.4 / max(1, len(letters)) ** 0.5))
        )

    return score


def abjad(first: str, last: str, common: str) -> Callable[[str], float]:
    """A scorer of texts in one block of letters, such as Hebrew; ``common`` letters make up half of a usual text."""

    def score(text: str) -> float:
        other = [sign for sign in text if sign > "\x7f" and not sign.isspace() and sign not in _PUNCTUATION]
        inside = sum(first <= sign <= last for sign in other)
        usual = sum(sign in common for sign in other)
        words = [word for word in re.split(r"[\s,\t\"{}:]+", text) if not word.isascii()]
        mixed = sum(bool(re.search("[A-Za-z]", word)) or unicodedata.category(word[0]) == "Mn" for word in words)
        pure = 1 - mixed / max(1, len(words))
        return inside / max(1, len(other)) * min(1.0, usual / max(1, len(other)) / 0.5) * pure

    return score


def thai(text: str) -> float:
    """The share of words that are consonants with vowels and tones where Thai has them."""
    words = [word for word in re.split(r"[\s,\t\"{}:]+", text) if not word.isascii()]
    fitting = sum(_THAI.fullmatch(word.strip(_PUNCTUATION + string.punctuation)) is not None for word in words)
    other = _others(text)
    marks = sum(unicodedata.category(sign) == "Mn" for sign in other)
    return fitting / max(1, len(words)) * min(1.0, marks / max(1, len(other)) / 0.1)


def japanese(text: str) -> float:
    """The share of kana, kanji and Japanese punctuation; next to none without kana."""
    other = _others(text)
    kana = sum("\u3041" <= sign <= "\u30ff" for sign in other)
    fits = sum("\u3001" <= sign <= "\u30ff" or "\u4e00" <= sign <= "\u9fff" or "！" <= sign <= "～" for sign in other)
    return fits / max(1, len(other)) * min(1.0, kana / max(1, len(other)) / 0.25)


def chinese(text: str) -> float:
    """The share of Chinese characters and punctuation; next to none without the most frequent ones."""
    other = _others(text)
    hanzi = [sign for sign in other if "\u4e00" <= sign <= "\u9fff"]
    fits = len(hanzi) + sum("\u3000" <= sign <= "\u3011" or "！" <= sign <= "～" or sign in "“”‘’…—·" for sign in other)
    usual = sum(sign in _COMMON_HANZI for sign in hanzi)
    return fits / max(1, len(other)) * min(1.0, usual / max(1, len(hanzi)) / 0.25)


def korean(text: str) -> float:
    """The share of Hangul; next to none without the most frequent syllables."""
    other = _others(text)
    hangul = [sign for sign in other if "\uac00" <= sign <= "\ud7a3"]
    usual = sum(sign in _COMMON_HANGUL for sign in hangul)
    return len(hangul) / max(1, len(other)) * min(1.0, usual / max(1, len(hangul)) / 0.25)


def _others(text: str) -> list[str]:
    return [sign for sign in text if sign > "\x7f" and not sign.isspace()]


_western = alphabetic(_WESTERN)
_central = alphabetic(_CENTRAL)
_turkish = alphabetic(_TURKISH)
_baltic = alphabetic(_BALTIC)
_cyrillic = alphabetic(_CYRILLIC, _COMMON["cyrillic"], _VOWELS["cyrillic"])
_greek = alphabetic(_GREEK, _COMMON["greek"], _VOWELS["greek"], "άέήίόύώΐΰΆΈΉΊΌΎΏ")
_hebrew = abjad("\u05b0", "\u05ea", "יוהלאמרתבש")
_arabic = abjad("\u060c", "\u06d2", "الينموتربع")

# encodings by the name that iconv and Python share, what their texts are held against; the more usual first
ENCODINGS: dict[str, Callable[[str], float]] = {
    "CP1252": _western,
    "CP1250": _central,
    "ISO-8859-2": _central,
    "CP1254": _turkish,
    "CP1257": _baltic,
    "CP1251": _cyrillic,
    "KOI8-R": _cyrillic,
    "KOI8-U": _cyrillic,
    "CP866": _cyrillic,
    "ISO-8859-5": _cyrillic,
    "CP1253": _greek,
    "ISO-8859-7": _greek,
    "CP1255": _hebrew,
    "CP1256": _arabic,
    "ISO-8859-6": _arabic,
    "CP874": thai,
    "CP932": japanese,
    "EUC-JP": japanese,
    "GB18030": chinese,
    "CP950": chinese,
    "CP949": korean,
    "MACINTOSH": _western,
    "CP850": _western,
}
EAST_ASIAN = {"CP932", "EUC-JP", "GB18030", "CP950", "CP949"}
