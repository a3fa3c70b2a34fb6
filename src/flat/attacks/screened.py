"""Whether a job scores edits in low precision first, and what the lock says of it (docs/attacks.md, "Screening")."""

import logging
from collections.abc import Callable
from dataclasses import asdict

import torch

from flat.attacks.greedy.search import Found, GreedySearch
from flat.attacks.journal import Journal
from flat.attacks.victim import Victim
from flat.models.edits import screening
from flat.models.edits.counts import Counts
from flat.models.edits.screening import BoundBroken, Screen

FEWEST = 100  # texts of a job below which a calibration costs more than it saves
# share of answers that decisions hang on, for each unit of the bound; measured: at 0.008, 8 % of PWWS's answers ...
HANGING = {"weighted-saliency": 10.0}
HANGING_ELSE = 20.0  # ... and 16 % of TextFooler's
OFF = {"precision": "fp32"}
log = logging.getLogger("flat")


def screen_of(victim: Victim, search, spec: dict, texts: list[str], notes: Journal, seed: int) -> Screen | None:
    """How this job screens: as its journal says, or else as a calibration on its own texts finds.

    Args:
        search: what attacks an example; only the greedy search can tell which answers decide.
        spec: ``screening``: auto (None: the same) | off.
        texts: those that are attacked.
    """
    device = getattr(victim.model, "device", None)
    if device is None or victim.stochastic or spec.get("screening") == "off" or not isinstance(search, GreedySearch):
        return None
    if not victim.editor.puts_whole_texts:
        return None
    offered = screening.precisions(device)
    if not offered or len(texts) < FEWEST:
        return None
    if notes.screening is None:
        with kept_casts(device):
            share = HANGING.get(search.ranking, HANGING_ELSE)
            found = screening.calibrate(victim.editor, [text.split() for text in sorted(texts)], offered, share, seed)
        notes.decide(OFF if found is None else {"precision": found.name, "bound": found.bound})
    name = notes.screening["precision"]
    if name not in offered:
        log.info("screening: off")
        return None
    log.info("screening: edits are scored in %s, each difference of logits within %.2g", name, notes.screening["bound"])
    return Screen(name, offered[name], notes.screening["bound"])


def kept_casts(device: torch.device):
    """While this is entered, weights that low precision has rounded once are not rounded again."""
    return torch.autocast(device.type, enabled=False)


class Screened:
    """A greedy search with low-precision answers; an example in which one breaks the bound is searched in fp32.

    Attributes:
        noted: of the example searched last, what the screen did.
    """

    def __init__(self, search: Callable[[str, int], Found], attack, victim: Victim, screen: Screen):
        self.search, self.attack, self.victim, self.screen = search, attack, victim, screen
        victim.offered = screen
        self.noted: dict = {}

    def __call__(self, text: str, label: int) -> Found:
        counts = self.screen.counts = Counts()
        self.victim.screen = self.screen
        try:
            return self.search(text, label)
        except BoundBroken:
            log.warning(
                "screening: an answer in %s lies %.2g from fp32's, beyond the bound of %.2g: this text is searched "
                "again in fp32, and the bound is widened",
                self.screen.name,
                counts.worst,
                self.screen.bound,
            )
            self.screen.widen()
            self.victim.screen = None
            self.attack.clear_cache()
            self.victim.start_example()
            return self.search(text, label)
        finally:
            self.victim.screen = None
            self.noted = asdict(counts)
