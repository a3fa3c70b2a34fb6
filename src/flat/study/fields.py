"""The kinds of values that a study file is made of, and which cells a ``where`` covers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from flat.study.cells import Cell

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=40)]
MOST = 1_000_000_000  # of anything that is counted


def upto(most: int):
    """The type of a whole number from 1 to ``most``."""
    return Annotated[int, Field(gt=0, le=most)]


def above_0(most: float):
    """The type of a number above 0 and up to ``most``."""
    return Annotated[float, Field(gt=0, le=most)]


def from_0(most: float):
    """The type of a number from 0 to ``most``."""
    return Annotated[float, Field(ge=0, le=most)]


Positive = upto(MOST)
Size = upto(100_000)  # of a network's part, of a text in tokens
Count = Annotated[int, Field(ge=0, le=MOST)]
Share = from_0(1)
LearningRate = above_0(100)
Weight = from_0(1_000_000)  # of a term of the objective
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Seeds = Annotated[list[Seed], Field(min_length=1)]


# weights of the objective's terms: keys of a strategy and of overrides.*.objective; those that need a variational mask
MASK_WEIGHTS = ("beta", "gamma")
WEIGHTS = (*MASK_WEIGHTS,)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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
