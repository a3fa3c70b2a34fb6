"""A figure of panels: rows of their own heights, columns of one width."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from flat.report.figures.style import new_figure


def panels(
    heights_in: Sequence[float],
    columns: int,
    width_in: float,
    sides: tuple[float, float],
    above_and_below_in: tuple[float, float],
    gap_in: float,
) -> tuple[Figure, GridSpec, float]:
    """A figure, its grid, and its height in inches.

    Args:
        heights_in: of each row's panels. gap_in: between two rows.
        sides: where the panels begin and end, in parts of the width.
        above_and_below_in: what titles, legend and the label of the x axes take.
    """
    top_in, bottom_in = above_and_below_in
    height_in = top_in + bottom_in + sum(heights_in) + gap_in * (len(heights_in) - 1)
    figure = new_figure(height_in, width_in)
    grid = figure.add_gridspec(
        len(heights_in),
        columns,
        height_ratios=heights_in,
        left=sides[0],
        right=sides[1],
        top=1 - top_in / height_in,
        bottom=bottom_in / height_in,
        wspace=0.10,
        hspace=gap_in / (sum(heights_in) / len(heights_in)),
    )
    return figure, grid, height_in
