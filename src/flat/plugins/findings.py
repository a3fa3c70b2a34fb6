"""What an attack of one's own is given, and what it answers (``Attack`` with ``own=True``)."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A text to attack. The model has its label right, or else nobody is asked to attack it.

    Attributes:
        words: as the data set holds them.
        label: its class.
    """

    words: tuple[str, ...]
    label: int


@dataclass(frozen=True)
class Found:
    """What an attack ended with. FLAT holds it against the victim's answer to ``words``.

    Attributes:
        words: of the perturbed text, or of the best try.
        succeeded: the victim gives ``words`` another class than the label.
        aligned: for each word of the original the index of its counterpart in ``words``, -1 if it has none. It may be
            left out: words of texts of one length stand for one another, those of others are matched by their longest
            common runs.
    """

    words: Sequence[str]
    succeeded: bool
    aligned: Sequence[int] | None = None


class Over(Exception):
    """The victim answers no more: the budget of questions is spent, or the time is over.

    An attack may let it pass. The text that came nearest to fooling the victim is then what it has found.
    """
