"""TextAttack's transformations that ask a masked language model, padding to the longest text instead of 512 tokens.

TextAttack pads every masked text to 512 tokens, which is 90 % of the work and more for a sentence. Padding takes no
part in attention, so candidates are the same (a test compares them with the stock components').
"""

from typing import ClassVar

import torch

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


class _WholeText:
    """Asks a masked language model for its logits at every token of a text, none of which need be masked."""

    def __init__(self, model):
        self.model, self.config = model, model.config

    def encode(self, text: str, max_length: int):
        return self.model.encode(text, max_length)

    @torch.inference_mode()
    def __call__(self, **inputs) -> tuple[torch.Tensor]:
        return (self.model.network(**inputs)[0].float().cpu(),)


class BertAttackSwap(MaskedSwap):
    """Replaces the pieces of a word by what the model gives at their places, no word being masked: ``bert-attack``."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._language_model = _WholeText(self._language_model)


def swap(method: str = "bae", **options) -> MaskedSwap:
    """WordSwapMaskedLM as its method needs it."""
    return (BertAttackSwap if method == "bert-attack" else MaskedSwap)(method=method, **options)


class MaskedInsertion(_LocalModel, _transformations.WordInsertionMaskedLM):
    """Inserts before a word what the model fills in there."""

    stands_for: ClassVar[str] = (
        "textattack.transformations.word_insertions.word_insertion_masked_lm.WordInsertionMaskedLM"
    )


class MaskedMerge(Tagged, _LocalModel, _transformations.WordMergeMaskedLM):
    """Replaces two words, of parts of speech that go together, by what the model fills in for both."""

    stands_for: ClassVar[str] = "textattack.transformations.word_merges.word_merge_masked_lm.WordMergeMaskedLM"
