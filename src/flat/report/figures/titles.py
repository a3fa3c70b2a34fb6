"""Titles of a grid of panels that fit it: data sets over the columns, models beside the rows; wrapped, never cut."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from flat.report.figures.text_fit import lines_of, widest, wrapped

TITLE_PT, BELOW_PT, SMALL_PT = 8.5, 6.5, 7
TITLE_IN, BELOW_IN = 0.14, 0.12  # from one line to the next
BETWEEN_IN = 0.06  # between the titles of two columns, at least


@dataclass(frozen=True)
class ColumnTitles:
    """The titles over a grid's columns, with what stands in for each data set below, wrapped to a column's width.

    Attributes:
        titles, below: by name, in lines.
        lines: the most that any has: of title, and below it.
    """

    titles: dict[str, str]
    below: dict[str, str]
    lines: tuple[int, int]

    @property
    def extra_in(self) -> float:
        """Inches that they take beyond a title of one line."""
        return TITLE_IN * (self.lines[0] - 1) + BELOW_IN * self.lines[1]


def column_titles(titles: Mapping[str, str], below: Mapping[str, str], width_in: float) -> ColumnTitles:
    """Titles and what stands below them, for columns that are ``width_in`` apart."""
    room_in = width_in - BETWEEN_IN
    over = {
        name: title if _fits(title, room_in, TITLE_PT, True) else wrapped(title, room_in, TITLE_PT, True)
        for name, title in titles.items()
    }
    short = {name: textwrap.fill(text, 30) for name, text in below.items() if name in titles}
    under = {
        name: text if _fits(text, room_in, BELOW_PT) else wrapped(below[name], room_in, BELOW_PT)
        for name, text in short.items()
    }
    most = [max(map(lines_of, texts.values()), default=0) for texts in (over, under)]
    return ColumnTitles(over, under, (max(most[0], 1), most[1]))


def _fits(text: str, width_in: float, size: float, bold: bool = False) -> bool:
    return widest(text, size, bold) <= width_in


def row_height(title: str, height_in: float, gap_in: float, run: bool) -> float:
    """Inches that a row of panels is high: ``height_in``, more where its title in two lines is longer than that.

    Args:
        gap_in: below the row, into which a title may reach.
    """
    shown, size = _row_title(title, height_in + gap_in, run)
    return max(height_in, widest(shown, size, bold=True) - gap_in)


def row_title(figure: Figure, title: str, y: float, run: bool, room_in: float) -> None:
    """A model's name at the left of its row of panels, upright; smaller where nothing of the row was run.

    It takes two lines where it is longer than ``room_in``, the row with its gap (``row_height``).
    """
    shown, size = _row_title(title, room_in, run)
    style = {"rotation": 90, "ha": "center", "va": "center", "weight": "bold", "size": size}
    style |= {} if shown == title else {"linespacing": 1.0, "multialignment": "center"}
    x_in = 0.09 if shown == title else 0.12
    figure.text(x_in / figure.get_figwidth(), y, shown, **style)


def _row_title(title: str, room_in: float, run: bool) -> tuple[str, float]:
    size = TITLE_PT if run else SMALL_PT
    if widest(title, size, bold=True) <= room_in:
        return title, size
    size, width_in = BELOW_PT, room_in
    while lines_of(shown := wrapped(title, width_in, size, bold=True)) > 2:
        width_in += 0.1
    return shown, size


def cell_title(study, cell) -> str:
    """A block of ``artefacts`` about one cell, in words: LSTM on SST2 (film snippets), TextFooler."""
    shown = [
        f"{item.title} ({item.stand_in})" if item.stand_in else item.title
        for item in (study.models[cell.model], study.datasets[cell.dataset])
    ]
    return f"{' on '.join(shown)}, {study.attacks[cell.attack].title}"
