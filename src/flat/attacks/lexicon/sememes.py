"""PSO's candidates: words with the same meaning by HowNet's sememes, or, standing for them, by WordNet.

Both are a bank as TextAttack's WordSwapHowNet reads it: ``bank[word][pos]`` is a list of words, pos one of noun, verb,
adj and adv. TextAttack publishes HowNet's as one pickle. The stand-in is made once per data set, from WordNet. First
come the members of the word's synsets, commonest sense first, then those of their sister synsets: for nouns and verbs
the other hyponyms of a hypernym, for adjectives similar ones. There the commonest words of the train split come first.
Candidates are words of the data set (as in Zang et al., 2020), with the word's own inflection ("films" -> "movies"):
at most ``MOST`` for a part of speech, somewhat more than HowNet's average there (docs/attacks.md).
"""

import pickle
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from flat.attacks.lexicon.synonym_space.inflections import forms
from flat.attacks.lexicon.wordnet_table import WordNet
from flat.attacks.textattack_adapter.words import attack_vocabulary, attack_words
from flat.errors import ResourceError
from flat.files.failures import of_reading

MOST = 15
PARTS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
PICKLE = "word_candidates_sense.pkl"

Bank = dict[str, dict[str, list[str]]]


def load_hownet(folder: str | Path) -> Bank:
    """The bank that TextAttack publishes, read without running anything of it.

    Raises:
        ResourceError: the file is absent, or holds something else.
    """
    from flat.resources.builders import PlainUnpickler  # for cost: numpy

    path = next(iter(sorted(Path(folder).rglob(PICKLE))), Path(folder) / PICKLE)
    try:
        with path.open("rb") as stream:
            bank = PlainUnpickler(stream).load()
        return {
            word: {pos: sorted(found) if isinstance(found, set) else list(found) for pos, found in of_word.items()}
            for word, of_word in bank.items()
        }
    except (OSError, EOFError, pickle.UnpicklingError, AttributeError, TypeError) as error:
        raise of_reading(error, path, ResourceError) or ResourceError(
            str(path), f"is no bank of candidates ({error})", "fetch the resource again"
        ) from None


def build(texts: Iterable[str], train: Iterable[str], wordnet: WordNet) -> Bank:
    """The stand-in's bank for the words of ``texts``.

    Args:
        texts: texts that are attacked.
        train: texts whose words may be candidates.
    """
    look_up = _LookUp(Counter(word.lower() for text in train for word in attack_words(text)), wordnet)
    bank = {}
    for word in sorted({word.lower() for word in attack_vocabulary(texts)}):
        found = {pos: look_up.candidates(word, letter) for pos, letter in PARTS.items()}
        if any(found.values()):
            bank[word] = {pos: words for pos, words in found.items() if words}
    return bank


class _LookUp:
    """Candidates among the words that ``known`` counts."""

    def __init__(self, known: Counter, wordnet: WordNet):
        self.known, self.reader = known, wordnet.reader
        self._below: dict[str, list[str]] = {}  # synset -> lemmas of its hyponyms

    def candidates(self, word: str, pos: str) -> list[str]:
        """At most ``MOST`` words that may stand for ``word``, best first."""
        lemma = self.reader.morphy(word, pos)
        if lemma is None:
            return []
        form = next((name for name, spelled in forms(lemma, pos).items() if word in spelled and word != lemma), None)
        senses = self.reader.synsets(lemma, pos)
        members = dict.fromkeys(name.lower() for sense in senses for name in sense.lemma_names())
        sisters = sorted({name for sense in senses for name in self._sisters(sense)}, key=self._commonest_first)
        found: dict[str, None] = {}
        for name in (*members, *sisters):
            spellings = (name,) if form is None else forms(name, pos).get(form, ()) if "_" not in name else ()
            known = next((spelling for spelling in spellings if spelling in self.known), None)
            if known not in (None, word, lemma):
                found[known] = None
            if len(found) == MOST:
                break
        return list(found)

    def _commonest_first(self, name: str) -> tuple[int, str]:
        return -self.known[name], name

    def _sisters(self, sense) -> list[str]:
        found = [name.lower() for similar in sense.similar_tos() for name in similar.lemma_names()]
        for parent in (*sense.hypernyms(), *sense.instance_hypernyms()):
            if parent.name() not in self._below:
                below = [name.lower() for child in parent.hyponyms() for name in child.lemma_names()]
                self._below[parent.name()] = below
            found += self._below[parent.name()]
        return found
