"""The table of faithfulness: how consistent explanations are, and beside it how faithful they are to their model."""

from collections.abc import Mapping

from flat.analysis.measurements import declared
from flat.paper.catalogue import KT, MAIN_PAIR_SET
from flat.plugins.kinds import Metric
from flat.plugins.registry import EXPLAINERS, METRICS
from flat.report.tables import notes
from flat.report.tables.grid import Extras, framed
from flat.report.tables.guards import attacked_rows
from flat.report.tables.index import Index
from flat.report.tables.layout import PAIR_SETS, Column, Layout, Row, Table, Value
from flat.study.cells import AttackedCell
from flat.study.grid import all_explained_cells, explained_cells

TI, SHOWN_K = "topk_intersection", 5
PAIRS, TEXTS = "pairs_compared", "texts_explained"  # counts of what numbers rest on: no name of a metric
CELL = ("dataset", "model", "strategy", "train_attack", "attack")
BETTER = {"higher": "↑", "lower": "↓", "neither": ""}


def faithfulness(study, index: Index, extras: Extras) -> Table:
    """The cells whose explanations are compared, a row for each explainer."""
    of = {kind: [name for name in study.metrics if METRICS[name].of == kind] for kind in ("pairs", "explanations")}
    rows = _rows(study)
    layout = Layout(("Data", "Attack", "Model", "Explainer"), tuple(rows), tuple(_columns(of)), blocks=2)

    def find(keys: Mapping[str, object]) -> Value | None:
        counted = {PAIRS: {"metric": TI, "k": SHOWN_K}, TEXTS: {"metric": next(iter(of["explanations"]), "")}}
        value = index.find(keys | counted.get(keys["metric"], {}))
        if value is None or keys["metric"] not in counted:
            return value
        return Value(float(value.n), float("nan"), value.n, value.seeds)

    frame = framed("faithfulness", study, layout, find, extras)
    below = [
        *notes.opening(study, frame, own=True),
        f"Consistency: of an original and its adversarial text, means over the pairs of “{MAIN_PAIR_SET}”; the csv has "
        "the other pair sets and, of explainers that draw at random, “floor”, an original against itself.",
        "Faithfulness: of the originals alone. A word that is left out is replaced by the model's unknown word. Each "
        "number is the mean over the classes explained, then over the texts."
        if of["explanations"]
        else "The study names no metric of single explanations, so that nothing here says how faithful they are.",
        *(_described(study, name) for name in (*of["pairs"], *of["explanations"])),
        "Read a row whole: an explanation that ignores the model can be the most consistent of all.",
        _floor(frame),
        _undefined(frame, of),
        *notes.closing(study, frame),
    ]
    caption = (
        "Consistency of explanations under attack, and how faithful the explanations are to the model that they "
        "explain. ↑: higher is better, ↓: lower is."
    )
    return Table("faithfulness", caption, frame, layout, notes.joined(below))


def _rows(study) -> list[Row]:
    explained = {method: set(map(_key, explained_cells(study, method))) for method in study.interpretation.methods}
    return [
        Row((*row.labels, EXPLAINERS[method].shown), {**row.keys, "method": method})
        for row in attacked_rows(study, all_explained_cells(study))
        for method, cells in explained.items()
        if tuple(row.keys[name] for name in CELL) in cells
    ]


def _key(attacked: AttackedCell) -> tuple[str, ...]:
    return (*(getattr(attacked.cell, name) for name in CELL[:-1]), attacked.attack)


def _columns(of: Mapping[str, list[str]]) -> list[Column]:
    compared = [(KT, {}, "KT ↑"), (TI, {"k": SHOWN_K}, f"TI@{SHOWN_K} ↑")]
    compared += [(name, {}, _title(METRICS[name])) for name in of["pairs"]]
    columns = [_column(metric, title, MAIN_PAIR_SET, "Consistency", **more) for metric, more, title in compared]
    columns.append(Column("pairs", {"metric": PAIRS, "pair_set": MAIN_PAIR_SET}, "pairs", ".0f", "Consistency"))
    columns += [_column(name, _title(METRICS[name]), "", "Faithfulness") for name in of["explanations"]]
    if of["explanations"]:
        columns.append(Column("texts", {"metric": TEXTS, "pair_set": ""}, "texts", ".0f", "Faithfulness"))
    return columns + [
        _column(metric, f"{title}, {pair_set}", pair_set, "Consistency", shown=False, **more)
        for pair_set in PAIR_SETS
        if pair_set != MAIN_PAIR_SET
        for metric, more, title in compared
    ]


def _title(metric: Metric) -> str:
    return f"{metric.shown} {BETTER[metric.better]}".rstrip()


def _column(metric: str, title: str, pair_set: str, group: str, shown: bool = True, **more: object) -> Column:
    what = declared(metric)
    keys = {"metric": metric, "pair_set": pair_set, **more}
    return Column(title, keys, what.unit, f".{what.decimals}f", group, shown=shown)


def _described(study, name: str) -> str:
    """RBO (p 0.9): 0 to 1, higher is better; Webber, Moffat and Zobel 2010."""
    metric = METRICS[name]
    options = metric.options.model_validate(study.metrics[name]).model_dump(mode="json")
    chosen = ", ".join(f"{key} {_shown(value)}" for key, value in options.items())
    low, high = ("unbounded" if bound is None else f"{bound:g}" for bound in (metric.low, metric.high))
    parts = [f"{low} to {high}", f"{metric.better} is better" if metric.better != "neither" else "", metric.reference]
    said = [parts[0] + (f", {parts[1]}" if parts[1] else ""), *filter(None, parts[2:])]
    return f"{metric.shown}{f' ({chosen})' if chosen else ''}: {'; '.join(said)}."


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _floor(frame) -> str:
    """What a repeated explanation says about a random method's own noise."""
    chosen = frame[(frame["pair_set"] == "floor") & (frame["metric"] == KT) & frame["ours"].notna()]
    means = chosen.groupby("method", sort=False)["ours"].mean()
    parts = ", ".join(f"{EXPLAINERS[method].shown} {value:.2f}" for method, value in means.items())
    said = "Noise: KT of an original with itself under a second seed, mean over the rows:"
    return f"{said} {parts}. A KT near it shows no difference." if parts else ""


def _undefined(frame, of: Mapping[str, list[str]]) -> str:
    """How many rankings or explanations a metric says nothing of."""
    shown = frame[frame["pair_set"].isin([MAIN_PAIR_SET, ""])]
    counts = shown.groupby("metric", sort=False)["dropped"].sum()
    names = [name for name in (KT, *of["pairs"], *of["explanations"]) if counts.get(name, 0)]
    parts = ", ".join(f"{declared(name).title} {int(counts[name])}" for name in names)
    return f"Undefined for a class of a text, so left out, all seeds together: {parts}." if parts else ""
