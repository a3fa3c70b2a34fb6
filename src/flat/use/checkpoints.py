"""Trained models on disk: which there are below a results folder, and how one is opened."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flat.errors import FlatError, StudyError
from flat.study.cells import Cell
from flat.study.paths import Paths
from flat.study.schema import Study as Settings
from flat.study.settings import last_round
from flat.use.files import WEIGHTS, Files
from flat.use.named import listed

if TYPE_CHECKING:
    from flat.use.model import Model

LAYOUT = "RESULTS/models/DATASET/MODEL/STRATEGY/TRAIN_ATTACK/seedN/roundK"


def cells_below(root: Path, settings: Settings | None) -> dict[Cell, Path]:
    """Every trained model: cell -> the checkpoint of its last round.

    Args:
        settings: the study's, which says how many rounds a model is trained; None: as many as there are.
    """
    found: dict[Cell, dict[int, Path]] = {}
    for weights in (root / "models").glob(f"*/*/*/*/seed*/round*/{WEIGHTS}"):
        cell, number = _place(weights.parent)
        found.setdefault(cell, {})[number] = weights.parent
    last = {cell: _last(cell, rounds, settings) for cell, rounds in found.items()}
    return {cell: found[cell][number] for cell, number in sorted(last.items()) if number in found[cell]}


def _last(cell: Cell, rounds: Iterable[int], settings: Settings | None) -> int:
    """The last round of a cell; -1 of one that the study does not know."""
    if settings is None:
        return max(rounds)
    known = cell.dataset in settings.datasets and cell.model in settings.models and cell.strategy in settings.strategies
    return last_round(settings, cell) if known else -1


def _place(folder: Path) -> tuple[Cell, int]:
    """The cell and the round of a checkpoint's folder."""
    *names, seed, number = folder.parts[-6:]
    return Cell(*names, int(seed.removeprefix("seed"))), int(number.removeprefix("round"))


def located(path: Path) -> tuple[Path, Cell, Path]:
    """The results folder, the cell and the checkpoint that a path means: of a round, or of a cell's last round.

    Raises:
        StudyError: it is no folder of a study's checkpoint.
    """
    folder = path.parent if path.name == WEIGHTS else path
    folder = folder.absolute()
    if not (folder / WEIGHTS).is_file():
        rounds = [place.parent for place in folder.glob(f"round*/{WEIGHTS}")]
        folder = (
            max(rounds, key=lambda place: _place(place)[1]) if rounds and folder.name.startswith("seed") else folder
        )
    try:
        cell, _ = _place(folder)
        whole = (folder / WEIGHTS).is_file() and folder.parts[-7] == "models"
    except (ValueError, IndexError, TypeError):
        whole = False
    if not whole:
        raise StudyError(str(path), "is no folder of a trained model", _instead(path))
    return folder.parents[6], cell, folder


def _instead(path: Path) -> str:
    """What to name in place of a folder that is none of a trained model: one of those of the study that it lies in."""
    root = next((folder for folder in (path, *path.parents) if (folder / "models").is_dir()), None)
    cells = cells_below(root, None) if root else {}
    if not cells:
        return f"give {LAYOUT}, where the study made it, or STUDY:DATASET/MODEL/STRATEGY"
    return f"write {root}: and one of its models: {listed(cells)}"


def open_checkpoint(
    files: Files,
    cell: Cell,
    folder: Path,
    settings: Settings | None,
    device: str | None,
    notes: tuple[str, ...] = (),
) -> "Model":
    """The ``flat.use.model.Model`` of a checkpoint.

    Args:
        notes: why there are no settings, where there are none.
        device: cpu | cuda; None: a GPU where there is one and the study does not say cpu.

    Raises:
        ArtefactError: a file is absent, or is not as its job made it.
        FlatError: there is no such device.
    """
    from flat.models.checkpoint import load  # for cost: torch
    from flat.plugins.registry import MODELS  # for cost
    from flat.use.model import Model  # for cost: torch
    from flat.use.texts import Reading  # for cost

    paths = Paths(str(files.root))
    facts = files.json(paths.data(cell.dataset, "summary.json"))
    cleaning, known = facts["cleaning"], frozenset()
    if cleaning.get("mask_unknown"):
        known = frozenset(files.json(paths.data(cell.dataset, "vocabulary.json"))["words"])
    config = files.json(files.checkpoint(folder) / "config.json")
    kind = config.get("flat", config)["kind"]
    if kind not in MODELS:
        raise StudyError(
            f"{folder}: kind {kind}",
            "there is no such model here",
            f"open it by its study file, which names its plugins; {MODELS.refusal(kind)}",
        )
    network = load(folder, _device(device, settings, cell))
    reading = Reading(cleaning, known)
    return Model(cell, folder, tuple(facts["classes"]), network, reading, files, MODELS[kind], settings, notes)


def _device(wanted: str | None, settings: Settings | None, cell: Cell) -> str:
    import torch  # for cost

    from flat.study.settings import device_of  # for cost

    available = torch.cuda.is_available()
    if wanted is None:
        said = device_of(settings, cell.model) if settings and cell.model in settings.models else "auto"
        return "cuda" if available and said != "cpu" else "cpu"
    if wanted not in ("cpu", "cuda") or (wanted == "cuda" and not available):
        raise FlatError(f"device: {wanted}", "there is no such device here", "choose cpu, or cuda on a GPU machine")
    return wanted
