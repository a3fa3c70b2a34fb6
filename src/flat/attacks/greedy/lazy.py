"""The greedy search with the sentence encoder asked last: TextAttack's text and status for a fraction of its work.

The model is asked about every candidate that passes the constraints on words. The encoder is asked about the best of
them, one after the other until one is similar enough. Where that one fools the model, the encoder is asked about all
others that do. An encoder's last bits depend on the batch. So where a similarity is too near to call, the search starts
the example again and is exact.
"""

from math import pi, sin

from flat.attacks.greedy.answers import Answer
from flat.attacks.greedy.search import Found, GreedySearch
from flat.attacks.greedy.similar import Similar

NEAR = 2e-6  # similarities nearer than this may change places with the batch ...
NEAR_ONE = 4e-7  # ... and those of nearly parallel vectors, whose angle magnifies errors, sooner


class TooNear(Exception):
    """The search met a decision that the last bits of a similarity would make."""


class LazySearch(GreedySearch):
    """As ``GreedySearch``; ``queries`` counts more texts than TextAttack's, which never asks about dissimilar ones.

    Without a similarity constraint there is nothing to put off: the search is exact.
    """

    def __init__(self, attack):
        super().__init__(attack)
        self.exact = GreedySearch(attack)
        self.lazy = self.similarity is not None

    def __call__(self, text: str, label: int) -> Found:
        try:
            return super().__call__(text, label)
        except TooNear:
            self.similarity.constraint.clear_cache()
            self.victim.start_example()
            return self.exact(text, label)

    def _step(self, i: int) -> tuple[str, Answer] | None:
        if not self.lazy:
            return super()._step(i)
        current = self.answers.text
        _, after = current.around(i)
        words = sorted(self._candidates(i), key=lambda word: word + after)
        (found,) = self.answers.ask([[(i, word) for word in words]])
        fooling: list[int] = []
        for n in self.answers.descending(found):
            if fooling:
                if not self.answers.fooled(found[n]):
                    break  # the first that does not fool the model ends the ranking
                fooling.append(n)
                continue
            if not self.answers.higher(found[n], self.answers.here):
                return None
            if not self._compare(i, [words[n]]).reaching(self.similarity.threshold):
                continue
            if not self.answers.fooled(found[n]):
                return words[n], found[n]
            fooling = [n]
        if not fooling:
            return None
        best = self._most_similar(i, [words[n] for n in fooling])
        return words[fooling[best]], found[fooling[best]]

    def _most_similar(self, i: int, words: list[str]) -> int:
        """Place in ``words``, whose first is similar enough, of the most similar; the first of equals.

        Raises:
            TooNear: two are as good as equal.
        """
        similar, best = self._compare(i, words), 0
        for n in similar.reaching(self.similarity.threshold):
            if n != best:
                similar.settle_between(n, best, _near)
                one, other = similar.values[n], similar.values[best]
                if one != other and abs(one - other) < _near(max(one, other)):
                    raise TooNear
                if one > other:
                    best = n
        return best

    def _compare(self, i: int, words: list[str]) -> Similar:
        """The similarity of each word's text to the current one.

        Raises:
            TooNear: one is as good as on the threshold.
        """
        similar, limit = self.similarity.of(self.original, self.answers.text, i, words), self.similarity.threshold
        if self.similarity.checked(self.answers.text):
            similar.settle_at(limit, _near(limit))
            if any(abs(value - limit) < _near(limit) for value in similar.values):
                raise TooNear
        return similar


def _near(similarity: float) -> float:
    return NEAR + NEAR_ONE / max(abs(sin(pi * (1 - similarity))), 1e-3)
