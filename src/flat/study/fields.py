"""The kinds of values that a study file is made of, and which cells a ``where`` covers."""

from typing import Annotated

from pydantic import Field

from flat.plugins.values import Strict
from flat.study.cells import Cell

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=40)]

OWN_OBJECTIVE = "flat"  # of strategies that name none
# weights of the objective's terms: keys of a strategy and of overrides.*.objective; those that need a variational mask
MASK_WEIGHTS = ("beta", "gamma")
WEIGHTS = (*MASK_WEIGHTS,)


class Where(Strict):
    """Some cells of a study: those that have one of the named values in each field; null covers all."""

    datasets: list[str] | None = None
    models: list[str] | None = None
    strategies: list[str] | None = None
    train_attacks: list[str] | None = None

    def covers(self, dataset: str, model: str) -> bool:
        """Whether it covers some cell of a model on a data set."""
        return all(allowed is None or v in allowed for allowed, v in ((self.datasets, dataset), (self.models, model)))

    def fits(self, cell: Cell) -> bool:
        """Whether it covers a cell."""
        return self.covers(cell.dataset, cell.model) and all(
            allowed is None or value in allowed
            for allowed, value in ((self.strategies, cell.strategy), (self.train_attacks, cell.train_attack))
        )
