"""The tables and figures, the paper's and the pipeline's own: one entry each, in the order of the report.

Rules, tables, figures, the report, the terminal's summary and the claims all read these entries. docs/add-a-table.md
shows what a new one takes. Light to import: what makes a table or figure is named, and imported where it is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flat.study.cells import AttackedCell
from flat.study.grid import curve_cells, importance_cells, main_cells, saliency_cells
from flat.study.schema import Study

# The settings that captions state and columns do not.
TRANSFER = {"dataset": "sst2", "train_attack": "textfooler"}
ABLATION = {"dataset": "sst2", "model": "LSTM", "attack": "textfooler"}
IMPORTANCE = {"dataset": "sst2", "model": "LSTM", "attack": "textfooler"}
GROUP_MASKS = {"dataset": "ag", "model": "CNN", "attack": "textfooler"}

SA, DEV, AA, KT = "test_accuracy_percent", "dev_accuracy_percent", "after_attack_accuracy_percent", "kendall_tau"
MEASURED = ("measurements", "intervals", "flags")
MAIN_PAIR_SET = "shared"


@dataclass(frozen=True)
class Printed:
    """The printed table: its file in config/paper, the columns that identify a row, what the caption fixes."""

    file: str
    keys: tuple[str, ...]
    caption: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mean:
    """What the summary says of a metric: for each strategy its mean over the cells that all strategies ran; or its
    value in each row, named by the column ``of``. ``where`` chooses rows."""

    metric: str
    spec: str = ".1f"
    unit: str = " %"
    title: str = ""
    of: str = "strategy"
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table of a study.

    Attributes:
        key: the paper's number, or a name where the paper has no such table.
        title: its heading, wherever it is named.
        block: the block of ``artefacts`` that asks for it.
        builder: module and function of ``flat.report.tables``.
        needs: the files it is built from, by their names in rules/report.smk (FILES).
        printed: the paper's own table; None where there is none.
        on_grid: laid out by the paper's names of data sets, models, strategies and attacks.
        line: what the summary at the end of a run says of it; ``flat.report.summary_items.SAY`` has those that are
            no plain means.
    """

    key: str
    title: str
    block: str
    builder: str
    needs: tuple[str, ...] = MEASURED
    printed: Printed | None = None
    on_grid: bool = False
    line: tuple[Mean, ...] = (Mean(AA, title="AA"),)

    @property
    def module(self) -> str:
        return f"flat.report.tables.{self.builder.partition('.')[0]}"


@dataclass(frozen=True)
class Figure:
    """A figure of a study. ``cells``: the attacked cells that it shows, whose flags it carries; others as of a Table.

    ``drawing``: the module of ``flat.report.figures`` with ``draw(...)`` and ``inputs(study, files, cells)``.
    """

    key: int | str
    title: str
    block: str
    drawing: str
    needs: tuple[str, ...]
    cells: Callable[[Study], list[AttackedCell]]

    @property
    def module(self) -> str:
        return f"flat.report.figures.{self.drawing}"


def _figure_6_cells(study: Study) -> list[AttackedCell]:
    return [attacked for attacked in main_cells(study) if attacked.attack == figure_6_attack(study)]


def figure_6_attack(study: Study) -> str:
    """TextFooler, as in the paper, where the study trains on it."""
    attacks = study.artefacts.main.train_attacks
    return "textfooler" if "textfooler" in attacks else attacks[0]


def _importance_models(study: Study) -> list[AttackedCell]:
    """The models with and without gamma, under the attack that they were trained on."""
    return [AttackedCell(cell, cell.train_attack) for cell in importance_cells(study)]


_ROWS = ("model", "strategy", "train_attack", "dataset")
_PAIRS = ("attack", "model", "strategy", "dataset")
_KT = Mean(KT, ".2f", "", "KT", where={"pair_set": MAIN_PAIR_SET})

TABLES = {
    table.key: table
    for table in (
        Table(
            key="1",
            title="Data sets",
            block="main",
            builder="data.data_statistics",
            needs=("summaries",),
            printed=Printed("table1_datasets.csv", ("dataset",)),
            on_grid=True,
            line=(Mean("train_size", ",.0f", "", "train texts:", of="dataset"),),
        ),
        Table(
            key="2",
            title="Test accuracy",
            block="main",
            builder="accuracy.test_accuracy",
            printed=Printed("table2_test_accuracy.csv", _ROWS),
            on_grid=True,
            line=(Mean(SA),),
        ),
        Table(
            key="3",
            title="Robustness, integrated gradients",
            block="main",
            builder="robustness.robustness",
            printed=Printed("table3_robustness_ig.csv", _PAIRS),
            on_grid=True,
            line=(Mean(AA, title="AA"), _KT),
        ),
        Table(
            key="4",
            title="Transfer to other attacks",
            block="transfer",
            builder="robustness.transfer",
            printed=Printed("table4_transfer.csv", (*_ROWS, "test_attack")),
            on_grid=True,
        ),
        Table(
            key="5",
            title="Ablation of β and γ",
            block="ablation",
            builder="single.ablation",
            printed=Printed("table5_ablation.csv", ("beta", "gamma"), ABLATION),
        ),
        Table(
            key="6",
            title="Preprocessing",
            block="main",
            builder="data.preprocessing",
            needs=("summaries",),
            printed=Printed("table6_preprocessing.csv", ("dataset",)),
            on_grid=True,
            line=(Mean("vocabulary_size", ",.0f", "", "vocabulary:", of="dataset"),),
        ),
        Table(
            key="7",
            title="Dev accuracy",
            block="main",
            builder="accuracy.dev_accuracy",
            printed=Printed("table7_dev_accuracy.csv", _ROWS),
            on_grid=True,
            line=(Mean(DEV),),
        ),
        Table(
            key="8",
            title="Robustness, LIME",
            block="main",
            builder="robustness.robustness_lime",
            printed=Printed("table8_robustness_lime.csv", _PAIRS),
            on_grid=True,
            line=(_KT,),
        ),
        Table(
            key="9",
            title="What word importance correlates with",
            block="importance",
            builder="single.correlations",
            needs=("importance", "flags"),
            printed=Printed("table9_correlations.csv", ("correlation",), IMPORTANCE),
            line=(Mean("pearson_r", ".3f", "", "r:", of="correlation"),),
        ),
        Table(
            key="10",
            title="Group masks",
            block="groups",
            builder="single.group_masks",
            printed=Printed("table10_group_masks.csv", ("groups",), GROUP_MASKS),
            line=(Mean(AA, title="AA by groups:", of="groups"),),
        ),
        Table("guards", "What the numbers should be judged by", "main", "guards.guards", ("guards", "flags")),
        Table(
            key="validity",
            title="Validity of adversarial texts",
            block="main",
            builder="validity.validity",
            needs=("validity", "antonyms", "flags"),
            line=(Mean(AA, title="AA"), Mean("aa_both_percent", title="at stricter thresholds")),
        ),
        Table("readings", "What each reading of the method does", "readings", "readings.readings"),
        Table(
            key="replay",
            title="Adversarial texts of each model, read by the others",
            block="replay",
            builder="replay.replay",
            needs=("replays", "flags"),
        ),
        Table("grim", "Check of the printed numbers", "main", "grim.grim_check", ("paper",)),
    )
}
FIGURES = {
    figure.key: figure
    for figure in (
        Figure(
            key=3,
            title="Saliency of original and adversarial texts",
            block="saliency",
            drawing="figure_3",
            needs=("attributions", "ledgers", "flags"),
            cells=lambda study: sorted(set(saliency_cells(study))),
        ),
        Figure(
            key=4,
            title="Word importance, word frequency and substitution frequency",
            block="importance",
            drawing="figure_4",
            needs=("importance", "flags"),
            cells=lambda study: _importance_models(study)[:1],
        ),
        Figure(
            key=5,
            title="Importance gap between words and their synonyms",
            block="importance",
            drawing="figure_5",
            needs=("synonyms", "flags"),
            cells=_importance_models,
        ),
        Figure(
            key=6,
            title="Top-k intersection of explanations",
            block="main",
            drawing="figure_6",
            needs=("measurements", "flags"),
            cells=_figure_6_cells,
        ),
        Figure(
            key="curves",
            title="After-attack accuracy against the attack's budget of queries",
            block="main",
            drawing="curves",
            needs=("ledgers", "flags"),
            cells=curve_cells,
        ),
    )
}


def table_keys(study: Study) -> list[str]:
    """The tables of a study: those of the blocks of artefacts that it has."""
    return [key for key, table in TABLES.items() if table.block in study.artefacts.present()]


def figure_keys(study: Study) -> list[int | str]:
    """The figures of a study, as its tables."""
    return [key for key, figure in FIGURES.items() if figure.block in study.artefacts.present()]
