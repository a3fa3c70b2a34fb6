"""How every figure looks, and how it becomes files: one palette, one page width, the same bytes each time.

A figure is drawn as a `Drawing`: the picture together with the tidy rows behind it and the words under it. `write`
turns it into `fig<N>.pdf` (vector, fonts embedded), `fig<N>.png` and `fig<N>.csv`. The png carries title, caption
and notes as text fields, so that the report page needs no further file.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from flat.files import foreign
from flat.files.artefacts import atomic
from flat.paper.catalogue import FIGURES
from flat.report.figures import fonts, scaled_pdf
from flat.report.figures.text_fit import wrapped
from flat.study.artefacts import FigureStyle
from flat.study.paths import figure_name, figure_stem

WIDTH_IN = 7.0  # text width of a two-column paper
PNG_DPI = 200
OWN = FigureStyle()  # of a study that asks for nothing
DRAWN_PT = 8  # size of the letters that every figure is laid out with

_asked: ContextVar[FigureStyle] = ContextVar("asked")

INK = "#222222"
MUTED = "#6B6B6B"
FAINT = "#D9D9D9"
PANEL = "#F4F4F2"  # ground of a panel that was not run

# Paul Tol's "high contrast" set: told apart by every common colour blindness and in grey print.
STRATEGY_COLOURS = {"base": "#DDAA33", "adv": "#BB5566", "FLAT": "#004488"}
STRATEGY_INKS = STRATEGY_COLOURS | {"base": "#8F6B00"}  # the yellow is too light for letters
# of a line, in its widths, told apart without colour; others are solid
STRATEGY_DASHES = {"base": (1.2, 1.1), "adv": (4.2, 1.4)}
STRATEGY_MARKERS = {"base": "s", "adv": "^", "FLAT": "o"}
VARIANT_COLOURS = ("#117733", "#882255", "#44AA99", "#999933", "#332288", "#CC5500", "#AA4499", "#555555")
VARIANT_MARKERS = ("D", "v", "P", "X", "*", "<", "p", ">")

RC = {
    "font.family": fonts.MAIN,  # shipped inside matplotlib: the same glyphs on every machine
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.labelsize": 8,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.5,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.5,
    "text.color": INK,
    "text.parse_math": False,  # a "$" in a text is a dollar
    "axes.unicode_minus": True,
    "figure.dpi": 100,
    "savefig.dpi": PNG_DPI,
    "pdf.fonttype": 42,  # TrueType, embedded: editable and searchable
    "pdf.compression": 6,
    "path.simplify": True,
}


@dataclass(frozen=True)
class Drawing:
    """One figure of the paper, drawn.

    Attributes:
        number: the paper's number, 3 to 6, or the name of a figure that the paper does not have.
        title: a few words, for headings.
        figure: the picture.
        frame: the tidy rows that the picture shows; written as csv unchanged.
        caption: what the reader sees, in sentences.
        notes: choices and departures, one sentence each.
        is_run: False where the study did not compute what the figure needs.
        scale: by which it is made larger or smaller when it is written (``Sheet``).
    """

    number: int | str
    title: str
    figure: Figure
    frame: pd.DataFrame
    caption: str
    notes: tuple[str, ...] = field(default=())
    is_run: bool = True
    scale: float = 1.0


def finished(
    number: int | str, figure: Figure, frame: pd.DataFrame, caption: str, notes: Sequence[str], **more
) -> Drawing:
    """The drawing of a picture that is complete; where no font has a character, its notes and the log say so.

    A note says where letters are smaller than the study asks for, since the figure would not fit its width else.
    """
    scale = getattr(figure, "scale", 1.0)
    said, asked = [*notes, *fonts.settle(figure)], _asked.get(OWN)
    if scale * DRAWN_PT < asked.font_pt - 0.05:
        inches = figure.get_figwidth() * scale
        said.append(f"Letters of {scale * DRAWN_PT:.1f} points: {asked.font_pt:g} do not fit {inches:g} inches.")
    return Drawing(number, FIGURES[number].title, figure, frame, caption, tuple(said), scale=scale, **more)


@contextmanager
def asked(wanted: FigureStyle) -> Iterator[None]:
    """The study's own width and letters for every figure drawn within."""
    token = _asked.set(wanted)
    try:
        yield
    finally:
        _asked.reset(token)


@dataclass(frozen=True)
class Sheet:
    """What a figure is laid out on, with letters of DRAWN_PT: inches across, and the scale that it is written at."""

    width_in: float
    scale: float


def sheet(own_in: float, least_in: float) -> Sheet:
    """The sheet of a figure.

    Args:
        own_in: inches that it takes where the study asks for no width.
        least_in: inches without which its texts do not fit.
    """
    wanted = _asked.get(OWN)
    written_in = wanted.wanted_in or own_in
    width_in = max(written_in * DRAWN_PT / wanted.font_pt, min(least_in, own_in))
    return Sheet(width_in, written_in / width_in)


@contextmanager
def paper_style(texts: Iterable[str] = ()) -> Iterator[None]:
    """matplotlib's settings of this repository, whatever the user's own matplotlibrc says.

    Args:
        texts: what will be drawn that is not ours, such as words and titles; their scripts choose the fonts.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC | {"font.family": fonts.families(texts)})
        yield


def new_figure(height_in: float, width_in: float = WIDTH_IN, scale: float = 1.0) -> Figure:
    """An empty figure with an Agg canvas; no pyplot, hence no global state and no display. ``scale``: of its Sheet."""
    figure = Figure(figsize=(width_in, height_in))
    figure.scale = scale
    FigureCanvasAgg(figure)
    return figure


def width_of(columns: int) -> float:
    """Inches that a grid of so many panels takes: one or two would be drawn out over the width of a page."""
    return {1: 4.0, 2: 5.4}.get(columns, WIDTH_IN)


def colour_of(strategy: str, variants: Sequence[str] = ()) -> str:
    """The strategy's colour in every figure; strategies beyond the paper's three take theirs by place in `variants`."""
    return _look_up(strategy, STRATEGY_COLOURS, VARIANT_COLOURS, variants)


def ink_of(strategy: str, variants: Sequence[str] = ()) -> str:
    """The strategy's colour where it colours letters."""
    return _look_up(strategy, STRATEGY_INKS, VARIANT_COLOURS, variants)


def marker_of(strategy: str, variants: Sequence[str] = ()) -> str:
    """The strategy's marker, so that lines differ without colour too."""
    return _look_up(strategy, STRATEGY_MARKERS, VARIANT_MARKERS, variants)


def _look_up(strategy: str, known: dict[str, str], spare: tuple[str, ...], variants: Sequence[str]) -> str:
    if strategy in known:
        return known[strategy]
    others = [name for name in variants if name not in known]
    return spare[(others.index(strategy) if strategy in others else 0) % len(spare)]


def say_not_run(axes, reason: str = "") -> None:
    """Make `axes` an empty panel that says so."""
    axes.set_facecolor(PANEL)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.text(0.5, 0.5, "not run", transform=axes.transAxes, ha="center", va="center", color=MUTED, style="italic")
    if reason:
        axes.text(0.5, 0.36, reason, transform=axes.transAxes, ha="center", va="top", color=MUTED, size=7)


def not_run(number: int | str, reason: str) -> Drawing:
    """Figure `number` as a panel and a csv row that say why it holds nothing."""
    with paper_style([reason]):
        page = sheet(WIDTH_IN, 2.5)
        figure = new_figure(1.6, page.width_in, page.scale)
        shown = wrapped(reason, 0.94 * page.width_in, 7)
        say_not_run(figure.add_axes((0.02, 0.04, 0.96, 0.92)), shown)
        frame = pd.DataFrame({"status": ["not run"], "reason": [reason]})
        return finished(number, figure, frame, f"Not run: {reason}.", (), is_run=False)


def thousands(count: int) -> str:
    """13836 as "13,836"."""
    return f"{count:,d}"


def write(drawing: Drawing, folder: str | Path) -> dict[str, Path]:
    """Write `fig<N>.pdf` (`curves.pdf`), `.png` and `.csv` into `folder`; equal drawings give equal bytes.

    Returns:
        the three paths by suffix ("pdf", "png", "csv").
    """
    folder = Path(folder)
    paths = {suffix: folder / f"{figure_stem(drawing.number)}.{suffix}" for suffix in ("pdf", "png", "csv")}
    words = {"Title": f"{figure_name(drawing.number)}. {drawing.title}", "Description": drawing.caption}
    with paper_style():
        # no date and no library version: both would change the bytes without changing the picture
        pdf = {"CreationDate": None, "Creator": None, "Producer": None, **_pdf(words)}
        _save(drawing, paths["pdf"], pdf)
        notes = {"Comment": "\n".join(drawing.notes), "Status": "run" if drawing.is_run else "not run"}
        _save(drawing, paths["png"], {"Software": None, **words, **notes})
    with atomic(paths["csv"]) as part:
        foreign.frame(drawing.frame).to_csv(part, index=False, lineterminator="\n", encoding="utf-8")
    return paths


def _pdf(words: dict[str, str]) -> dict[str, str]:
    return {"Title": words["Title"], "Subject": words["Description"]}


def _save(drawing: Drawing, path: Path, metadata: dict[str, str | None]) -> None:
    buffer = BytesIO()
    if path.suffix == ".pdf" and drawing.scale != 1:
        scaled_pdf.save(drawing.figure, buffer, drawing.scale, metadata)
    else:
        dpi = PNG_DPI * drawing.scale
        drawing.figure.savefig(buffer, format=path.suffix[1:], dpi=dpi, metadata=metadata)
    with atomic(path) as part:
        part.write_bytes(buffer.getvalue())
