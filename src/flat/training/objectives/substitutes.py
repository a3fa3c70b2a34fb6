"""The words that may stand for a word: its neighbours in the synonym space, among those of the train split."""

from collections.abc import Iterable, Sequence

from flat.attacks.lexicon import synonyms
from flat.attacks.lexicon.resources import AttackResources


class Substitutes:
    """Substitutes of words, looked up once each.

    Args:
        space: ``flat.attacks.lexicon.synonyms.load``'s.
        stopwords: words that are never replaced.
        neighbours: nearest neighbours looked at. least_cosine: of a substitute and its word.
    """

    def __init__(self, space, stopwords: frozenset[str], neighbours: int, least_cosine: float):
        self.space, self.stopwords = space, stopwords
        self.neighbours, self.least_cosine = neighbours, least_cosine
        self._words: frozenset[str] | None = None
        self._found: dict[str, tuple[str, ...]] = {}

    def among(self, texts: Iterable[Sequence[str]]) -> "Substitutes":
        """Take no word that these texts, the train split, lack: a model has learnt nothing of it. Once is enough."""
        if self._words is None:
            self._words = frozenset(word for text in texts for word in text)
        return self

    def of(self, word: str) -> tuple[str, ...]:
        """Nearest first; none of stop words, and of words that the space lacks."""
        if word not in self._found:
            self._found[word] = self._look_up(word)
        return self._found[word]

    def _look_up(self, word: str) -> tuple[str, ...]:
        own = word if word in self.space.index else word.lower()
        if own not in self.space.index or word.lower() in self.stopwords:
            return ()
        near = self.space.neighbours(own, self.neighbours)
        return tuple(
            other
            for other, cosine in near
            if cosine >= self.least_cosine and other != own and (self._words is None or other in self._words)
        )


def of_resources(names: dict[str, str], neighbours: int, least_cosine: float) -> Substitutes:
    """Substitutes by the resources of the roles synonyms and stopwords.

    Raises:
        ResourceError: one is absent or damaged.
    """
    stopwords = AttackResources({"stopwords": names["stopwords"]}).stopwords
    return Substitutes(synonyms.load(names["synonyms"]), stopwords, neighbours, least_cosine)
