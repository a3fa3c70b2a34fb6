"""What a model answers to the texts of one search: asked as one-word edits, exact wherever the search could tell.

TextAttack asks about whole texts, 32 at a time. Here the model's editor (``flat.models.edits.editor``) answers all
edits of a text at once, for a fraction of the cost, but for rounding. Each answer knows how far it may be off. Where a
decision hangs on less, the batches in which TextAttack would have asked are put through the model. Their answers, to
the last bit, decide. Texts that the model cannot tell apart share one answer.

Where low precision is fast, the editor answers in it first (``flat.models.edits.screening``). Such a rough answer may
be off by more. Where a decision hangs on less, it is refined: asked again in fp32.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from flat.attacks.greedy.judged import judged
from flat.attacks.greedy.text import Place, Text
from flat.models.edits.editor import EditedText

BATCH = 32  # texts of one model call, as TextAttack's goal function cuts them

Edit = tuple[int, str | None]
"""A word of TextAttack's (its index) and what comes in its place; None: nothing, it is deleted."""


@dataclass(slots=True)
class Answer:
    """What the model says of one input.

    Attributes:
        score: 1 - probability of the label.
        margin: by how much (in probability) the label wins; negative: the model is fooled.
        error: how far ``score`` may lie from that of TextAttack's own batch; 0: it is that one.
        batch: number of that batch.
        rough: what was answered in low precision, and to which edit; None: ``score`` rests on fp32.
    """

    score: float
    margin: float
    error: float
    batch: int
    rough: "Rough | None" = None


class Rough(NamedTuple):
    """An answer in low precision: logits (classes,) of one edit of an opened text."""

    logits: np.ndarray
    text: EditedText
    token: int
    word: str | None


class Answers:
    """The answers of one example, and the text that the search has reached.

    Args:
        victim: a ``flat.attacks.victim.Victim``.
        text: the original.
        label: its class.

    Attributes:
        text: the current text. here: its answer.
        queries: texts asked about, as TextAttack counts: repeated questions too.
    """

    def __init__(self, victim, text: Text, label: int):
        self.victim, self.label, self.text, self.queries = victim, label, text, 1
        self._batches: list[list[tuple[Answer, Text, Edit]]] = []
        self._seen: set[tuple[int, Edit]] = set()  # texts asked about, as edits of the n-th current text
        self._turn = self._corrections = 0
        self._places: dict[int, Place] = {}
        self._opened = victim.editor.open(text.tokens)
        (self.here,) = self._about(victim.logits([text.text]))
        self.here.error, self.here.batch = 0.0, 0
        self._of: dict[Hashable, Answer] = {self._opened.key: self.here}

    def take(self, i: int, word: str, answer: Answer) -> None:
        """Go on from the current text with word i replaced."""
        place = self._place(i)
        one = word.split() == [word]
        new = self.text.replaced(i, word)
        if one:
            self._opened = self._opened.replaced(place.token, place.prefix + word + place.suffix)
        else:
            self._opened = self.victim.editor.open(new.tokens)
        self.text, self.here = new, answer
        self._turn += 1
        self._places = {}

    def ask(self, questions: Sequence[Sequence[Edit]], precise: int = 0) -> list[list[Answer]]:
        """Answers to edits of the current text; each inner list is what TextAttack asks in one call.

        Args:
            precise: so many of the first questions are never answered in low precision.

        Raises:
            BoundBroken: an answer in low precision lies further off than it may.
        """
        edits = [edit for question in questions for edit in question]
        self.queries += len(edits)
        wanted = [self._token_edit(*edit) for edit in edits]
        simple = [n for n, token_edit in enumerate(wanted) if token_edit is not None]
        tokens, words = [wanted[n][0] for n in simple], [wanted[n][1] for n in simple]
        keys: list[Hashable] = [None] * len(edits)
        for n, key in zip(simple, self._opened.keys(tokens, words), strict=True):
            keys[n] = key
        fresh: dict[Hashable, int] = {}  # new to the model -> its place in ``simple``
        for place, n in enumerate(simple):
            if keys[n] not in self._of:
                fresh.setdefault(keys[n], place)
        odd: dict[Hashable, list[str]] = {}  # edits that change more than one token
        for n in set(range(len(edits))).difference(simple) if len(simple) < len(edits) else ():
            whole = self._string(self.text, edits[n]).split()
            keys[n] = self.victim.editor.open(whole).key
            if keys[n] not in self._of and keys[n] not in fresh:
                odd[keys[n]] = whole
        if self.victim.stochastic:  # its draws depend on the batches: TextAttack's own, in ``_note``
            self._of.update((key, Answer(0.0, 0.0, 1.0, -1)) for key in [*fresh, *odd])
        elif fresh or odd:
            if fresh:
                least = sum(len(question) for question in questions[:precise])
                parts = {key: self.victim.screen is None or simple[place] < least for key, place in fresh.items()}
                for exactly in sorted({*parts.values()}):
                    own = {key: fresh[key] for key, part in parts.items() if part == exactly}
                    asked = [tokens[c] for c in own.values()], [words[c] for c in own.values()]
                    self._of.update(zip(own, self._about_edits(*asked, exactly), strict=True))
            if odd:
                self._of.update(zip(odd, self._about(self.victim.editor.whole(list(odd.values()))), strict=True))
            self.victim.forwards += len(fresh) + len(odd)
        start, found = 0, []
        for question in questions:
            own = keys[start : start + len(question)]
            self._note(question, own)
            found.append([self._of[key] for key in own])
            start += len(question)
        return found

    def descending(self, answers: Sequence[Answer]) -> Iterator[int]:
        """Places in ``answers`` from the highest score down; the first of equals first."""
        order, k, known = list(range(len(answers))), 0, -1
        while k < len(order):
            if known != self._corrections:  # by what is asked here, or by the caller since the last one was given out
                order[k:], known = sorted(sorted(order[k:]), key=lambda n: -answers[n].score), self._corrections
                highest = _highest_behind(answers, order)
            if answers[order[k]].score - answers[order[k]].error > highest[k]:
                yield order[k]
                k += 1
                continue
            least = max(answers[n].score - answers[n].error for n in order[k:])
            rivals = [n for n in order[k:] if answers[n].score + answers[n].error >= least]
            if self._told_apart([answers[n] for n in rivals]):
                continue
            yield from rivals  # equals
            k += len(rivals)

    def _told_apart(self, answers: Sequence[Answer]) -> bool:
        """Refine answers or, where none is rough, settle them; whether anything had to be asked."""
        return self.refine(answers) or self.settle_unless_one(answers)

    def higher(self, one: Answer, other: Answer) -> bool:
        """Whether the score of one is greater than the other's."""
        while not self._surely_apart(one, other) and self._told_apart([one, other]):
            pass
        return one.score > other.score

    def fooled(self, answer: Answer) -> bool:
        while abs(answer.margin) <= 2 * answer.error and (self.refine([answer]) or self.settle([answer])):
            pass
        return answer.margin < 0

    def refine(self, answers: Iterable[Answer]) -> bool:
        """Ask those in fp32 that were answered in low precision; whether there were any.

        Raises:
            BoundBroken: one lies further off than it may.
        """
        rough = {id(answer): answer for answer in answers if answer.rough is not None}
        by_text: dict[int, list[Answer]] = {}
        for answer in rough.values():
            by_text.setdefault(id(answer.rough.text), []).append(answer)
        for group in by_text.values():
            text = group[0].rough.text
            logits = text.logits([answer.rough.token for answer in group], [answer.rough.word for answer in group])
            self.victim.screen.compare(np.stack([answer.rough.logits for answer in group]), logits)
            for answer, found in zip(group, self._about(logits), strict=True):
                answer.score, answer.margin, answer.error, answer.rough = found.score, found.margin, found.error, None
        self._corrections += len(rough)
        return bool(rough)

    def settle(self, answers: Sequence[Answer]) -> bool:
        """Make answers those of TextAttack's own batches; whether anything had to be asked."""
        batches = sorted({answer.batch for answer in answers if answer.error > 0})
        for batch in batches:
            self._settle_batch(batch)
        return bool(batches)

    def settle_unless_one(self, answers: Sequence[Answer]) -> bool:
        """The same; nothing to do where all are one answer, which is equal to itself."""
        return any(answer is not answers[0] for answer in answers) and self.settle(answers)

    @staticmethod
    def _surely_apart(one: Answer, other: Answer) -> bool:
        return one is not other and abs(one.score - other.score) > one.error + other.error

    def _settle_batch(self, number: int) -> None:
        self._corrections += 1
        batch = self._batches[number]
        texts = [self._string(text, edit) for _, text, edit in batch]
        # the victim remembers a stochastic model's first answers, for they count to the end
        exact = self._about(self.victim.logits(texts) if self.victim.stochastic else self.victim.settled(texts))
        for (answer, _, _), found in zip(batch, exact, strict=True):
            answer.score, answer.margin, answer.error, answer.rough = found.score, found.margin, 0.0, None

    def _note(self, question: Sequence[Edit], keys: list[Hashable]) -> None:
        """Remember in which batches TextAttack would ask the model about these edits."""
        new = [n for n, edit in enumerate(question) if (self._turn, edit) not in self._seen]
        for start in range(0, len(new), BATCH):
            batch, number = [], len(self._batches)
            for n in new[start : start + BATCH]:
                answer = self._of[keys[n]]
                if answer.batch < 0:
                    answer.batch = number
                    batch.append((answer, self.text, question[n]))
            if batch:
                self._batches.append(batch)
                if self.victim.stochastic:
                    self._settle_batch(number)
        self._seen.update((self._turn, edit) for edit in question)

    def _about_edits(self, tokens: list[int], words: list[str | None], precise: bool) -> list[Answer]:
        """Answers to edits of the opened text that are new to the model."""
        screen = self.victim.screen
        if precise or screen is None:
            return self._about(self._opened.logits(tokens, words))
        logits = screen.logits(self._opened, tokens, words)
        found = self._about(logits, screen.bound)
        for n, answer in enumerate(found):
            answer.rough = Rough(logits[n], self._opened, tokens[n], words[n])
        self.refine(found[n] for n in screen.sample(len(found)))
        return found

    def _about(self, logits: np.ndarray, bound: float | None = None) -> list[Answer]:
        """Answers from logits (n, classes), computed as TextAttack's goal function does.

        Args:
            bound: how far a difference of two logits of a row may be off; None: by an editor's rounding.

        Raises:
            AttackError: a logit is no number, and could not be ranked.
        """
        found = judged(logits, self.label, self.victim.editor.error, bound)
        rows = zip(found.scores.tolist(), found.margins.tolist(), found.errors.tolist(), strict=True)
        return [Answer(score, margin, error, -1) for score, margin, error in rows]

    def _place(self, i: int) -> Place:
        if i not in self._places:
            self._places[i] = self.text.place(i)
        return self._places[i]

    def _token_edit(self, i: int, word: str | None) -> tuple[int, str | None] | None:
        """The edit as one of tokens; None if it changes more than one."""
        token, prefix, suffix = self._place(i)
        if word is not None:
            return (token, prefix + word + suffix) if word.split() == [word] else None
        if not prefix and not suffix:
            return token, None
        joins_next, joins_previous = i == 0 and not suffix, i > 0 and not prefix
        return None if joins_next or joins_previous else (token, prefix + suffix)

    @staticmethod
    def _string(text: Text, edit: Edit) -> str:
        i, word = edit
        return text.without(i) if word is None else word.join(text.around(i))


def _highest_behind(answers: Sequence[Answer], order: list[int]) -> list[float]:
    """For each place in ``order`` the highest score that an answer behind it may have."""
    above = accumulate((answers[n].score + answers[n].error for n in reversed(order[1:])), max)
    return [*list(above)[::-1], float("-inf")]
