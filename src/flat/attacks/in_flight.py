"""Many examples searched at once on one GPU: their processes ask, one process answers for the device.

Each example is searched in a forked process, which never touches the GPU: it encodes texts and asks through its pipe.
The process that holds the model takes what all of them ask at a time. Edits, whose answers may be off by their
rounding, go through the model together, texts of one length in a pass. A batch whose last bits decide goes alone, as
TextAttack would send it. So a ledger does not depend on how many examples are in flight.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import numpy as np
import torch

from flat.attacks.victim import Victim
from flat.models.batch import Batch
from flat.models.edits.editor import Editor


class Alone(NamedTuple):
    """An encoded batch, whose answer's last bits count: four arrays (texts, tokens)."""

    ids: np.ndarray
    present: np.ndarray
    special: np.ndarray
    word_index: np.ndarray


class Edits(NamedTuple):
    """Texts as token ids, one after the other, and how many tokens each has; in low precision or in fp32."""

    ids: np.ndarray
    lengths: np.ndarray
    low: bool


Question = Alone | Edits
Ask = Callable[[Question], np.ndarray]


def can_fly(victim: Victim) -> bool:
    """Whether a victim's questions can be asked as token ids, its answers not being drawn."""
    return not victim.stochastic and victim.editor.puts_whole_texts and bool(getattr(victim.model, "encode_ids", None))


def ask_through(victim: Victim, ask: Ask) -> None:
    """Have a victim, in a process that is to leave the device alone, ask another one."""
    victim.model.answer = lambda batch: ask(_alone(batch))
    error = victim.editor.error
    victim.editor = editor = _Asking(victim.model, ask)
    editor.error = error
    if victim.offered is not None:
        victim.offered.precision = editor.in_low_precision


def _alone(batch: Batch) -> Alone:
    return Alone(*(part.numpy() for part in (batch.ids, batch.present, batch.special, batch.word_index)))


class _Asking(Editor):
    """The editor of a process that asks another."""

    def __init__(self, model, ask: Ask):
        super().__init__(model)
        self.ask, self.low = ask, False

    @contextmanager
    def in_low_precision(self) -> Iterator[None]:
        self.low = True
        try:
            yield
        finally:
            self.low = False

    def whole(self, texts):
        return self.of_ids([self.signature(text) for text in texts])

    def of_ids(self, rows):
        ids = np.fromiter((i for row in rows for i in row), dtype=np.int32)
        return self.ask(Edits(ids, np.fromiter(map(len, rows), dtype=np.int32, count=len(rows)), self.low))


class Device:
    """The process that holds the model answers for all.

    Args:
        victim: with the model on its device, and what screens its edits there.
    """

    def __init__(self, victim: Victim):
        self.model, self.editor, self.screen = victim.model, victim.editor, victim.offered

    def answer(self, questions: Sequence[Question]) -> list[np.ndarray]:
        """float32 logits (texts, classes) of each question."""
        answers: list[np.ndarray | None] = [None] * len(questions)
        for low in (True, False):
            together = [n for n, q in enumerate(questions) if isinstance(q, Edits) and q.low == low]
            rows = [row for n in together for row in _rows(questions[n])]
            with self.screen.precision() if low and together else nullcontext():
                found = self.editor.of_ids(rows)
            ends = np.cumsum([len(questions[n].lengths) for n in together])
            for n, own in zip(together, np.split(found, ends[:-1]) if together else [], strict=True):
                answers[n] = own
        for n, question in enumerate(questions):
            if isinstance(question, Alone):
                answers[n] = self.model.answer(Batch(*(torch.from_numpy(part) for part in question)))
        return answers


def _rows(question: Edits) -> list[list[int]]:
    ids, ends = question.ids.tolist(), np.cumsum(question.lengths).tolist()
    return [ids[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
