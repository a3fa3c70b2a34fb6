"""The one family of errors a user may meet. Each message names the place, what was found, and what to do."""

import sys
from collections.abc import Callable
from functools import wraps


class FlatError(Exception):
    """Base of every error that is the input's fault, not the code's.

    ``where`` names the file, key or row; ``problem`` says what was found; ``remedy`` says what to do.
    """

    def __init__(self, where: str, problem: str, remedy: str):
        self.where, self.problem, self.remedy = where, problem, remedy
        super().__init__(f"{where}: {problem}\n  remedy: {remedy}")

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
