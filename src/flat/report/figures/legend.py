"""A legend of strategies above the panels that fits the figure: in one line, or in as many as it takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.figure import Figure

from flat.report.figures import fonts
from flat.report.figures.style import new_figure
from flat.report.figures.text_fit import width_of, wrapped

SIZE_PT = 8
MARGIN_IN = 0.02  # from the figure's top, and at least from its sides


@dataclass(frozen=True)
class Legend:
    """A legend that was tried out.

    Attributes:
        handles, labels: in the order that matplotlib fills its columns in, so that they read line by line.
        columns: how many entries stand beside one another.
        extra_in: inches that it is higher than one line.
        style: handlelength and columnspacing, in units of the font's size.
    """

    handles: tuple[Artist, ...]
    labels: tuple[str, ...]
    columns: int
    extra_in: float
    style: dict[str, float]

    def add(self, figure: Figure, middle: float) -> None:
        """Draw it at the figure's top, its middle at this fraction of the width."""
        place = {"loc": "upper center", "bbox_to_anchor": (middle, 1 - MARGIN_IN / figure.get_figheight())}
        figure.legend(handles=self.handles, labels=self.labels, ncols=self.columns, **self.style, **place)


def fitted(handles: Sequence[Artist], width_in: float, middle: float, **style: float) -> Legend:
    """The lowest legend that fits a figure of this width: in one line if it can; longer titles are wrapped, none cut.

    Args:
        handles: with their labels.
        middle: of the legend, as a fraction of the width.
        style: ``handlelength`` and ``columnspacing`` of matplotlib's legend.
    """
    room_in = 2 * min(middle, 1 - middle) * width_in - 2 * MARGIN_IN
    plain = [handle.get_label() for handle in handles]
    one_line = _size(handles[:1], ["x"], 1, style)[1]
    if _size(handles, plain, len(handles), style)[0] <= room_in:
        return _legend(handles, plain, len(handles), 0.0, style)
    tried = [found for n in range(1, len(handles) + 1) if (found := _tried(handles, plain, n, room_in, style))]
    height_in, columns, labels = min(tried, key=lambda one: one[:2])
    return _legend(handles, labels, columns, max(0.0, height_in - one_line), style)


def _tried(handles, plain: list[str], columns: int, room_in: float, style) -> tuple[float, int, list[str]] | None:
    """Height, columns and labels, wrapped to their share of the room; None where they do not fit side by side."""
    # 0.8: between a handle and its text; 0.4: around the legend, on both sides
    beside_em = columns * (style["handlelength"] + 0.8) + (columns - 1) * style["columnspacing"] + 2 * 0.4
    share_in = (room_in - beside_em * SIZE_PT / 72) / columns
    if columns > 1 and any(width_of(word, SIZE_PT) > share_in for label in plain for word in label.split()):
        return None
    # short labels leave room for a long one beside them: the widest that all fit in
    for part in (2.0, 1.6, 1.3, 1.0):
        labels = [
            label if width_of(label, SIZE_PT) <= part * share_in else wrapped(label, part * share_in, SIZE_PT)
            for label in plain
        ]
        width_in, height_in = _size(handles, labels, columns, style)
        if width_in <= room_in:
            return height_in, columns, labels
    return None


def _legend(handles, labels: list[str], columns: int, extra_in: float, style) -> Legend:
    order = _reading_order(len(handles), columns)
    return Legend(tuple(handles[i] for i in order), tuple(labels[i] for i in order), columns, extra_in, style)


def _size(handles: Sequence[Artist], labels: Sequence[str], columns: int, style: dict) -> tuple[float, float]:
    """Width and height in inches of a legend."""
    order = _reading_order(len(handles), columns)
    figure = new_figure(4.0, 12.0)
    shown = [fonts.drawable(labels[i]) for i in order]
    legend = figure.legend(handles=[handles[i] for i in order], labels=shown, ncols=columns, **style)
    box = legend.get_window_extent(figure.canvas.get_renderer())
    return box.width / figure.dpi, box.height / figure.dpi


def _reading_order(count: int, columns: int) -> list[int]:
    """The order in which entries that read line by line go down the columns, as matplotlib fills them."""
    return [i for column in range(columns) for i in range(column, count, columns)]
