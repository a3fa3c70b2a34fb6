"""Figure 6: top-k intersection TI@k, k = 1..10, one panel per model (row) and data set (column)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from flat.files.artefacts import read_table
from flat.interpretation.ranking import KS
from flat.paper.catalogue import figure_6_attack
from flat.paper.printed import DATASETS, MODELS
from flat.report.figures import legend as figure_legend
from flat.report.figures.panels import panels
from flat.report.figures.style import (
    MUTED,
    Drawing,
    colour_of,
    finished,
    marker_of,
    paper_style,
    say_not_run,
    sheet,
    width_of,
)
from flat.report.figures.titles import ColumnTitles, column_titles, row_height, row_title
from flat.report.tables.grid import shown_names

PANEL_IN, NOT_RUN_IN, GAP_IN, LEFT_IN, RIGHT_IN = 1.32, 0.5, 0.24, 0.64, 0.07
LEAST_IN, COLUMN_IN = 3.2, 1.05  # that the figure, and a column of panels, need at least
COLUMNS = ["dataset", "model", "strategy", "attack", "metric", "k", "value", "low", "high", "seeds", "pairs", "status"]
CHANCE_COLOUR = "#8A8A8A"


def inputs(study, files: Mapping, cells) -> dict:
    """What ``draw`` takes, from the study's measurements."""
    main, attack = study.artefacts.main, figure_6_attack(study)
    return {
        "measurements": read_table(files["measurements"]),
        "models": {n: study.models[n].title for n in shown_names(MODELS, study.models, main.models)},
        "datasets": {n: study.datasets[n].title for n in shown_names(DATASETS, study.datasets, main.datasets)},
        "strategies": {n: study.strategies[n].title for n in main.strategies},
        "attack": attack,
        "attack_title": study.attacks[attack].title,
        "stand_ins": {n: d.stand_in for n, d in study.datasets.items() if d.stand_in},
        "model_stand_ins": {n: m.stand_in for n, m in study.models.items() if m.stand_in and n in main.models},
    }


def draw(
    measurements: pd.DataFrame,
    *,
    models: Mapping[str, str],
    datasets: Mapping[str, str],
    strategies: Mapping[str, str],
    attack: str = "textfooler",
    attack_title: str = "TextFooler",
    pair_set: str = "shared",
    stand_ins: Mapping[str, str] | None = None,
    model_stand_ins: Mapping[str, str] | None = None,
) -> Drawing:
    """Draw TI@k of integrated gradients (paper, section 5.2).

    Args:
        measurements: the study's `measurements` rows; those of method "ig", `pair_set` and `attack` are used, each
            adversarially trained strategy against the attack it was trained on, at its last round.
        models, datasets, strategies: titles by name, in the order of rows, columns and lines. A pair without
            measurements becomes a panel that says "not run".
        stand_ins: what the study read in place of a data set, by the data set's name; printed under the column's title.
        model_stand_ins: what it trained in place of a model, by the model's name; named in a note.
    """
    cells = _cells(measurements, list(strategies), attack, pair_set)
    frame = _frame(cells, list(models), list(datasets), list(strategies), attack)
    own_words = [text for names in (models, datasets, strategies, stand_ins or {}) for text in names.values()]
    with paper_style(own_words):
        figure = _picture(frame, cells, models, datasets, strategies, stand_ins or {})
    run = frame["status"].eq("ours").any()
    caption = (
        f"TI@k for k = 1 to 10 under {attack_title}: the share of the k most important words (integrated gradients) "
        "that an original and its adversarial text have in common; higher is more consistent. "
        "The dashed line is what two random rankings of texts this long would share."
    )
    notes = [f'Pair set "{pair_set}"; a replaced word and its substitute count as one word.']
    if frame["seeds"].gt(1).any():
        notes.append("Lines are means over seeds, bands run from the lowest to the highest seed.")
    if frame["status"].eq("not run").any():
        notes.append(
            "Panels marked “not run” and lines that are absent belong to the paper's grid but not to this study."
        )
    if model_stand_ins:
        replaced = "; ".join(f"{models[name]}: {what}" for name, what in model_stand_ins.items())
        notes.append(f"Stand-ins for the paper's models: {replaced}.")
    return finished(6, figure, frame, caption, notes, is_run=bool(run))


def _cells(measurements: pd.DataFrame, strategies: Sequence[str], attack: str, pair_set: str) -> pd.DataFrame:
    """The rows that this figure shows: matching attack and pair set, last round of each cell."""
    rows = measurements[
        measurements["metric"].isin(["topk_intersection", "topk_chance"])
        & measurements["method"].eq("ig")
        & measurements["pair_set"].eq(pair_set)
        & measurements["attack"].eq(attack)
        & measurements["k"].isin(KS)
        & measurements["strategy"].isin(strategies)
        & measurements["train_attack"].isin([attack, "none", ""])
    ]
    cell = ["dataset", "model", "strategy", "train_attack", "seed"]
    last = rows.groupby(cell)["round"].transform("max")
    return rows[rows["round"].eq(last)]


def _frame(
    cells: pd.DataFrame, models: Sequence[str], datasets: Sequence[str], strategies: Sequence[str], attack: str
) -> pd.DataFrame:
    """One row per panel, line and k, in drawing order; what has no data is one row with status "not run"."""
    rows = []
    for model in models:
        for dataset in datasets:
            panel = cells[cells["model"].eq(model) & cells["dataset"].eq(dataset)]
            lines = [(name, "topk_intersection") for name in strategies] + [("", "topk_chance")]
            here = {"dataset": dataset, "model": model, "attack": attack}
            if panel.empty:
                rows.append(here | {"status": "not run"})
                continue
            for strategy, metric in lines:
                found = [here | {"status": "ours"} | row for row in _line(panel, strategy, metric)]
                rows += found or [here | {"status": "not run", "strategy": strategy, "metric": metric}]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    for name in ("k", "seeds", "pairs"):
        frame[name] = frame[name].astype("Int64")
    return frame


def _line(panel: pd.DataFrame, strategy: str, metric: str) -> list[dict]:
    rows = panel[panel["metric"].eq(metric)]
    if strategy:  # chance depends on the texts' lengths only: all strategies of the panel together
        rows = rows[rows["strategy"].eq(strategy)]
    rows = rows[np.isfinite(rows["value"])]
    return [
        {
            "strategy": strategy,
            "metric": metric,
            "k": int(k),
            "value": float(group["value"].mean()),
            "low": float(group["value"].min()),
            "high": float(group["value"].max()),
            "seeds": group["seed"].nunique(),
            "pairs": int(group["n"].sum()),
        }
        for k, group in rows.groupby("k")
    ]


def _picture(
    frame: pd.DataFrame,
    cells: pd.DataFrame,
    models: Mapping[str, str],
    datasets: Mapping[str, str],
    strategies: Mapping[str, str],
    stand_ins: Mapping[str, str],
) -> Figure:
    run = {(model, name) for model, name, status in frame[["model", "dataset", "status"]].values if status == "ours"}
    ran = {model for model, _ in run}
    # a row of the grid that was not run at all needs no room for curves
    heights_in = [
        row_height(title, PANEL_IN if model in ran else NOT_RUN_IN, GAP_IN, model in ran)
        for model, title in models.items()
    ]
    page = sheet(width_of(len(datasets)), max(LEAST_IN, LEFT_IN + RIGHT_IN + COLUMN_IN * len(datasets)))
    width_in = page.width_in
    left, right = LEFT_IN / width_in, 1 - RIGHT_IN / width_in
    middle = (left + right) / 2
    over = column_titles(datasets, stand_ins, (right - left) * width_in / len(datasets))
    legend = _legend(strategies, width_in, middle)
    top_in, bottom_in = 0.54 + over.extra_in + legend.extra_in, 0.47
    figure, grid, height_in = panels(heights_in, len(datasets), width_in, (left, right), (top_in, bottom_in), GAP_IN)
    figure.scale = page.scale
    for i, model in enumerate(models):
        first = next((name for name in datasets if (model, name) in run), None)
        for j, dataset in enumerate(datasets):
            axes = figure.add_subplot(grid[i, j])
            if (model, dataset) in run:
                last = [name for name in models if (name, dataset) in run][-1]
                panel = cells[cells["model"].eq(model) & cells["dataset"].eq(dataset)]
                _panel(axes, panel, list(strategies), y_labels=dataset == first, x_labels=model == last)
            else:
                say_not_run(axes)
            if i == 0:
                _column_title(axes, over, dataset)
            if j == 0:
                box = axes.get_position()
                row_title(figure, models[model], (box.y0 + box.y1) / 2, model in ran, heights_in[i] + GAP_IN)
    legend.add(figure, middle)
    figure.supxlabel("k (number of top words compared)", size=8, x=middle, y=0.13 / height_in, va="bottom")
    return figure


def _panel(axes, panel: pd.DataFrame, names: Sequence[str], y_labels: bool, x_labels: bool) -> None:
    """Each strategy's mean over seeds, in a band from the lowest to the highest seed; what chance gives."""
    chance, ours = (panel[panel["metric"].eq(metric)] for metric in ("topk_chance", "topk_intersection"))
    common = {"x": "k", "y": "value", "legend": False, "ax": axes}
    sns.lineplot(chance, color=CHANCE_COLOUR, linestyle=(0, (4, 2)), linewidth=1.0, errorbar=None, zorder=2, **common)
    sns.lineplot(
        ours,
        hue="strategy",
        hue_order=names,
        palette={name: colour_of(name, names) for name in names},
        style="strategy",
        style_order=names,
        markers={name: marker_of(name, names) for name in names},
        dashes=False,
        markersize=3.2,
        markeredgecolor="white",
        markeredgewidth=0.4,
        errorbar=("pi", 100),
        err_kws={"alpha": 0.18, "linewidth": 0},
        zorder=3,
        **common,
    )
    axes.set(xlabel="", ylabel="")
    axes.set_xlim(0.5, 10.5)
    axes.set_ylim(0, 1.04)
    axes.set_xticks([1, 5, 10], labels=["1", "5", "10"] if x_labels else [])
    axes.set_xticks([2, 3, 4, 6, 7, 8, 9], minor=True)
    axes.set_yticks([0, 0.5, 1], labels=["0", "0.5", "1"] if y_labels else [])
    axes.set_yticks([0.25, 0.75], minor=True)
    axes.grid(axis="y", which="both")
    if y_labels:
        axes.set_ylabel("TI@k", labelpad=2)


def _column_title(axes, over: ColumnTitles, dataset: str) -> None:
    """The data set's title, with what stands in for it below."""
    above = {"xy": (0.5, 1), "xycoords": "axes fraction", "textcoords": "offset points", "ha": "center"}
    title, lines = over.titles[dataset], over.lines[1]
    axes.annotate(title, xytext=(0, 5 + 8.6 * lines), weight="bold", size=8.5, **above)
    axes.annotate(over.below.get(dataset, ""), xytext=(0, 2 + 8.6 * lines), va="top", color=MUTED, size=6.5, **above)


def _legend(strategies: Mapping[str, str], width_in: float, middle: float) -> figure_legend.Legend:
    names = list(strategies)
    handles = [
        Line2D([], [], color=colour_of(name, names), marker=marker_of(name, names), markersize=4.5, label=title)
        for name, title in strategies.items()
    ]
    handles.append(Line2D([], [], color=CHANCE_COLOUR, linestyle=(0, (4, 2)), linewidth=1.0, label="chance"))
    return figure_legend.fitted(handles, width_in, middle, handlelength=2.6, columnspacing=2.2)
