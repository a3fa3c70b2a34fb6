"""Promises, how each is tried, and the smallest input that breaks one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flat.errors import FlatError
from flat.plugins.registry import Found

Texts = list[list[str]]
ATTEMPTS = 400  # tries to make a failing input smaller


@dataclass(frozen=True)
class Promise:
    """Something that every plugin of a kind keeps.

    Attributes:
        name: in two or three words.
        says: the promise in one sentence.
        inputs: inputs to try, the smaller ones first.
        broken: what is wrong with an input, in words; None: nothing.
        smaller: inputs like this one, but smaller.
    """

    name: str
    says: str
    inputs: Sequence[Any]
    broken: Callable[[Any], str | None]
    smaller: Callable[[Any], Iterator[Any]] = lambda given: iter(())


class NotTried(Exception):
    """A plugin cannot be tried here, and why."""


@dataclass(frozen=True)
class Verdict:
    """How a plugin kept a promise.

    Attributes:
        problem: what is wrong, empty where nothing is.
        given: the smallest input found that shows it.
        untried: why the plugin was not tried, empty where it was.
    """

    plugin: str
    promise: str
    says: str
    problem: str = ""
    given: str = ""
    untried: str = ""

    @property
    def kept(self) -> bool:
        return not self.problem


def judge(found: Found, promise: Promise) -> Verdict:
    """Try a promise; of an input that breaks it the smallest one like it is looked for.

    An error of the plugin breaks it too. So does an error of FLAT's that says what the plugin did.
    """
    plugin = f"{found.plugin.called} {found.plugin.name}"
    for given in promise.inputs:
        problem = tried(promise, given)
        if problem is not None:
            given, problem = shrink(promise, given, problem)
            return Verdict(plugin, promise.name, promise.says, problem, shown(given))
    return Verdict(plugin, promise.name, promise.says)


def tried(promise: Promise, given: Any) -> str | None:
    try:
        return promise.broken(given)
    except NotTried:
        raise
    except FlatError as error:
        return f"{error.where}: {error.problem}"
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"


def shrink(promise: Promise, given: Any, problem: str) -> tuple[Any, str]:
    """The smallest input that breaks the promise in the same way, as far as some hundred tries find it."""
    left, grown = ATTEMPTS, True
    while grown and left > 0:
        grown = False
        for smaller in promise.smaller(given):
            left -= 1
            found = tried(promise, smaller)
            if found is not None and _kind(found) == _kind(problem):
                given, problem, grown = smaller, found, True
                break
            if left <= 0:
                break
    return given, problem


def _kind(problem: str) -> str:
    """A problem without its numbers."""
    return "".join(sign for sign in problem.split(": ")[0] if not (sign.isdigit() or sign in ".-+e"))


def shown(given: Any) -> str:
    """An input in one line."""
    if isinstance(given, list) and given and all(isinstance(text, list) for text in given):
        return " | ".join(" ".join(map(str, text)) for text in given)
    return str(given)


def fewer_words(texts: Texts) -> Iterator[Texts]:
    """Texts with one left out, halved, or with a word less or shorter."""
    for number in range(len(texts)):
        if len(texts) > 1:
            yield texts[:number] + texts[number + 1 :]
    for number, text in enumerate(texts):
        if len(text) > 2:
            for half in (text[: len(text) // 2], text[len(text) // 2 :]):
                yield [*texts[:number], half, *texts[number + 1 :]]
        for word in range(len(text)) if len(text) > 1 else ():
            yield [*texts[:number], text[:word] + text[word + 1 :], *texts[number + 1 :]]


def fewer_numbers(vectors: tuple[list[float], ...]) -> Iterator[tuple[list[float], ...]]:
    """Score vectors of equal length with a place left out, or rounder numbers."""
    length = len(vectors[0])
    for place in range(length) if length > 1 else ():
        yield tuple(vector[:place] + vector[place + 1 :] for vector in vectors)
    for number, vector in enumerate(vectors):
        for place, value in enumerate(vector):
            for rounder in (0.0, 1.0, float(round(value)), round(value, 1)):
                if abs(rounder - value) > 1e-12 and len(f"{rounder:g}") < len(f"{value:g}"):
                    changed = [*vector[:place], rounder, *vector[place + 1 :]]
                    yield (*vectors[:number], changed, *vectors[number + 1 :])
