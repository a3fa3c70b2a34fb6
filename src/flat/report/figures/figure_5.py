"""Figure 5: how far a word's importance lies from its synonyms', with and without the consistency term (gamma)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from flat.files.artefacts import read_table
from flat.report.figures.style import (
    FAINT,
    INK,
    MUTED,
    WIDTH_IN,
    Drawing,
    colour_of,
    finished,
    new_figure,
    paper_style,
    sheet,
    thousands,
)
from flat.report.figures.titles import cell_title

GAMMA_ON, GAMMA_OFF = "gamma on", "gamma off"
COLUMNS = ["gamma", "word", "synonym", "phi_word", "phi_synonym", "distance"]
COLOURS = {GAMMA_ON: colour_of("FLAT"), GAMMA_OFF: "#9AA7B8"}
LABELS = {GAMMA_ON: "FLAT (γ > 0)", GAMMA_OFF: "without γ (γ = 0)"}
PLACES = {GAMMA_ON: 1, GAMMA_OFF: 0}  # of each model's box on the y axis
MOST_DENSITY = 5_000  # pairs that a density is computed from
HEIGHT = 0.42  # of a distribution at its peak
WHISKERS_PERCENT = (5, 95)
NEAR_END = 0.15  # of the axis
LEFT_IN, LEAST_IN, WIDE_IN = 1.435, 3.2, 5.0  # of the axes; of the figure, and of one with the whole label
LABEL = "|φ(word) − φ(synonym)|, difference of word importance"


def inputs(study, files: Mapping, cells) -> dict:
    """What ``draw`` takes, from the synonyms of the models with and without gamma."""
    with_gamma, without = map(read_table, files["synonyms"])
    where = cell_title(study, study.artefacts.importance)
    return {"with_gamma": with_gamma, "without_gamma": without, "where": where}


def draw(with_gamma: pd.DataFrame, without_gamma: pd.DataFrame, *, where: str = "") -> Drawing:
    """Draw |phi_word - phi_synonym| of two models as box plots (paper, section 6).

    Args:
        with_gamma, without_gamma: `synonyms` rows (word, synonym, phi_word, phi_synonym, distance) of FLAT and of FLAT
            trained with gamma = 0, for the same words.
        where: the cell in words, such as "LSTM on SST2".
    """
    parts = [with_gamma.assign(gamma=GAMMA_ON), without_gamma.assign(gamma=GAMMA_OFF)]
    frame = pd.concat(parts, ignore_index=True)[COLUMNS]
    with paper_style():
        figure = _picture(frame)
    words = [part["word"].nunique() for part in parts]
    medians = [part["distance"].median() for part in parts]
    caption = (
        f"Distance |φ(w) − φ(synonym of w)| between the importance of a word and that of its synonyms"
        f"{f', {where}' if where else ''}: median {medians[0]:.3g} with the consistency term (γ > 0) and "
        f"{medians[1]:.3g} without it; smaller means that a word and its substitutes are treated alike."
    )
    notes = [
        f"Box: quartiles; line: median; diamond: mean; whiskers: {WHISKERS_PERCENT[0]}th to {WHISKERS_PERCENT[1]}th "
        "percentile; outline: the density, up to the 99th percentile of the wider one.",
        f"{thousands(len(parts[0]))} pairs of {thousands(words[0])} words (γ > 0), "
        f"{thousands(len(parts[1]))} pairs of {thousands(words[1])} words (γ = 0).",
    ]
    return finished(5, figure, frame, caption, notes, is_run=not frame.empty)


def _picture(frame: pd.DataFrame) -> Figure:
    page = sheet(WIDTH_IN, LEAST_IN)
    figure = new_figure(2.5, page.width_in, page.scale)
    left = LEFT_IN / page.width_in
    axes = figure.add_axes((left, 0.19, 0.98 - left, 0.78))
    shown = frame.dropna(subset=["distance"]).assign(place=frame["gamma"].map(PLACES))
    counts = shown["gamma"].value_counts()
    longest = max((np.percentile(of["distance"], 99) for _, of in shown.groupby("gamma")), default=1.0) or 1.0
    if len(shown):
        _outlines(axes, shown, longest)
        _boxes(axes, shown, longest)
    axes.set_yticks([*PLACES.values()], labels=[""] * len(PLACES))
    beside = {"textcoords": "offset points", "ha": "right", "va": "center", "xycoords": ("axes fraction", "data")}
    for name, place in PLACES.items():
        pairs = counts.get(name, 0)
        axes.annotate(LABELS[name], (0, place), (-8, 5), **beside, weight="bold")
        axes.annotate(f"n = {thousands(int(pairs))} pairs", (0, place), (-8, -7), **beside, color=MUTED, size=7)
        if not pairs:
            middle = axes.get_yaxis_transform()
            axes.text(0.5, place, "no pairs", va="center", color=MUTED, style="italic", transform=middle)
    axes.set_ylim(-0.46, 1.68)
    axes.set_xlim(-0.012 * longest, longest * 1.02)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_xlabel(LABEL if page.width_in >= WIDE_IN else LABEL.partition(",")[0])
    axes.set_ylabel("")
    return figure


def _boxes(axes, shown: pd.DataFrame, longest: float) -> None:
    lines = {"color": INK, "linewidth": 0.8}
    mean = {"marker": "D", "markersize": 4, "markerfacecolor": "white", "markeredgecolor": INK, "markeredgewidth": 0.7}
    sns.boxplot(
        shown,
        x="distance",
        y="place",
        hue="gamma",
        palette=COLOURS,
        saturation=1,
        orient="y",
        native_scale=True,
        dodge=False,
        width=0.3,
        whis=WHISKERS_PERCENT,
        showfliers=False,
        showmeans=True,
        boxprops={"edgecolor": INK, "linewidth": 0.8, "alpha": 0.85},
        medianprops={"color": "white", "linewidth": 2.0},
        meanprops=mean,
        whiskerprops=lines,
        capprops=lines,
        legend=False,
        ax=axes,
    )
    below = {"textcoords": "offset points", "va": "top", "size": 7}
    for place, median in shown.groupby("place")["distance"].median().items():
        at = median / longest  # near an end of the axis the text runs inwards
        side = "left" if at < NEAR_END else "right" if at > 1 - NEAR_END else "center"
        axes.annotate(f"median {median:.3g}", (median, place - 0.17), (0, -2), ha=side, **below)


def _outlines(axes, shown: pd.DataFrame, longest: float) -> None:
    """The distribution above each box: the upper half of a violin, scaled to its own peak."""
    halves = shown[shown["distance"].le(longest)]
    for (name, place), of in halves.sort_values("distance").groupby(["gamma", "place"]):
        base = place + 0.2
        some = of.iloc[:: len(of) // MOST_DENSITY + 1]  # evenly of the sorted ones: the same density, in less time
        sns.violinplot(
            some.assign(middle=base + HEIGHT / 2, half="upper"),  # half a violin takes the whole width, from its base
            x="distance",
            y="middle",
            hue="half",
            hue_order=["lower", "upper"],
            palette=[COLOURS[name]] * 2,
            saturation=1,
            orient="y",
            native_scale=True,
            split=True,
            dodge=False,
            inner=None,
            width=HEIGHT,
            cut=0,
            bw_adjust=0.4,
            gridsize=200,
            density_norm="width",
            linewidth=0,
            alpha=0.28,
            legend=False,
            ax=axes,
        )
        axes.plot([0, longest], [base] * 2, color=FAINT, linewidth=0.5)
