"""TextAttack's transformations that ask a masked language model, padding to the longest text instead of 512 tokens.

TextAttack pads every masked text to 512 tokens, which is 90 % of the work and more for a sentence. Padding takes no
part in attention, so candidates are the same (a test compares them with the stock components').
"""

from typing import ClassVar

from flat.attacks.textattack_adapter.components import Tagged
from flat.attacks.textattack_adapter.environment import textattack

_transformations = textattack.transformations


class _LocalModel:
    """For the components below: takes its tokenizer from the model.

    Args:
        masked_language_model: a ``flat.attacks.lexicon.masked_language_model.MaskedLanguageModel``.
    """

    def __init__(self, *args, masked_language_model, tokenizer=None, **options):
        tokenizer = tokenizer or masked_language_model.tokenizer
        super().__init__(*args, masked_language_model=masked_language_model, tokenizer=tokenizer, **options)
        self.masked_lm_name = masked_language_model.name
        self._lm_tokenizer = masked_language_model.pieces

    def _encode_text(self, text):
        return self._language_model.encode(text, self.max_length)


class MaskedSwap(_LocalModel, _transformations.WordSwapMaskedLM):
    """Replaces a word by what the model fills in for it."""

    stands_for: ClassVar[str] = "textattack.transformations.word_swaps.word_swap_masked_lm.WordSwapMaskedLM"


class MaskedInsertion(_LocalModel, _transformations.WordInsertionMaskedLM):
    """Inserts before a word what the model fills in there."""

    stands_for: ClassVar[str] = (
        "textattack.transformations.word_insertions.word_insertion_masked_lm.WordInsertionMaskedLM"
    )


class MaskedMerge(Tagged, _LocalModel, _transformations.WordMergeMaskedLM):
    """Replaces two words, of parts of speech that go together, by what the model fills in for both."""

    stands_for: ClassVar[str] = "textattack.transformations.word_merges.word_merge_masked_lm.WordMergeMaskedLM"
