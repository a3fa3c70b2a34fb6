"""The one family of errors a user may meet. Each message names the place, what was found, and what to do."""

import re
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path

# control characters, line and paragraph separators, marks that turn the direction of writing, halves of characters
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def unseen(text: str) -> str | None:
    """The first character that a reader cannot see, or that a terminal obeys; None: there is none."""
    found = _UNSEEN.search(text)
    return found[0] if found else None


def visible(text: str, kept: str = "\n\t") -> str:
    """A text with such characters as Python's escapes, so that it moves no cursor and hides nothing.

    Args:
        kept: those that stay as they are.
    """
    return _UNSEEN.sub(lambda found: found[0] if found[0] in kept else ascii(found[0])[1:-1], text)


class FlatError(Exception):
    """Base of every error that is the input's fault, not the code's.

    ``where`` names the file, key or row; ``problem`` says what was found; ``remedy`` says what to do.
    """

    def __init__(self, where: str, problem: str, remedy: str):
        self.where, self.problem, self.remedy = where, problem, remedy
        super().__init__(visible(f"{where}: {problem}\n  remedy: {remedy}"))

    def __reduce__(self):  # exceptions cross process boundaries by pickling; the default would lose arguments
        return (type(self), (self.where, self.problem, self.remedy))


class StudyError(FlatError):
    """A study file that cannot be run as written."""


class DataError(FlatError):
    """A data file that cannot be used as it is."""


class ResourceError(FlatError):
    """A lexical asset or checkpoint that is absent or not what it should be."""


class AttackError(FlatError):
    """An attack that could not be built or whose victim is unfit (stochastic, untrained ...)."""


class ArtefactError(FlatError):
    """A file of a run that is truncated, of another version, or does not fit its neighbours."""


def command(main: Callable[..., int]) -> Callable[..., int]:
    """A command's ``main`` that tells such an error on standard error and then gives 1, its exit status."""

    @wraps(main)
    def told(*arguments, **keywords) -> int:
        try:
            return main(*arguments, **keywords)
        except FlatError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1

    return told


def program(module: str, name: str) -> str:
    """What a command is called in its own help: ``flat cost`` or ``python -m flat.cost``, as it was begun."""
    return f"flat {name}" if Path(sys.argv[0]).name == "flat" else f"python -m {module}"
