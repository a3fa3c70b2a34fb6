"""One trial: train a cell's rounds with the values at hand, attack it on dev, score it. Test is never read."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flat.analysis.guards.flags import answer_shares, is_constant
from flat.attacks.job import AttackJob, attack_split
from flat.attacks.ledger import Counts
from flat.files.artefacts import read_json, read_table

FILES = {"weights": "model.safetensors", "config": "config.json", "words": "vocabulary.json"}
FILES |= {"history": "history.csv", "metrics": "metrics.json"}


@dataclass(frozen=True)
class RoundSetting:
    """One round: the optimiser's options, and the seeds of its training and of the attack that makes its texts.

    Number 0, of strategies that start from a model of their own, trains on the originals alone.
    """

    number: int
    training: Mapping[str, object]
    seed: int
    attack_seed: int


@dataclass(frozen=True)
class Setting:
    """All of a trial but the values that are searched.

    Attributes:
        splits: parquet files of train and dev.
        network, inputs, keep, freeze_embeddings: as in ``flat.training.rounds.run``; ``inputs`` without previous.
        start: a file of the base checkpoint that round 1 starts from; None where ``rounds`` begins with round 0.
        first_ledger: the attack on that checkpoint: the texts of round 1.
        rounds: in their order; round 0 alone for a base model.
        accumulate: later rounds train on the texts of earlier ones too.
        moments: the file, beside a checkpoint, of the optimiser's moments that the next round goes on with; None: each
            round's optimiser starts anew.
        objective: weights and switches of the objective.
        attack, tables, attacked, train_mode: the attack of a round, as in ``flat.attacks.job.attack_split``; ``attack``
            None: nothing is attacked, the score is dev accuracy.
        examples: dev examples attacked for the score.
        dev_seed: of that attack and its draw; the same in each trial.
        robustness: weight of after-attack accuracy in the score.
        constant_share: a model that gives a larger share of the attacked texts one answer has collapsed.
    """

    splits: Mapping[str, str]
    network: Mapping[str, object]
    inputs: Mapping[str, str | Sequence[str] | None]
    keep: str
    freeze_embeddings: bool
    start: str | None
    first_ledger: str | None
    rounds: Sequence[RoundSetting]
    accumulate: bool
    moments: str | None
    objective: Mapping[str, object]
    attack: Mapping[str, object] | None
    tables: Mapping[str, str]
    attacked: int | None
    train_mode: bool
    examples: int
    dev_seed: int
    robustness: float
    constant_share: float
    workers: int
    device: str


@dataclass(frozen=True)
class Score:
    """Fractions, all on dev: standard accuracy, after-attack accuracy (None: not attacked), and their weighted mean.

    ``constant``: the model answers nearly all texts alike; its after-attack accuracy counts as 0 in the mean.
    """

    accuracy: float
    after_attack: float | None
    total: float
    constant: bool = False


def run(values: Mapping[str, float], setting: Setting, folder: Path) -> Score:
    """Train and attack with ``values`` (beta, gamma, learning_rate; others as the setting has them).

    Args:
        folder: for checkpoints and ledgers; removed at the end.
    """
    from flat.training import rounds  # for cost: torch

    objective = dict(setting.objective) | {name: values[name] for name in ("beta", "gamma") if name in values}
    rate = {"learning_rate": values["learning_rate"]} if "learning_rate" in values else {}
    # dev in the place of test: a round notes its accuracy on all three splits
    splits = {"train": setting.splits["train"], "dev": setting.splits["dev"], "test": setting.splits["dev"]}

    def attack(split: str, previous: str, examples: int | None, seed: int, place: Path, train_mode: bool) -> Counts:
        job = AttackJob(
            model_folder=Path(previous).parent,
            spec=dict(setting.attack),
            tables=setting.tables,
            seed=seed,
            workers=setting.workers,
            journal=place / "journal.jsonl",
            device=setting.device,
        )
        outputs = {name: str(place / f"{name}.parquet") for name in ("ledger", "seconds")}
        outputs |= {"lock": str(place / "lock.json")}
        return attack_split(job, outputs, split=split, examples=examples, train_mode=train_mode)

    previous, ledgers = setting.start, []
    for chosen in setting.rounds:
        place = folder / f"round{chosen.number}"
        if chosen.number == 1 and setting.first_ledger:
            ledgers = [setting.first_ledger]
        elif chosen.number:
            attack(splits["train"], previous, setting.attacked, chosen.attack_seed, place, setting.train_mode)
            made = str(place / "ledger.parquet")
            ledgers = [*ledgers, made] if setting.accumulate else [made]
        rounds.run(
            splits=splits,
            network=dict(setting.network),
            inputs=dict(setting.inputs) | {"previous": previous} | _kept(previous, setting.moments),
            ledgers=ledgers,
            keep=setting.keep,
            training=dict(chosen.training) | rate,
            objective=objective,
            freeze_embeddings=setting.freeze_embeddings,
            seed=chosen.seed,
            device=setting.device,
            outputs={name: str(place / file) for name, file in FILES.items()}
            | ({"moments": str(place / setting.moments)} if setting.moments else {}),
        )
        previous = str(place / FILES["weights"])
    accuracy = float(read_json(Path(previous).with_name(FILES["metrics"]))["dev_accuracy"])
    if setting.attack is None:
        shutil.rmtree(folder)
        return Score(accuracy, None, accuracy)
    counts = attack(splits["dev"], previous, setting.examples, setting.dev_seed, folder / "dev", False)
    constant = _is_constant(folder / "dev" / "ledger.parquet", setting.constant_share)
    shutil.rmtree(folder)
    return score(accuracy, counts.after_attack_accuracy(whole=1), setting.robustness, constant)


def _kept(previous: str | None, moments: str | None) -> dict[str, str]:
    """The moments beside the checkpoint that a round starts from, where its optimiser goes on with them."""
    return {"moments": str(Path(previous).with_name(moments))} if previous and moments else {}


def score(accuracy: float, after_attack: float, robustness: float, constant: bool = False) -> Score:
    """The weighted mean of both accuracies.

    No attack changes the answer of a constant model: its after-attack accuracy is the share of a class, which in the
    mean would beat every model that has learnt something.
    """
    counted = 0.0 if constant else after_attack
    return Score(accuracy, after_attack, (1 - robustness) * accuracy + robustness * counted, constant)


def _is_constant(ledger: Path, share: float) -> bool:
    found = read_table(ledger, ["label", "logits"])
    return is_constant(answer_shares(np.stack(found["logits"]), found["label"]), share)
