"""The guards over the files of a study: one pass that refuses, measures and flags (rule check_guards)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from flat.analysis.guards import parity, refusals
from flat.analysis.guards.columns import check_columns
from flat.analysis.guards.flags import (
    FLAGS_SCHEMA,
    LEDGER_COLUMNS,
    UNEQUAL_COMPUTE,
    Recheck,
    flag_rows,
    flags_of,
    frame,
    measure,
)
from flat.analysis.measurements import rows_of
from flat.files.artefacts import read_json, read_table
from flat.study.cells import AttackedCell, Cell
from flat.study.guards import Guards

MADE_BY = ["example_id", "attack_hash"]


@dataclass(frozen=True)
class AttackFiles:
    """The files of one attacked cell.

    Attributes:
        round: the last of the trained model.
        examples: how many of the drawn examples the attack is run on; None: all.
        recheck: ledger and calibration.json of the attack at the fitted temperature, or None.
        vocabulary: of a model that looks words up, or None.
    """

    round: int
    ledger: str
    lock: str
    examples: int | None
    vocabulary: str | None = None
    recheck: tuple[str, str] | None = None


@dataclass(frozen=True)
class RoundFiles:
    """metrics.json of one round, and the ledgers and locks of the attacks that made its adversarial texts."""

    metrics: str
    ledgers: Sequence[str] = ()
    locks: Sequence[str] = ()


def run(
    attacked: Mapping[AttackedCell, AttackFiles],
    drawn: Mapping[str, str],
    splits: Mapping[str, tuple[str, str]],
    groups: Sequence[Sequence[Cell]],
    rounds: Mapping[Cell, Sequence[RoundFiles]],
    limits: Guards,
):
    """(flags, measured): frames of ``FLAGS_SCHEMA`` and ``measurements.SCHEMA``.

    Args:
        drawn: data set -> examples.json.
        splits: data set -> (dev, test).
        groups: cells that differ in their strategy alone, the one that the others are compared with first.
        rounds: the files of every round of their cells.

    Raises:
        ArtefactError: a number cannot be what it says (see ``flat.analysis.guards.flags``).
    """
    for dataset, (dev, test) in splits.items():
        refusals.check_dev(read_table(dev, ["text"]), read_table(test, ["text"]), f"data set {dataset}: {dev}")
    ids_of = {dataset: read_json(path)["attacked"]["test"] for dataset, path in drawn.items()}
    vocabularies = {
        path: frozenset(read_json(path)["words"]) for path in {f.vocabulary for f in attacked.values()} if path
    }
    columns, flags, measured = [], [], []
    for a, files in sorted(attacked.items()):
        ledger = read_table(files.ledger, LEDGER_COLUMNS)
        refusals.check_ledger(ledger, read_json(files.lock), ids_of[a.cell.dataset], files.examples, files.ledger)
        columns.append((a, ledger[MADE_BY], files.ledger))
        values = measure(ledger, limits, vocabularies.get(files.vocabulary), _recheck(files.recheck))
        measured += rows_of(a.cell, files.round, a.attack, values)
        flags += flag_rows(a.cell, a.attack, flags_of(values, limits))
    check_columns(columns)
    locks = {}  # of the train ledgers: one serves several rounds, a base model's several strategies
    for files in chain.from_iterable(rounds.values()):
        locks |= zip(files.ledgers, files.locks, strict=True)
    attacks = {path: _attack(path, lock) for path, lock in locks.items()}
    ran = {
        cell: [
            parity.round_of(read_json(files.metrics), [attacks[path] for path in files.ledgers]) for files in of_cell
        ]
        for cell, of_cell in rounds.items()
    }
    for cell, said in parity.unequal(groups, ran).items():
        flags += flag_rows(cell, "", {UNEQUAL_COMPUTE: said})
    return frame(flags, FLAGS_SCHEMA), frame(measured)


def _recheck(files: tuple[str, str] | None) -> Recheck | None:
    if files is None:
        return None
    ledger, calibration = files
    fitted = read_json(calibration)
    return Recheck(read_table(ledger, ["example_id", "status"]), fitted["value"], fitted["n"])


def _attack(path: str, lock: str) -> parity.Attack:
    ledger = read_table(path, MADE_BY)
    refusals.check_hash(ledger, read_json(lock), path)
    return parity.Attack(frozenset(ledger["example_id"]), frozenset(ledger["attack_hash"]))
