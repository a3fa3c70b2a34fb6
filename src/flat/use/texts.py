"""From a raw text to the words that a model reads, as the data set's own texts became theirs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flat.data.cleaning import clean, cleaner, mask_unknown
from flat.errors import DataError, unseen


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
        if any(0xD800 <= ord(sign) <= 0xDFFF for sign in text if unseen(sign)):
            raise DataError(where, "holds half characters: it is not UTF-8", "decode it with its own encoding")
        cleaned = cleaner(self.cleaning)(text)
        if not cleaned:
            why = "is empty" if not text.strip() else f"has no word left after cleaning ({self.said}): {text[:60]!r}"
            raise DataError(where, why, "give a text with words")
        words, notes = cleaned.split(" "), []
        if limit := self.cleaning.get("max_words"):
            whole = clean(text, **{**self._options, "max_words": None}).split(" ")
            if len(whole) > limit:
                notes.append(f"The data set keeps the first {limit} words of a text; {len(whole) - limit} were cut.")
        if self.known:
            words = mask_unknown(words, set(self.known))
        return Read(tuple(words), tuple(notes))

    @property
    def _options(self) -> dict:
        return {name: self.cleaning[name] for name in ("style", "lower", "strip_html") if name in self.cleaning}

    @property
    def said(self) -> str:
        return f"style {self.cleaning.get('style', 'sst')}"


def unread(model, words: tuple[str, ...]) -> list[str]:
    """Notes of what a model does not see of a text: words beyond its length, words outside its vocabulary."""
    from flat.interpretation.masked_texts import words_read  # for cost: torch
    from flat.models.word_models import UNKNOWN, WordModel  # for cost: torch

    notes, read = [], words_read(model, words)
    if read < len(words):
        notes.append(f"The model reads the first {read} of the {len(words)} words.")
    if isinstance(model, WordModel):
        ids = model.word_ids(words[:read])
        strange = list(dict.fromkeys(word for word, number in zip(words, ids, strict=False) if number == UNKNOWN))
        if strange:
            quoted = ", ".join(f'"{word}"' for word in strange)
            notes.append(f"Not in the model's vocabulary: {quoted}.")
    return notes
