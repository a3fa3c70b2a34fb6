"""Epochs on a draw of the originals, and rounds with a number of attacked texts of their own."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from flat.data.batches import rows_of_epoch
from flat.errors import StudyError
from flat.study.grid import Cell
from flat.study.load import parse
from flat.study.settings import attacked_train, training_of
from flat.training import trainer
from flat.training.objectives import flat as flat_objective

STUDY = Path(__file__).parents[2] / "data" / "tiny.yaml"


@pytest.fixture
def values():
    return yaml.safe_load(STUDY.read_text())


def test_an_epoch_takes_the_paired_rows_and_a_fresh_draw_of_the_others():
    paired, order = np.array([3, 70]), np.random.default_rng(1)
    first, second = (rows_of_epoch(100, 20, paired, order) for _ in range(2))
    for rows in (first, second):
        assert len(rows) == len(set(rows)) == 20 and set(paired) <= set(rows) and rows.max() < 100
    assert set(first) != set(second)
    assert rows_of_epoch(100, 100, paired, order).tolist() == list(range(100))


def test_the_trainer_sees_as_many_texts_as_asked_and_every_pair(monkeypatch):
    from training_toys import data, make

    seen, pairs_seen = [], []
    stock = flat_objective.flat_loss

    def counting(model, original, labels, adversarial, rows, *rest):
        seen.append(len(labels))
        pairs_seen.append(0 if adversarial is None else len(adversarial))
        return stock(model, original, labels, adversarial, rows, *rest)

    monkeypatch.setattr(flat_objective, "flat_loss", counting)
    texts, labels = data()
    pairs = trainer.Pairs([5, 9, 9], [texts[5], texts[9], texts[9]])
    options = trainer.Options(epochs=3, batch_size=16, texts_per_epoch=40)
    trainer.train(make(), texts, labels, data(30, 1), options, trainer.Weights(), 7, pairs)
    assert sum(seen) == 3 * 40 and sum(pairs_seen) == 3 * 3


def test_rounds_and_overrides_say_how_many(values):
    values["rounds"] |= {"texts_per_epoch": 50, "attacked": 9}
    values["overrides"].append({"where": {"models": ["CNN"]}, "training": {"texts_per_epoch": 300}})
    values["overrides"].append({"where": {"train_attacks": ["textfooler"]}, "rounds": {"attacked": 5}})
    study = parse(values)
    cell = Cell("sst2", "CNN", "adv", "textfooler", 0)
    assert training_of(study, cell, 0).texts_per_epoch == 300
    assert training_of(study, cell, 1).texts_per_epoch == 50  # rounds' own, as their epochs
    assert attacked_train(study, cell) == 5
    assert attacked_train(study, Cell("sst2", "CNN", "adv", "pwws", 0)) == 9


def test_without_a_number_all_of_the_data_sets(values):
    study = parse(values)
    assert attacked_train(study, Cell("sst2", "CNN", "FLAT", "textfooler", 0)) == 24
    assert training_of(study, Cell("sst2", "CNN", "FLAT", "textfooler", 0), 1).texts_per_epoch is None


def test_strategies_must_train_on_equally_many_adversarial_texts(values):
    values["overrides"].append({"where": {"strategies": ["FLAT"]}, "rounds": {"attacked": 5}})
    with pytest.raises(StudyError, match=r"overrides\.1\.rounds\.attacked: strategies must train on equally many"):
        parse(values)
