"""Rows and columns that tables share: the paper's grid first, whether run or not, then what only the study has."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from flat.paper import printed as paper
from flat.paper.catalogue import TABLES
from flat.paper.scope import prints
from flat.report.tables.assembled import Find, assemble
from flat.report.tables.layout import Layout, Row, Table
from flat.study.cells import NO_ATTACK

# Marks of stand-ins, explained in the notes (table_notes.stand_ins).
DATA_MARK, MODEL_MARK, ATTACK_MARK = "†", "‡", "§"
# in which block of a study file the names in an entry's keys are defined
BLOCKS = {
    "dataset": "datasets",
    "model": "models",
    "strategy": "strategies",
    "train_attack": "attacks",
    "attack": "attacks",
}
LEFT_OUT = (
    "Rows and columns of the paper's data sets, models, strategies and attacks that the study file does not name are "
    "left out here; the csv has them, with the printed values."
)


@dataclass(frozen=True)
class Extras:
    """What tables need beside measurements.

    Attributes:
        printed: the paper's numbers, ``flat.paper.printed.load(folder)``.
        summaries: content of data/{dataset}/summary.json by data set (Tables 1 and 6).
        correlations: rows with correlation, r, p, n of the importance analysis (Table 9); empty where not run.
        replays: what every model of the transfer matrix answered (flat.analysis.replay.SCHEMA); None where not asked.
        intervals: interval of every number measured under several seeds (flat.analysis.intervals.SCHEMA); None: none.
        flags: flags.parquet, the cells whose numbers are doubtful; None where nobody looked.
        guards: guards.parquet (the table of guards).
        validity: summary of every adversarial text (``flat.analysis.validity.summarise``).
        pair_sets: the pair sets that Tables 3 and 8 and the readings show, the main one first.
    """

    printed: paper.Printed
    summaries: Mapping[str, Mapping] = field(default_factory=dict)
    correlations: tuple[Mapping, ...] = ()
    replays: object = None
    intervals: object = None
    flags: object = None
    guards: object = None
    validity: object = None
    pair_sets: tuple[str, ...] = ("shared", "saved")


def with_others(first: Iterable, others: Iterable) -> list:
    """``first``, then those of ``others`` that are new, in their own order."""
    return list(dict.fromkeys([*first, *others]))


def beside(study, printed: Iterable, own: Iterable) -> list:
    """The paper's names, run or not, then the study's own; the study's alone where no printed value is shown."""
    return with_others(printed if prints(study) else (), own)


def shown_names(printed: Iterable[str], defined: Container[str], own: Iterable[str]) -> list[str]:
    """The paper's names that the study file defines, run or not, then the study's own."""
    return with_others([name for name in printed if name in defined], own)


def named(study, table: Table) -> Table:
    """The table without rows and columns of what the study file does not define; the frame, and so the csv, keeps them.

    A study of one model of the user's own would else be a line in a grid of "not run".
    """

    def defined(part) -> bool:
        names = ((block, part.keys.get(key) or NO_ATTACK) for key, block in BLOCKS.items())
        return all(name == NO_ATTACK or name in getattr(study, block) for block, name in names)

    if not TABLES[table.key].on_grid:
        return table
    rows, columns = (tuple(filter(defined, parts)) for parts in (table.layout.rows, table.layout.columns))
    if (rows, columns) == (table.layout.rows, table.layout.columns):
        return table
    return replace(table, layout=replace(table.layout, rows=rows, columns=columns), notes=(*table.notes, LEFT_OUT))


def main_datasets(study) -> list[str]:
    return beside(study, paper.DATASETS, study.artefacts.main.datasets)


def dataset_title(study, name: str) -> str:
    dataset = study.datasets.get(name)
    if dataset is None:
        return paper.DATA_TITLES.get(name, name)
    return f"{dataset.title} {DATA_MARK}" if dataset.stand_in else dataset.title


def model_title(study, name: str) -> str:
    model = study.models.get(name)
    if model is None:
        return name
    return f"{model.title}{MODEL_MARK}" if model.stand_in else model.title


def attack_title(study, name: str) -> str:
    attack = study.attacks.get(name)
    if attack is None:
        return paper.ATTACK_TITLES.get(name, name)
    return f"{attack.title} {ATTACK_MARK}" if attack.stand_ins else attack.title


def strategy_title(study, name: str) -> str:
    strategy = study.strategies.get(name)
    return name if strategy is None else strategy.title


def train_attack_of(study, strategy: str, attack: str) -> str:
    """The train attack of a strategy's models: "none" for those that see no adversarial text."""
    known = study.strategies.get(strategy)
    adversarial = strategy != "base" if known is None else known.adversarial
    return attack if adversarial else NO_ATTACK


def stand_ins(study, keys: Mapping[str, object]) -> str:
    """What stands in for what behind an entry, as one line; empty where nothing does."""
    parts = []
    dataset, model = study.datasets.get(keys.get("dataset")), study.models.get(keys.get("model"))
    if dataset is not None and dataset.stand_in:
        parts.append(f"data: {dataset.stand_in}")
    if model is not None and model.stand_in:
        parts.append(f"model: {model.stand_in}")
    for name in with_others([keys.get("attack")], [keys.get("train_attack")]):
        attack = study.attacks.get(name)
        if attack is not None and attack.stand_ins:
            parts.append(f"{attack.title}: {', '.join(attack.stand_ins)}")
    return "; ".join(parts)


def strategy_rows(study, models: Iterable[str], strategies: Iterable[str], attacks: Iterable[str]) -> list[Row]:
    """LSTM-base, LSTM-adv (TextFooler), LSTM-adv (PWWS), ... as Tables 2 and 7 print them."""
    attacks = list(attacks)
    rows = []
    for model in models:
        for strategy in strategies:
            for train_attack in with_others([train_attack_of(study, strategy, a) for a in attacks], []):
                name = f"{model_title(study, model)}-{strategy_title(study, strategy)}"
                trained_on = "–" if train_attack == NO_ATTACK else attack_title(study, train_attack)
                keys = {"model": model, "strategy": strategy, "train_attack": train_attack}
                rows.append(Row((name, trained_on), keys))
    return rows


def settings(study, fixed: Mapping[str, str], own) -> list[dict[str, str]]:
    """The paper's setting of a one-cell table, then the study's where it is another; as ``beside``.

    Args:
        fixed: dataset, model and attack that the paper's caption states.
        own: the study's table, with the attributes dataset, model, attack.
    """
    mine = {name: getattr(own, name) for name in ("dataset", "model", "attack")}
    return [mine] if mine == fixed or not prints(study) else [dict(fixed), mine]


def setting_title(study, setting: Mapping[str, str]) -> str:
    model, dataset = model_title(study, setting["model"]), dataset_title(study, setting["dataset"])
    return f"{model} on {dataset}, {attack_title(study, setting['attack'])}"


def framed(key: str, study, layout: Layout, find: Find, extras: Extras) -> pd.DataFrame:
    """The tidy frame of a study's table: the paper's values beside ours, and what stands in for what."""
    printed = extras.printed if prints(study) else None
    return assemble(key, layout, find, printed, stand_ins=lambda keys: stand_ins(study, keys))
