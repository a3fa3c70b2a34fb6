"""Robustness curves: after-attack accuracy against the attack's budget of queries; models down, data sets across."""

from collections.abc import Mapping, Sequence

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from flat.analysis.curves import by_seed, curves
from flat.files.artefacts import read_table
from flat.paper import printed as paper
from flat.report.figures import fonts
from flat.report.figures import legend as figure_legend
from flat.report.figures.style import (
    FAINT,
    MUTED,
    STRATEGY_DASHES,
    Drawing,
    colour_of,
    finished,
    new_figure,
    not_run,
    paper_style,
    say_not_run,
    sheet,
    width_of,
)
from flat.report.figures.text_fit import lines_of, widest, wrapped
from flat.report.figures.titles import ColumnTitles, column_titles, row_height, row_title
from flat.report.tables.grid import shown_names

KEY = "curves"
PANEL_IN, NOT_RUN_IN, GAP_IN, BLOCK_IN, TICKS_IN = 0.88, 0.34, 0.13, 0.58, 0.14
RULE_IN = 0.2  # of the line beside an attack's title, at least
BLOCK_LINE_IN = 0.14  # from one line of an attack's title to the next
LEFT_IN, RIGHT_IN, BETWEEN_IN = 0.64, 0.10, 0.14
LEAST_IN, COLUMN_IN = 3.2, 1.05  # that the figure, and a column of panels, need at least


def inputs(study, files: Mapping, cells: Sequence[dict]) -> dict:
    """What ``draw`` takes, from the ledger of each cell."""
    ledgers = [read_table(path, ["example_id", "status", "queries"]) for path in files["ledgers"]]
    return {"study": study, "cells": list(zip(cells, ledgers, strict=True))}


def draw(study, cells: Sequence[tuple[Mapping[str, object], pd.DataFrame]]) -> Drawing:
    """Draw the curves of the study's main cells.

    Args:
        study: flat.study.schema.Study.
        cells: (coordinates with the attack, ledger with status and queries) of ``flat.study.grid.curve_cells``.
    """
    seeds = by_seed(cells)
    frame = curves(seeds)
    if frame.empty:
        return not_run(KEY, "no attack of this study has exact counts of queries")
    main = study.artefacts.main
    strategies = {name: study.strategies[name].title for name in main.strategies}
    attacks = [name for name in main.train_attacks if name in set(frame["attack"])]
    own_words = [
        item.title
        for items in (study.models, study.datasets, study.strategies, study.attacks)
        for item in items.values()
    ]
    with paper_style([*own_words, *(d.stand_in for d in study.datasets.values() if d.stand_in)]):
        figure = _picture(study, frame, seeds, attacks, strategies)
    caption = (
        "After-attack accuracy (%) if an attack may ask a model at most so many queries an example, from the recorded "
        "counts. Each model is attacked as it was trained. Left: accuracy on the attacked examples, before any query; "
        "right: the after-attack accuracy of Table 3. A curve that falls later costs the attack more."
    )
    sizes = frame.groupby("dataset")["n"].min().reindex([d for d in main.datasets if d in set(frame["dataset"])])
    titles = {name: study.datasets[name].title for name in sizes.index}
    notes = [f"Attacked examples: {', '.join(f'{titles[name]} {n}' for name, n in sizes.items())}."]
    if frame["seeds"].gt(1).any():
        notes.append("Lines are means over seeds, bands run from the lowest to the highest seed.")
    replaced = "; ".join(f"{m.title}: {m.stand_in}" for n, m in study.models.items() if m.stand_in and n in main.models)
    notes += [f"Stand-ins for the paper's models: {replaced}."] if replaced else []
    absent = [study.attacks[name].title for name in main.train_attacks if name not in attacks]
    notes += [f"Without exact counts of queries, hence not drawn: {', '.join(absent)}."] if absent else []
    return finished(KEY, figure, frame.round(6), caption, notes)


def _picture(
    study, frame: pd.DataFrame, seeds: pd.DataFrame, attacks: Sequence[str], strategies: Mapping[str, str]
) -> Figure:
    main = study.artefacts.main
    models = shown_names(paper.MODELS, study.models, main.models)
    datasets = shown_names(paper.DATASETS, study.datasets, main.datasets)
    run = set(zip(frame["attack"], frame["model"], frame["dataset"], strict=True))
    rows = [(attack, model) for attack in attacks for model in models]
    ran = [any((*row, name) in run for name in datasets) for row in rows]
    # the last panel of a column has its ticks' labels
    last = {(a, d): [m for m in models if (a, m, d) in run][-1:] for a in attacks for d in datasets}
    labelled = {(attack, *found) for (attack, _), found in last.items()}
    gaps = [
        BLOCK_IN if model == models[-1] else GAP_IN + TICKS_IN * ((attack, model) in labelled) for attack, model in rows
    ]
    heights = [
        row_height(study.models[model].title, PANEL_IN if is_run else NOT_RUN_IN, GAP_IN, is_run)
        for (_, model), is_run in zip(rows, ran, strict=True)
    ]
    page = sheet(width_of(len(datasets)), max(LEAST_IN, LEFT_IN + RIGHT_IN + COLUMN_IN * len(datasets)))
    width_in = page.width_in
    left, right = LEFT_IN / width_in, 1 - RIGHT_IN / width_in
    width, middle = (right - left) / len(datasets), (left + right) / 2
    stand_ins = {name: d.stand_in for name, d in study.datasets.items() if d.stand_in}
    over = column_titles({name: study.datasets[name].title for name in datasets}, stand_ins, width * width_in)
    blocks = {name: _wrapped_block(study.attacks[name].title, (right - left) * width_in) for name in attacks}
    legend = _legend(strategies, width_in, middle)
    top, bottom = 0.60 + over.extra_in + legend.extra_in, 0.18
    more_lines = sum(lines_of(title) - 1 for title in blocks.values())
    height = top + sum(heights) + sum(gaps) + BLOCK_LINE_IN * more_lines + bottom
    figure = new_figure(height, width_in, page.scale)
    y = height - top - 0.20
    for i, attack in enumerate(attacks):
        above, y = y, y - BLOCK_LINE_IN * (lines_of(blocks[attack]) - 1)
        x_range = {d: _x_range(frame[frame["attack"].eq(attack) & frame["dataset"].eq(d)]) for d in datasets}
        _block_title(figure, blocks[attack], left, right, (y + 0.055) / height)
        for j, model in enumerate(models):
            panel_in = heights[i * len(models) + j]
            first = next((d for d in datasets if (attack, model, d) in run), None)
            for k, dataset in enumerate(datasets):
                x = left + k * width + 0.03 / width_in
                box = (x, (y - panel_in) / height, width - BETWEEN_IN / width_in, panel_in / height)
                axes = figure.add_axes(box)
                if (attack, model, dataset) in run:
                    here = seeds["attack"].eq(attack) & seeds["model"].eq(model) & seeds["dataset"].eq(dataset)
                    labels = (dataset == first, [model] == last[attack, dataset])
                    _panel(axes, seeds[here], list(strategies), x_range[dataset], *labels)
                else:
                    say_not_run(axes)
                if i == j == 0:
                    _column_title(figure, over, dataset, box, above / height)
            place = i * len(models) + j
            row_title(figure, study.models[model].title, (y - panel_in / 2) / height, ran[place], panel_in + GAP_IN)
            y -= panel_in + gaps[place]
    legend.add(figure, middle)
    label = "queries an example (budget of the attack)"
    figure.supxlabel(label, size=8, x=middle, y=0.13 / height, va="bottom")
    return figure


def _x_range(column: pd.DataFrame) -> tuple[float, float]:
    """Budgets to show in a column of one attack: from well before the first model's first fall to the largest count."""
    if column.empty:
        return 1.0, 10.0
    before = column.groupby(["model", "strategy"])["aa_percent"].transform("max")
    falls = column.loc[column["aa_percent"] < before, "budget"]
    largest = float(max(column["budget"].max(), 10))
    return max(1.0, min(falls.min() if len(falls) else largest, largest) / 3), largest * 1.12


def _panel(axes, panel: pd.DataFrame, names: Sequence[str], x_range, y_labels: bool, x_labels: bool) -> None:
    """Each strategy's mean over seeds, in a band from the lowest to the highest seed; a dot where its curve ends."""
    several = panel["seed"].nunique() > 1
    over_seeds = {"estimator": "mean", "errorbar": ("pi", 100)} if several else {"estimator": None, "errorbar": None}
    # dashes lie over the solid line, so that neither hides the other
    order = sorted((name for name in names if name in set(panel["strategy"])), key=STRATEGY_DASHES.__contains__)
    sns.lineplot(
        panel.assign(budget=panel["budget"].clip(lower=x_range[0])),
        x="budget",
        y="aa_percent",
        hue="strategy",
        hue_order=order,
        palette={name: colour_of(name, names) for name in order},
        style="strategy",
        style_order=order,
        dashes={name: STRATEGY_DASHES.get(name, "") for name in order},
        size="strategy",
        size_order=order,
        sizes={name: 1.5 if name in STRATEGY_DASHES else 2.0 for name in order},
        drawstyle="steps-post",
        err_kws={"step": "post", "alpha": 0.16, "linewidth": 0},
        **over_seeds,
        legend=False,
        ax=axes,
    )
    axes.set(xlabel="", ylabel="")
    last = panel[panel["budget"].eq(panel["budget"].max())]
    for place, name in enumerate(names):
        ends = last.loc[last["strategy"].eq(name)]
        mark = {"ms": 3.6, "mec": "white", "mew": 0.5, "zorder": 5 + place, "clip_on": False}
        axes.plot(
            ends["budget"][:1], [ends["aa_percent"].mean()][: len(ends)], "o", color=colour_of(name, names), **mark
        )
    axes.set_xscale("log")
    axes.set_xlim(*x_range)
    axes.set_ylim(-3, 103)
    axes.set_yticks([0, 50, 100], labels=["0", "50", "100"] if y_labels else [])
    axes.set_yticks([25, 75], minor=True)
    narrow = x_range[1] / x_range[0] < 200
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1, 3) if narrow else (1,), numticks=12))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}") if x_labels else NullFormatter())
    axes.grid(axis="both", which="major")
    axes.grid(axis="y", which="minor")
    if y_labels:
        axes.set_ylabel("AA, %", labelpad=1, size=7)


def _wrapped_block(title: str, width_in: float) -> str:
    return title if widest(title, 8.5, True) <= width_in - RULE_IN else wrapped(title, width_in, 8.5, True)


def _block_title(figure: Figure, title: str, left: float, right: float, y: float) -> None:
    """The attack's name over its rows, with a line to the right edge where there is room for one."""
    text = figure.text(left, y, fonts.drawable(title, bold=True), weight="bold", size=8.5, color=MUTED, va="bottom")
    edge = text.get_window_extent(figure.canvas.get_renderer()).transformed(figure.transFigure.inverted()).x1
    text.set_text(title)
    if edge + 0.012 < right:
        middle = y + 0.045 / figure.get_figheight()
        figure.add_artist(Line2D([edge + 0.012, right], [middle, middle], color=FAINT, linewidth=0.8))


def _column_title(figure: Figure, over: ColumnTitles, dataset: str, box, top: float) -> None:
    """The data set's title over its first panel; ``top``: where the attack's block begins."""
    height, lines = figure.get_figheight(), over.lines[1]
    x = box[0] + box[2] / 2
    title = {"weight": "bold", "size": 8.5, "ha": "center", "va": "bottom"}
    figure.text(x, top + (0.24 + 0.12 * lines) / height, over.titles[dataset], **title)
    below = {"color": MUTED, "size": 6.5, "ha": "center", "va": "top"}
    figure.text(x, top + (0.22 + 0.12 * lines) / height, over.below.get(dataset, ""), **below)


def _legend(strategies: Mapping[str, str], width_in: float, middle: float) -> figure_legend.Legend:
    names = list(strategies)
    styles = {n: (0, STRATEGY_DASHES[n]) if n in STRATEGY_DASHES else "-" for n in names}
    handles = [
        Line2D([], [], color=colour_of(n, names), linestyle=styles[n], linewidth=1.9, label=title)
        for n, title in strategies.items()
    ]
    return figure_legend.fitted(handles, width_in, middle, handlelength=3.0, columnspacing=2.4)
