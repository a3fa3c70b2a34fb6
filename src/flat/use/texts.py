"""From a raw text to the words that a model reads, as the data set's own texts became theirs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flat.data.cleaning import cleaner, mask_unknown
from flat.data.vocabulary import UNKNOWN as HIDDEN
from flat.errors import DataError

HALF = re.compile("[\ud800-\udfff]")  # what is no text: Python stands so for bytes that it cannot decode


@dataclass(frozen=True)
class Read:
    """A text as a model is asked it.

    Attributes:
        words: after cleaning.
        notes: what a reader should know of it, a sentence each.
    """

    words: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True)
class Reading:
    """What a data set does to its texts.

    Attributes:
        cleaning: the options that its texts were cleaned with (its ``summary.json``).
        known: the words of its vocabulary, where others are masked (``cleaning.mask_unknown``).
    """

    cleaning: Mapping[str, object] = field(default_factory=dict)
    known: frozenset[str] = frozenset()

    def read(self, text: str, number: int | None = None) -> Read:
        """The words of a raw text.

        Args:
            number: which of several texts, for errors.

        Raises:
            DataError: it is no text, or cleaning leaves no word of it.
        """
        where = "the text" if number is None else f"text {number}"
        if not isinstance(text, str):
            raise DataError(where, f"is {type(text).__name__}, not text", "give a str, or a list of them")
        if HALF.search(text):
            raise DataError(where, "holds half characters: it is not UTF-8", "decode it with its own encoding")
        cleaned = cleaner(self.cleaning)(text)
        if not cleaned:
            left = f"has no word left after cleaning (style {self.cleaning.get('style', 'sst')}): {text[:60]!r}"
            raise DataError(where, left if text.strip() else "is empty", "give a text with words")
        words, notes = cleaned.split(" "), []
        if limit := self.cleaning.get("max_words"):
            whole = cleaner({**self.cleaning, "max_words": None})(text).split(" ")
            if len(whole) > limit:
                notes.append(f"The data set keeps the first {limit} words of a text; {len(whole) - limit} were cut.")
        if self.known:
            masked = mask_unknown(words, set(self.known))
            if hidden := [word for word, other in zip(words, masked, strict=True) if word != other]:
                notes.append(f"Masked, as in the data set's test texts: {quoted(hidden)}.")
            words = masked
        return Read(tuple(words), tuple(notes))


def quoted(words: Iterable[str]) -> str:
    """Each different word once, in quotation marks."""
    return ", ".join(f'"{word}"' for word in dict.fromkeys(words))


def unread(model, words: tuple[str, ...]) -> list[str]:
    """Notes of what a model does not see of a text: words beyond its length, words outside its vocabulary."""
    from flat.interpretation.masked_texts import words_read  # for cost: torch
    from flat.models.word_models import UNKNOWN, WordModel  # for cost: torch

    notes, read = [], words_read(model, words)
    if read < len(words):
        notes.append(f"The model reads the first {read} of the {len(words)} words.")
    if isinstance(model, WordModel):
        ids = model.word_ids(words[:read])
        strange = [word for word, number in zip(words, ids, strict=False) if number == UNKNOWN and word != HIDDEN]
        if strange:
            notes.append(f"Not in the model's vocabulary: {quoted(strange)}.")
    return notes
