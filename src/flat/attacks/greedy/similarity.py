"""How similar candidate texts are to the text before: TextAttack's ``UniversalSentenceEncoder`` constraint."""

from collections.abc import Sequence

from flat.attacks.greedy.similar import Similar
from flat.attacks.greedy.text import Text


class Similarities:
    """Asks the similarity constraint of an attack about one-word edits.

    Args:
        constraint: a ``flat.attacks.textattack_adapter.components.SentenceSimilarity``.
    """

    def __init__(self, constraint):
        self.constraint, self.threshold = constraint, constraint.threshold

    def checked(self, text: Text) -> bool:
        """Whether texts of that many words are compared at all."""
        return not self.constraint.skips(len(text.words))

    def of(self, original: Text, current: Text, i: int, words: Sequence[str]) -> Similar:
        """Similarity of the texts in which one of ``words`` stands for word i of the current text; 1 if not checked."""
        if not self.checked(current) or not words:
            return Similar([1.0] * len(words))
        reference = original if self.constraint.compare_against_original else current
        size = self.constraint.window_size
        (first,) = reference.windows(i, [reference.words[i]], size)
        return self.constraint.compare([first] * len(words), current.windows(i, words, size))
