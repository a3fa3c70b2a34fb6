"""Edits scored in low precision, where the device makes that fast, and how far those scores may be off.

A greedy search asks about hundreds of edits and decides by few of them. So all are scored in low precision; where a
decision hangs on less than ``Screen.bound``, the search asks again in fp32. The bound is empirical: it is calibrated on
edits of the job's own texts, and audited on a sample of all later ones. An answer beyond it raises ``BoundBroken``:
the search begins that text again, in fp32 alone.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch

from flat.models.devices import has_bf16
from flat.models.edits.counts import Counts
from flat.models.edits.editor import EditedText, Editor

TEXTS, EDITS = 16, 8  # a calibration asks about so many texts, each edited so many times
WARM = 2  # texts of them that are asked about once before the clock runs
DEVIATIONS, WORST = 6, 2  # the bound: so many root mean squares of the errors, or so many times the largest
AUDITED = 100  # every so-many-th answer in low precision is asked in fp32, whether a decision hangs on it or not
PAYS = 0.8  # of fp32's time, the confirmed answers' included
log = logging.getLogger("flat")

Precision = Callable[[], AbstractContextManager]


class BoundBroken(Exception):
    """An answer in low precision lies further off than the bound."""


@dataclass
class Screen:
    """Low-precision answers of an editor.

    Attributes:
        name: bf16 | tf32.
        precision: the context in which the model computes so.
        bound: how far the difference of two logits of an answer may lie from fp32's.
        counts: what was asked.
    """

    name: str
    precision: Precision
    bound: float
    counts: Counts = field(default_factory=Counts)

    def logits(self, text: EditedText, positions: Sequence[int], words: Sequence[str | None]) -> np.ndarray:
        """float32 logits (edits, classes), as ``EditedText.logits``.

        Raises:
            BoundBroken: one is no number.
        """
        with self.precision():
            found = text.logits(positions, words)
        self.counts.screened += len(found)
        if lost := int((~np.isfinite(found).all(axis=1)).sum()):
            self.counts.beyond += lost
            raise BoundBroken
        return found

    def sample(self, count: int) -> range:
        """Which of the ``count`` answers given last are audited."""
        return range((count - self.counts.screened) % AUDITED, count, AUDITED)

    def compare(self, rough: np.ndarray, precise: np.ndarray) -> None:
        """Note how far answers (n, classes) lie from fp32's.

        Raises:
            BoundBroken: one is beyond the bound.
        """
        off = deviations(rough, precise)
        self.counts.confirmed += len(off)
        self.counts.worst = max(self.counts.worst, float(off.max(initial=0.0)))
        if not (off <= self.bound).all():  # what is no number is beyond, too
            self.counts.beyond += int((~(off <= self.bound)).sum())
            raise BoundBroken

    def widen(self) -> None:
        """After a broken bound."""
        self.bound = max(self.bound, WORST * self.counts.worst)


def deviations(rough: np.ndarray, precise: np.ndarray) -> np.ndarray:
    """(n,) the largest error of a difference of two logits, of each row (n, classes)."""
    off = np.asarray(rough, dtype=np.float64) - precise
    return off.max(axis=1) - off.min(axis=1)


def spread_of(probability: torch.Tensor, bound: float) -> torch.Tensor:
    """How far a class's probability may be off if each difference of two logits is off by ``bound`` at most."""
    own, rest = probability.double(), 1 - probability.double()
    up, down = np.exp(bound), np.exp(-bound)
    higher, lower = own * up / (rest + own * up), own * down / (rest + own * down)
    # a twentieth more: a margin between two classes is compared with twice this
    return 1.05 * torch.maximum(higher - own, own - lower).float()


def precisions(device: torch.device) -> dict[str, Precision]:
    """The low precisions that a device multiplies in by itself, by name."""
    found: dict[str, Precision] = {}
    if has_bf16(device):
        found["bf16"] = lambda: torch.autocast(device.type, torch.bfloat16)
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0):
        found["tf32"] = _tf32
    return found


@contextmanager
def _tf32():
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def calibrate(
    editor: Editor, texts: Sequence[Sequence[str]], offered: dict[str, Precision], hanging: float, seed: int = 0
) -> Screen | None:
    """The low precision that spares most time, with its bound; None where none does.

    Args:
        editor: of the model that is attacked.
        texts: those that are attacked.
        offered: low precisions by name (``precisions``).
        hanging: share of answers that decisions hang on, for each unit of the bound: these are asked twice.
    """
    asked = _edits(texts, np.random.default_rng(seed))
    if not offered or not asked:
        return None

    def answers() -> np.ndarray:
        return np.concatenate([editor.open(words).logits(positions, others) for words, positions, others in asked])

    # a processor's neighbours slow the clock, not the work
    clock = time.perf_counter if editor.model.device.type == "cuda" else time.process_time

    def timed() -> tuple[np.ndarray, float]:
        for words, positions, others in asked[:WARM]:
            editor.open(words).logits(positions, others)
        started = clock()
        return answers(), clock() - started

    precise, cost = timed()
    best, least = None, PAYS
    for name, precision in offered.items():
        with precision():
            rough, own = timed()
        off = deviations(rough, precise)
        bound = max(DEVIATIONS * float(np.sqrt((off**2).mean())), WORST * float(off.max()))
        share = own / cost + min(1.0, hanging * bound) if np.isfinite(bound) else np.inf
        log.info("%s: %.2g of fp32's time, differences of logits off by at most %.2g", name, own / cost, off.max())
        if share < least:
            best, least = Screen(name, precision, bound), share
    return best


def _edits(texts: Sequence[Sequence[str]], rng: np.random.Generator) -> list[tuple[list[str], list[int], list]]:
    """Texts, the places of some words in each, and other texts' words for them; the last one is deleted."""
    texts = [list(text) for text in texts if len(text)]
    chosen = rng.permutation(len(texts))[:TEXTS]
    words = [word for n in chosen for word in texts[n]]
    found = []
    for n in chosen:
        positions = rng.integers(0, len(texts[n]), EDITS).tolist()
        others = [words[k] for k in rng.integers(0, len(words), EDITS - 1)]
        found.append((texts[n], positions, [*others, None]))
    return found
