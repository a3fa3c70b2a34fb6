"""TextAttack's own components with local resources and caches in place of downloads.

Each class stands in a recipe for the component it names in ``stands_for`` and gives the same answers (tests compare
them); only what it looks up, and how often, differs.
"""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch

from flat.attacks.textattack_environment import textattack

_PartOfSpeech = textattack.constraints.grammaticality.PartOfSpeech
_GoogleLanguageModel = textattack.constraints.grammaticality.language_models.Google1BillionWordsLanguageModel
_UniversalSentenceEncoder = textattack.constraints.semantics.sentence_encoders.UniversalSentenceEncoder


class PartOfSpeech(_PartOfSpeech):
    """NLTK's tagger, read once, its answers remembered for as long as the process lives (they are pure).

    Args:
        tagger: has ``universal_tags(words)``.
    """

    stands_for: ClassVar[str] = "textattack.constraints.grammaticality.part_of_speech.PartOfSpeech"

    def __init__(self, *args, tagger, **options):
        super().__init__(*args, **options)
        self.tagger = tagger
        self._tags: dict[tuple[str, ...], list[str]] = {}

    def clear_cache(self):
        """Nothing needs forgetting between examples; but contexts seldom return, and memory must not grow."""
        if len(self._tags) > 20_000:
            self._tags.clear()

    def _get_pos(self, before_ctx, word, after_ctx):
        context = (*before_ctx, word, *after_ctx)
        tags = self._tags.get(context)
        if tags is None:
            tags = self._tags[context] = self.tagger.universal_tags(context)
        return tags[context.index(word)]  # the word's first occurrence, as TextAttack takes it


class SentenceSimilarity(_UniversalSentenceEncoder):
    """Universal Sentence Encoder from a local encoder; each window of an example is encoded once.

    Vectors are forgotten after each example: an encoder's last bits may depend on what else is in a batch, and a result
    must not depend on which examples came before.

    Args:
        encoder: n texts -> (n, dim) array.
    """

    stands_for: ClassVar[str] = f"{_UniversalSentenceEncoder.__module__}.UniversalSentenceEncoder"

    def __init__(self, *args, encoder: Callable, **options):
        super().__init__(*args, **options)
        self.encoder = encoder
        self._vectors: dict[str, np.ndarray] = {}

    def clear_cache(self):
        self._vectors.clear()

    def encode(self, sentences):
        fresh = [text for text in dict.fromkeys(sentences) if text not in self._vectors]
        if fresh:
            self._vectors.update(zip(fresh, self.encoder(fresh), strict=True))
        return np.stack([self._vectors[text] for text in sentences])

    def _score_list(self, starting_text, transformed_texts):
        if transformed_texts and all(self.skips(text.num_words) for text in transformed_texts):
            return torch.ones(len(transformed_texts))  # what the caller sets for such texts: nothing to encode
        return super()._score_list(starting_text, transformed_texts)

    def skips(self, words: int) -> bool:
        """True if a text of that many (TextAttack) words passes unchecked."""
        return self.skip_text_shorter_than_window and words < self.window_size


class WordNetSwap(textattack.transformations.WordSwap):
    """WordSwapWordNet on a table of synonyms.

    Args:
        synonyms: has ``of(word) -> list[str]``.
    """

    stands_for: ClassVar[str] = "textattack.transformations.word_swaps.word_swap_wordnet.WordSwapWordNet"

    def __init__(self, language: str = "eng", *, synonyms):
        self.language = language
        self.synonyms = synonyms

    def _get_replacement_words(self, word):
        return self.synonyms.of(word)


class LanguageModel(_GoogleLanguageModel):
    """Google1BillionWordsLanguageModel on any model of the probability of a word after one other.

    TextAttack asks for nothing else: it gives the one word before the replaced one (before the first, the text's last).

    Args:
        lm: has ``get_words_probs(previous, words)``, one probability a word.
    """

    stands_for: ClassVar[str] = f"{_GoogleLanguageModel.__module__}.{_GoogleLanguageModel.__qualname__}"

    def __init__(self, top_n=None, top_n_per_index=None, compare_against_original=True, *, lm):
        super(_GoogleLanguageModel, self).__init__(compare_against_original)
        self.lm, self.top_n, self.top_n_per_index = lm, top_n, top_n_per_index


class Tagged:
    """For transformations that ask a text for its parts of speech: gives it the local tagger's, where TextAttack asks
    Flair's. Tags are remembered for as long as the process lives (they are pure).

    Args:
        tagger: has ``universal_tags(words)``.
    """

    def __init__(self, *args, tagger, **options):
        super().__init__(*args, **options)
        self.tagger = tagger
        self._tags: dict[tuple[str, ...], list[str]] = {}

    def _get_transformations(self, current_text, indices_to_modify):
        words = tuple(current_text.words)
        if words not in self._tags:
            if len(self._tags) > 2_000:
                self._tags.clear()
            self._tags[words] = self.tagger.universal_tags(words)
        current_text._pos_tags = self._tags[words]
        return super()._get_transformations(current_text, indices_to_modify)


class _SememeSwap(textattack.transformations.WordSwapHowNet):
    """WordSwapHowNet on a bank of candidates that is given."""

    def __init__(self, max_candidates: int = -1, *, sememes):
        super(textattack.transformations.WordSwapHowNet, self).__init__()
        self.max_candidates = max_candidates
        self.candidates_bank = sememes
        self.pos_dict = {"ADJ": "adj", "NOUN": "noun", "ADV": "adv", "VERB": "verb"}


class SememeSwap(Tagged, _SememeSwap):
    """WordSwapHowNet on a local bank of candidates, with local tags.

    Args:
        sememes: ``sememes[word]`` is a dict of noun, verb, adj and adv -> candidates; KeyError: it has none.
    """

    stands_for: ClassVar[str] = "textattack.transformations.word_swaps.word_swap_hownet.WordSwapHowNet"
