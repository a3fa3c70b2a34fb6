"""Texts drawn word by word on coloured grounds: measuring, wrapping, painting; in inches from the page's top left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from unicodedata import category

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from flat.report.figures import text_fit
from flat.report.figures.fonts import runs_right_to_left
from flat.report.figures.style import INK, MUTED

AGAINST, NEUTRAL, FOR = "#D9772F", "#FFFFFF", "#2F9688"
SALIENCY = LinearSegmentedColormap.from_list("saliency", [AGAINST, NEUTRAL, FOR])  # told apart by the colour-blind
WORD_PT = 7.5
LINE_IN = 0.185
SPACE_IN = 0.045  # between the grounds of two words
PAD_IN = 0.022  # ground beyond its word, left and right
HIDDEN = "\N{REPLACEMENT CHARACTER}"
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # parts of Persian and Hindi words and of emoji


@dataclass(frozen=True)
class Word:
    """A word to draw. ``shade`` in [-1, 1]: ground from "against" to "for"; ``marked``: bold and underlined."""

    text: str
    shade: float = 0.0
    marked: bool = False
    muted: bool = False


@dataclass(frozen=True)
class Placed:
    """A word with its place: ``x_in`` from the left of the text's box, ``line`` from its top."""

    word: Word
    x_in: float
    line: int
    width_in: float


def visible(text: str) -> str:
    """The text with control characters, line breaks and the like replaced: each word stays on its line."""
    return "".join(c if _stays_on_its_line(c) else HIDDEN for c in text)


def _stays_on_its_line(character: str) -> bool:
    # characters newer than Python's own table (Cn) and private ones (Co) are a font's to know
    return character.isprintable() or character in JOINERS or category(character) in ("Cn", "Co")


def width_of(text: str, bold: bool = False) -> float:
    """Width in inches at the size that words are drawn in."""
    return text_fit.width_of(text, WORD_PT, bold)


def fitted(text: str, width_in: float, bold: bool = False) -> str:
    """The text, its end replaced by "…" where it is wider than a whole line."""
    return text_fit.cut(text, width_in, WORD_PT, bold)


def wrap(words: Sequence[Word], width_in: float) -> list[Placed]:
    """Break words into lines of at most ``width_in``; those of Arabic, Hebrew and the like run from the right edge."""
    placed, x, line = [], 0.0, 0
    for word in words:
        text = fitted(visible(word.text), width_in - 2 * PAD_IN, word.marked)
        width = width_of(text, word.marked) + 2 * PAD_IN
        if x > 0 and x + width > width_in + 1e-9:
            x, line = 0.0, line + 1
        placed.append(Placed(Word(text, word.shade, word.marked, word.muted), x, line, width))
        x += width + SPACE_IN
    if runs_right_to_left(word.text for word in words):
        return [replace(item, x_in=width_in - item.x_in - item.width_in) for item in placed]
    return placed


def lines_of(placed: Sequence[Placed]) -> int:
    return placed[-1].line + 1 if placed else 1


def page_axes(figure: Figure, width_in: float, height_in: float) -> Axes:
    """Axes that cover the figure: one unit is one inch, y grows downwards."""
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width_in)
    axes.set_ylim(height_in, 0)
    axes.set_axis_off()
    return axes


def paint(axes: Axes, placed: Sequence[Placed], left_in: float, top_in: float) -> None:
    """Draw wrapped words with the first line's middle half a line below ``top_in``."""
    for item in placed:
        x, y = left_in + item.x_in, top_in + (item.line + 0.5) * LINE_IN
        if item.word.shade:
            colour = SALIENCY((max(-1.0, min(1.0, item.word.shade)) + 1) / 2)
            box = FancyBboxPatch(
                (x, y - 0.075), item.width_in, 0.15, boxstyle="round,pad=0,rounding_size=0.025", fc=colour, ec="none"
            )
            axes.add_patch(box)
        style = {"weight": "bold"} if item.word.marked else {}
        colour = MUTED if item.word.muted else INK
        axes.text(x + PAD_IN, y, item.word.text, size=WORD_PT, va="center_baseline", color=colour, **style)
        if item.word.marked:
            axes.plot([x + PAD_IN, x + item.width_in - PAD_IN], [y + 0.066] * 2, color=INK, linewidth=0.9)


def colour_key(axes: Axes, left_in: float, top_in: float, low: str, high: str) -> None:
    """A short colour bar with a label at each end."""
    steps, width_in = 60, 1.3
    for step in range(steps):
        x = left_in + step / steps * width_in
        colour = SALIENCY(step / (steps - 1))
        axes.fill_between([x, x + width_in / steps + 0.004], top_in, top_in + 0.11, color=colour, linewidth=0)
    middle = top_in + 0.055
    axes.text(left_in - 0.06, middle, low, ha="right", va="center", size=7)
    axes.text(left_in + width_in + 0.06, middle, high, ha="left", va="center", size=7)
