"""Figure 5: how far a word's importance lies from its synonyms', with and without the consistency term (gamma)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from flat.files.artefacts import read_table
from flat.report.figures.style import (
    FAINT,
    INK,
    MUTED,
    Drawing,
    colour_of,
    finished,
    new_figure,
    paper_style,
    thousands,
)
from flat.report.figures.titles import cell_title

GAMMA_ON, GAMMA_OFF = "gamma on", "gamma off"
COLUMNS = ["gamma", "word", "synonym", "phi_word", "phi_synonym", "distance"]
COLOURS = {GAMMA_ON: colour_of("FLAT"), GAMMA_OFF: "#9AA7B8"}
LABELS = {GAMMA_ON: "FLAT (γ > 0)", GAMMA_OFF: "without γ (γ = 0)"}
WHISKERS_PERCENT = (5, 95)


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
        "percentile; outline: the distribution, up to the 99th percentile of the wider one.",
        f"{thousands(len(parts[0]))} pairs of {thousands(words[0])} words (γ > 0), "
        f"{thousands(len(parts[1]))} pairs of {thousands(words[1])} words (γ = 0).",
    ]
    return finished(5, figure, frame, caption, notes, is_run=not frame.empty)


def _picture(frame: pd.DataFrame) -> Figure:
    figure = new_figure(2.5)
    axes = figure.add_axes((0.205, 0.19, 0.775, 0.78))
    groups = {name: frame.loc[frame["gamma"].eq(name), "distance"].dropna().to_numpy(float) for name in LABELS}
    longest = max((np.percentile(values, 99) for values in groups.values() if len(values)), default=1.0) or 1.0
    for place, (name, values) in zip((1, 0), groups.items(), strict=True):
        if not len(values):
            axes.text(
                0.5, place, "no pairs", va="center", color=MUTED, style="italic", transform=axes.get_yaxis_transform()
            )
            continue
        _outline(axes, values, place, longest, COLOURS[name])
        _box(axes, values, place, COLOURS[name])
    axes.set_yticks([1, 0], labels=[""] * 2)
    for place, (name, values) in zip((1, 0), groups.items(), strict=True):
        axes.annotate(LABELS[name], (0, place), (-8, 5), xycoords=("axes fraction", "data"), **_BESIDE, weight="bold")
        pairs = f"n = {thousands(len(values))} pairs"
        axes.annotate(pairs, (0, place), (-8, -7), xycoords=("axes fraction", "data"), **_BESIDE, color=MUTED, size=7)
    axes.set_ylim(-0.46, 1.68)
    axes.set_xlim(-0.012 * longest, longest * 1.02)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_xlabel("|φ(word) − φ(synonym)|, difference of word importance")
    return figure


_BESIDE = {"textcoords": "offset points", "ha": "right", "va": "center"}


def _box(axes, values: np.ndarray, place: float, colour: str) -> None:
    axes.boxplot(
        [values],
        positions=[place],
        orientation="horizontal",
        widths=0.3,
        whis=WHISKERS_PERCENT,
        showfliers=False,
        showmeans=True,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": colour, "edgecolor": INK, "linewidth": 0.8, "alpha": 0.85},
        medianprops={"color": "white", "linewidth": 2.0},
        meanprops={
            "marker": "D",
            "markersize": 4,
            "markerfacecolor": "white",
            "markeredgecolor": INK,
            "markeredgewidth": 0.7,
        },
        whiskerprops={"color": INK, "linewidth": 0.8},
        capprops={"color": INK, "linewidth": 0.8},
    )
    median = np.median(values)
    axes.annotate(
        f"median {median:.3g}",
        (median, place - 0.17),
        (0, -2),
        textcoords="offset points",
        ha="center",
        va="top",
        size=7,
    )


def _outline(axes, values: np.ndarray, place: float, longest: float, colour: str) -> None:
    """The distribution above the box: a histogram's outline, scaled to its own peak."""
    edges = np.linspace(0, longest, 61)
    counts, _ = np.histogram(values, edges)
    heights = counts / max(counts.max(), 1) * 0.42
    axes.stairs(place + 0.2 + heights, edges, baseline=place + 0.2, fill=True, color=colour, alpha=0.28, linewidth=0)
    axes.plot([0, longest], [place + 0.2] * 2, color=FAINT, linewidth=0.5)
