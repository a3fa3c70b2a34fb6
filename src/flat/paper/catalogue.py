"""The tables and figures, the paper's and the pipeline's own: one entry each, in the order of the report.

Rules, tables, figures, the report, the terminal's summary and the claims all read these entries. docs/add-a-table.md
shows what a new one takes. Light to import: what makes a table or figure is named, and imported where it is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flat.paper.scope import prints
from flat.study.cells import AttackedCell
from flat.study.grid import curve_cells, importance_cells, main_cells, saliency_cells
from flat.study.schema import Study
from flat.study.settings import metrics_of

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
    """A printed table: its name in config/paper, the columns that identify a row, what the caption fixes."""

    name: str
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
        needs: the files it is built from, by their names in rules/inputs/report.smk (FILES).
        printed: the paper's own table; None where there is none.
        line: what the summary at the end of a run says of it; ``flat.report.summary_items.SAY`` has those that are
            no plain means.
        of_metrics: it is made only where the study names metrics: "pairs" or "explanations" of that kind, "any".
        of_printed: it is about the printed values: made only where the study's tables show them.
    """

    key: str
    title: str
    block: str
    builder: str
    needs: tuple[str, ...] = MEASURED
    printed: Printed | None = None
    line: tuple[Mean, ...] = (Mean(AA, title="AA"),)
    of_metrics: str = ""
    of_printed: bool = False

    @property
    def on_grid(self) -> bool:
        """Whether it is laid out by the paper's names of data sets, models, strategies and attacks."""
        return self.printed is not None and "dataset" in self.printed.keys

    @property
    def printed_file(self) -> str | None:
        """The file of the printed table in config/paper."""
        return self.printed and f"table{self.key}_{self.printed.name}.csv"

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
    of_metrics: str = ""

    @property
    def module(self) -> str:
        return f"flat.report.figures.{self.drawing}"


def _figure_6_cells(study: Study) -> list[AttackedCell]:
    return [attacked for attacked in main_cells(study) if attacked.attack == figure_6_attack(study)]


def figure_6_attack(study: Study) -> str:
    """TextFooler, as in the paper, where the study trains on it."""
    attacks = study.artefacts.main.train_attacks
    return "textfooler" if "textfooler" in attacks else attacks[0]


def _saliency_models(study: Study) -> list[AttackedCell]:
    return sorted(set(saliency_cells(study)))


def _importance_models(study: Study) -> list[AttackedCell]:
    """The models with and without gamma, under the attack that they were trained on."""
    return [AttackedCell(cell, cell.train_attack) for cell in importance_cells(study)]


_ROWS, _PAIRS = ("model", "strategy", "train_attack", "dataset"), ("attack", "model", "strategy", "dataset")
_AA, _KT = Mean(AA, title="AA"), Mean(KT, ".2f", "", "KT", where={"pair_set": MAIN_PAIR_SET})
_TRAIN = Mean("train_size", ",.0f", "", "train texts:", of="dataset")
_WORDS = Mean("vocabulary_size", ",.0f", "", "vocabulary:", of="dataset")
_STRICTER = Mean("aa_both_percent", title="at stricter thresholds")
_R = Mean("pearson_r", ".3f", "", "r:", of="correlation")
_GROUPS = Mean(AA, title="AA by groups:", of="groups")
# fmt: off
_TABLES = (
    Table("1", "Data sets", "main", "data.data_statistics", ("summaries",),
          Printed("datasets", ("dataset",)), (_TRAIN,)),
    Table("2", "Test accuracy", "main", "accuracy.test_accuracy", MEASURED,
          Printed("test_accuracy", _ROWS), (Mean(SA),)),
    Table("3", "Robustness, integrated gradients", "main", "robustness.robustness", MEASURED,
          Printed("robustness_ig", _PAIRS), (_AA, _KT)),
    Table("4", "Transfer to other attacks", "transfer", "robustness.transfer", MEASURED,
          Printed("transfer", (*_ROWS, "test_attack"))),
    Table("5", "Ablation of β and γ", "ablation", "single.ablation", MEASURED,
          Printed("ablation", ("beta", "gamma"), ABLATION)),
    Table("6", "Preprocessing", "main", "data.preprocessing", ("summaries",),
          Printed("preprocessing", ("dataset",)), (_WORDS,)),
    Table("7", "Dev accuracy", "main", "accuracy.dev_accuracy", MEASURED,
          Printed("dev_accuracy", _ROWS), (Mean(DEV),)),
    Table("8", "Robustness, LIME", "main", "robustness.robustness_lime", MEASURED,
          Printed("robustness_lime", _PAIRS), (_KT,)),
    Table("9", "What word importance correlates with", "importance", "single.correlations", ("importance", "flags"),
          Printed("correlations", ("correlation",), IMPORTANCE), (_R,)),
    Table("10", "Group masks", "groups", "single.group_masks", MEASURED,
          Printed("group_masks", ("groups",), GROUP_MASKS), (_GROUPS,)),
    Table("guards", "What the numbers should be judged by", "main", "guards.guards", ("guards", "flags")),
    Table("validity", "Validity of adversarial texts", "main", "validity.validity", ("validity", "antonyms", "flags"),
          line=(_AA, _STRICTER)),
    Table("readings", "What each reading of the method does", "readings", "readings.readings", (*MEASURED, "guards")),
    Table("replay", "Adversarial texts of each model, read by the others", "replay", "replay.replay",
          ("replays", "flags")),
    Table("faithfulness", "Consistency and faithfulness of explanations", "main", "faithfulness.faithfulness", MEASURED,
          line=(_KT,), of_metrics="any"),
    Table("grim", "Check of the printed numbers", "main", "grim.grim_check", ("paper",),
          of_printed=True),
)
_FIGURES = (
    Figure(3, "Saliency of original and adversarial texts", "saliency", "figure_3",
           ("attributions", "ledgers", "flags"), _saliency_models),
    Figure(4, "Word importance, word frequency and substitution frequency", "importance", "figure_4",
           ("importance", "flags"), lambda study: _importance_models(study)[:1]),
    Figure(5, "Importance gap between words and their synonyms", "importance", "figure_5",
           ("synonyms", "flags"), _importance_models),
    Figure(6, "Top-k intersection of explanations", "main", "figure_6",
           ("measurements", "flags"), _figure_6_cells),
    Figure("curves", "After-attack accuracy against the attack's budget of queries", "main", "curves",
           ("ledgers", "flags"), curve_cells),
    Figure("faithfulness", "Consistency of explanations against their faithfulness", "main", "faithfulness", MEASURED,
           _figure_6_cells, of_metrics="explanations"),
)
# fmt: on
TABLES = {table.key: table for table in _TABLES}
FIGURES = {figure.key: figure for figure in _FIGURES}


def table_keys(study: Study) -> list[str]:
    """The tables of a study: those of the blocks of artefacts, and of the kinds of metrics, that it has."""
    return [key for key, table in TABLES.items() if _asked(study, table)]


def figure_keys(study: Study) -> list[int | str]:
    """The figures of a study, as its tables."""
    return [key for key, figure in FIGURES.items() if _asked(study, figure)]


def _asked(study: Study, entry: Table | Figure) -> bool:
    if entry.block not in study.artefacts.present():
        return False
    if isinstance(entry, Table) and entry.of_printed and not prints(study):
        return False
    if entry.of_metrics in ("", "any"):
        return not entry.of_metrics or bool(study.metrics)
    return bool(metrics_of(study, entry.of_metrics))
