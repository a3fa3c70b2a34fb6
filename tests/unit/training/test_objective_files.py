"""A round with an objective of its own, from files to files: what its history and metrics say."""

import csv

import encoder_toys as toys
import pytest
from encoder_training_toys import data, write_split

from flat.files.artefacts import read_json
from flat.models import checkpoint
from flat.training import rounds
from flat.training.pairs import Pairs
from flat.training.strategy import Chosen, Objective

TRAINING = {"epochs": 2, "batch_size": 2, "learning_rate": 1e-3, "optimizer": "adamw"}
NAMES = {"weights": "model.safetensors", "history": "history.csv", "metrics": "metrics.json"}


@pytest.fixture
def run(tmp_path):
    """Trains a small encoder and gives (columns of the history, metrics)."""
    texts, labels = data()
    splits = {name: write_split(tmp_path / f"{name}.parquet", texts, labels) for name in ("train", "dev", "test")}
    folder = toys.write(tmp_path / "bert", "bert")
    network = {"kind": "encoder", "options": {}, "classes": 3, "max_length": 16, "mask": "none", "mask_hidden": 7}

    def train(name, objective):
        outputs = {kind: str(tmp_path / name / file) for kind, file in NAMES.items()}
        rounds.run(
            splits=splits,
            network=network | {"switches": {}},
            inputs={"encoder": str(folder / "config.json")},
            ledgers=[],
            keep="all",
            training=TRAINING,
            objective=objective,
            seed=3,
            device="cpu",
            outputs=outputs,
        )
        with open(outputs["history"], encoding="utf-8") as stream:
            columns = next(csv.reader(stream))
        model = checkpoint.load(tmp_path / name)
        assert (model.logits(texts).argmax(1) == labels).mean() == read_json(outputs["metrics"])["test_accuracy"]
        return columns, read_json(outputs["metrics"])

    return train


def test_flats_own_objective_leaves_history_and_metrics_as_they_were(run):
    columns, metrics = run("flat", {"beta": 0.0})
    terms = ["ce_original", "ce_adversarial", "entropy_original", "entropy_adversarial", "importance_gap"]
    assert columns == ["epoch", "total", *terms, "dev_accuracy"]
    assert "strategy" not in metrics and metrics["objective"]["beta"] == 0.0


def test_another_objective_is_named_with_its_options_and_passes(run):
    columns, metrics = run("freelb", {"plugin": {"name": "freelb", "options": {"steps": 2}}})
    assert columns == ["epoch", "total", "ce_original", "ce_adversarial", "perturbation", "dev_accuracy"]
    options = {"steps": 2, "step_size": 0.1, "initial": 0.05, "largest_norm": 0.15}
    assert metrics["strategy"] == {"name": "freelb", "options": options, "passes": 2.0}


class Told(Objective):
    def loss(self, step):
        logits = [step.model(batch) for batch in (step.original, step.made) if batch is not None]
        return {"total": sum(one.square().mean() for one in logits)}


class Making(Told):
    def before_epoch(self, epoch):
        return Pairs([0], [["unheard", "film"]])


@pytest.mark.parametrize(("objective", "whole"), [(Told, False), (Making, True)])
def test_words_of_made_texts_are_trained_though_no_training_text_has_them(run, monkeypatch, objective, whole):
    """An encoder's embedding matrix is cut down to the rows of the training texts, unless texts are made."""
    cut, stock = [], rounds.only_used_rows
    monkeypatch.setattr(rounds, "FEW_STEPS", 0)
    monkeypatch.setattr(rounds, "only_used_rows", lambda *given: cut.append(1) or stock(*given))
    monkeypatch.setattr(rounds, "chosen", lambda **_: Chosen("toy", objective(), ()))
    columns, _ = run("toy", {})
    assert bool(cut) != whole and columns == ["epoch", "total", "dev_accuracy"]
