"""The printed-number check: can a printed percentage be k right answers of n texts at all? (GRIM test)

Brown and Heathers (2017), "The GRIM test". A percentage printed with d decimals stands for some value within half a
unit of its last place; of n texts only the values 100 k / n exist. Nothing is corrected by the outcome.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from flat.paper.printed import Printed

PERCENT = ("test_accuracy_percent", "dev_accuracy_percent", "after_attack_accuracy_percent")
IMDB_FITS = 5000  # what IMDB's after-attack accuracies look like a share of


@dataclass(frozen=True)
class Check:
    """One printed percentage of ``n`` texts; ``below`` and ``above``: the nearest values that n texts can give."""

    table: str
    keys: tuple[tuple[str, object], ...]
    printed: str
    n: int
    below: Decimal
    above: Decimal
    reachable: bool


def reachable(printed: str, n: int) -> bool:
    """Whether 100 k / n rounds to ``printed`` for some whole k, whichever way halves are rounded."""
    low, high = _bounds(printed)
    return (low * n / 100).to_integral_value(ROUND_CEILING) <= (high * n / 100).to_integral_value(ROUND_FLOOR)


def _bounds(printed: str) -> tuple[Decimal, Decimal]:
    """The values that round to a printed number: half a unit of its last place on either side."""
    value = Decimal(printed)
    half = Decimal(1).scaleb(value.as_tuple().exponent) / 2
    return value - half, value + half


def neighbours(printed: str, n: int) -> tuple[Decimal, Decimal]:
    """The largest 100 k / n not above ``printed`` and the smallest not below it, to four decimals."""
    places = Decimal("0.0001")
    hits = Decimal(printed) * n / 100
    whole = (hits.to_integral_value(ROUND_FLOOR), hits.to_integral_value(ROUND_CEILING))
    below, above = ((100 * k / n).quantize(places) for k in whole)
    return below, above


def sizes(printed: Printed) -> dict[tuple[str, str], int]:
    """(data set, split) -> number of texts, as Table 1 prints them."""
    return {
        (row["dataset"], row["metric"].removesuffix("_size")): int(row["printed"])
        for row in printed.rows("1")
        if str(row["metric"]).endswith("_size")
    }


def checks(printed: Printed) -> Iterator[Check]:
    """Every printed percentage, checked against the size of the set that it is said to be of."""
    texts = sizes(printed)
    for table in printed.values:
        for row in printed.rows(table):
            if row["metric"] not in PERCENT:
                continue
            n = texts[row["dataset"], "dev" if row["metric"] == "dev_accuracy_percent" else "test"]
            value = str(row["printed"])
            keys = tuple((name, found) for name, found in row.items() if name != "printed")
            yield Check(table, keys, value, n, *neighbours(value, n), reachable(value, n))


def multiples(printed: Printed, dataset: str = "imdb", n: int = IMDB_FITS) -> tuple[int, int]:
    """(how many of a data set's after-attack accuracies of Table 3 are 100 k / n exactly, how many there are)."""
    values = [
        Decimal(str(row["printed"]))
        for row in printed.rows("3")
        if row["dataset"] == dataset and row["metric"] == "after_attack_accuracy_percent"
    ]
    return sum(value * n % 100 == 0 for value in values), len(values)
