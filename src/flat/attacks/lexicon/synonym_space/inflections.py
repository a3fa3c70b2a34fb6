"""Inflected forms of English words by spelling rules: WordNet lists "love", texts say "loved", "loves", "loving".

The rules over-generate ("goed"); callers keep the forms that a frequency list of real words contains.
"""

from functools import cache
from pathlib import Path

IRREGULAR_PLURALS = {
    "man": "men", "woman": "women", "child": "children", "person": "people", "wife": "wives", "life": "lives",
    "knife": "knives", "wolf": "wolves", "half": "halves", "thief": "thieves", "leaf": "leaves", "foot": "feet",
    "tooth": "teeth", "goose": "geese", "mouse": "mice", "crisis": "crises", "analysis": "analyses",
    "basis": "bases", "thesis": "theses", "hero": "heroes", "medium": "media", "phenomenon": "phenomena",
    "criterion": "criteria", "shelf": "shelves", "self": "selves", "loaf": "loaves", "calf": "calves",
}  # fmt: skip
IRREGULAR_DEGREES = {
    "good": ("better", "best"), "well": ("better", "best"), "bad": ("worse", "worst"), "badly": ("worse", "worst"),
    "far": ("farther", "farthest"), "little": ("less", "least"), "much": ("more", "most"), "many": ("more", "most"),
}  # fmt: skip
VOWELS = "aeiou"


@cache
def _irregular_verbs() -> dict[str, tuple[str, str]]:
    lines = (Path(__file__).parent / "irregular_forms.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return {base: (past, participle) for base, past, participle in rows}


def forms(word: str, pos: str) -> dict[str, tuple[str, ...]]:
    """Form name -> spellings of ``word`` as a noun (n), verb (v), adjective (a) or adverb (r).

    Nouns have a plural; verbs s, past, participle, ing; adjectives and adverbs comparative and superlative, adjectives
    also the adverb in -ly. Where a final consonant may double ("plotted", "edited") both spellings are given.
    """
    if pos == "n":
        return {"plural": (IRREGULAR_PLURALS.get(word) or _s(word),)}
    if pos == "v":
        past, participle = _irregular_verbs().get(word, (None, None))
        regular = tuple(_join(word, "ed"))
        return {
            "s": (_s(word),),
            "past": (past,) if past else regular,
            "participle": (participle,) if participle else regular,
            "ing": tuple(_join(word, "ing")),
        }
    if word in IRREGULAR_DEGREES:
        comparative, superlative = (((form,)) for form in IRREGULAR_DEGREES[word])
    elif len(word) <= 8 and not word.endswith("ly"):  # longer ones take "more"
        comparative, superlative = tuple(_join(word, "er")), tuple(_join(word, "est"))
    else:
        comparative = superlative = ()
    degrees = {"comparative": comparative, "superlative": superlative}
    return degrees | {"adverb": (_ly(word),)} if pos == "a" else degrees


def _s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in (*VOWELS, ""):
        return word[:-1] + "ies"
    if word.endswith("o") and word[-2:-1] not in (*VOWELS, "") and len(word) == 2:
        return word + "es"  # go, do
    return word + "s"


def _join(word: str, ending: str) -> list[str]:
    """``word`` with -ed, -ing, -er or -est, in every spelling the rules allow."""
    vowel_ending = ending[0] == "e"
    if word.endswith("ie") and ending == "ing":
        return [word[:-2] + "ying"]
    if word.endswith("e") and not word.endswith(("ee", "oe", "ye")):
        return [word[:-1] + ending]
    if word.endswith("e") and vowel_ending:
        return [word + ending[1:]]
    if word.endswith("y") and word[-2:-1] not in (*VOWELS, "") and vowel_ending:
        return [word[:-1] + "i" + ending]
    plain = word + ending
    if len(word) > 2 and word[-1] not in "aeiouwxy" and word[-2] in VOWELS and word[-3] not in VOWELS:
        return [word + word[-1] + ending, plain]
    return [plain]


def _ly(word: str) -> str:
    if word.endswith("le") and word[-3:-2] not in (*VOWELS, ""):
        return word[:-1] + "y"
    if word.endswith("ic"):
        return word + "ally"
    if word.endswith("y") and len(word) > 3 and word[-2] not in VOWELS:
        return word[:-1] + "ily"
    return word + "ly"


def inflected_pairs(pairs: set[tuple[str, str, str]], known: set[str]) -> set[tuple[str, str, str]]:
    """The same form of both words of each (word, word, part of speech), where both are in ``known``.

    From (adore, love, v): (adored, loved, v), (adores, loves, v), (adoring, loving, v).
    """
    found = set()
    for a, b, pos in pairs:
        forms_a, forms_b = forms(a, pos), forms(b, pos)
        for name in forms_a:
            for x in forms_a[name]:
                found.update((*sorted((x, y)), pos) for y in forms_b[name] if x != y and {x, y} <= known)
    return found
