"""Texts as TextAttack sees them, on plain strings: cut, joined and windowed as its ``AttackedText`` does it."""

from collections.abc import Sequence
from functools import cached_property
from math import ceil, floor
from typing import NamedTuple

from flat.attacks.textattack_adapter.words import attack_words


class Place(NamedTuple):
    """Where a word of TextAttack's lies among the tokens (counted by spaces) that models read.

    Attributes:
        token: index of the token that holds the word.
        prefix, suffix: what else the token holds, before and behind the word.
    """

    token: int
    prefix: str
    suffix: str


class Text:
    """A text as TextAttack sees it: words, and what stands before, between and behind them. Never changed.

    Attributes:
        text: the whole text. words: TextAttack's words. starts: where each begins in the text.
    """

    def __init__(self, text: str):
        self.text, self.words = text, attack_words(text)
        self.starts, start = [], 0
        for word in self.words:  # where TextAttack itself finds them, one after the other
            self.starts.append(text.index(word, start))
            start = self.starts[-1] + len(word)

    def __str__(self) -> str:
        return self.text

    @cached_property
    def tokens(self) -> list[str]:
        return self.text.split()

    def around(self, i: int) -> tuple[str, str]:
        """The text before and after word i."""
        start = self.starts[i]
        return self.text[:start], self.text[start + len(self.words[i]) :]

    def place(self, i: int) -> Place:
        before, after = self.around(i)
        tokens = before.split()
        prefix = tokens.pop() if before and not before[-1].isspace() else ""
        suffix = after.split(None, 1)[0] if after and not after[0].isspace() else ""
        return Place(len(tokens), prefix, suffix)

    def replaced(self, i: int, word: str) -> "Text":
        """The text with word i replaced by one word of TextAttack's."""
        before, after = self.around(i)
        new, shift = Text.__new__(Text), len(word) - len(self.words[i])
        new.text = before + word + after
        new.words = [*self.words[:i], word, *self.words[i + 1 :]]
        new.starts = [*self.starts[: i + 1], *(start + shift for start in self.starts[i + 1 :])]
        return new

    def without(self, i: int) -> str:
        """The text with word i deleted and, with it, the space before it (behind it, if it is the first)."""
        before, after = self.around(i)
        if after:
            if i == 0:
                after = after.removeprefix(" ")
            else:
                before = before.removesuffix(" ")
        return before + after

    def windows(self, i: int, words: Sequence[str], size: int) -> list[str]:
        """``size`` words around word i, cut out of the texts where one of ``words`` stands in its place."""
        if not (self.text.isascii() and all(word.isascii() for word in words)):
            # TextAttack looks for words in the lower-cased text, whose letters may be more
            texts = [self.replaced(i, word) for word in words]
            return [window(new.text, new.words, i, size) for new in texts]
        first, last = _span(i, len(self.words), size)
        start, end = self.starts[i], self.starts[i] + len(self.words[i])
        before = self.text[self.starts[first] : start]
        after = self.text[end : self.starts[last] + len(self.words[last])] if last > i else ""
        return [before + word + after for word in words]


def window(text: str, words: Sequence[str], index: int, size: int) -> str:
    """``size`` words around word ``index``, cut out of the text (TextAttack's ``text_window_around_index``)."""
    first, last = _span(index, len(words), size)
    lowered, starts, place = text.lower(), [], 0
    for word in words[: last + 1]:
        place = lowered.find(word.lower(), place)
        starts.append(place)
        place += len(word)
    return text[starts[first] : starts[last] + len(words[last])]


def _span(index: int, length: int, size: int) -> tuple[int, int]:
    """First and last word of the window around a word of a text of ``length`` words."""
    half = (size - 1) / 2.0
    if index - half < 0:
        return 0, min(size - 1, length - 1)
    if index + half >= length:
        return max(0, length - size), length - 1
    return index - ceil(half), index + floor(half)
