"""The tidy frame of a table: every entry looked up, with the printed value beside it."""

import math
from collections.abc import Callable, Mapping

import pandas as pd

from flat.paper.printed import DATASETS, Printed
from flat.report.tables.layout import KEY_ORDER, NOT_PRINTED, NOT_RUN, PAIR_SETS, RUN, UNDEFINED, Layout, Value, key_of

VALUE_COLUMNS = (
    "ours", "ours_sd", "low", "high", "ours_n", "seeds", "mark", "dropped", "printed", "unit", "status", "stand_ins",
    "flags",
)  # fmt: skip
Find = Callable[[Mapping[str, object]], Value | None]


def assemble(
    key: str,
    layout: Layout,
    find: Find,
    printed: Printed | None,
    stand_ins: Callable[[Mapping[str, object]], str],
) -> pd.DataFrame:
    """The tidy frame of a table: every shown entry, and what was run of the others and of optional columns.

    Args:
        find: the value of an entry's keys, None where the study did not run it.
        printed: the paper's numbers; None: none are shown.
        stand_ins: says what stands in for what behind an entry's keys.
    """
    lines: dict[tuple, dict] = {}
    for row in layout.rows:
        for column in layout.columns:
            for pair_set in PAIR_SETS if "method" in column.keys else ("",):
                keys = {**row.keys, **column.keys, **({"pair_set": pair_set} if pair_set else {})}
                value = find(keys)
                if key_of(keys) in lines:  # base models belong to every training attack
                    continue
                wanted = column.shown and not column.optional and (not pair_set or pair_set in layout.pair_sets)
                if value is None and not wanted:
                    continue
                shown = {**(row.keys if row.printed is None else row.printed), **column.keys}
                line = {**keys, **_values(value), "printed": _printed(key, printed, shown, pair_set)}
                lines[key_of(keys)] = {**line, "unit": column.unit, "stand_ins": stand_ins(keys)}
    columns = [name for name in KEY_ORDER if any(name in line for line in lines.values())] + list(VALUE_COLUMNS)
    frame = pd.DataFrame([{name: line.get(name, "") for name in columns} for line in lines.values()], columns=columns)
    if "k" in columns:
        frame["k"] = [line.get("k", 0) for line in lines.values()]
    return frame


def _printed(key: str, printed: Printed | None, keys: Mapping[str, object], pair_set: str) -> str:
    """The value that the paper prints, – where it prints none; empty for a data set that is none of the paper's."""
    if printed is None or keys.get("dataset", DATASETS[0]) not in DATASETS:
        return ""
    beside = None if pair_set == "floor" else printed.value(key, **keys)
    return NOT_PRINTED if beside is None else beside


def _values(value: Value | None) -> dict[str, object]:
    if value is None:
        numbers = dict.fromkeys(("ours", "ours_sd", "low", "high"), float("nan"))
        return numbers | {"ours_n": 0, "seeds": 0, "mark": "", "dropped": 0, "status": NOT_RUN}
    return {
        "ours": value.mean,
        "ours_sd": value.sd,
        "low": value.low,
        "high": value.high,
        "mark": value.mark,
        "ours_n": value.n,
        "seeds": value.seeds,
        "dropped": value.dropped,
        "status": UNDEFINED if math.isnan(value.mean) else RUN,
    }
