"""What a study says about its artefacts: one block for each group of tables and figures (docs/tables.md)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from flat.plugins.registry import EXPLAINERS
from flat.plugins.values import Positive, Strict
from flat.study.fields import Name

CLAIMED = Literal[
    "after_attack_accuracy_percent",
    "test_accuracy_percent",
    "dev_accuracy_percent",
    "kendall_tau",
    "topk_intersection",
]
EXPLAINED = ("kendall_tau", "topk_intersection")  # of CLAIMED: those that compare explanations
PAIR_SETS = ("shared", "saved", "successful", "all")  # whose explanations are compared (docs/interpretation.md)


class MainTables(Strict):
    """Tables 2, 3, 7, 8 and Fig. 6."""

    datasets: list[str]
    models: list[str]
    strategies: list[str]
    train_attacks: list[str]


class TransferTable(Strict):
    """Table 4: models trained on one attack, attacked by others."""

    dataset: str
    models: list[str]
    strategies: list[str]
    train_attack: str
    attacks: list[str]


class OneCell(Strict):
    dataset: str
    model: str
    attack: str


class AblationTable(OneCell):
    """Table 5."""

    strategies: list[str]


class ImportanceAnalysis(OneCell):
    """Table 9, Figs 4 and 5."""

    strategy: str
    without_gamma: str
    words: Positive = 1000
    synonyms: Positive = 10


class GroupTable(OneCell):
    """Table 10."""

    strategies: list[str]


class SaliencyFigure(OneCell):
    """Fig. 3."""

    examples: Positive = 3


class ReplayTable(Strict):
    """The transfer matrix: stored adversarial texts of each model, asked of every other model of the data set."""

    dataset: str
    attack: str
    train_attack: str
    models: list[str]
    strategies: list[str]


class ExplorerPage(Strict):
    """What the explorer shows beside the pairs of the main tables.

    Every attacked text of these models is explained by integrated gradients, whatever table it belongs to. No table or
    claim counts the explanations that are made for the page alone.
    """

    models: list[str]


class ReadingCell(Strict):
    """One row of the table of readings. ``strategy`` carries the switches; a data set may carry mask_unknown."""

    dataset: str
    model: str
    strategy: str


class ReadingsTable(Strict):
    """What each reading of the method does to SA, AA and KT.

    A row is compared with the first row of its model that is trained in the same way: base, adversarially, or
    adversarially with the same kind of mask.
    """

    attack: str
    explained: bool = Field(True, description="the rows' models are explained, with integrated gradients: KT and TI@5")
    calibrated: bool = Field(
        False, description="they are attacked again at the temperature fitted on dev, as guards.calibration says"
    )
    rows: Annotated[list[ReadingCell], Field(min_length=2)]


class FigureStyle(Strict):
    """How wide figures are, and how large their letters, in a paper."""

    width_in: Annotated[float, Field(ge=2.5, le=20)] | None = Field(
        None, description="inches of every figure; null: as columns says"
    )
    font_pt: Annotated[float, Field(ge=5, le=14)] = Field(
        8.0, description="size of the letters; smaller where a figure would not fit its width else"
    )
    columns: Literal[1, 2] | None = Field(
        None, description="columns of the paper that a figure spans: 1 is 3.3 inches, 2 are 7; null: as a figure needs"
    )

    @property
    def wanted_in(self) -> float | None:
        """The width that was asked for; None: each figure has its own."""
        return self.width_in or {None: None, 1: 3.3, 2: 7.0}[self.columns]


class OwnClaim(Strict):
    """What a study claims of its own cells: a metric of one strategy's models less that of another's."""

    name: Name | None = Field(None, description="null: made of metric and strategies")
    statement: str | None = Field(None, description="null: written from the other keys")
    metric: CLAIMED = "after_attack_accuracy_percent"
    of: str
    minus: Annotated[list[str], Field(min_length=1)]
    direction: Literal["above", "below"] = "above"
    margin: Annotated[float, Field(ge=-1_000, le=1_000)] = Field(0.0, description="in the metric's unit")
    method: str = Field("ig", description="what explains, where the metric compares explanations")
    pair_set: Literal[PAIR_SETS] = Field("shared", description="which pairs, where the metric compares explanations")
    k: Annotated[int, Field(ge=1, le=10)] = Field(5, description="of topk_intersection")
    datasets: list[str] | None = Field(None, description="null: those of artefacts.main")
    models: list[str] | None = Field(None, description="null: those of artefacts.main")
    attacks: list[str] | None = Field(None, description="null: train_attacks of artefacts.main")
    train_attack: str | None = Field(None, description="null: each model is attacked as it was trained")

    @model_validator(mode="after")
    def _of_two(self):
        if self.of in self.minus:
            raise ValueError(f"minus: {self.of} cannot be compared with itself")
        if self.method not in EXPLAINERS:
            raise ValueError(f"method: {self.method} is not among {', '.join(EXPLAINERS)}")
        return self


class Artefacts(Strict):
    """Of a block that is absent nothing is run, drawn or reported; ``main`` alone is a study."""

    main: MainTables
    transfer: TransferTable | None = None
    ablation: AblationTable | None = None
    importance: ImportanceAnalysis | None = None
    groups: GroupTable | None = None
    saliency: SaliencyFigure | None = None
    replay: ReplayTable | None = None
    readings: ReadingsTable | None = None
    explorer: ExplorerPage | None = None

    def present(self, *names: str) -> dict[str, Strict]:
        """The blocks that the study has, by name: all, or those of these names."""
        return {name: block for name, block in self if block is not None and (not names or name in names)}
