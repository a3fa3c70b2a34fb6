"""Which words the synonym space holds: WordNet's, their inflected forms, and words derived from either."""

from collections.abc import Mapping

from flat.attacks.lexicon.synonym_space.inflections import forms
from flat.attacks.lexicon.synonym_space.wordnet import SINGLE_WORD, WordNet

PREFIXES = (
    "un",
    "re",
    "over",
    "under",
    "non",
    "anti",
    "mis",
    "dis",
    "out",
    "super",
    "ultra",
    "pre",
    "co",
    "semi",
    "sub",
)
SUFFIXES = ("less", "like", "ness", "ish", "able", "ists", "ism", "ful", "ly", "ship", "hood")
SHORTEST_PART = 4  # letters of each half of a compound: "over" + "long", "story" + "telling"


def word_list(net: WordNet, rank: Mapping[str, int], limits: Mapping[str, int], most: int) -> list[str]:
    """At most ``most`` words, the most frequent first.

    Args:
        rank: word -> its place in a frequency list of real text (GloVe's rows), 0 the most frequent.
        limits: the last rank kept, by origin: ``plain`` (WordNet's words and their inflected forms), ``names`` (words
            WordNet knows only with a capital: "american") and ``derived`` (affixes and compounds: "unfunny").
    """
    names = net.names()
    parts = {w: pos for w, pos in net.words().items() if w not in names}
    kept = {w for w in parts if rank.get(w, most**2) < limits["plain"]}
    for word, speech in parts.items():
        for pos in speech:
            for spellings in forms(word, pos).values():
                kept.update(s for s in spellings if rank.get(s, most**2) < limits["plain"])
    kept.update(w for w in names if rank.get(w, most**2) < limits["names"])
    kept.update(w for w in rank if rank[w] < limits["derived"] and w not in names and _derived(w, kept))
    kept = {w for w in kept if SINGLE_WORD.fullmatch(w) and len(w) > 1}
    return sorted(kept, key=lambda w: (rank[w], w))[:most]


def _derived(word: str, known: set[str]) -> bool:
    """Is ``word`` a known word with an affix, or two known words in one?"""
    if any(word.startswith(p) and len(word) - len(p) >= SHORTEST_PART and word[len(p) :] in known for p in PREFIXES):
        return True
    for suffix in SUFFIXES:
        stem = word.removesuffix(suffix)
        if stem != word and len(stem) >= SHORTEST_PART and (stem in known or stem + "e" in known):
            return True
    cuts = range(SHORTEST_PART, len(word) - SHORTEST_PART + 1)
    return any(word[:i].rstrip("-") in known and word[i:].lstrip("-") in known for i in cuts)
