"""The interface of objectives: what the trainer asks of one, and that a training with any of them goes on as it was."""

from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from training_toys import WORDS, data, make

from flat.errors import FlatError
from flat.plugins.registry import OBJECTIVES
from flat.resume import checkpoints as resume
from flat.resume.checkpoints import Checkpoints
from flat.training import trainer
from flat.training.objective import Terms, Weights
from flat.training.objectives.substitutes import Substitutes
from flat.training.pairs import Pairs
from flat.training.strategy import Chosen, Objective, chosen
from flat.training.trainer import Options, train

TEXTS, LABELS = data()
PAIRS = Pairs([0, 3, 50], [[*TEXTS[i][:-1], "w1"] for i in (0, 3, 50)])


class Killed(BaseException):
    pass


def run(strategy, path=None, pairs=PAIRS, **options):
    model, checkpoints = make(), Checkpoints(path, "digest")
    options = Options(**{"epochs": 3, "batch_size": 16, "texts_per_epoch": 100} | options)
    try:
        outcome = train(model, TEXTS, LABELS, data(60, 1), options, Weights(), 7, pairs, checkpoints, strategy=strategy)
    finally:
        checkpoints.close()
    return model.state_dict(), outcome


def killed_before(monkeypatch, number):
    gradients, steps = trainer._gradients, []

    def counted(*args):
        steps.append(1)
        if len(steps) == number:
            raise Killed
        return gradients(*args)

    monkeypatch.setattr(trainer, "_gradients", counted)
    return steps


class Noisy(Objective):
    """Draws in each step; makes texts before each epoch that depend on the weights then, and on draws."""

    def __init__(self):
        self.epochs = []

    def before_epoch(self, epoch):
        assert not epoch.model.training
        self.epochs.append(epoch.number)
        wrong = epoch.model.logits([epoch.texts[row] for row in epoch.rows]).argmax(1) != epoch.labels[epoch.rows]
        rows = [*epoch.rows[wrong][:5], *epoch.draws.choice(epoch.rows, 5, replace=False)]
        return Pairs(rows, [[*epoch.texts[row], f"w{epoch.draws.integers(30)}"] for row in rows])

    def loss(self, step):
        ce = torch.nn.functional.cross_entropy(step.model(step.original, step.gumbel), step.labels)
        drawn = torch.rand((), generator=step.draws)
        made = torch.zeros(())
        if step.made is not None:
            made = torch.nn.functional.cross_entropy(step.model(step.made), step.labels[step.made_rows])
        return {"total": ce * (0.5 + drawn) + made, "drawn": drawn, "made": made}


def noisy():
    return Chosen("noisy", Noisy(), ("made", "drawn"))


class Space:
    """Each word's neighbours are the two before it in the list of words."""

    def __init__(self):
        self.index = {word: number for number, word in enumerate(WORDS[4:])}

    def neighbours(self, word, k):
        return [(WORDS[4 + self.index[word] - n], 0.9) for n in (1, 2) if self.index[word] >= n]


def with_toy_space(name, **options):
    """An objective of FLAT's with a small synonym space, and a tagger to whom all words are alike."""
    plugin = OBJECTIVES[name]
    checked = plugin.options.model_validate(options)
    made = plugin.load().__new__(plugin.load())
    made.options, made.substitutes, made._ids = checked, Substitutes(Space(), frozenset(), 5, 0.5), {}
    made.tagger = SimpleNamespace(universal_in_context=lambda before, words, after: ["NOUN"] * len(words))
    return Chosen(name, made, plugin.terms, plugin.passes(checked))


STRATEGIES = {
    "noisy": noisy,
    "freelb": lambda: chosen("freelb", {"step_size": 1.0}),
    "r-drop": lambda: chosen("r-drop"),
    "temperature": lambda: chosen("temperature"),
    "augmentation": lambda: with_toy_space("augmentation"),
    "a2t": lambda: with_toy_space("a2t", clean_epochs=1, least_cosine=0.5),
    "ascc": lambda: with_toy_space("ascc", steps=2),
}


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize(("step", "within"), [(4, True), (11, False), (11, True)])  # 7 steps an epoch
def test_a_killed_training_goes_on_bit_by_bit(tmp_path, monkeypatch, name, step, within):
    """From the checkpoint of the epoch before, or of the step before."""
    whole = run(STRATEGIES[name]())
    if within:
        monkeypatch.setattr(resume, "EVERY_S", -1.0)
    path = tmp_path / "round1.safetensors"
    with monkeypatch.context() as patch:
        killed_before(patch, step)
        with pytest.raises(Killed):
            run(STRATEGIES[name](), path)
    torch.manual_seed(99)  # nothing outside may matter
    np.random.seed(99)
    with monkeypatch.context() as patch:
        again = killed_before(patch, 0)
        found = run(STRATEGIES[name](), path)
    assert found[1] == whole[1]
    assert all(torch.equal(found[0][key], tensor) for key, tensor in whole[0].items())
    assert len(again) == 21 - (step - 1 if within else (step - 1) // 7 * 7)


def test_the_texts_of_an_epoch_are_made_once_and_reach_each_step_with_their_originals():
    strategy, seen = noisy(), []
    loss = strategy.objective.loss

    def seeing(step):
        for place, row in enumerate(step.made_rows):
            own, original = step.made.ids[place], step.original.ids[row]
            length = int(step.original.present[row].sum())
            assert torch.equal(own[:length], original[:length]) and step.made.present[place].sum() == length + 1
            seen.append(1)
        return loss(step)

    strategy.objective.loss = seeing
    run(strategy)
    assert strategy.objective.epochs == [1, 2, 3] and len(seen) >= 3 * 5


def test_the_history_has_the_declared_terms_in_their_order():
    _, outcome = run(noisy())
    assert list(outcome.history[0]) == ["epoch", "total", "made", "drawn", "dev_accuracy"]
    assert len({row["drawn"] for row in outcome.history}) == 3  # fresh draws in each epoch


def test_the_history_of_flats_own_objective_is_what_it_was():
    terms = ("ce_original", "ce_adversarial", "entropy_original", "entropy_adversarial", "importance_gap")
    assert chosen().columns == ("total", *terms) == tuple(field.name for field in fields(Terms))
    _, outcome = run(None, epochs=1)
    assert list(outcome.history[0]) == ["epoch", "total", *terms, "dev_accuracy"]


def test_terms_that_are_not_the_declared_ones_are_refused():
    strategy = Chosen("noisy", Noisy(), ("made",))
    with pytest.raises(FlatError, match=r"(?s)objective noisy.*total, drawn, made, declared are total, made"):
        run(strategy)


def test_several_backward_passes_add_up_to_one():
    """Cross entropy in three parts of a third each: the same step as in one, and the same terms."""

    class Thirds(Objective):
        def losses(self, step):
            for _ in range(3):
                logits = step.model(step.original)
                yield {"total": torch.nn.functional.cross_entropy(logits, step.labels) / 3}

    class Whole(Objective):
        def loss(self, step):
            return {"total": torch.nn.functional.cross_entropy(step.model(step.original), step.labels)}

    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "_optimizer", lambda model, options: torch.optim.SGD(model.parameters(), lr=0.1))
        patch.setattr("torch.nn.functional.dropout", lambda x, *_, **__: x)
        for objective in (Thirds(), Whole()):
            found.append(run(Chosen("toy", objective, ()), pairs=None, epochs=1))
    for key, tensor in found[0][0].items():
        torch.testing.assert_close(tensor, found[1][0][key], atol=1e-6, rtol=1e-5)
    assert found[0][1].history[0]["total"] == pytest.approx(found[1][1].history[0]["total"], rel=1e-5)


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name != "noisy"])
def test_each_objective_learns(name):
    _, outcome = run(STRATEGIES[name](), epochs=8)
    assert outcome.dev_accuracy > 0.9
    assert list(outcome.history[0]) == ["epoch", "total", *OBJECTIVES[name].terms, "dev_accuracy"]
