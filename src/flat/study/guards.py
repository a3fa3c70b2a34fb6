"""What a study says about its guards, the validity of adversarial texts, and tuning (docs/guards.md)."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from flat.study.fields import Positive, Share, Strict, Where

Weight = Annotated[float, Field(gt=0)]


class Calibration(Strict):
    """Cells that are attacked again at the temperature fitted on dev (Raina et al. 2024).

    Rows of the table of readings are too, whatever ``where`` says, if ``artefacts.readings.calibrated``.
    """

    examples: Positive = Field(100, description="attacked test examples attacked again: a draw stratified by label")
    where: Where = Field(Where(), description="the cells of Tables 3 and 8 that are checked; by default all of them")


class Guards(Strict):
    calibration: Calibration | None = Field(None, description="null: no cell is attacked again")
    tolerated_drop: Annotated[float, Field(ge=0)] = Field(
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


class Range(Strict):
    """Searched on a logarithmic scale, both ends included."""

    low: Weight
    high: Weight

    @model_validator(mode="after")
    def _ascending(self):
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        return self


class Tune(Strict):
    """The cell whose weights and learning rate ``snakemake tune`` searches, and how."""

    dataset: str
    model: str
    strategy: str
    train_attack: str
    seed: Annotated[int, Field(ge=0)] | None = Field(None, description="null: the study's first")
    split: SelectedOn = Field("dev", description="where trials are scored; anything but dev is refused")
    trials: Positive = 20
    examples: Positive = Field(100, description="dev examples attacked in a trial: a draw stratified by label")
    robustness: Share = Field(0.5, description="weight of after-attack accuracy in the score, against accuracy")
    beta: Range | None = Field(Range(low=1e-3, high=1), description="null: not searched")
    gamma: Range | None = Field(Range(low=1e-4, high=1), description="null: not searched")
    learning_rate: Range | None = Field(Range(low=1e-4, high=1e-2), description="null: not searched")


class Tuned(Strict):
    """Where an overlay's values come from; ``snakemake tune`` writes it."""

    cell: str
    split: SelectedOn = Field(description="what the values were selected on; anything but dev is refused")
    trials: Positive
    score: float
    evidence: str = Field(description="the table of trials")
