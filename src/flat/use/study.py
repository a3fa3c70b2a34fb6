"""A study's results, opened: its trained models, its ledgers, its explained pairs and its measurements."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from flat.errors import StudyError
from flat.study.cells import Cell, base_of
from flat.study.paths import Paths, coordinates
from flat.study.schema import Study as Settings
from flat.use import columns, named
from flat.use.checkpoints import cells_below, open_checkpoint
from flat.use.files import Files
from flat.use.pairs import Pair, pairs_of

if TYPE_CHECKING:
    import pandas as pd

    from flat.use.model import Model


@dataclass(frozen=True, repr=False)
class Study:
    """The results of a study, opened by ``open_study``.

    Every file is compared with the record of the job that made it before it is read.

    Attributes:
        root: the results folder.
        settings: what the study file says (``flat.study.schema.Study``); None where only the results are at hand and
            they do not tell.
        notes: why they do not tell, where that is so.
    """

    root: Path
    settings: Settings | None
    notes: tuple[str, ...] = ()

    @cached_property
    def cells(self) -> list[Cell]:
        """The trained models that are there: dataset, model, strategy, train_attack, seed of each."""
        return list(self._checkpoints)

    def cell(self, name: str | Cell | None = None, **names: object) -> Cell:
        """One trained model by its name.

        Args:
            name: ``DATASET/MODEL/STRATEGY[/TRAIN_ATTACK][/seedN]``; or a cell.
            names: the same as keywords: dataset, model, strategy, train_attack, seed. What is left out must be the only
                one there; of several seeds it is the first.

        Returns:
            The cell.

        Raises:
            StudyError: none fits, or several do; those that are there are listed.
        """
        if isinstance(name, Cell):
            name, names = None, coordinates(name) | {"seed": name.seed}
        if unknown := sorted(set(names) - set(Cell.__dataclass_fields__)):
            raise StudyError(
                f"cell: {unknown[0]}", "is no part of a cell's name", f"use {', '.join(Cell.__dataclass_fields__)}"
            )
        return named.find(self.cells, (named.coordinates_of(name) if name else {}) | names, str(self.root))

    def model(self, name: str | Cell | None = None, *, device: str | None = None, **names: object) -> "Model":
        """A trained model, ready for raw text.

        Args:
            name: as in ``cell``.
            device: cpu or cuda; None: a GPU where there is one and the study does not say cpu.
            names: as in ``cell``.

        Returns:
            A ``flat.use.model.Model``.

        Raises:
            StudyError: no model fits, or several do.
            ArtefactError: a file of it is absent, or not as its job made it.
        """
        cell = self.cell(name, **names)
        return open_checkpoint(self._files, cell, self._checkpoints[cell], self.settings, device, self.notes)

    def attacks(self, cell: str | Cell) -> list[str]:
        """The attacks whose ledgers of a model's test examples are there.

        Args:
            cell: a cell, or its name.

        Returns:
            Their names, sorted.
        """
        folder = self._paths.test_ledger("", "-", **coordinates(self.cell(cell)))
        return sorted(path.parent.name for path in Path(folder).parent.glob("*/ledger.parquet"))

    def ledger(self, cell: str | Cell, attack: str | None = None) -> "pd.DataFrame":
        """What an attack made of a model's test examples.

        Args:
            cell: a cell, or its name.
            attack: the attack's name; None: the only one there.

        Returns:
            A pandas DataFrame, a row an attacked example. ``frame.attrs["columns"]`` says what each column means.

        Raises:
            StudyError: the model was not attacked so; the attacks that are there are listed.
            ArtefactError: the ledger is not as its job made it.
        """
        cell = self.cell(cell)
        frame = self._files.table(self._ledger(cell, self._attack(cell, attack)))
        frame.attrs["columns"] = dict(columns.LEDGER)
        return frame

    def pairs(
        self, cell: str | Cell, attack: str | None = None, method: str = "ig", pair_set: str = "successful"
    ) -> list[Pair]:
        """Originals and their adversarial texts, with both explanations and how alike these are.

        Args:
            cell: a cell, or its name.
            attack: the attack's name; None: the only one there.
            method: an explanation method that the study ran on the cell.
            pair_set: successful | all | saved | shared | floor (docs/interpretation.md, "Pair sets").

        Returns:
            A pair each, sorted by example.

        Raises:
            StudyError: the cell was not attacked or explained so; or no such pair set.
            ArtefactError: a file is not as its job made it, or files do not fit one another.
        """
        cell = self.cell(cell)
        attack = self._attack(cell, attack)
        place = coordinates(cell)
        attributions = Path(self._paths.attributions(method, attack, **place))
        consistency = Path(self._paths.consistency(method, cell.dataset, cell.model))
        if not attributions.is_file() or not consistency.is_file():
            any_method = Path(self._paths.attributions("*", attack, **place)).relative_to(self.root)
            there = sorted(path.relative_to(self.root).parts[1] for path in self.root.glob(str(any_method)))
            raise StudyError(
                f"{named.shown(cell)} under {attack}, explained by {method}",
                "was not explained so by this study",
                f"methods that explained it: {', '.join(there) or 'none; the models of the main tables are explained'}",
            )
        ledgers = {"own": self._files.table(self._ledger(cell, attack))}
        ledgers["shared"] = ledgers["own"]
        if (base := base_of(cell)) != cell and pair_set == "shared":
            ledgers["shared"] = self._files.table(self._ledger(base, attack))
        frames = self._files.table(attributions), self._files.table(consistency)
        return pairs_of(*frames, ledgers, cell, attack, method, pair_set, self.classes(cell.dataset))

    def measurements(self) -> "pd.DataFrame":
        """Every measured number of the study.

        Returns:
            A pandas DataFrame, a row a number. ``frame.attrs["columns"]`` says what each column means, and
            ``frame.attrs["metrics"]`` what each metric is.

        Raises:
            ArtefactError: the study is not finished, or the file is not as its job made it.
        """
        frame = self._files.table(self._paths.measurements())
        frame.attrs["columns"] = dict(columns.MEASUREMENTS)
        frame.attrs["metrics"] = columns.metrics(set(frame["metric"]))
        return frame

    def classes(self, dataset: str) -> tuple[str, ...]:
        """The names of a data set's classes, in the order of their numbers.

        Args:
            dataset: its name in the study.

        Returns:
            The names.

        Raises:
            ArtefactError: the data set was not prepared.
        """
        return tuple(self._files.json(self._paths.data(dataset, "summary.json"))["classes"])

    def __repr__(self) -> str:
        lines = [f"{self.root}: {len(self.cells)} trained models", *(f"  {named.shown(cell)}" for cell in self.cells)]
        return "\n".join([*lines, *self.notes])

    # --- where things lie

    @cached_property
    def _files(self) -> Files:
        return Files(self.root)

    @property
    def _paths(self) -> Paths:
        return Paths(str(self.root))

    @cached_property
    def _checkpoints(self) -> dict[Cell, Path]:
        return cells_below(self.root, self.settings)

    def _ledger(self, cell: Cell, attack: str) -> Path:
        return Path(self._paths.test_ledger("ledger.parquet", attack, **coordinates(cell)))

    def _attack(self, cell: Cell, attack: str | None) -> str:
        there = self.attacks(cell)
        if attack in there:
            return attack
        if attack is None and len(there) == 1:
            return there[0]
        what = "say which attack" if attack is None and there else f"was not attacked by {attack or 'any attack'}"
        raise StudyError(f"{named.shown(cell)}", what, f"attacks that are there: {', '.join(there) or 'none'}")
