"""Which word of a perturbed text stands for which word of the original, after insertions and merges too.

An attack that inserts and merges words keeps an index map: for each of its own words of the original text, the place
of its counterpart in the perturbed text. Its words are not our tokens: it sees ``s`` in ``'s``, two words in
``and/or``, and none in a comma. ``align`` turns the map into one from token to token.
"""

from collections.abc import Sequence

from flat.attacks.ledger import GONE
from flat.attacks.textattack_adapter.words import located_words


def align(original: str, perturbed: str, index_map: Sequence[int]) -> list[int]:
    """For each token of ``original``, the index of its counterpart among the tokens of ``perturbed``; -1: none.

    A token is what lies between spaces. Of two merged words the first has the new word as its counterpart, the second
    none. A token whose words were deleted but whose punctuation is left (``'s`` -> ``'``) keeps what is left.

    Args:
        index_map: for each word of the original as the attack sees it, the index of its word in ``perturbed``, or -1.
    """
    left, others = original.split(" "), perturbed.split(" ")
    if len(left) == len(others) and list(index_map) == list(range(len(index_map))):
        return list(range(len(left)))  # words were only replaced
    other_words = located_words(perturbed)
    counterparts = [GONE] * len(left)
    for word, place in zip(located_words(original), index_map, strict=True):
        if place == GONE:
            left[word.token] = left[word.token].replace(word.text, "", 1)
        elif counterparts[word.token] == GONE:
            counterparts[word.token] = other_words[place].token
    wordless = sorted(set(range(len(others))) - {word.token for word in other_words})  # commas, lone apostrophes
    # An attack leaves punctuation as it is: between two tokens with counterparts, equal strings in equal order match.
    last = GONE
    for token, rest in enumerate(left):
        if counterparts[token] == GONE and rest:
            end = next((place for place in counterparts[token + 1 :] if place != GONE), len(others))
            counterparts[token] = next((p for p in wordless if last < p < end and others[p] == rest), GONE)
        elif counterparts[token] <= last:
            counterparts[token] = GONE  # a deletion glued it to the token before
        last = max(last, counterparts[token])
    return counterparts
