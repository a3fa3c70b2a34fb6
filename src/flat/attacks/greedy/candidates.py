"""The words that may stand in a word's place: TextAttack's transformation and its constraints on single words.

What a word's substitutes are, and how near they are to it, is looked up once; only tags depend on the context.
"""

import sys

from flat.attacks.greedy.text import Text


class Candidates:
    """Substitutes of the words of a text that pass WordEmbeddingDistance and PartOfSpeech.

    Args:
        attack: a built attack whose constraints on words compare with the original text.
    """

    def __init__(self, attack):
        self._replacements = attack.transformation._get_replacement_words
        kinds = {type(c).__name__: c for c in attack.constraints}
        self.distance, self.tagging = kinds.get("WordEmbeddingDistance"), kinds.get("PartOfSpeech")
        self._near: dict[str, list[str]] = {}

    def near(self, word: str) -> list[str]:
        """Substitutes of a word in any context, in TextAttack's order."""
        if word not in self._near:
            found = (sys.intern(str(other)) for other in self._replacements(word))
            self._near[word] = [other for other in found if other != word and self._is_near(word, other)]
        return self._near[word]

    def of(self, original: Text, i: int) -> list[str]:
        """Those of word i of a text, in TextAttack's order."""
        words = original.words
        near = self.near(words[i])
        if self.tagging is None or not near:
            return near
        # the context that TextAttack gives its tagger
        own, *tags = self._tags(words[max(i - 4, 0) : i], [words[i], *near], words[i + 1 : i + 4])
        allowed = {tag: self.tagging._can_replace_pos(own, tag) for tag in set(tags)}
        return [word for word, tag in zip(near, tags, strict=True) if allowed[tag]]

    def _tags(self, before: list[str], words: list[str], after: list[str]) -> list[str]:
        tagger = getattr(self.tagging, "tagger", None)
        if hasattr(tagger, "universal_in_context"):
            return tagger.universal_in_context(before, words, after)
        return [self.tagging._get_pos(before, word, after) for word in words]

    def _is_near(self, word: str, other: str) -> bool:
        """WordEmbeddingDistance: near enough in the synonym space; words outside it pass where the attack says so."""
        distance = self.distance
        if distance is None:
            return True
        if not distance.cased:
            word, other = word.lower(), other.lower()
        try:
            a, b = distance.embedding.word2index(word), distance.embedding.word2index(other)
        except KeyError:
            return bool(distance.include_unknown_words)
        if distance.min_cos_sim and distance.get_cos_sim(a, b) < distance.min_cos_sim:
            return False
        return not (distance.max_mse_dist and distance.get_mse_dist(a, b) > distance.max_mse_dist)
