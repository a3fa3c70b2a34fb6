"""Words as TextAttack sees them.

Our texts are whitespace tokens (``'s`` is one), TextAttack's words are what its splitter leaves of them (``s``). The
search, the synonyms and the tags work on the latter; ledgers and pairs on the former.
"""

from collections.abc import Iterable
from typing import NamedTuple

from flat.attacks.textattack_adapter.environment import textattack


class Word(NamedTuple):
    """A word of TextAttack and the token (counted by spaces) that it lies in."""

    text: str
    token: int


def attack_words(text: str) -> list[str]:
    """TextAttack's words of a text, in order."""
    return textattack.shared.utils.words_from_text(text)


def is_one_word(text: str) -> bool:
    """Whether TextAttack reads a text as one word, the same as the text."""
    return (text.isascii() and text.isalnum()) or attack_words(text) == [text]


def attack_vocabulary(texts: Iterable[str]) -> list[str]:
    """Every word that an attack may meet in ``texts``, sorted."""
    return sorted({word for text in texts for word in attack_words(text)})


def located_words(text: str) -> list[Word]:
    """TextAttack's words of a text, each with the index of its token; found where TextAttack itself finds them."""
    found, start = [], 0
    for word in attack_words(text):
        start = text.index(word, start)
        found.append(Word(word, text.count(" ", 0, start)))
        start += len(word)
    return found
