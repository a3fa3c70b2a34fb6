"""What a study permits to conclude, in a few sentences with their intervals."""

from flat.analysis.measurements import METRICS
from flat.analysis.outcomes import AA
from flat.analysis.statistics import VERDICT_SEEDS

MOST = 5
NAMES = {AA: "After-attack accuracy", "kendall_tau": "KT", "topk_intersection": "TI@5"}


def sentences(study, contrasts: list[dict], flags: int) -> list[dict]:
    """At most ``MOST`` of {text, kind}: differences first, AA before explanations; the last says what seeds permit.

    ``kind``: above, below or unclear, by where the 95 % interval lies; "" of what is no difference.
    """
    by_method = sorted({item["method"] for item in contrasts if item["method"]})
    chosen = [item for item in contrasts if not item["method"] or item["method"] == by_method[0]]
    # of every pair of strategies AA; then what explanations say of the first pair
    chosen.sort(key=lambda item: bool(item["method"]))
    said = [{"text": _difference(study, item), "kind": _side(item)} for item in chosen[: MOST - 1]]
    return [*said, {"text": _limits(contrasts, flags), "kind": ""}]


def _side(item: dict) -> str:
    if item["low"] is None or item["low"] <= 0 <= item["high"]:
        return "unclear"
    return "above" if item["low"] > 0 else "below"


def _difference(study, item: dict) -> str:
    metric = METRICS[item["metric"]]
    points = metric.unit == "percent"
    n, most = (pick(cell["n"] for cell in item["cells"]) for pick in (min, max))
    places, unit = (0 if n < 100 else 1 if n < 1000 else 2, " points") if points else (metric.decimals, "")
    of, minus = (study.strategies[item[side]].title for side in ("of", "minus"))
    what = NAMES.get(item["metric"], metric.title) + (f" ({item['method'].upper()})" if item["method"] else "")
    cells = len(item["cells"])
    texts = f"{n if n == most else f'{n} to {most}'} {'text' if most == 1 else 'texts'}"
    where = f"{cells} {'cell' if cells == 1 else 'cells'} of {texts}"
    size = f"{abs(item['value']):.{places}f}{unit}"
    direction = "above" if item["value"] >= 0 else "below"
    if item["low"] is None:
        if not item["value"]:
            return f"{what} of {of} and of {minus} is the same ({where}; nothing is known of its spread)."
        return f"{what} of {of} is {size} {direction} that of {minus} ({where}; nothing is known of its spread)."
    between = f"95\N{NO-BREAK SPACE}% interval {_signed(item['low'], places)} to {_signed(item['high'], places)}{unit}"
    if _side(item) == "unclear":
        apart = f"{_signed(item['value'], places)}{unit}, {between}, {where}"
        return f"{what} of {of} and of {minus} cannot be told apart: {apart}."
    return f"{what} of {of} is {size} {direction} that of {minus} ({between}, {where})."


def _signed(value: float, places: int) -> str:
    shown = f"{value:+.{places}f}"
    return shown.replace("-", "−") if float(shown) else shown[1:]


def _limits(contrasts: list[dict], flags: int) -> str:
    seeds = min((item["seeds"] for item in contrasts), default=0)
    flagged = (
        f" {flags} {'flag marks a doubtful number' if flags == 1 else 'flags mark doubtful numbers'}." if flags else ""
    )
    if not seeds:
        return f"No two strategies of this study can be compared.{flagged}"
    if seeds == 1:
        several = any(len(cell["seeds"]) > 1 for item in contrasts for cell in item["cells"])
        where = "One seed in some cells" if several else "One seed"
        return f"{where}: the intervals hold for these trained models and other texts, not for the methods.{flagged}"
    if seeds < VERDICT_SEEDS:
        return f"{seeds} seeds describe the methods; a verdict takes {VERDICT_SEEDS}.{flagged}"
    return f"{seeds} seeds permit a verdict on the methods.{flagged}"
