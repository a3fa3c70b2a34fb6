"""The trainer: it learns, it is deterministic, it selects by dev accuracy, it stops on a loss that is no number."""

import numpy as np
import pytest
import torch
from training_toys import data, make

from flat.data.batches import EncodedTexts, shuffled_batches
from flat.errors import FlatError
from flat.training import parts, trainer
from flat.training.objective import Weights
from flat.training.rounds import hardly_learnt
from flat.training.trainer import Options, Pairs, train


def run(mask="none", weights=None, pairs=None, seed=7, **options):
    model = make(mask)
    texts, labels = data()
    options = Options(**{"epochs": 4, "batch_size": 16, "learning_rate": 0.01} | options)
    outcome = train(model, texts, labels, data(60, 1), options, weights or Weights(), seed, pairs)
    return model, outcome


def test_it_learns_and_keeps_the_best_epoch():
    model, outcome = run(epochs=8)
    best = max(row["dev_accuracy"] for row in outcome.history)
    assert outcome.dev_accuracy == best > 0.9
    assert outcome.history[outcome.best_epoch - 1]["dev_accuracy"] == best
    assert not model.training
    texts, labels = data(60, 1)
    assert (model.logits(texts).argmax(1) == labels).mean() == best  # the weights kept are that epoch's


@pytest.mark.parametrize("mask", ["none", "variational"])
def test_the_same_seed_gives_the_same_weights(mask):
    texts, _ = data()
    pairs = Pairs([0, 3], [[*texts[0][:-1], "w1"], [*texts[3][:-1], "w2"]])
    weights = Weights(beta=0.1, gamma=0.1) if mask == "variational" else Weights()
    a, _ = run(mask, weights, pairs)
    torch.manual_seed(12345)  # nothing outside may matter
    b, _ = run(mask, weights, pairs)
    c, _ = run(mask, weights, pairs, seed=8)
    assert all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))
    assert any(not torch.equal(x, y) for x, y in zip(a.state_dict().values(), c.state_dict().values(), strict=True))


def test_adversarial_pairs_change_training_and_show_in_the_history():
    texts, _ = data()
    pairs = Pairs(list(range(40)), [[*texts[i][:-1], "w29"] for i in range(40)])
    plain, without = run()
    trained, with_pairs = run(pairs=pairs)
    assert without.history[0]["ce_adversarial"] == 0 < with_pairs.history[0]["ce_adversarial"]
    assert not torch.equal(plain.output.weight, trained.output.weight)


def test_early_stopping_by_patience():
    _, outcome = run(epochs=40, patience=2)
    assert len(outcome.history) <= outcome.best_epoch + 2 < 40


def test_the_last_epoch_is_kept_on_request():
    _, outcome = run(select="last", epochs=3)
    assert outcome.best_epoch == 3


def test_a_loss_that_is_no_number_stops_with_a_remedy():
    with pytest.raises(FlatError, match=r"(?s)epoch 1.*nan.*learning rate"):
        run(learning_rate=1e30)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_terms_fetched_together_are_those_fetched_one_by_one(monkeypatch, accumulate):
    """As on a GPU, which is not made to wait for each step's loss; whatever the number fits into an epoch."""
    one, found = run(epochs=2, accumulate=accumulate)
    for together in (2, 5, 1000):
        monkeypatch.setitem(parts.UNFETCHED, "cpu", together)
        other, late = run(epochs=2, accumulate=accumulate)
        assert late.history == found.history
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    with pytest.raises(FlatError, match=r"(?s)epoch 1.*nan.*learning rate"):
        run(learning_rate=1e30)


def sgd_step(batch_size, accumulate, pairs=None, seed=7):
    """The change of the weights in one step of plain gradient descent over all texts."""
    model = make()
    model.dropout.p = 0.0
    texts, labels = data(24)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    options = Options(1, batch_size, 0.1, accumulate=accumulate, select="last")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "_optimizer", lambda model, options: torch.optim.SGD(model.parameters(), lr=0.1))
        train(model, texts, labels, data(8, 1), options, Weights(), seed, pairs)
    return {n: p.detach() - before[n] for n, p in model.named_parameters()}


@pytest.mark.parametrize("batch_size, accumulate", [(12, 2), (6, 4), (5, 5), (1, 24)])
def test_accumulated_gradients_are_those_of_the_whole_batch(batch_size, accumulate):
    """(5, 5): the last batch holds 4 texts and weighs 4/24."""
    whole, parts = sgd_step(24, 1), sgd_step(batch_size, accumulate)
    assert all(torch.allclose(whole[n], parts[n], atol=1e-6) for n in whole)
    assert sum(step.abs().sum() for step in whole.values()) > 0.01


def test_accumulated_gradients_of_pairs_too():
    texts, _ = data(24)
    pairs = Pairs(list(range(24)), [[*text[:-1], "w29"] for text in texts])
    whole, parts = sgd_step(24, 1, pairs), sgd_step(6, 4, pairs)
    assert all(torch.allclose(whole[n], parts[n], atol=1e-6) for n in whole)


@pytest.mark.parametrize("accumulate, steps", [(1, 16), (3, 6), (100, 2)])
def test_the_linear_schedule_ends_at_zero_with_the_last_step_really_taken(accumulate, steps):
    rates = []
    with pytest.MonkeyPatch.context() as patch:
        step = torch.optim.Adam.step
        patch.setattr(torch.optim.Adam, "step", lambda self: rates.append(self.param_groups[0]["lr"]) or step(self))
        run(epochs=2, batch_size=16, accumulate=accumulate, schedule="linear")  # 8 batches an epoch
    assert rates == pytest.approx([0.01 * (1 - i / steps) for i in range(steps)])


def test_biases_and_norms_do_not_decay():
    model = make("variational")
    decayed, kept = trainer._optimizer(model, Options(optimizer="adamw", weight_decay=0.1)).param_groups
    assert (decayed["weight_decay"], kept["weight_decay"]) == (0.1, 0.0)
    names = {id(p): n for n, p in model.named_parameters()}
    assert all(names[id(p)].endswith("weight") for p in decayed["params"])
    assert all(names[id(p)].endswith("bias") for p in kept["params"])
    assert len(decayed["params"]) + len(kept["params"]) == sum(p.requires_grad for p in model.parameters())


def test_encoded_texts_pad_only_to_the_longest_taken():
    encoded = EncodedTexts(make(), [["w1"] * 5, ["w2"], ["w3"] * 2])
    assert encoded.take(np.array([1, 2])).ids.tolist() == [[6, 0], [7, 7]]
    assert encoded.take(np.array([0])).ids.shape == (1, 5)


def test_shuffled_batches_hold_every_row_once_and_texts_of_like_length():
    lengths = np.random.default_rng(0).integers(1, 50, 1000)
    batches = list(shuffled_batches(lengths, 32, np.random.default_rng(1), spread=10))
    assert sorted(np.concatenate(batches)) == list(range(1000))
    spreads = [lengths[b].max() - lengths[b].min() for b in batches]
    assert np.median(spreads) < 12
    other = list(shuffled_batches(lengths, 32, np.random.default_rng(2), spread=10))
    assert any(not np.array_equal(a, b) for a, b in zip(batches, other, strict=True))


@pytest.mark.parametrize(
    ("accuracy", "labels", "says"),
    [
        (0.509, [0] * 491 + [1] * 509, "50.90 % is hardly above 50.90 %"),
        (0.52, [0, 1], "52.00 % is hardly above 50.00 %"),  # a twentieth of what one answer to all gets wrong: 2.5
        (0.53, [0, 1], ""),
        (0.53, [0, 1, 2], ""),
        (0.95, [0] * 19 + [1], "95.00 % is hardly above 95.00 %"),
        (0.96, [0] * 19 + [1], ""),
    ],
)
def test_a_model_no_better_than_one_answer_to_all_is_warned_about(accuracy, labels, says):
    said = hardly_learnt(accuracy, labels)
    assert says in said and bool(said) == bool(says)
