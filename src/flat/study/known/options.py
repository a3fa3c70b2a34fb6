"""What the options of models and the parameters of attacks may be: whole numbers, shares, switches, names."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True)
class Value:
    """A kind of value: what fits, and how it is called in a message."""

    fits: Callable[[object], bool]
    called: str


def whole(least: int, most: int) -> Value:
    """A whole number between these, both included."""
    return Value(lambda value: type(value) is int and least <= value <= most, f"a whole number from {least} to {most}")


def number(least: float, most: float, below: bool = False) -> Value:
    """A number between these, both included; ``below``: it is less than ``most``."""

    def fits(value: object) -> bool:
        return (
            type(value) in (int, float) and isfinite(value) and least <= value <= most and not (below and value == most)
        )

    return Value(fits, f"a number from {least:g} " + (f"and below {most:g}" if below else f"to {most:g}"))


def several(one: Value, most: int) -> Value:
    """A list of at least one and at most ``most`` such values."""
    return Value(
        lambda value: isinstance(value, list | tuple) and 1 <= len(value) <= most and all(map(one.fits, value)),
        f"a list of 1 to {most}, each {one.called}",
    )


def one_of(*names: str) -> Value:
    return Value(lambda value: isinstance(value, str) and value in names, f"one of {', '.join(names)}")


SWITCH = Value(lambda value: isinstance(value, bool), "true or false")
