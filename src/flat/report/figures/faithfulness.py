"""Consistency of explanations against their faithfulness: one mark for each strategy and explainer, models down, data
sets across, and these panels for each metric of single explanations."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from flat.files.artefacts import read_table
from flat.paper.catalogue import KT, MAIN_PAIR_SET, figure_6_attack
from flat.paper.printed import DATASETS, MODELS
from flat.plugins.kinds import Metric
from flat.plugins.registry import EXPLAINERS, METRICS
from flat.report.figures import legend as figure_legend
from flat.report.figures.panels import panels
from flat.report.figures.style import (
    MUTED,
    VARIANT_MARKERS,
    Drawing,
    colour_of,
    finished,
    paper_style,
    say_not_run,
    sheet,
    width_of,
)
from flat.report.figures.text_fit import lines_of, wrapped
from flat.report.figures.titles import ColumnTitles, column_titles, row_height, row_title
from flat.report.tables.grid import shown_names, train_attack_of
from flat.report.tables.index import Index

KEY = "faithfulness"
PANEL_IN, NOT_RUN_IN, GAP_IN, LEFT_IN, RIGHT_IN, LINE_IN = 1.5, 0.5, 0.3, 0.84, 0.14, 0.14
LEAST_IN, COLUMN_IN = 3.2, 1.05  # that the figure, and a column of panels, need at least
MARKERS = ("o", "^", "s", *VARIANT_MARKERS)  # of explainers, in their order
MARGIN = 0.12  # around the marks, of their range
LEAST_RANGE = 0.05  # that an axis shows: less is noise
HINTS = {"higher": "better →", "lower": "lower is better →", "neither": ""}  # the label is upright: the arrow points up
SIDES = ("consistency", "faithfulness")
BARS = {"elinewidth": 0.9, "alpha": 0.8, "zorder": 2, "capsize": 0}


def inputs(study, files: Mapping, cells) -> dict:
    """What ``draw`` takes, from the study's measurements and their intervals."""
    main, attack = study.artefacts.main, figure_6_attack(study)
    return {
        "index": Index(read_table(files["measurements"]), read_table(files["intervals"])),
        "models": {n: study.models[n].title for n in shown_names(MODELS, study.models, main.models)},
        "datasets": {n: study.datasets[n].title for n in shown_names(DATASETS, study.datasets, main.datasets)},
        "strategies": {n: study.strategies[n].title for n in main.strategies},
        "train_attacks": {n: train_attack_of(study, n, attack) for n in main.strategies},
        "methods": study.interpretation.methods,
        "metrics": [METRICS[n] for n in study.metrics if METRICS[n].of == "explanations"],
        "attack": attack,
        "attack_title": study.attacks[attack].title,
        "stand_ins": {n: d.stand_in for n, d in study.datasets.items() if d.stand_in},
        "model_stand_ins": {n: m.stand_in for n, m in study.models.items() if m.stand_in and n in main.models},
    }


def draw(
    index: Index,
    *,
    models: Mapping[str, str],
    datasets: Mapping[str, str],
    strategies: Mapping[str, str],
    train_attacks: Mapping[str, str],
    methods: Sequence[str],
    metrics: Sequence[Metric],
    attack: str = "textfooler",
    attack_title: str = "TextFooler",
    stand_ins: Mapping[str, str] | None = None,
    model_stand_ins: Mapping[str, str] | None = None,
) -> Drawing:
    """Draw Kendall's tau of the shared pairs against each metric of single explanations.

    Args:
        index: the study's measurements and intervals.
        models, datasets, strategies: titles by name, in the order of rows, columns and marks.
        train_attacks: by strategy, what its models were trained on.
        methods: the explainers, in the order of markers. metrics: what is drawn upwards, a block of rows each.
        stand_ins, model_stand_ins: what the study read and trained in place of the paper's, by name.
    """
    cells = [(m, d, s, method) for m in models for d in datasets for s in strategies for method in methods]
    rows = []
    for metric in metrics:
        for model, dataset, strategy, method in cells:
            keys = {"dataset": dataset, "model": model, "strategy": strategy, "attack": attack, "method": method}
            where = keys | {"train_attack": train_attacks[strategy]}
            found = index.find({**where, "metric": KT, "pair_set": MAIN_PAIR_SET})
            beside = index.find({**where, "metric": metric.name, "pair_set": ""})
            rows.append(keys | {"metric": metric.name} | _numbers(found, beside))
    frame = pd.DataFrame(rows)
    own_words = [text for names in (models, datasets, strategies, stand_ins or {}) for text in names.values()]
    own_words += [metric.shown for metric in metrics] + [EXPLAINERS[name].shown for name in methods]
    with paper_style(own_words):
        figure = _picture(frame, models, datasets, strategies, methods, metrics, stand_ins or {})
    caption = (
        "To the right, how alike the explanations of an original and its adversarial text are (Kendall's tau, KT), "
        f"under {attack_title}; upwards, how faithful the explanations of the originals are to the model. Right and up "
        "is better in every panel: where lower numbers are better, the axis runs down. What stands far right but low "
        "is consistent and says little of the model."
    )
    notes = [f'Pair set "{MAIN_PAIR_SET}"; each model is attacked as it was trained.']
    notes += [f"{m.shown}: {m.reference}." for m in metrics if m.reference]
    ran = frame[frame["status"].eq("ours")]
    if len(ran):
        counted = [f"{what} {_range(ran[what])}" for what in ("pairs", "texts")]
        notes.append(f"Behind a mark, under one seed: {', '.join(counted)}; the csv has each.")
    if frame["seeds"].gt(1).any():
        notes.append("Marks are means over seeds, bars 95 % intervals (seeds and examples resampled).")
    elif len(ran):
        notes.append("One seed: bars are 95 % intervals over its examples, and say nothing of another seed.")
    if frame["status"].ne("ours").any():
        notes.append("Panels marked “not run” and marks that are absent were not run, or no number is defined there.")
    if model_stand_ins:
        replaced = "; ".join(f"{models[name]}: {what}" for name, what in model_stand_ins.items())
        notes.append(f"Stand-ins for the paper's models: {replaced}.")
    return finished(KEY, figure, frame.round(6), caption, notes, is_run=bool(len(ran)))


def _numbers(consistency, faithfulness) -> dict:
    """Of a mark: both numbers with their intervals and what they rest on."""
    found = {}
    for side, value in zip(SIDES, (consistency, faithfulness), strict=True):
        nan = float("nan")
        parts = (nan, nan, nan) if value is None else (value.mean, value.low, value.high)
        found |= dict(zip((side, f"{side}_low", f"{side}_high"), parts, strict=True))
    ran = consistency is not None and faithfulness is not None
    drawn = ran and not np.isnan([consistency.mean, faithfulness.mean]).any()
    found["seeds"] = min(consistency.seeds, faithfulness.seeds) if ran else 0
    found |= {"pairs": consistency.n if ran else 0, "texts": faithfulness.n if ran else 0}
    return found | {"status": "ours" if drawn else "undefined" if ran else "not run"}


def _range(numbers: pd.Series) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low}" if low == high else f"{low} to {high}"


def _picture(frame, models, datasets, strategies, methods, metrics: Sequence[Metric], stand_ins) -> Figure:
    drawn = frame[frame["status"].eq("ours")]
    run = set(zip(drawn["metric"], drawn["model"], drawn["dataset"], strict=True))
    # of a single data set the models stand side by side
    turned = len(datasets) == 1 and len(models) > 1
    down, columns = (datasets, models) if turned else (models, datasets)
    run = {(m, model, data) if turned else (m, data, model) for m, model, data in run}  # metric, column, row
    rows = [(metric, name) for metric in metrics for name in down]
    ran = [any((metric.name, column, name) in run for column in columns) for metric, name in rows]
    heights_in = [
        row_height(down[name], PANEL_IN if is_run else NOT_RUN_IN, GAP_IN, is_run)
        for (_, name), is_run in zip(rows, ran, strict=True)
    ]
    labels = {metric.name: _label(metric) for metric in metrics}
    left_in = LEFT_IN + LINE_IN * (max(map(lines_of, labels.values())) - 1)
    page = sheet(width_of(len(columns)), max(LEAST_IN, left_in + RIGHT_IN + COLUMN_IN * len(columns)))
    width_in = page.width_in
    left, right = left_in / width_in, 1 - RIGHT_IN / width_in
    middle = (left + right) / 2
    over = column_titles(columns, {} if turned else stand_ins, (right - left) * width_in / len(columns))
    legend = _legend(strategies, methods, width_in, middle)
    top_in, bottom_in = 0.54 + over.extra_in + legend.extra_in, 0.47
    figure, grid, height_in = panels(heights_in, len(columns), width_in, (left, right), (top_in, bottom_in), GAP_IN)
    figure.scale = page.scale
    across = _limits(drawn, "consistency")
    for i, (metric, name) in enumerate(rows):
        of_metric = drawn[drawn["metric"].eq(metric.name)]
        first = next((column for column in columns if (metric.name, column, name) in run), None)
        for j, column in enumerate(columns):
            axes = figure.add_subplot(grid[i, j])
            if (metric.name, column, name) in run:
                model, dataset = (column, name) if turned else (name, column)
                panel = of_metric[of_metric["model"].eq(model) & of_metric["dataset"].eq(dataset)]
                _panel(axes, panel, list(strategies), list(methods))
                last = [row for row in rows if (row[0].name, column, row[1]) in run][-1]
                limits = across, _limits(of_metric, "faithfulness")
                _axes(axes, metric, *limits, x_labels=(metric, name) == last, y_labels=column == first)
                axes.set_ylabel(labels[metric.name] if column == first else "", labelpad=2)
            else:
                say_not_run(axes)
            if i == 0:
                _column_title(axes, over, column)
            if j == 0:
                box = axes.get_position()
                row_title(figure, down[name], (box.y0 + box.y1) / 2, ran[i], heights_in[i] + GAP_IN)
    legend.add(figure, middle)
    label = f"consistency: KT of the {MAIN_PAIR_SET} pairs →"
    figure.supxlabel(label, size=8, x=middle, y=0.13 / height_in, va="bottom")
    return figure


def _limits(drawn: pd.DataFrame, side: str) -> tuple[float, float]:
    """Of an axis: all marks and their intervals, with a margin."""
    values = drawn[[side, f"{side}_low", f"{side}_high"]].to_numpy(dtype=float)
    values = values[~np.isnan(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = values.min(), values.max()
    margin = max(MARGIN * (high - low), LEAST_RANGE / 2)
    return low - margin, high + margin


def _panel(axes, panel: pd.DataFrame, strategies: Sequence[str], methods: Sequence[str]) -> None:
    colours = {name: colour_of(name, strategies) for name in strategies}
    for name, of in panel.groupby("strategy"):
        bars = {"xerr": _bars(of, SIDES[0]), "yerr": _bars(of, SIDES[1])}
        axes.errorbar(*(of[side] for side in SIDES), **bars, fmt="none", ecolor=colours[name], **BARS)
    sns.scatterplot(
        panel,
        x=SIDES[0],
        y=SIDES[1],
        hue="strategy",
        hue_order=strategies,
        palette=colours,
        style="method",
        style_order=methods,
        markers={name: MARKERS[i % len(MARKERS)] for i, name in enumerate(methods)},
        s=5.2**2,
        edgecolor="white",
        linewidth=0.3,
        zorder=3,
        legend=False,
        ax=axes,
    )
    axes.set(xlabel="", ylabel="")


def _bars(marks: pd.DataFrame, side: str) -> np.ndarray:
    """(2, marks): how far each interval reaches down and up; nothing of a mark without one."""
    ends = np.array([marks[side] - marks[f"{side}_low"], marks[f"{side}_high"] - marks[side]])
    return np.clip(np.nan_to_num(ends), 0, None)


def _axes(axes, metric: Metric, across, upwards, y_labels: bool, x_labels: bool) -> None:
    axes.set_xlim(*across)
    axes.set_ylim(*(upwards[::-1] if metric.better == "lower" else upwards))
    axes.locator_params(axis="both", nbins=4)
    axes.tick_params(labelbottom=x_labels, labelleft=y_labels)
    axes.grid(axis="both")


def _label(metric: Metric) -> str:
    """Beside an axis that runs upwards: the metric's title in lines that fit, and which way is better."""
    return "\n".join(filter(None, (wrapped(metric.shown, PANEL_IN, 8), HINTS[metric.better])))


def _column_title(axes, over: ColumnTitles, dataset: str) -> None:
    """The data set's title, with what stands in for it below."""
    above = {"xy": (0.5, 1), "xycoords": "axes fraction", "textcoords": "offset points", "ha": "center"}
    title, lines = over.titles[dataset], over.lines[1]
    axes.annotate(title, xytext=(0, 5 + 8.6 * lines), weight="bold", size=8.5, **above)
    axes.annotate(over.below.get(dataset, ""), xytext=(0, 2 + 8.6 * lines), va="top", color=MUTED, size=6.5, **above)


def _legend(strategies, methods: Sequence[str], width_in: float, middle: float) -> figure_legend.Legend:
    """Colours are strategies, shapes explainers."""
    names, bar = list(strategies), {"linestyle": "-", "linewidth": 3.2, "solid_capstyle": "butt"}
    handles = [Line2D([], [], color=colour_of(n, names), label=title, **bar) for n, title in strategies.items()]
    handles += [
        Line2D([], [], color=MUTED, marker=MARKERS[i % len(MARKERS)], linestyle="", markersize=5, label=title)
        for i, title in enumerate(EXPLAINERS[name].shown for name in methods)
    ]
    return figure_legend.fitted(handles, width_in, middle, handlelength=1.4, columnspacing=1.8)
