"""Words cut as in running text, each distinct word once.

A pretrained network has read running text, and a tokenizer may cut a word otherwise there than alone: byte-level BPE
and SentencePiece put the space before a word into its first piece. An attack asks about thousands of texts that differ
in one word. So a word is cut twice, between words whose pieces are known: as the first of a text and as a later one.

A word that changes how its neighbours are cut is *tied*: a text that holds one is cut whole. So is every text where the
tokenizer cuts no word by itself, which is found out when it is read.
"""

import logging
import string
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate, chain

ANCHORS = ("a", "the", "1", ".", "x")  # words to cut others between; the first that the tokenizer cuts like any other
ASCII = string.punctuation + "a0"
MARKS = " \u2581\u0120"  # how pieces write a space: as it is, SentencePiece's ▁, byte-level BPE's Ġ
PROBES = (
    "it's",
    "the film 's plot , isn't it ?",
    "The 1984 film cost $3.50 ( or 10 % less ) ... !",
    "na\u00efve cafe\u0301 \u039f\u0394\u039f\u03a3 \u03bf\u03b4\u03cc\u03c2 \u01c5 \ufb01lm \u00bd",
    "\u65e5\u672c \u306e \u6620\u753b \ud55c\uad6d \u0e20\u0e32\u0e1e \u0627\u0644\u0641\u064a\u0644\u0645 .",
    "\U0001f44d \U0001f3fd \U00020000 \u20ac \u2603 a",
    "' ' '' `` -- - / \\ [ ] { } < > | _ __ ~",
    "a \u0301 b \u00b4 c \u200b d \u00ad e",
)
log = logging.getLogger("flat")


class _Tied(Exception):
    """A word that cannot be cut apart from its neighbours."""


class _Cuts(dict[str, list[int]]):
    """Word -> its pieces, cut when first asked for. Raises ``_Tied`` for a tied word."""

    def __init__(self, cut: Callable[[str], list[int] | None]):
        super().__init__()
        self.cut, self.tied = cut, set[str]()

    def __missing__(self, word: str) -> list[int]:
        pieces = None if word in self.tied else self.cut(word)
        if pieces is None:
            self.tied.add(word)
            raise _Tied
        self[word] = pieces
        return pieces


class RunningText:
    """Cuts word lists as a tokenizer cuts the words joined by spaces. Special tokens are not added.

    Args:
        backend: a ``tokenizers.Tokenizer`` that neither truncates nor pads.

    Attributes:
        by_word: whether words are cut one by one; if not, every text is cut whole.
    """

    def __init__(self, backend):
        self._backend = backend
        self._first, self._later = _Cuts(self._cut_first), _Cuts(self._cut_later)
        self._whole = lru_cache(maxsize=4096)(self._cut_whole)  # signature, length and batch ask for the same text
        self._added = backend.get_added_tokens_decoder()
        self._strict = True  # every word is tried at the end of a text, until the tokenizer is known better
        self.by_word = (
            self._find_anchor()
            and not any(_holds_space(token.content) for token in self._added.values())
            and _cuts_at_spaces(backend)
            and self._is_right_by_word()
        )
        if not self.by_word:
            log.info("the tokenizer cuts words by their neighbours: texts are cut whole, which is slower")

    def ids(self, words: Sequence[str], most: int) -> list[int]:
        """The first ``most`` pieces of a text."""
        cuts = self._cuts(words, most)
        found = self._whole(tuple(words))[0] if cuts is None else chain.from_iterable(cuts)
        return list(found)[:most]

    def pieces(self, words: Sequence[str], most: int) -> tuple[list[int], list[int]]:
        """The first ``most`` pieces of a text, and for each the number of its word."""
        cuts = self._cuts(words, most)
        if cuts is None:
            ids, numbers = map(list, self._whole(tuple(words)))
        else:
            ids = list(chain.from_iterable(cuts))
            numbers = [number for number, cut in enumerate(cuts) for _ in cut]
        return (ids, numbers) if len(ids) <= most else (ids[:most], numbers[:most])

    def count(self, words: Sequence[str], most: int) -> int:
        """How many pieces ``ids`` gives."""
        cuts = self._cuts(words, most)
        return min(most, len(self._whole(tuple(words))[0]) if cuts is None else sum(map(len, cuts)))

    def _cuts(self, words: Sequence[str], most: int) -> list[list[int]] | None:
        """Pieces of each word, as far as the first ``most`` pieces reach; None: the text is to be cut whole."""
        if not len(words):
            return []
        if not self.by_word:
            return None
        if len(words) <= most + 1:
            return self._each(words)
        cuts = self._each(words[: most + 1])  # with the word behind the last one read, to which that one may be tied
        enough = cuts is None or sum(map(len, cuts)) > most  # not where words have no piece at all
        return cuts if enough else self._each(words)

    def _each(self, words: Sequence[str]) -> list[list[int]] | None:
        try:
            return [self._first[words[0]], *map(self._later.__getitem__, words[1:])]
        except _Tied:
            return None

    def _encode(self, text: str):
        # one at a time: encode_batch starts threads, which an attack's forked workers could not use
        return self._backend.encode(text, add_special_tokens=False)

    def _find_anchor(self) -> bool:
        """Find a word that is cut alike wherever it stands, and its pieces: in the first place, in a later one."""
        for anchor in ANCHORS:
            first, two, three = (self._encode(" ".join([anchor] * n)).ids for n in (1, 2, 3))
            later = two[len(first) :]
            if first and later and two[: len(first)] == first and three == two + later:
                self._anchor, self._as_first, self._as_later = anchor, first, later
                return True
        return False

    def _cut_first(self, word: str) -> list[int] | None:
        if not _is_solid(word):
            return None
        pieces = _between([], self._encode(f"{word} {self._anchor}").ids, self._as_later)
        if pieces is None or self._is_same_at_the_end(word, pieces):
            return pieces
        return pieces if self._encode(word).ids == pieces else None

    def _cut_later(self, word: str) -> list[int] | None:
        if not _is_solid(word):
            return None
        pieces = _between(self._as_first, self._encode(f"{self._anchor} {word} {self._anchor}").ids, self._as_later)
        if pieces is None or self._is_same_at_the_end(word, pieces):
            return pieces
        return pieces if self._encode(f"{self._anchor} {word}").ids == self._as_first + pieces else None

    def _is_same_at_the_end(self, word: str, pieces: list[int]) -> bool:
        """Whether a word is known to end a text as it ends a word: printable ASCII without a token of its own."""
        return not self._strict and word.isascii() and word.isprintable() and self._added.keys().isdisjoint(pieces)

    def _cut_whole(self, words: tuple[str, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Pieces of the joined words, and for each the number of the word that its first character belongs to.

        The space before a word belongs to it; a piece over several words belongs to the first of them.
        """
        found = self._encode(" ".join(words))
        starts = [0, *accumulate(len(word) + 1 for word in words[:-1])]
        numbers = []
        for start, _ in found.offsets:
            number = max(bisect_right(starts, start) - 1, 0)
            behind = start >= starts[number] + len(words[number]) and number + 1 < len(words)
            numbers.append(number + behind)
        # within a word, some offsets of a space put in there point behind the word
        return tuple(found.ids), tuple([*accumulate(reversed(numbers), min)][::-1])

    def _is_right_by_word(self) -> bool:
        """Whether texts cut word by word, of many scripts and of the vocabulary, are those cut whole."""
        self._strict = any(self._each(words) is None for c in ASCII for words in ([c], [self._anchor, c]))
        vocabulary = sorted(self._backend.get_vocab(with_added_tokens=False))
        own = [word for piece in vocabulary[:: max(len(vocabulary) // 40, 1)] if (word := piece.strip(MARKS + "#"))]
        for text in (*PROBES, " ".join(own), " ".join(own[::-1])):
            cuts = self._each(text.split())
            if cuts is not None and tuple(chain.from_iterable(cuts)) != self._whole(tuple(text.split()))[0]:
                log.info(
                    "the tokenizer cuts words in their context (%.40s ...): texts are cut whole, which is slower", text
                )
                return False
        return True


def _between(head: list[int], ids: list[int], tail: list[int]) -> list[int] | None:
    """What lies between ``head`` and ``tail``; None where the two are not the ends of ``ids``."""
    end = len(ids) - len(tail)
    return ids[len(head) : end] if end >= len(head) and ids[: len(head)] == head and ids[end:] == tail else None


def _is_solid(word: str) -> bool:
    """Neither empty nor with space at an end, where it would run together with the spaces between words."""
    return bool(word) and not word[0].isspace() and not word[-1].isspace()


def _cuts_at_spaces(backend) -> bool:
    """Whether no piece can reach from one word into the next.

    Either the text is split at spaces first, or it is BPE and no piece of its vocabulary holds a space behind another
    character: then no merge crosses a space, and words do not influence each other.
    """
    text = "The film 's plot . ! 19 84 ' it"
    if backend.normalizer is not None:
        text = backend.normalizer.normalize_str(text)
    parts = [text]
    if backend.pre_tokenizer is not None:
        parts = [part for part, _ in backend.pre_tokenizer.pre_tokenize_str(text)]
    if not any(map(_holds_space, parts)):
        return True
    from tokenizers.models import BPE  # for cost

    model = backend.model
    if not isinstance(model, BPE) or getattr(model, "ignore_merges", False):
        return False
    return not any(map(_holds_space, backend.get_vocab(with_added_tokens=True)))


def _holds_space(piece: str) -> bool:
    """Whether a space stands between other characters."""
    inner = piece.strip(MARKS)
    return any(mark in inner for mark in MARKS)
