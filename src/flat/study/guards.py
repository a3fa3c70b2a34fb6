"""What a study says about its guards, the validity of adversarial texts, and tuning (docs/guards.md)."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from flat.plugins.values import Count, Positive, Seed, Share, Strict, above_0, from_0, upto
from flat.study.fields import Where

Sought = above_0(1_000_000)
Names = Annotated[list[str], Field(min_length=1)]


class Calibration(Strict):
    """Cells that are attacked again at the temperature fitted on dev (Raina et al. 2024).

    Rows of the table of readings are too, whatever ``where`` says, if ``artefacts.readings.calibrated``.
    """

    examples: Positive = Field(100, description="attacked test examples attacked again: a draw stratified by label")
    where: Where = Field(Where(), description="the cells of Tables 3 and 8 that are checked; by default all of them")


class Guards(Strict):
    calibration: Calibration | None = Field(None, description="null: no cell is attacked again")
    tolerated_drop: from_0(100) = Field(
        5.0, description="points that AA may drop under the calibrated attack; a cell above is flagged miscalibrated"
    )
    saturated_probability: Annotated[float, Field(gt=0.5, lt=1)] = Field(
        0.999, description="an output whose largest probability exceeds this is saturated"
    )
    saturated_share: Share = Field(0.5, description="a cell with a larger share of such outputs is flagged saturated")
    constant_share: Share = Field(
        0.95, description="a cell that gives a larger share of its texts one and the same answer is flagged constant"
    )


class Validity(Strict):
    """Stricter thresholds at which after-attack accuracy is counted again (Morris et al. 2020)."""

    word_cosine: Annotated[float, Field(ge=-1, le=1)] = 0.9
    sentence_similarity: Annotated[float, Field(ge=-1, le=1)] = 0.98


def selected_on_dev(value: object) -> object:
    """Refuse ``test`` in words of its own wherever a study says what something is selected on."""
    if value == "test":
        raise ValueError("nothing may be selected on test: what was chosen there is no test result; select on dev")
    return value


SelectedOn = Annotated[Literal["dev"], BeforeValidator(selected_on_dev)]


class Searched(Strict):
    """Where a value is searched: a range on a logarithmic scale, both ends included, or a set of choices."""

    low: Sought | None = None
    high: Sought | None = None
    choices: Annotated[list[Sought], Field(min_length=1)] | None = Field(None, description="instead of low and high")

    @model_validator(mode="after")
    def _range_or_set(self):
        if (self.low is None, self.high is None) != (self.choices is not None,) * 2:
            raise ValueError("give low and high, or choices alone")
        if self.choices is None and self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        if self.choices is not None and len(set(self.choices)) != len(self.choices):
            raise ValueError(f"a choice stands twice in {self.choices}")
        return self


class Tune(Strict):
    """The cells whose weights and learning rate ``snakemake tune`` searches, and how: each with as many trials."""

    datasets: Names
    models: Names
    strategies: Names = Field(description="base: round 0 alone is trained, and scored by dev accuracy")
    train_attack: str | None = Field(
        None, description="makes a trial's adversarial texts and attacks dev; null where base alone is searched"
    )
    apply_to: Literal["all", "train_attack"] = Field(
        "all", description="the overlay's cells: those of every train attack, or those of train_attack alone"
    )
    seed: Seed | None = Field(None, description="null: the study's first")
    split: SelectedOn = Field("dev", description="where trials are scored; anything but dev is refused")
    trials: upto(100_000) = Field(20, description="trials a cell, the same number for every strategy")
    examples: Positive = Field(100, description="dev examples attacked in a trial: a draw stratified by label")
    rounds: upto(1_000) | None = Field(None, description="rounds that a trial trains at most; null: as the study")
    attacked: Positive | None = Field(
        None, description="train examples attacked in a trial's round at most; null: as the study"
    )
    robustness: Share = Field(0.5, description="weight of after-attack accuracy in the score, against accuracy")
    beta: Searched | None = Field(Searched(low=1e-3, high=1), description="null: not searched")
    gamma: Searched | None = Field(Searched(low=1e-4, high=1), description="null: not searched")
    learning_rate: Searched | None = Field(Searched(low=1e-4, high=1e-2), description="null: not searched")

    @model_validator(mode="before")
    @classmethod
    def _several(cls, values: object) -> object:
        """Say how a section of one cell is written now."""
        for one, several in (("dataset", "datasets"), ("model", "models"), ("strategy", "strategies")):
            if isinstance(values, dict) and one in values:
                raise ValueError(f"{one}: a search takes lists; write {several}: [{values[one]}]")
        return values


class Tuned(Strict):
    """Where an overlay's values of one cell come from; ``snakemake tune`` writes it."""

    cell: str
    split: SelectedOn = Field(description="what the values were selected on; anything but dev is refused")
    trials: Positive = Field(description="distinct values tried")
    score: Annotated[float, Field(ge=-1_000, le=1_000)]
    rounds: Count = Field(description="rounds that a trial trained; 0: a base model")
    attacked: Count | Literal["all"] = Field(description="train examples attacked in a round")
    examples: Count = Field(description="dev examples attacked")
    robustness: Share = Field(description="weight of after-attack accuracy in the score; 0: dev accuracy alone")
    evidence: str = Field(description="the table of trials")
