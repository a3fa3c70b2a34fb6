"""Attacks that search by themselves (``flat.plugins.Attack`` with ``own=True``): asked, limited and held to the victim.

The victim that such an attack is given counts its questions and ends them at the budget. What the attack says of its
result is held against the victim's answers.
"""

import time
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from flat.attacks.greedy.search import Found as Result
from flat.attacks.ledger import FAILED, GONE, SKIPPED, SUCCEEDED
from flat.errors import AttackError
from flat.plugins.findings import Example, Found, Over
from flat.plugins.kinds import Attack


class AskedVictim:
    """The victim, as an attack of one's own asks it about one text.

    Args:
        victim: a ``flat.attacks.victim.Victim``.
        example: the text that is attacked.
        budget: questions that it answers; None: any number.
        end: of the time, on ``time.monotonic``; None: none.
        gradients: whether the attack declares that it needs them.

    Attributes:
        classes: their number; known after the first question.
        queries: questions answered so far, repeated ones too.
    """

    def __init__(self, victim, example: Example, budget: int | None, end: float | None, gradients: bool):
        self._victim, self._example, self._budget = victim, example, budget
        self.end, self._gradients = end, gradients
        self._asked: dict[tuple[str, ...], np.ndarray] = {}  # words -> logits (classes,)
        self.queries = self.classes = 0

    @property
    def left(self) -> int | None:
        """Questions that are still answered; None: any number."""
        return None if self._budget is None else max(self._budget - self.queries, 0)

    def logits(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        """float32 logits (texts, classes) of texts, each a list of words.

        Raises:
            Over: the budget ends before the last text (those before it are counted), or the time is over.
            AttackError: a text is no list of words.
        """
        texts = [checked(text) for text in texts]
        if self.end is not None and time.monotonic() >= self.end:
            raise Over("the time is over")
        answered = texts if self.left is None else texts[: self.left]
        if answered:
            found = self._victim.logits([" ".join(text) for text in answered])
            self.queries += len(answered)
            self.classes = found.shape[1]
            self._asked.update(zip(answered, found, strict=True))
        if len(answered) < len(texts):
            raise Over("the budget of questions is spent")
        return np.stack([self._asked[text] for text in texts]) if texts else np.empty((0, self.classes), np.float32)

    def probabilities(self, texts: Sequence[Sequence[str]]) -> np.ndarray:
        """float64 probabilities (texts, classes); otherwise as ``logits``."""
        return _softmax(self.logits(texts))

    def gradients(self, words: Sequence[str]) -> np.ndarray:
        """Gradient of the cross entropy of the label by the embedding of each word that the model reads, (words, dim).

        It counts as a question.

        Raises:
            Over: as ``logits``.
            AttackError: the attack does not declare that it needs gradients, or the model has none.
        """
        if not self._gradients:
            raise AttackError("the attack", "asks for gradients undeclared", "set gradients=True in its declaration")
        words = checked(words)
        self.logits([words])
        return self._victim.gradients(words, self._example.label)

    def fooled(self, words: tuple[str, ...]) -> bool:
        """Whether the victim's answer to a text that it was asked about is another class than the label."""
        return int(np.argmax(self._asked[words])) != self._example.label

    def nearest(self) -> tuple[str, ...]:
        """Of the texts asked about, the first of those that came nearest to fooling the victim."""
        label = self._example.label

        def rank(words: tuple[str, ...]):
            return not self.fooled(words), _softmax(self._asked[words])[label]

        return min(self._asked, key=rank)

    def __contains__(self, words: object) -> bool:
        return words in self._asked


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    return powers / powers.sum(axis=-1, keepdims=True)


def checked(words) -> tuple[str, ...]:
    """Words as a tuple.

    Raises:
        AttackError: these are no words: a whole text, an empty word, one with a space.
    """
    if isinstance(words, str) or not all(isinstance(w, str) and w.split() == [w] for w in words) or not len(words):
        raise AttackError(
            "the attack", f"gives {str(words)[:60]!r} for the words of a text", "give a list of words without spaces"
        )
    return tuple(map(str, words))


class OwnAttack:
    """Runs an attack of one's own on one text after the other: ``(text, label) -> Result``.

    Args:
        made: what the plugin's ``make`` gave.
        options: those that it was made with.
        budget, seconds: of one text; None: no limit.
    """

    def __init__(self, made, plugin: Attack, victim, options: dict, budget: int | None, seconds: float | None):
        if not callable(getattr(made, "attack", None)):
            raise AttackError(
                f"attacks.*.recipe: {plugin.name}",
                f"made a {type(made).__name__} without attack(victim, example, rng)",
                "correct the plugin (docs/add-an-attack.md)",
            )
        self.made, self.plugin, self.victim, self.options = made, plugin, victim, options
        self.budget, self.seconds = budget, seconds
        self.constraints: list = []

    def clear_cache(self) -> None:
        """Nothing of ours is remembered from one text to the next."""

    def __call__(self, text: str, label: int) -> Result:
        end = None if self.seconds is None else time.monotonic() + self.seconds
        if not text.split():
            return self._without_words(text, label)
        example = Example(tuple(text.split(" ")), label)
        asked = AskedVictim(self.victim, example, self.budget, None, self.plugin.gradients)
        asked.logits([example.words])  # whatever the time
        asked.end = end
        if asked.fooled(example.words):
            return Result(SKIPPED, text, asked.queries)
        # a generator of its own, from the example's seed: NumPy's global one was just seeded with that
        rng = np.random.default_rng(np.random.randint(0, 2**32, size=4, dtype=np.uint32))
        try:
            found = self._checked(self.made.attack(asked, example, rng), asked)
        except Over:
            words = asked.nearest()
            found = Found(words, asked.fooled(words))
        words = tuple(found.words)
        aligned = matched(example.words, words) if found.aligned is None else _alignment(found, example.words)
        return Result(SUCCEEDED if found.succeeded else FAILED, " ".join(words), asked.queries, aligned=aligned)

    def _without_words(self, text: str, label: int) -> Result:
        fooled = int(np.argmax(self.victim.logits([text])[0])) != label
        return Result(SKIPPED if fooled else FAILED, text, 1, aligned=list(range(len(text.split(" ")))))

    def _checked(self, found: Found, asked: AskedVictim) -> Found:
        if not isinstance(found, Found):
            raise AttackError(
                f"the attack {self.plugin.name}", f"answers {type(found).__name__}", "answer a flat.plugins.Found"
            )
        words = checked(found.words)
        if words not in asked:
            asked.logits([words])
        if asked.fooled(words) != found.succeeded:
            said, is_ = ("succeeded", "failed") if found.succeeded else ("failed", "succeeded")
            raise AttackError(
                f"the attack {self.plugin.name}",
                f"says that it {said}; by the victim's answer it {is_}: {' '.join(words)[:80]!r}",
                "correct the attack: compare the victim's answer to that text with the label",
            )
        return Found(words, bool(found.succeeded), found.aligned)


def _alignment(found: Found, original: Sequence[str]) -> list[int]:
    places = [int(place) for place in found.aligned]
    kept = [place for place in places if place != GONE]
    if len(places) != len(original) or kept != sorted(set(kept)) or not all(0 <= p < len(found.words) for p in kept):
        raise AttackError(
            "the attack",
            f"aligns {len(original)} words with {places}",
            "give for each word of the original the index of its counterpart, rising, or -1",
        )
    return places


def matched(original: Sequence[str], perturbed: Sequence[str]) -> list[int]:
    """For each word of the original the index of its counterpart among the perturbed ones, -1 if it has none."""
    if len(original) == len(perturbed):
        return list(range(len(original)))
    places = [GONE] * len(original)
    for kind, a, end, b, b_end in SequenceMatcher(None, original, perturbed, autojunk=False).get_opcodes():
        if kind in ("equal", "replace"):
            for step in range(min(end - a, b_end - b)):
                places[a + step] = b + step
    return places
