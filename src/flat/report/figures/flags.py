"""Flags of doubtful cells, carried into figures: the mark in the picture's corner, the reason in its notes."""

from dataclasses import replace

from flat.paper.catalogue import FIGURES
from flat.report.figures.style import MUTED, Drawing
from flat.report.tables.flag_marks import FLAG_MARK, Flags, note


def marked(study, drawing: Drawing, frame) -> Drawing:
    """The drawing, marked and with a note for each kind of flag, where a cell that it shows is flagged.

    Args:
        frame: flags.parquet, or None.
    """
    sentences = note(study, Flags(frame).of_cells([(a.cell, a.attack) for a in FIGURES[drawing.number].cells(study)]))
    if not sentences or not drawing.is_run:
        return drawing
    drawing.figure.text(
        0.995, 0.002, f"{FLAG_MARK} flagged cells: see the notes", ha="right", va="bottom", size=6.5, color=MUTED
    )
    return replace(drawing, notes=(*drawing.notes, *sentences))
