"""What a study says about its artefacts: one block for each group of tables and figures (docs/tables.md)."""

from typing import Annotated

from pydantic import Field

from flat.plugins.values import Positive, Strict


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

    def present(self, *names: str) -> dict[str, Strict]:
        """The blocks that the study has, by name: all, or those of these names."""
        return {name: block for name, block in self if block is not None and (not names or name in names)}
