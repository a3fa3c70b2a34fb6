"""Words replaced by their opposite: what no threshold on cosines notices, for antonyms are near in most spaces.

Morris et al. 2020 (Reevaluating adversarial examples), section 5. Antonyms are WordNet's, between any senses of the two
words and whatever their inflection: “loved” and “hate” are antonyms since “love” and “hate” are.
"""

from collections.abc import Iterable

import pyarrow as pa

from flat.files.columns import FIELDS

SCHEMA = pa.schema(
    [
        *FIELDS,
        ("example_id", pa.string()),
        ("antonyms", pa.list_(pa.string())),  # "good > bad", in the order of the text
    ]
)
PARTS_OF_SPEECH = "nvar"


class Antonyms:
    """WordNet's antonyms, each word looked up once.

    Args:
        reader: NLTK's WordNetCorpusReader.
    """

    def __init__(self, reader):
        self.reader = reader
        self._bases: dict[str, frozenset[str]] = {}
        self._opposites: dict[str, frozenset[str]] = {}

    def bases(self, word: str) -> frozenset[str]:
        """The word and its base forms in every part of speech, lower-cased."""
        word = word.lower()
        if word not in self._bases:
            found = (self.reader.morphy(word, pos) for pos in PARTS_OF_SPEECH)
            self._bases[word] = frozenset({word, *filter(None, found)})
        return self._bases[word]

    def opposites(self, word: str) -> frozenset[str]:
        """The antonyms of a base form, in all its senses."""
        if word not in self._opposites:
            found = (opposite for lemma in self.reader.lemmas(word) for opposite in lemma.antonyms())
            self._opposites[word] = frozenset(opposite.name().lower() for opposite in found)
        return self._opposites[word]

    def are(self, word: str, substitute: str) -> bool:
        """Whether the two words, or base forms of them, are antonyms."""
        bases = self.bases(substitute)
        return any(self.opposites(base) & bases for base in self.bases(word))

    def among(self, swaps: Iterable[dict]) -> list[str]:
        """The swaps of one text that put an antonym: “good > bad”. Insertions and deletions replace no word."""
        pairs = ((swap["from"], swap["to"]) for swap in swaps if swap["from"] and swap["to"])
        return [f"{word} > {substitute}" for word, substitute in pairs if self.are(word, substitute)]
