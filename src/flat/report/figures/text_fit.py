"""Texts made to fit: measured, wrapped or cut as they will be drawn, in inches."""

from functools import cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from flat.report.figures import fonts


@cache
def _font(families: tuple[str, ...], size: float, bold: bool) -> FontProperties:
    return FontProperties(family=list(families), weight="bold" if bold else "normal", size=size)


def width_of(text: str, size: float, bold: bool = False) -> float:
    """Width in inches of one line in the fonts of the drawing at hand, ``size`` in points."""
    font, shown = _font(fonts.current(), size, bold), fonts.drawable(text, bold)
    # the advance of "|" on both sides keeps words apart that end in narrow or overhanging glyphs
    measure = TextToPath().get_text_width_height_descent
    return (measure(f"|{shown}|", font, False)[0] - measure("||", font, False)[0]) / 72


def widest(text: str, size: float, bold: bool = False) -> float:
    """Width in inches of the longest line."""
    return max(width_of(line, size, bold) for line in text.split("\n"))


def beginning(text: str, width_in: float, size: float, bold: bool = False, end: str = "") -> str:
    """The longest beginning that fits with ``end`` after it; "" where not even one character does."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = width_of(text[:middle] + end, size, bold) <= width_in
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low]


def cut(text: str, width_in: float, size: float, bold: bool = False) -> str:
    """The text, its end replaced by "…" where it is wider."""
    if width_of(text, size, bold) <= width_in:
        return text
    return beginning(text, width_in, size, bold, end="…") + "…"


def wrapped(text: str, width_in: float, size: float, bold: bool = False) -> str:
    """The text in lines that fit, nothing lost; broken at spaces, within a word (after "-" and the like where it has
    one) only where that alone is too wide."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, size, bold) <= width_in:
            lines[-1] = longer
            continue
        lines += [""] * bool(lines[-1])
        while width_of(word, size, bold) > width_in and len(word) > 1:
            first = _broken(beginning(word, width_in, size, bold) or word[0])
            lines[-1:] = [first, ""]
            word = word[len(first) :]
        lines[-1] = word
    return "\n".join(lines)


def _broken(beginning: str) -> str:
    place = max(beginning.rfind(mark) for mark in "-/_.:") + 1
    return beginning[:place] if place else beginning


def lines_of(text: str) -> int:
    """How many lines the text has; 0 for an empty one."""
    return text.count("\n") + 1 if text else 0
