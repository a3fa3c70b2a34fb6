"""Compute parity: the strategies that a table compares get the same rounds, epochs, attacks and examples.

Read off what ran, not off the study: each round's metrics.json, and the ledgers and locks of the attacks that made its
adversarial texts (the flag ``unequal_compute`` of docs/guards.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flat.errors import ArtefactError
from flat.study.cells import Cell

SAME_TRAINING = ("epochs", "texts_per_epoch", "batch_size", "accumulate", "patience", "select")


@dataclass(frozen=True)
class Attack:
    """The train examples that attacks were run on, and the hashes of these attacks."""

    ids: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Round:
    """What one round of one cell was given: options of its optimiser, and ``keep``, from metrics.json; its attacks."""

    training: Mapping[str, object]
    attack: Attack


def round_of(metrics: Mapping, attacks: Sequence[Attack]) -> Round:
    """A round from its metrics.json and the attacks that made its adversarial texts.

    Raises:
        ArtefactError: metrics.json lacks the options.
    """
    try:
        options = {name: metrics["training"].get(name) for name in SAME_TRAINING} | {"keep": metrics.get("keep")}
    except (KeyError, AttributeError) as error:
        raise ArtefactError("metrics.json", f"no usable {error}", "delete it and run snakemake again") from None
    ids, hashes = (frozenset().union(*(getattr(attack, name) for attack in attacks)) for name in ("ids", "hashes"))
    return Round(options, Attack(ids, hashes))


def differences(mine: Sequence[Round], others: Sequence[Round], name: str) -> list[str]:
    """How a cell's rounds differ from those of the cell it is compared with (called ``name``), one phrase each."""
    if len(mine) != len(others):
        return [f"rounds: {len(mine)} ({name} {len(others)})"]
    found = []
    for number, (own, other) in enumerate(zip(mine, others, strict=True), start=1):
        found += [
            f"round {number}: {option} {own.training[option]} ({name} {other.training[option]})"
            for option in own.training
            if own.training[option] != other.training[option]
        ]
        if own.attack.ids != other.attack.ids:
            found.append(f"round {number}: attacks on other train examples than {name}")
        if own.attack.hashes != other.attack.hashes:
            found.append(f"round {number}: another attack than {name}")
    return found


def unequal(groups: Sequence[Sequence[Cell]], rounds: Mapping[Cell, Sequence[Round]]) -> dict[Cell, str]:
    """{cell: how it differs from the first of its group}, for the cells that do."""
    found = {}
    for reference, *others in groups:
        for cell in others:
            said = differences(rounds[cell], rounds[reference], reference.strategy)
            if said:
                found[cell] = "; ".join(said)
    return found
