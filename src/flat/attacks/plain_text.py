"""Texts as TextAttack sees them, on plain strings: cut, joined and windowed as its ``AttackedText`` does it."""

from collections.abc import Sequence
from math import ceil, floor

from flat.attacks.words import attack_words


class Text:
    """A text as TextAttack sees it: words, and what stands before, between and behind them.

    Attributes:
        words: TextAttack's words. gaps: one more than words; ``gaps[0] words[0] gaps[1] ...`` is the text.
    """

    def __init__(self, text: str):
        self.words = attack_words(text)
        self.gaps, start = [], 0
        for word in self.words:  # where TextAttack itself finds them, one after the other
            place = text.index(word, start)
            self.gaps.append(text[start:place])
            start = place + len(word)
        self.gaps.append(text[start:])

    def __str__(self) -> str:
        return "".join(part for pair in zip(self.gaps, self.words, strict=False) for part in pair) + self.gaps[-1]

    def around(self, i: int) -> tuple[str, str]:
        """The text before and after word i."""
        pairs = list(zip(self.gaps, self.words, strict=False))
        before = "".join(part for pair in pairs[:i] for part in pair) + self.gaps[i]
        after = "".join(part for pair in zip(self.gaps[i + 1 :], self.words[i + 1 :], strict=False) for part in pair)
        return before, after + self.gaps[-1]

    def without(self, i: int) -> str:
        """The text with word i deleted and, with it, the space before it (behind it, if it is the first)."""
        before, after = self.around(i)
        if after:
            if i == 0:
                after = after.removeprefix(" ")
            else:
                before = before.removesuffix(" ")
        return before + after


def window(text: str, words: Sequence[str], index: int, size: int) -> str:
    """``size`` words around word ``index``, cut out of the text (TextAttack's ``text_window_around_index``)."""
    half, length = (size - 1) / 2.0, len(words)
    if index - half < 0:
        first, last = 0, min(size - 1, length - 1)
    elif index + half >= length:
        first, last = max(0, length - size), length - 1
    else:
        first, last = index - ceil(half), index + floor(half)
    lowered, starts, place = text.lower(), [], 0
    for word in words[: last + 1]:
        place = lowered.find(word.lower(), place)
        starts.append(place)
        place += len(word)
    return text[starts[first] : starts[last] + len(words[last])]
