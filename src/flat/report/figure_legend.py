"""A legend of strategies above the panels that fits the figure: in one line, or in as many as it takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.figure import Figure

from flat.report import fonts
from flat.report.figure_style import new_figure
from flat.report.text_fit import wrapped

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
    """The legend with the fewest lines that fits a figure of this width; longer titles are wrapped, none is cut.

    Args:
        handles: with their labels.
        middle: of the legend, as a fraction of the width.
        style: ``handlelength`` and ``columnspacing`` of matplotlib's legend.
    """
    room_in = 2 * min(middle, 1 - middle) * width_in - 2 * MARGIN_IN
    labels = [handle.get_label() for handle in handles]
    one_line = _size(handles[:1], ["x"], 1, style)[1]
    for columns in range(len(handles), 1, -1):
        if _size(handles, labels, columns, style)[0] <= room_in:
            break
    else:
        columns = 1
        # 0.8: between a handle and its text; 0.4: around the legend, on both sides
        beside_in = (style["handlelength"] + 0.8 + 2 * 0.4) * SIZE_PT / 72
        labels = [wrapped(label, room_in - beside_in, SIZE_PT) for label in labels]
    order = _reading_order(len(handles), columns)
    extra_in = max(0.0, _size(handles, labels, columns, style)[1] - one_line)
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
