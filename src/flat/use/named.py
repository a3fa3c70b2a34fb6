"""How a model is named in a word, ``dataset/model/strategy[/train_attack][/seedN]``, and found by it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict

from flat.errors import StudyError
from flat.study.cells import NO_ATTACK, Cell

FORM = "DATASET/MODEL/STRATEGY[/TRAIN_ATTACK][/seedN]"
SEED = re.compile(r"seed(\d+)")
MOST_LISTED = 20
NONE_THERE = "there is none: train some (snakemake models --configfile STUDY), or go to the folder where that was done"


def shown(cell: Cell) -> str:
    """The name of a cell; a base model's, which was trained on no attack, has none in it."""
    attack = [] if cell.train_attack == NO_ATTACK else [cell.train_attack]
    return "/".join([cell.dataset, cell.model, cell.strategy, *attack, f"seed{cell.seed}"])


def coordinates_of(name: str) -> dict[str, str | int]:
    """What a name says of a cell.

    Raises:
        StudyError: it has not that form.
    """
    parts = name.strip("/").split("/")
    found: dict[str, str | int] = {}
    if len(parts) > 1 and (seed := SEED.fullmatch(parts[-1])):
        found["seed"] = int(seed[1])
        parts.pop()
    keys = ("dataset", "model", "strategy", "train_attack")
    if not 1 <= len(parts) <= len(keys) or not all(parts):
        raise StudyError(f"the model {name!r}", "is no name of a model", f"write {FORM}")
    return found | dict(zip(keys, parts, strict=False))


def find(cells: Collection[Cell], wanted: Mapping[str, object], where: str) -> Cell:
    """The one cell that fits; of cells that differ in their seed alone the first.

    Args:
        wanted: some of ``Cell``'s fields; None fits all.
        where: whose cells these are, for errors.

    Raises:
        StudyError: none fits, or several do; those that there are are listed.
    """
    given = {key: value for key, value in wanted.items() if value is not None}
    fitting = sorted(cell for cell in cells if all(asdict(cell)[key] == value for key, value in given.items()))
    said = "/".join(f"seed{value}" if key == "seed" else str(value) for key, value in given.items()) or "no name"
    if not fitting:
        remedy = f"choose one that is there: {listed(cells)}" if cells else NONE_THERE
        raise StudyError(f"{where}: {said}", "there is no such trained model", remedy)
    if len({(c.dataset, c.model, c.strategy, c.train_attack) for c in fitting}) > 1:
        raise StudyError(f"{where}: {said}", f"{len(fitting)} models fit", f"say more: {listed(fitting)}")
    return fitting[0]


def listed(cells: Collection[Cell]) -> str:
    """The names of cells, for a message."""
    names = [shown(cell) for cell in sorted(cells)]
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more
