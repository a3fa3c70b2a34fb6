"""Word lists to word pieces, by a pretrained encoder's own fast tokenizer.

Ids equal those of ``tokenizer(" ".join(words), truncation=True)``, and a piece belongs to the word that its characters
stand in (``flat.models.encoders.running_text``; tests compare both for each family of tokenizers).
"""

from collections.abc import Sequence

import numpy as np
import torch

from flat.errors import ResourceError, StudyError
from flat.models.batch import Batch, Texts
from flat.models.encoders.running_text import RunningText

STAND_INS = ("eos_token", "unk_token", "bos_token")  # for padding, where the tokenizer names none


class WordPieces:
    """Cuts words into pieces, adds the special tokens, truncates and pads.

    Args:
        tokenizer: a fast tokenizer of transformers. It is set to truncate and to pad on the right, also when others ask
            it. Without a padding token it pads with its end of text: padding is hidden from the network.
        max_length: tokens of a text, special ones included.

    Attributes:
        pad_id: what texts are padded with.
        unknown_word: the mask token; without one the unknown token; without that the padding.
        special_ids: ids of the special tokens that every text gets.

    Raises:
        ResourceError: the tokenizer is no fast one, cuts at random, gives token types, or has no special token to pad
            with.
        StudyError: no room for a word beside the special tokens.
    """

    def __init__(self, tokenizer, max_length: int):
        where = f"tokenizer {tokenizer.name_or_path}"
        if not tokenizer.is_fast:
            raise ResourceError(where, "it is no fast tokenizer", "put its tokenizer.json into the encoder's folder")
        if tokenizer.pad_token_id is None:
            stand_in = next((word for name in STAND_INS if (word := getattr(tokenizer, name))), None)
            if stand_in is None:
                raise ResourceError(
                    where,
                    "it has no token to pad with: neither a padding token nor an end of text",
                    "name one in tokenizer_config.json (pad_token)",
                )
            tokenizer.pad_token = stand_in
        self.pad_id: int = tokenizer.pad_token_id
        self.unknown_word: str = tokenizer.mask_token or tokenizer.unk_token or tokenizer.pad_token
        backend = tokenizer.backend_tokenizer
        backend.no_truncation()
        backend.no_padding()
        if getattr(backend.model, "dropout", None):
            raise ResourceError(
                where,
                f"it cuts words at random (dropout {backend.model.dropout})",
                'set "dropout" to null in its tokenizer.json',
            )
        self._before, self._after = _around(tokenizer, where)
        self.special_ids = sorted({*self._before, *self._after})
        self._room = max_length - len(self._before) - len(self._after)
        if self._room < 1:
            raise StudyError("datasets.*.max_length", f"{max_length} tokens leave no room for a word", "raise it")
        _ask_alike(tokenizer)
        self._running = RunningText(backend)

    def encode(self, texts: Texts) -> Batch:
        """Padded to the longest text; (texts, tokens)."""
        return self.batch([self._running.pieces(text, self._room) for text in texts])

    def batch(self, rows: Sequence[tuple[list[int], list[int]]]) -> Batch:
        """Texts given as pieces and the numbers of their words, with special tokens and padding; (texts, tokens)."""
        before, after = [-1] * len(self._before), [-1] * len(self._after)
        longest = max([1, *(len(pieces) + len(before) + len(after) for pieces, _ in rows)])
        ids = np.full((len(rows), longest), self.pad_id, dtype=np.int64)
        index = np.full((len(rows), longest), -2, dtype=np.int64)
        for row, (pieces, numbers) in enumerate(rows):
            tokens = self._with_special(pieces)
            ids[row, : len(tokens)] = tokens
            index[row, : len(tokens)] = [*before, *numbers, *after] or -1
        words = torch.from_numpy(index)
        return Batch(torch.from_numpy(ids), words > -2, special=words == -1, word_index=words.clamp(min=-1))

    def of_ids(self, rows: Sequence[Sequence[int]]) -> Batch:
        """Texts of one length, given as ``ids`` gives them; (texts, tokens). Which words they are of is not known."""
        ids = torch.tensor(rows, dtype=torch.long)
        special = torch.zeros_like(ids, dtype=torch.bool)
        special[:, : len(self._before)] = special[:, ids.shape[1] - len(self._after) :] = True
        return Batch(ids, torch.ones_like(special), special, torch.full_like(ids, -1))

    def ids(self, text: Sequence[str]) -> tuple[int, ...]:
        """Token ids of one text, special ones included."""
        return tuple(self._with_special(self._running.ids(text, self._room)))

    def lengths(self, texts: Texts) -> list[int]:
        """Tokens of each text, special ones not counted."""
        return [self._running.count(text, self._room) for text in texts]

    def _with_special(self, pieces: list[int]) -> list[int]:
        """A text of no token at all would have no answer: it gets one of padding, which counts as special."""
        return [*self._before, *pieces, *self._after] or [self.pad_id]


def _around(tokenizer, where: str) -> tuple[list[int], list[int]]:
    """The special tokens that every text gets before it and behind it."""
    backend = tokenizer.backend_tokenizer
    whole = backend.encode("a film")
    words = [place for place, text in enumerate(whole.sequence_ids) if text is not None]
    first, last = (words[0], words[-1] + 1) if words else (len(whole.ids), len(whole.ids))
    if whole.ids[first:last] != backend.encode("a film", add_special_tokens=False).ids:
        raise ResourceError(
            where, "its special tokens do not stand around the text", "mend the post_processor in its tokenizer.json"
        )
    if any(whole.type_ids) and "token_type_ids" in tokenizer.model_input_names:
        raise ResourceError(
            where,
            "it gives the tokens of one text several types, which are not passed on",
            "name an encoder whose texts have one type, such as BERT",
        )
    return whole.ids[:first], whole.ids[last:]


def _ask_alike(tokenizer) -> None:
    """Have a tokenizer truncate and pad on the side where it is done here, when others ask it and when it is saved."""
    for side in ("padding_side", "truncation_side"):
        if getattr(tokenizer, side) != "right":
            setattr(tokenizer, side, "right")
            tokenizer.init_kwargs[side] = "right"  # what save_pretrained writes
