"""Flags of doubtful cells, carried into figures: the mark in the picture's corner, the reason in its notes."""

from dataclasses import replace

from flat.report.figures.style import MUTED, Drawing
from flat.report.tables.flag_marks import FLAG_MARK, Flags, note
from flat.study.cells import Cell
from flat.study.grid import curve_cells, importance_cells, main_cells, saliency_cells


def shown(study, number: int | str) -> list[tuple[Cell, str]]:
    """The (trained model, attack) pairs that a figure shows."""
    if number == "curves":
        return [(a.cell, a.attack) for a in curve_cells(study)]
    if number == 3:
        return [(a.cell, a.attack) for a in saliency_cells(study)]
    if number in (4, 5):
        cells = importance_cells(study)
        return [(cell, cell.train_attack) for cell in (cells[:1] if number == 4 else cells)]
    attacks = study.artefacts.main.train_attacks
    drawn = "textfooler" if "textfooler" in attacks else attacks[0]
    return [(a.cell, a.attack) for a in main_cells(study) if a.attack == drawn]


def marked(study, drawing: Drawing, frame) -> Drawing:
    """The drawing, marked and with a note for each kind of flag, where a cell that it shows is flagged.

    Args:
        frame: flags.parquet, or None.
    """
    sentences = note(study, Flags(frame).of_cells(shown(study, drawing.number)))
    if not sentences or not drawing.is_run:
        return drawing
    drawing.figure.text(
        0.995, 0.002, f"{FLAG_MARK} flagged cells: see the notes", ha="right", va="bottom", size=6.5, color=MUTED
    )
    return replace(drawing, notes=(*drawing.notes, *sentences))
