"""Word lists to word pieces, by a pretrained encoder's own fast tokenizer.

A fast tokenizer given a list of words cuts each word by itself, so that each distinct word is cut once and remembered:
an attack asks about thousands of texts that differ in one word. Ids and alignment equal those of
``tokenizer(words, is_split_into_words=True, truncation=True)`` and its ``word_ids()`` (a test compares them).
"""

from collections.abc import Sequence

import torch

from flat.errors import ResourceError, StudyError
from flat.models.interface import Batch, Texts


class WordPieces:
    """Cuts words into pieces, adds the special tokens, truncates and pads.

    Args:
        tokenizer: a fast tokenizer of transformers. Truncation and padding are done here, not by it.
        max_length: tokens of a text, special ones included.

    Raises:
        ResourceError: the tokenizer is no fast one, or has no padding token, or neither a mask nor an unknown token.
        StudyError: no room for a word beside the special tokens.
    """

    def __init__(self, tokenizer, max_length: int):
        unknown = tokenizer.mask_token or tokenizer.unk_token
        if not tokenizer.is_fast or tokenizer.pad_token_id is None or unknown is None:
            raise ResourceError(
                f"tokenizer {tokenizer.name_or_path}",
                "it is no fast tokenizer with a padding token and a mask or unknown token",
                "put its tokenizer.json into the encoder's folder, and these tokens into tokenizer_config.json",
            )
        self.pad_id: int = tokenizer.pad_token_id
        self.unknown_word: str = unknown
        self._backend = tokenizer.backend_tokenizer
        self._backend.no_truncation()
        self._backend.no_padding()
        whole = self._backend.encode([self.unknown_word], is_pretokenized=True)
        first = whole.word_ids.index(0)
        last = len(whole.ids) - whole.word_ids[::-1].index(0)
        self._before, self._after = whole.ids[:first], whole.ids[last:]  # CLS ...; SEP ...
        self.special_ids = sorted({*self._before, *self._after})
        self._room = max_length - len(self._before) - len(self._after)
        if self._room < 1:
            raise StudyError("datasets.*.max_length", f"{max_length} tokens leave no room for a word", "raise it")
        self._pieces: dict[str, list[int]] = {}

    def encode(self, texts: Texts) -> Batch:
        """Padded to the longest text; (texts, tokens)."""
        self._look_up(texts)
        rows = [self._row(text) for text in texts]
        longest = max([1, *(len(ids) for ids, _ in rows)])
        ids = torch.tensor([ids + [self.pad_id] * (longest - len(ids)) for ids, _ in rows], dtype=torch.long)
        index = torch.tensor([index + [-2] * (longest - len(index)) for _, index in rows], dtype=torch.long)
        ids, index = ids.reshape(len(rows), longest), index.reshape(len(rows), longest)
        return Batch(ids, present=index > -2, special=index == -1, word_index=index.clamp(min=-1))

    def ids(self, text: Sequence[str]) -> tuple[int, ...]:
        """Token ids of one text, special ones included."""
        self._look_up([text])
        return tuple(self._row(text)[0])

    def lengths(self, texts: Texts) -> list[int]:
        """Tokens of each text, special ones not counted."""
        self._look_up(texts)
        return [min(self._room, sum(len(self._pieces[word]) for word in text)) for text in texts]

    def _row(self, text: Sequence[str]) -> tuple[list[int], list[int]]:
        """Ids and word numbers of one text; special tokens have the number -1."""
        ids, index = [], []
        for number, word in enumerate(text):
            pieces = self._pieces[word]
            ids += pieces
            index += [number] * len(pieces)
            if len(ids) >= self._room:
                break
        before, after = self._before, self._after
        ids, index = ids[: self._room], index[: self._room]
        return [*before, *ids, *after], [-1] * len(before) + index + [-1] * len(after)

    def _look_up(self, texts: Texts) -> None:
        """Have the pieces of every word of these texts."""
        for text in texts:
            for word in text:
                if word not in self._pieces:
                    # one at a time: encode_batch starts threads, which an attack's forked workers could not use
                    found = self._backend.encode([word], is_pretokenized=True, add_special_tokens=False)
                    self._pieces[word] = found.ids
