"""The pieces of a masked language model as TextAttack reads them, whatever tokenizer they are of.

TextAttack takes a piece for a word as it stands, and for the rest of one where it begins with BERT's ``##``; it knows
the pieces of eight kinds of models by name. Here every piece is given as BERT would write it: byte-level BPE's
``Ġfilm`` and SentencePiece's ``▁film`` are "film", a piece within a word is "##ing", and bytes are decoded. What is no
word, a special token or a part of a character, is the empty string, which TextAttack passes over.
"""

from collections.abc import Iterable
from types import SimpleNamespace

READ_AS = SimpleNamespace(model_type="bert")  # the config of a model whose pieces are written so
UNDECODABLE = "\ufffd"


class BertLikePieces:
    """Stands for a tokenizer of transformers in TextAttack's components.

    Args:
        tokenizer: a fast tokenizer with a mask token. BERT's own pieces are given as they are.
    """

    def __init__(self, tokenizer):
        from tokenizers import models  # for cost

        self._tokenizer, self._backend = tokenizer, tokenizer.backend_tokenizer
        self.mask_token, self.mask_token_id = tokenizer.mask_token, tokenizer.mask_token_id
        model = self._backend.model
        self._as_they_are = isinstance(model, models.WordPiece) and model.continuing_subword_prefix == "##"
        self._special = set(tokenizer.all_special_ids)
        self._known: dict[int, str] = {}
        if not self._as_they_are:
            self._before = self._backend.encode("a", add_special_tokens=False).ids
            self._start = self._decoded([])

    def encode(self, word: str, add_special_tokens: bool = False) -> list[int]:
        """The ids of a word's pieces."""
        return self._tokenizer.encode(word, add_special_tokens=add_special_tokens)

    def convert_ids_to_tokens(self, number) -> str | list[str]:
        """The piece of an id, in BERT's writing; of several ids, a list."""
        if isinstance(number, Iterable) and getattr(number, "ndim", 1):
            return [self.convert_ids_to_tokens(int(one)) for one in number]
        if self._as_they_are:
            return self._tokenizer.convert_ids_to_tokens(number)
        if number not in self._known:
            self._known[number] = self._piece(number)
        return self._known[number]

    def _piece(self, number: int) -> str:
        whole = self._decoded([number])
        if number in self._special or not whole.startswith(self._start) or UNDECODABLE in whole:
            return ""
        added = whole.removeprefix(self._start)
        return added[1:] if added.startswith(" ") else f"##{added}" if added else ""

    def _decoded(self, ids: list[int]) -> str:
        """Running text of a word and these pieces behind it."""
        return self._backend.decode(self._before + ids, skip_special_tokens=False)
