"""TextAttack's own components with local resources and caches in place of downloads.

Each class stands in a recipe for the component it names in ``stands_for`` and gives the same answers (tests compare
them); only what it looks up, and how often, differs.
"""

import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from io import StringIO
from typing import ClassVar
from unittest.mock import patch

import numpy as np
import torch

from flat.attacks.greedy.similar import ENDS, Estimate, Similar, estimated
from flat.attacks.lexicon.short_cuts import Windows, short_cut
from flat.attacks.textattack_adapter.environment import textattack

_PartOfSpeech = textattack.constraints.grammaticality.PartOfSpeech
_GoogleLanguageModel = textattack.constraints.grammaticality.language_models.Google1BillionWordsLanguageModel
_UniversalSentenceEncoder = textattack.constraints.semantics.sentence_encoders.UniversalSentenceEncoder

_HOMOGLYPHS = "textattack.transformations.word_swaps.word_swap_homoglyph_swap"


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

    An encoder that can answer windows faster, but for rounding, is asked so. Where a decision hangs on that, it is
    asked as ever about the batches that hold the texts concerned: the same batches, and so the same last bits.

    Args:
        encoder: n texts -> (n, dim) array. It may have a short cut (``flat.attacks.lexicon.short_cuts.Windows``).
    """

    stands_for: ClassVar[str] = f"{_UniversalSentenceEncoder.__module__}.UniversalSentenceEncoder"

    def __init__(self, *args, encoder: Callable, **options):
        super().__init__(*args, **options)
        self.encoder = encoder
        self._vectors: dict[str, np.ndarray] = {}
        self._estimated: dict[str, np.ndarray] = {}
        self._batches: list[list[str]] = []  # in which the encoder would have been asked all along in this example
        self._batch_of: dict[str, int] = {}
        self._compared: Similar | None = None  # TextAttack's last question

    def clear_cache(self):
        self._vectors.clear()
        self._estimated.clear()
        self._batches.clear()
        self._batch_of.clear()

    def encode(self, sentences):
        """The encoder's own vectors, (n, dim), of the batches in which it would have been asked all along."""
        self._note(sentences)
        for number in sorted({self._batch_of[text] for text in sentences if text not in self._vectors}):
            batch = self._batches[number]
            self._vectors.update(zip(batch, self.encoder(batch), strict=True))
        return np.stack([self._vectors[text] for text in sentences])

    def _note(self, sentences: Iterable[str]) -> None:
        """Remember that the encoder would be asked now, in one batch, about those that are new in this example."""
        fresh = [text for text in dict.fromkeys(sentences) if text not in self._batch_of]
        if fresh:
            self._batch_of.update(dict.fromkeys(fresh, len(self._batches)))
            self._batches.append(fresh)

    def compare(self, before: list[str], after: list[str]) -> Similar:
        """How similar each window of ``after``, at least one, is to its window of ``before``."""
        quick, texts = self._quick, [*before, *after]
        vectors = self._estimates(quick, before, after) if quick is not None else None
        if vectors is None:
            return Similar(self._metric(self.encode(texts)))
        values = estimated(self.metric, *np.split(vectors, 2))
        self._note(texts)
        ends = ENDS[self.metric](values, quick.error)
        return Similar(values.tolist(), ends, lambda: self._metric(self.encode(texts)))

    @cached_property
    def _quick(self) -> Windows | None:
        return short_cut(self.encoder) if self.metric in ENDS else None

    def _metric(self, vectors: np.ndarray) -> list[float]:
        vectors, half = torch.from_numpy(np.ascontiguousarray(vectors)), len(vectors) // 2
        return self.sim_metric(vectors[:half], vectors[half:]).tolist()

    def _estimates(self, quick: Windows, before: list[str], after: list[str]) -> np.ndarray | None:
        """Vectors of all windows, but for rounding; None if the encoder has no faster way to them."""
        known, asked = self._estimated, {}  # windows of one place and length, which share most of their words
        for reference, text in zip(before, after, strict=True):
            if text not in known:
                asked.setdefault((reference, text.count(" ")), {}).setdefault(text)
        for reference in set(before).difference(known, (reference for reference, _ in asked)):
            asked[reference, -1] = {}
        for (reference, _), texts in asked.items():
            fresh = [text for text in dict.fromkeys([*texts, reference]) if text not in known]
            vectors = quick(fresh)
            if vectors is None:
                return None
            known.update(zip(fresh, vectors, strict=True))
        return np.stack([known[text] for text in [*before, *after]])

    def _score_list(self, starting_text, transformed_texts):
        self._compared = None
        if transformed_texts and all(self.skips(text.num_words) for text in transformed_texts):
            return torch.ones(len(transformed_texts))  # what the caller sets for such texts: nothing to encode
        if not transformed_texts or self._quick is None or not self.window_size:
            return super()._score_list(starting_text, transformed_texts)
        places = [next(iter(text.attack_attrs["newly_modified_indices"])) for text in transformed_texts]
        texts = list(zip(transformed_texts, places, strict=True))
        windows = {place: starting_text.text_window_around_index(place, self.window_size) for place in set(places)}
        before = [windows[place] for place in places]
        self._compared = self.compare(before, [t.text_window_around_index(i, self.window_size) for t, i in texts])
        self._compared.settle_at(self.threshold)
        return torch.tensor(self._compared.values)

    def _check_constraint_many(self, transformed_texts, reference_text):
        kept = super()._check_constraint_many(transformed_texts, reference_text)
        if self._compared is not None and not self._compared.exact:
            for n, text in enumerate(transformed_texts):
                if not self.skips(len(text.words)):
                    text.attack_attrs["similarity_score"] = Estimate(self._compared, n)
        return kept

    def skips(self, words: int) -> bool:
        """True if a text of that many (TextAttack) words passes unchecked."""
        return self.skip_text_shorter_than_window and words < self.window_size


class SentenceBert(SentenceSimilarity):
    """SBERT, which compares whole texts, on a local encoder: another one than it names.

    Args:
        model_name: the encoder that the recipe names.
        encoder: as in ``SentenceSimilarity``.
    """

    stands_for: ClassVar[str] = "textattack.constraints.semantics.sentence_encoders.sentence_bert.sbert.SBERT"

    def __init__(self, threshold=0.7, metric="cosine", model_name: str = "", *, encoder: Callable, **options):
        super().__init__(threshold=threshold, metric=metric, encoder=encoder, **options)


class HomoglyphSwap(textattack.transformations.WordSwapHomoglyphSwap):
    """WordSwapHomoglyphSwap without the file ``intentional_homoglyphs.txt``, which TextAttack's release lacks.

    Only its differential evolution reads what that file holds; words are swapped by the table in its source.
    """

    stands_for: ClassVar[str] = f"{_HOMOGLYPHS}.WordSwapHomoglyphSwap"

    def __init__(self, *args, **options):
        with patch.object(sys.modules[_HOMOGLYPHS], "open", lambda *_, **__: StringIO(), create=True):
            super().__init__(*args, **options)


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
