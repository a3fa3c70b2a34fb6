"""Figure 4: word importance, word frequency and substitution frequency against one another (Table 9's three pairs)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, NullLocator

from flat.analysis.importance import correlations
from flat.files.artefacts import read_table
from flat.report.figures.style import (
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
from flat.report.figures.text_fit import width_of
from flat.report.figures.titles import cell_title

COLUMNS = ["word", "phi", "frequency", "substitution_frequency"]
LABELS = {
    "phi": "word importance φ",
    "frequency": "word frequency (count in train)",
    "substitution_frequency": "substitution frequency",
}
DOT_COLOUR, TREND_COLOUR = colour_of("FLAT"), colour_of("adv")
FEWEST_IN_BIN = 10
JITTER = 0.4  # counts; less than half, so that no dot leaves its count
LONGEST = {"x": 100_000, "y": 10_000}  # counts that a tick has room for in full
HEIGHT_IN, LEFT_IN = 2.55, 0.56  # of a row; left of a panel that stands alone
NUMBERS_IN = 1.83  # room for r, p and n above a panel
LEAST_IN, BESIDE_IN = 3.2, 6.8  # that a panel, and three side by side, need at least
GOLDEN, PLASTIC = 0.6180339887498949, 0.7548776662466927  # steps that fill an interval evenly


@dataclass(frozen=True)
class Panel:
    """One scatter plot: what is on the axes and the row of Table 9 that it shows."""

    title: str
    x: str
    y: str
    correlation: str


PANELS = (
    Panel("φ and frequency", "frequency", "phi", "word_importance-word_frequency"),
    Panel("φ and substitution", "substitution_frequency", "phi", "word_importance-substitution_frequency"),
    Panel("the two frequencies", "frequency", "substitution_frequency", "word_frequency-substitution_frequency"),
)


def inputs(study, files: Mapping, cells) -> dict:
    """What ``draw`` takes, from the importance of the model with gamma."""
    chosen, importance = study.artefacts.importance, read_table(files["importance"])
    where = f"{study.strategies[chosen.strategy].title}, {cell_title(study, chosen)}"
    return {"importance": importance, "correlations": tuple(correlations(importance)), "where": where}


def draw(
    importance: pd.DataFrame,
    correlations: Iterable[Mapping[str, object]],
    *,
    where: str = "",
    min_frequency: int = 0,
) -> Drawing:
    """Draw the three scatter plots (paper, section 6).

    Args:
        importance: one row per word: word, phi, frequency, substitution_frequency.
        correlations: rows of Table 9 with "correlation" ("word_importance-word_frequency",
            "word_importance-substitution_frequency" or "word_frequency-substitution_frequency"), "r", "p" and "n"; a
            pair that is absent or NaN prints no number.
        where: the cell in words, such as "LSTM-FLAT on SST2".
        min_frequency: the correlations' own threshold, for the note; rows are drawn as given.
    """
    frame = importance[COLUMNS].reset_index(drop=True)
    with paper_style():
        figure = _picture(frame, {row["correlation"]: row for row in correlations})
    caption = (
        f"Word importance φ, word frequency and substitution frequency of {thousands(len(frame))} words"
        f"{f' ({where})' if where else ''}. One dot per word; the line is the mean of y over bins of x that double in "
        "width, the band its 95 % interval; r is Pearson's correlation of the plain values."
    )
    notes = [
        "Count axes are logarithmic above 1 and linear from 0 to 1, so that words never substituted are shown.",
        "Counts are drawn with a fixed jitter of at most 0.4, so that equal ones do not hide one another; the csv "
        "holds them as they are.",
    ]
    if min_frequency:
        notes.append(f"Correlations use words that occur at least {min_frequency} times.")
    return finished(4, figure, frame, caption, notes, is_run=not frame.empty)


def _picture(frame: pd.DataFrame, correlations: Mapping[str, Mapping[str, object]]) -> Figure:
    page = sheet(WIDTH_IN, LEAST_IN)
    rows = 1 if page.width_in >= BESIDE_IN else len(PANELS)  # one below the other where the page is narrow
    figure = new_figure(rows * HEIGHT_IN, page.width_in, page.scale)
    room_in = NUMBERS_IN if rows == 1 else page.width_in - LEFT_IN - 0.1
    for place, panel in enumerate(PANELS):
        axes = figure.add_axes(_box(place, rows, page.width_in))
        x, y = frame[panel.x].to_numpy(float), frame[panel.y].to_numpy(float)
        _dots(axes, _spread(x, panel.x, GOLDEN), _spread(y, panel.y, PLASTIC))
        _trend(axes, x, y)  # before the axes' scales: seaborn averages what an axis shows, logarithms too
        _scale(axes.xaxis, axes.set_xscale, axes.set_xlim, panel.x, x)
        _scale(axes.yaxis, axes.set_yscale, axes.set_ylim, panel.y, y)
        axes.set_xlabel(LABELS[panel.x])
        axes.set_ylabel(LABELS[panel.y], labelpad=2)
        above = {"xy": (0, 1), "xycoords": "axes fraction", "textcoords": "offset points"}
        axes.annotate(f"({'abc'[place]}) {panel.title}", xytext=(0, 19), weight="bold", size=7.5, **above)
        numbers = _numbers(correlations.get(panel.correlation, {}))
        size = min(7, 7 * room_in / width_of(numbers, 7))
        axes.annotate(numbers, xytext=(0, 7), color=MUTED, size=size, **above)
        axes.grid(True)
    return figure


def _box(place: int, rows: int, width_in: float) -> tuple[float, float, float, float]:
    """Where a panel stands, in parts of the figure."""
    if rows == 1:
        return 0.076 + place * 0.331, 0.155, 0.252, 0.68
    return LEFT_IN / width_in, (rows - 1 - place + 0.155) / rows, 1 - (LEFT_IN + 0.15) / width_in, 0.68 / rows


def _dots(axes, x: np.ndarray, y: np.ndarray) -> None:
    # fainter and smaller the more dots there are, so that density shows instead of a blot
    alpha = float(np.clip(40 / max(len(x), 1) ** 0.6, 0.12, 0.6))
    size = 9.0 if len(x) < 1500 else 4.0
    axes.scatter(x, y, s=size, color=DOT_COLOUR, alpha=alpha, linewidths=0, zorder=2)


def _spread(values: np.ndarray, column: str, step: float) -> np.ndarray:
    """Counts moved by up to JITTER either way, the same way each time; phi as it is."""
    if column == "phi":
        return values
    return values + (np.arange(1, len(values) + 1) * step % 1 - 0.5) * 2 * JITTER


def _scale(axis, set_scale, set_limits, column: str, values: np.ndarray) -> None:
    if column == "phi":
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
        margin = max(0.04 * (high - low), 0.005)
        set_limits(low - margin, high + margin)
        return
    set_scale("symlog", linthresh=1, linscale=0.45)
    top = float(values.max()) if len(values) else 1.0
    lowest = 0.0 if (values < 1).any() else 1.0
    set_limits(lowest - 0.55, max(top, 1) * 1.6)
    ticks = [0] * (lowest == 0) + [10**power for power in range(int(np.log10(max(top, 1))) + 1)]
    axis.set_ticks(ticks)
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: _count(round(value), LONGEST[axis.axis_name])))


def _count(value: int, longest: int) -> str:
    """10,000; beyond ``longest`` 100k and 10M, for which there is room."""
    if value <= longest:
        return thousands(value)
    return f"{value // 1000}k" if value < 1_000_000 else f"{thousands(value // 1_000_000)}M"


def _trend(axes, x: np.ndarray, y: np.ndarray) -> None:
    """Mean of y over bins of x, with its interval; bins double in width, as the axis does."""
    edges = np.concatenate([[-0.5, 0.5], 2.0 ** np.arange(0.585, 40)])  # 0, 1, 2, 3-5, 6-11 ...
    words = pd.DataFrame({"x": x, "y": y, "bin": np.digitize(x, edges)})
    words = words[words.groupby("bin")["y"].transform("size").ge(FEWEST_IN_BIN)]
    if words["bin"].nunique() < 2:
        return
    sns.lineplot(
        words.assign(x=words.groupby("bin")["x"].transform("mean")),
        x="x",
        y="y",
        errorbar=("se", 1.96),
        err_kws={"alpha": 0.25, "linewidth": 0, "zorder": 3},
        color=TREND_COLOUR,
        linewidth=1.6,
        marker="o",
        markersize=2.5,
        markeredgewidth=0,
        path_effects=[withStroke(linewidth=3.0, foreground="white")],
        zorder=4,
        ax=axes,
    )


def _numbers(row: Mapping[str, object]) -> str:
    r, p, n = row.get("r"), row.get("p"), row.get("n")
    if r is None or not np.isfinite(r):
        return "correlation undefined"
    parts = [f"r = {r:.3f}".replace("-", "−")]
    if p is not None and np.isfinite(p):
        parts.append(_p_value(p))
    if n is not None:
        parts.append(f"n = {thousands(int(n))}")
    return "    ".join(parts)


def _p_value(p: float) -> str:
    if p < 1e-300:
        return "p < 1e−300"
    text = f"{p:.3f}" if p >= 0.001 else f"{p:.0e}".replace("e-0", "e-")
    return f"p = {text}".replace("-", "−")
