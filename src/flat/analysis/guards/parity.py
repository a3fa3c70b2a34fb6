"""Compute parity: the strategies that a table compares get the same rounds, epochs, attacks and examples.

An objective may take several forward and backward passes over a text in a step. Then epochs x texts x passes are what
must be equal: FreeLB with 3 steps has the compute of adv on a third of its epochs. A strategy that trains in one go, on
no adversarial texts, is held to the sum of the base model's training and of adv's rounds.

Read off what ran, not off the study: each round's metrics.json, and the ledgers and locks of the attacks that made its
adversarial texts (the flag ``unequal_compute`` of docs/guards.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flat.errors import ArtefactError
from flat.study.cells import Cell

SAME_TRAINING = ("epochs", "texts_per_epoch", "batch_size", "accumulate", "patience", "select")
COMPUTE = ("epochs", "texts_per_epoch")  # with the passes of the objective


@dataclass(frozen=True)
class Attack:
    """The train examples that attacks were run on, and the hashes of these attacks."""

    ids: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Round:
    """What one round of one cell was given: options of its optimiser, and ``keep``, from metrics.json; its attacks.

    ``passes``: forward and backward passes over a text in a step.
    """

    training: Mapping[str, object]
    attack: Attack
    passes: float = 1.0


def round_of(metrics: Mapping, attacks: Sequence[Attack]) -> Round:
    """A round from its metrics.json and the attacks that made its adversarial texts.

    Raises:
        ArtefactError: metrics.json lacks the options.
    """
    try:
        options = {name: metrics["training"].get(name) for name in SAME_TRAINING} | {"keep": metrics.get("keep")}
    except (KeyError, AttributeError) as error:
        raise ArtefactError("metrics.json", f"no usable {error}", "delete it and run snakemake again") from None
    passes = float(metrics.get("strategy", {}).get("passes", 1.0))
    ids, hashes = (frozenset().union(*(getattr(attack, name) for attack in attacks)) for name in ("ids", "hashes"))
    return Round(options, Attack(ids, hashes), passes)


def differences(mine: Sequence[Round], others: Sequence[Round], name: str) -> list[str]:
    """How a cell's rounds differ from those of the cell it is compared with (called ``name``), one phrase each."""
    if len(mine) != len(others):
        if any(round_.attack.hashes for round_ in mine):
            return [f"rounds: {len(mine)} ({name} {len(others)})"]
        return _total_differences(mine, others, name)
    found = []
    for number, (own, other) in enumerate(zip(mine, others, strict=True), start=1):
        # a strategy without adversarial texts has one training, and no rounds
        place = f"round {number}" if own.attack.hashes or other.attack.hashes else "training"
        counted = own.passes != other.passes
        if counted and _compute(own) != _compute(other):
            found.append(f"{place}: {_said(own)} ({name} {_said(other)})")
        found += [
            f"{place}: {option} {own.training[option]} ({name} {other.training[option]})"
            for option in own.training
            if own.training[option] != other.training[option] and not (counted and option in COMPUTE)
        ]
        if own.attack.ids != other.attack.ids:
            found.append(f"round {number}: attacks on other train examples than {name}")
        if own.attack.hashes != other.attack.hashes:
            found.append(f"round {number}: another attack than {name}")
    return found


def _total_differences(mine: Sequence[Round], others: Sequence[Round], name: str) -> list[str]:
    """Of a strategy that trains in one go, and one that goes on in rounds: all passes together must be equal.

    What attacks ask of a model is not counted, nor are the adversarial texts of a round.
    """
    own, other = ([_compute(round_) for round_ in rounds] for rounds in (mine, others))
    if len({whole for _, whole in own + other}) > 1:
        return [f"training: texts_per_epoch is given for some of its epochs or of those of {name} and its rounds only"]
    totals = sum(passes for passes, _ in own), sum(passes for passes, _ in other)
    if totals[0] == totals[1]:
        return []
    over = "the train split" if own[0][1] else "a text"
    return [f"training: {totals[0]:g} passes over {over} ({name} and the rounds that go on from it {totals[1]:g})"]


def unequal(groups: Sequence[Sequence[Cell]], rounds: Mapping[Cell, Sequence[Round]]) -> dict[Cell, str]:
    """{cell: how it differs from the first of its group}, for the cells that do."""
    found = {}
    for reference, *others in groups:
        for cell in others:
            said = differences(rounds[cell], rounds[reference], reference.strategy)
            if said:
                found[cell] = "; ".join(said)
    return found


def _compute(round_: Round) -> tuple[float, bool]:
    """Passes over a text; without a number of texts an epoch, in units of the train split."""
    epochs, texts = (round_.training[name] for name in COMPUTE)
    return float(epochs or 0) * (texts or 1) * round_.passes, texts is None


def _said(round_: Round) -> str:
    """The factors of ``_compute`` and their product in words."""
    epochs, texts = (round_.training[name] for name in COMPUTE)
    product = f"{_compute(round_)[0]:g} passes over " + ("the train split" if texts is None else "a text")
    return f"{product} = {epochs} epochs x {'all' if texts is None else texts} texts x {round_.passes:g} a step"
