"""One word of a text replaced by another, without TextAttack's work for the general case.

``AttackedText.generate_new_attacked_text`` walks through the whole text and splits it into words anew for each
candidate; searches spend half their time there. Where words are replaced one for one (every recipe but CLARE's
insertions and merges) the new text differs from the old in these words alone. ``install`` lets such edits take the
short way; the result is the same object, attribute by attribute (a test compares them), any other edit is TextAttack's.
"""

import functools
from collections import OrderedDict
from collections.abc import Callable


def install(attacked_text: type, words_from_text, replace: Callable) -> None:
    """Give TextAttack's class ``AttackedText`` the short way.

    Args:
        words_from_text: its (memoised) splitter.
        replace: ``setattr``, or what remembers the stock method too.
    """
    general = attacked_text.generate_new_attacked_text

    @functools.wraps(general)
    def generate_new_attacked_text(self, new_words):
        words = self.words
        if len(self._text_input) != 1 or not isinstance(new_words, list) or len(new_words) != len(words):
            return general(self, new_words)
        changed = [i for i, (old, new) in enumerate(zip(words, new_words, strict=True)) if old != new]
        if any(words_from_text(word) != [word] for i in changed for word in (words[i], new_words[i])):
            return general(self, new_words)
        (column, text), *_ = self._text_input.items()
        if attacked_text.SPLIT_TOKEN in text:
            return general(self, new_words)
        return _replaced(attacked_text, self, column, text, changed, new_words)

    replace(attacked_text, "generate_new_attacked_text", generate_new_attacked_text)


def _replaced(attacked_text: type, old, column: str, text: str, changed: list[int], new_words: list[str]):
    """The text with the words at ``changed`` replaced, as TextAttack's general way builds it."""
    starts = old.__dict__.get("_starts")
    if starts is None:
        starts, place = [], 0
        for word in old.words:  # where TextAttack itself finds them, one after the other
            place = text.index(word, place)
            starts.append(place)
            place += len(word)
        old._starts = starts
    parts, place = [], 0
    for i in changed:
        parts += [text[place : starts[i]], new_words[i]]
        place = starts[i] + len(old.words[i])
    attributes = {"label_names": old.attack_attrs["label_names"]} if "label_names" in old.attack_attrs else {}
    attributes["newly_modified_indices"] = set()
    attributes["previous_attacked_text"] = old
    attributes["modified_indices"] = old.attack_attrs["modified_indices"].copy()
    attributes["original_index_map"] = old.attack_attrs["original_index_map"].copy()
    for i in changed:
        attributes["modified_indices"].add(i)
        attributes["newly_modified_indices"].add(i)
    new = attacked_text.__new__(attacked_text)
    new._text_input = OrderedDict([(column, "".join([*parts, text[place:]]))])
    new._words = list(new_words)
    new._words_per_input = new._pos_tags = new._ner_tags = None
    new.attack_attrs = attributes
    return new
