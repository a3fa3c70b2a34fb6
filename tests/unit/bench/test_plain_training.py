"""The trainer that stands on the stock side of training rows: what it reads, and that it learns."""

import copy

import pytest
import torch
from model_toys import TEXTS, make

from flat.bench import plain_training, training_speed
from flat.models.word_models import CNN

WORDS = [text for text in TEXTS if text]
LABELS = [n % 2 for n in range(len(WORDS))]


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_its_logits_are_the_models(kind):
    model = make(kind).eval()
    batch = model.encode(WORDS)
    with torch.no_grad():
        torch.testing.assert_close(plain_training.logits(model, batch), model(batch))


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_it_learns_and_keeps_the_epoch_that_is_best_on_dev(kind):
    model = make(kind)
    before = copy.deepcopy(model.state_dict())
    plain_training.train(model, WORDS, LABELS, epochs=30, batch_size=2, rate=0.02)
    assert not model.training and (model.logits(WORDS).argmax(1) == LABELS).all()
    model.load_state_dict(before)
    flipped = [1 - label for label in LABELS]
    plain_training.train(model, WORDS, LABELS, epochs=30, batch_size=2, rate=0.02, dev=(WORDS, flipped))
    assert (model.logits(WORDS).argmax(1) == flipped).mean() > 0  # not that of the last epoch


def test_a_cnn_trains_without_the_faster_formula(monkeypatch):
    monkeypatch.setattr(CNN, "encode_embeddings", lambda *_: 1 / 0)
    model = make("cnn").train()
    assert plain_training.logits(model, model.encode(WORDS)).requires_grad


def test_batches_are_padded_to_their_longest_text_or_to_the_maximum():
    model, read = make("lstm"), []
    model.lstm.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0].shape[1]))
    fit = {"epochs": 1, "batch_size": 1, "rate": 0.0}
    plain_training.train(model, WORDS, LABELS, **fit)
    assert sorted(read) == sorted(min(len(text), model.max_length) for text in WORDS)
    read.clear()
    plain_training.train(model, WORDS, LABELS, pad=lambda batch: training_speed._padded(batch, model.max_length), **fit)
    assert set(read) == {model.max_length}
