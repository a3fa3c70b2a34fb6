"""The paper's own numbers behind a claim's cells, as exact decimals: what a claim's printed wins are counted from."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from flat.analysis.claims.claim import Claim
from flat.paper import catalogue
from flat.paper import printed as paper

# strategies that Table 5 prints by which of their terms are on
ABLATED = {
    "FLAT": {"beta": "on", "gamma": "on"},
    "FLAT-nogamma": {"beta": "on", "gamma": "off"},
    "FLAT-nobeta": {"beta": "off", "gamma": "on"},
    "FLAT-neither": {"beta": "off", "gamma": "off"},
}


def printed_value(printed: paper.Printed, table: str, keys: Mapping[str, object]) -> Decimal | None:
    """The number printed in ``table`` for a measurement's keys; None where it prints none."""
    strategy = str(keys["strategy"])
    asked = {name: keys.get(name) for name in ("dataset", "model", "strategy", "train_attack", "attack", "metric", "k")}
    asked["method"] = keys.get("method")
    if table in ("5", "10"):  # rows are named by weights or groups, the cell by the caption
        row = ABLATED.get(strategy, {}) if table == "5" else _groups(strategy)
        fixed = catalogue.ABLATION if table == "5" else catalogue.GROUP_MASKS
        if not row or any(asked[name] not in (value, "") for name, value in fixed.items()):
            return None
        asked = {**fixed, **row, "metric": keys["metric"]}
    text = printed.value(table, **asked)
    return None if text is None else Decimal(text)


def _groups(strategy: str) -> dict[str, int]:
    number = strategy.removeprefix("group")
    return {"groups": int(number)} if number.isdigit() else {}


def printed_difference(printed: paper.Printed, claim: Claim, of: Mapping, minus: Mapping) -> Decimal | None:
    """The printed difference of a claim's cell, each side from the first of the claim's tables that prints it."""
    sides = [_first(printed, claim.tables, keys) for keys in (of, minus)]
    return None if None in sides else sides[0] - sides[1]


def _first(printed: paper.Printed, tables: Sequence[str], keys: Mapping[str, object]) -> Decimal | None:
    return next((value for t in tables if (value := printed_value(printed, t, keys)) is not None), None)


def printed_wins(claim: Claim, differences: Sequence[Decimal | None]) -> tuple[int, int]:
    """(cells on the claimed side of the margin, cells printed)."""
    margin, sign = Decimal(str(claim.margin)), 1 if claim.direction == "above" else -1
    found = [value for value in differences if value is not None]
    return sum((value - margin) * sign > 0 for value in found), len(found)
