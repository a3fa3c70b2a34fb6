"""Which cells of a study its guards look at more closely."""

from flat.cells import AttackedCell, Cell
from flat.study import Study
from flat.study_checks import fits
from flat.study_grid import main_cells, transfer_cells, variant_cells

REFERENCE = "adv"  # the strategy that the others are compared with, where a group has it


def checked_cells(study: Study) -> list[AttackedCell]:
    """The cells whose adversarial texts are judged: those of Tables 2, 3 and 8."""
    return sorted(set(main_cells(study)))


def calibrated_cells(study: Study) -> list[AttackedCell]:
    """The cells that are attacked again at the temperature fitted on dev; none without ``guards.calibration``.

    ``where.train_attacks`` speaks of the attack of a column: a base model is attacked by each.
    """
    chosen = study.guards.calibration
    if chosen is None:
        return []
    return [a for a in checked_cells(study) if fits(chosen.where, _as_trained(a))]


def _as_trained(attacked: AttackedCell) -> Cell:
    cell = attacked.cell
    return Cell(cell.dataset, cell.model, cell.strategy, attacked.attack, cell.seed)


def compared_strategies(study: Study) -> list[list[Cell]]:
    """Groups of cells that differ in nothing but their strategy, the one that the others are compared with first.

    Readings are not among them: their rows differ on purpose.
    """
    groups: dict[tuple, set[Cell]] = {}
    for attacked in [*main_cells(study), *transfer_cells(study), *variant_cells(study)]:
        cell = attacked.cell
        if study.strategies[cell.strategy].adversarial:
            groups.setdefault((cell.dataset, cell.model, cell.train_attack, cell.seed), set()).add(cell)
    ordered = (sorted(group, key=lambda c: (c.strategy != REFERENCE, c)) for _, group in sorted(groups.items()))
    return [group for group in ordered if len(group) > 1]
