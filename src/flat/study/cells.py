"""A cell: the coordinates of one trained model, and of an attack on it. What a study's grids are made of."""

from collections.abc import Mapping
from dataclasses import dataclass

NO_ATTACK = "none"  # the train attack of models that saw no adversarial text


@dataclass(frozen=True, order=True)
class Cell:
    """One trained model: a checkpoint after its last round."""

    dataset: str
    model: str
    strategy: str
    train_attack: str
    seed: int


@dataclass(frozen=True, order=True)
class AttackedCell:
    """One column entry: a trained model under a test attack."""

    cell: Cell
    attack: str


def base_of(cell: Cell) -> Cell:
    """The base model that a cell starts from and is compared with."""
    return Cell(cell.dataset, cell.model, "base", NO_ATTACK, cell.seed)


def cell_at(coordinates: Mapping[str, object]) -> Cell:
    """The cell of coordinates as text, such as ``flat.study.paths.coordinates`` gives; other keys are passed over."""
    names = ("dataset", "model", "strategy", "train_attack")
    return Cell(*(str(coordinates[name]) for name in names), int(coordinates["seed"]))
