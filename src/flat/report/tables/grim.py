"""The check of the paper's printed numbers: percentages that no number of right answers can give."""

import pandas as pd

from flat.paper import grim
from flat.report.tables.assembled import assemble
from flat.report.tables.grid import Extras, attack_title, dataset_title, model_title, strategy_title
from flat.report.tables.layout import Column, Layout, Row, Table, Value
from flat.report.tables.notes import joined
from flat.study.paths import table_name

KEYS = ("table", "dataset", "model", "strategy", "train_attack", "attack", "beta", "gamma", "groups", "metric")
NUMBERS = {"printed_percent": "Printed", "n": "Texts", "below": "Nearest below", "above": "Nearest above"}
METRIC_TITLES = {"test_accuracy_percent": "SA", "dev_accuracy_percent": "dev accuracy"}


def grim_check(study, index, extras: Extras) -> Table:
    """The table of impossible values; its csv holds every value that was checked. Needs no run."""
    found = list(grim.checks(extras.printed))
    impossible = [check for check in found if not check.reachable]
    rows = tuple(
        Row((table_name(c.table), _cell(study, dict(c.keys)), _metric(dict(c.keys))), {"check": i})
        for i, c in enumerate(impossible)
    )
    columns = tuple(
        Column(title, {"metric": name}, "texts" if name == "n" else "percent", _spec(name))
        for name, title in NUMBERS.items()
    )
    layout = Layout(("Table", "Cell", "Number"), rows, columns, blocks=1)

    def find(keys) -> Value:
        check = impossible[keys["check"]]
        value = {"printed_percent": check.printed, "n": check.n, "below": check.below, "above": check.above}
        return Value(float(value[keys["metric"]]), float("nan"), check.n, 0)

    frame = assemble("grim", layout, find, extras.printed, stand_ins=lambda keys: "")
    fits, all_ = grim.multiples(extras.printed)
    below = [
        f"{len(impossible)} of {len(found)} printed percentages cannot be k / n of the set they are said to be of, "
        f"whichever way halves are rounded ({_by_table(impossible)}). "
        "Reasons may be misprints, other sets of texts, or means over runs.",
        f"{fits} of {all_} after-attack accuracies of IMDB are exact multiples of {100 / grim.IMDB_FITS:g}: they look "
        f"like shares of {grim.IMDB_FITS:,} attacked texts rather than of the 25,000 of its test split, of which they "
        "are possible too.",
        "Nothing is corrected: every table shows the numbers as printed.",
    ]
    caption = (
        "Printed percentages that no whole number of right answers gives (GRIM test), with the nearest values that the "
        "stated number of texts can give, %."
    )
    csv = pd.DataFrame(
        [_line(check) for check in found], columns=[*KEYS, "printed", "n", "below", "above", "reachable"]
    )
    return Table("grim", caption, frame, layout, joined(below), csv)


def _spec(name: str) -> str:
    return {"printed_percent": ".2f", "n": ".0f"}.get(name, ".4f")


def _cell(study, keys: dict) -> str:
    """LSTM-FLAT on SST2, TextFooler."""
    model = model_title(study, keys["model"]).rstrip("‡")
    strategy = strategy_title(study, keys["strategy"]) if "strategy" in keys else ""
    if "groups" in keys:
        strategy = f"{keys['groups']} groups"
    if "beta" in keys:
        strategy = f"β {keys['beta']}, γ {keys['gamma']}"
    name = f"{model}-{strategy}" if "strategy" in keys else f"{model} ({strategy})"
    attacks = dict.fromkeys(keys[name] for name in ("train_attack", "attack") if keys.get(name, "none") != "none")
    titles = [attack_title(study, attack).rstrip(" §") for attack in attacks]
    where = dataset_title(study, keys["dataset"]).rstrip(" †")
    return ", ".join([f"{name} on {where}", " → ".join(titles)] if titles else [f"{name} on {where}"])


def _metric(keys: dict) -> str:
    return METRIC_TITLES.get(str(keys["metric"]), "AA")


def _by_table(impossible: list[grim.Check]) -> str:
    tables = [check.table for check in impossible]
    return ", ".join(f"{table_name(table)}: {tables.count(table)}" for table in dict.fromkeys(tables))


def _line(check: grim.Check) -> dict[str, object]:
    keys = {name: value for name, value in dict(check.keys, table=check.table).items() if name in KEYS}
    numbers = {"printed": check.printed, "n": check.n, "below": check.below, "above": check.above}
    return {name: "" for name in KEYS} | keys | numbers | {"reachable": "yes" if check.reachable else "no"}
