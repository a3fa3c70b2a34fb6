"""TextAttack's text objects without the work that every candidate repeats.

``AttackedText.generate_new_attacked_text`` walks through the whole text and splits it into words anew for each
candidate; searches spend half their time there, and as much again on joining, hashing and comparing the same text.
Where words are replaced one for one (every recipe but CLARE's insertions and merges) the new text differs from the old
in these words alone. ``install`` lets such edits take the short way and has each object keep its text and hash. The
result is the same object, attribute by attribute (a test compares them). Any other edit is TextAttack's.
"""

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence


def install(attacked_text: type, words_from_text, replace: Callable) -> None:
    """Give TextAttack's class ``AttackedText`` the short way.

    Args:
        words_from_text: its (memoised) splitter.
        replace: ``setattr``, or what remembers the stock method too.
    """
    general, general_at = attacked_text.generate_new_attacked_text, attacked_text.replace_words_at_indices
    is_word = functools.lru_cache(2**15)(lambda word: words_from_text(word) == [word])

    def short_way(self, changed: list[int], new_words: list[str]):
        """The text with other words at ``changed``, or None if that is no replacement one for one."""
        if len(self._text_input) != 1:
            return None
        words = self.words
        if not all(is_word(words[i]) and is_word(new_words[i]) for i in changed):
            return None
        starts = _starts(self, attacked_text.SPLIT_TOKEN)
        return None if starts is None else _replaced(attacked_text, self, starts, changed, new_words)

    @functools.wraps(general)
    def generate_new_attacked_text(self, new_words):
        words, new = self.words, None
        if isinstance(new_words, list) and len(new_words) == len(words):
            changed = [i for i, (old, new) in enumerate(zip(words, new_words, strict=True)) if old != new]
            new = short_way(self, changed, list(new_words))
        return general(self, new_words) if new is None else new

    @functools.wraps(general_at)
    def replace_words_at_indices(self, indices: Sequence[int], new_words: Sequence[str]):
        new = None
        if isinstance(indices, list) and len(indices) == len(new_words) and _fit(indices, new_words, self.num_words):
            words, changed = self.words[:], []
            for i, word in zip(indices, new_words, strict=True):
                if words[i] != word:
                    changed.append(i)
                    words[i] = word
            new = short_way(self, changed, words)
        return general_at(self, indices, new_words) if new is None else new

    replace(attacked_text, "generate_new_attacked_text", generate_new_attacked_text)
    replace(attacked_text, "replace_words_at_indices", replace_words_at_indices)
    for name, value in (("text", property(_text)), ("__hash__", _hash), ("__eq__", _equal)):
        replace(attacked_text, name, value)


def _fit(indices: list[int], new_words: Sequence[str], words: int) -> bool:
    """Whether ``indices`` are those of words, ascending, and ``new_words`` strings."""
    if not all(isinstance(word, str) for word in new_words):
        return False
    return all(a < b for a, b in zip([-1, *indices], [*indices, words], strict=True))


def _text(self) -> str:
    known = self.__dict__
    if "_text" not in known:
        known["_text"] = "\n".join(self._text_input.values())
    return known["_text"]


def _hash(self) -> int:
    known = self.__dict__
    if "_hash" not in known:
        known["_hash"] = hash(self.text)
    return known["_hash"]


def _equal(self, other) -> bool:
    """As TextAttack compares texts: by what they say and how many attributes they have."""
    return self.text == other.text and len(self.attack_attrs) == len(other.attack_attrs)


def _starts(self, split_token: str) -> list[int] | None:
    """Where each word begins, as TextAttack finds them one after the other; None for a text of several parts."""
    known = self.__dict__
    if "_starts" not in known:
        (text,) = self._text_input.values()
        starts, place = [], 0
        for word in self.words:
            place = text.index(word, place)
            starts.append(place)
            place += len(word)
        known["_starts"] = None if split_token in text else starts
    return known["_starts"]


def _replaced(attacked_text: type, old, starts: list[int], changed: list[int], new_words: list[str]):
    """The text with the words at ``changed`` replaced, as TextAttack's general way builds it."""
    ((column, text),) = old._text_input.items()
    parts, place = [], 0
    for i in changed:
        parts += [text[place : starts[i]], new_words[i]]
        place = starts[i] + len(old.words[i])
    known = old.attack_attrs
    attributes = {"label_names": known["label_names"]} if "label_names" in known else {}
    attributes["newly_modified_indices"] = set()
    attributes["previous_attacked_text"] = old
    attributes["modified_indices"] = known["modified_indices"].copy()
    attributes["original_index_map"] = known["original_index_map"].copy()
    for i in changed:  # one by one: the order in which a set hands out its members hangs on how it grew
        attributes["modified_indices"].add(i)
        attributes["newly_modified_indices"].add(i)
    new = attacked_text.__new__(attacked_text)
    new._text_input = OrderedDict([(column, "".join([*parts, text[place:]]))])
    new._words = new_words
    new._words_per_input = new._pos_tags = new._ner_tags = None
    new.attack_attrs = attributes
    return new
