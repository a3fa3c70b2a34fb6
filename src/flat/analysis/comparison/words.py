"""How a comparison of two studies is told: titles and decimals of its measures, which lines are shown, notes below."""

import math
from collections.abc import Sequence

from flat.analysis.comparison.cells import PAIRED, SAME, UNPAIRED, Compared
from flat.analysis.outcomes import AA, ATTACKED, KT, TI
from flat.paper.catalogue import SA

# title and decimals of a measure
TITLES = {SA: ("accuracy", 2), ATTACKED: ("accuracy, attacked", 2), AA: ("AA", 2), KT: ("KT", 3), TI: ("TI@5", 3)}
BY_CHANCE = 0.05  # of 95 % intervals, where nothing differs


def shown(found: Sequence[Compared]) -> list[Compared]:
    """Of several seeds the mean alone."""
    most: dict[tuple, int] = {}
    for each in found:
        most[_key(each)] = max(len(each.seeds), most.get(_key(each), 0))
    return [each for each in found if len(each.seeds) == most[_key(each)]]


def _key(each: Compared) -> tuple:
    return each.cell, each.attack, each.metric, each.method


def titled(each: Compared) -> tuple[str, int]:
    """The measure's title, with the method that explained, and its decimals."""
    title, places = TITLES[each.metric]
    return (f"{title}, {each.method}" if each.method else title), places


def figures(each: Compared) -> dict[str, str]:
    """A number as it is printed: a, b, difference and interval."""
    _, places = titled(each)
    interval = "none" if math.isnan(each.low) else f"[{each.low:+.{places}f}, {each.high:+.{places}f}]"
    values = {"a": f"{each.a:.{places}f}", "b": f"{each.b:.{places}f}", "difference": f"{each.difference:+.{places}f}"}
    return values | {"interval": interval}


def notes(found: Sequence[Compared]) -> list[str]:
    """How the examples of both sides hang together, in words."""
    said = []
    if any(each.pairing == UNPAIRED and each.attack for each in found):
        said.append("unpaired: fewer than half of the examples have the same id and text: each side is resampled alone")
    if any(each.pairing == UNPAIRED and not each.attack for each in found):
        said.append("the accuracy of a whole split is stored as a count: each side is resampled alone")
    if any(each.pairing == PAIRED and (each.only_a or each.only_b) for each in found):
        said.append("B - A is over the shared examples; A and B are over each study's own (--csv: only_a, only_b)")
    if any(math.isnan(each.low) for each in found):
        said.append("none: every resample is alike, so that nothing is known of the spread")
    return said


def summary(found: Sequence[Compared]) -> list[str]:
    """In sentences: in how many numbers B is above A or below it, and how many of these chance alone would give."""
    known = [each for each in found if not math.isnan(each.low) and each.pairing != SAME]
    above, below = sum(each.low > 0 for each in known), sum(each.high < 0 for each in known)
    same = sum(each.pairing == SAME for each in found)
    left = len(found) - len(known) - same
    said = [
        f"{_counted(len(found), 'number')} of common cells: B is above A in {above} and below A in {below}. "
        f"In {len(known) - above - below} they cannot be told apart."
    ]
    if known:
        chance = BY_CHANCE * len(known)
        many = f"about {chance:.0f}" if chance >= 1.5 else "one or none"
        intervals = _counted(len(known), "interval")
        said.append(f"If nothing differed, {many} of {intervals} at 95 % would still lie wholly above or below 0.")
    if same:
        said.append(f"{_counted(same, 'number')} {_are(same)} counted from the same files on both sides.")
    if left:
        said.append(f"Nothing is known of the spread of {_counted(left, 'difference')}.")
    return said


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
