"""A training that goes on from a checkpoint ends with the same weights, bit by bit, wherever it was interrupted."""

import signal

import pytest
import torch
from safetensors.torch import load_file
from training_toys import data, make

from flat.files import processes
from flat.files.artefacts import write_json, write_tensors
from flat.resume import checkpoints as resume
from flat.resume.checkpoints import Checkpoints
from flat.training import trainer
from flat.training.objective import Weights
from flat.training.trainer import Options, Pairs, train

pytestmark = pytest.mark.kill
OPTIONS = {
    "epochs": 3,
    "batch_size": 16,
    "schedule": "linear",
    "accumulate": 2,
    "texts_per_epoch": 100,
    "clip_norm": 1.0,
}


class Killed(BaseException):
    pass


def run(path=None, digest="digest", **options):
    model = make("variational")
    texts, labels = data()
    pairs = Pairs([0, 3, 50], [[*texts[i][:-1], "w1"] for i in (0, 3, 50)])
    checkpoints = Checkpoints(path, digest)
    try:
        outcome = train(
            model,
            texts,
            labels,
            data(60, 1),
            Options(**{"learning_rate": 0.01} | OPTIONS | options),
            Weights(beta=0.1, gamma=0.1),
            7,
            pairs,
            checkpoints,
        )
    finally:
        checkpoints.close()
    return model.state_dict(), outcome


def assert_same(found, wanted):
    assert found[1] == wanted[1]
    moments = [outcome.moments for _, outcome in (found, wanted)]  # what a kept optimiser hands to the next round
    assert moments[0].keys() == moments[1].keys()
    assert moments[0]
    assert all(torch.equal(moments[0][name], tensor) for name, tensor in moments[1].items())
    assert all(torch.equal(found[0][name], tensor) for name, tensor in wanted[0].items())


def interrupt_at_step(monkeypatch, number, act):
    """``act()`` before the gradient of the ``number``-th step of a training (from 1)."""
    gradients, steps = trainer._gradients, []

    def counted(*args):
        steps.append(1)
        if len(steps) == number:
            act()
        return gradients(*args)

    monkeypatch.setattr(trainer, "_gradients", counted)
    return steps


def kill():
    raise Killed


@pytest.mark.parametrize("options", [{}, {"select": "last"}, {"patience": 1, "epochs": 8}, {"optimizer": "adamw"}])
@pytest.mark.parametrize("step", [1, 6, 11])
def test_killed_before_any_step(tmp_path, monkeypatch, step, options):
    whole = run(**options)
    path = tmp_path / "round1.safetensors"
    with monkeypatch.context() as patch:
        interrupt_at_step(patch, step, kill)
        with pytest.raises(Killed):
            run(path, **options)
    torch.manual_seed(99)  # nothing outside may matter
    with monkeypatch.context() as patch:
        again = interrupt_at_step(patch, 0, kill)
        assert_same(run(path, **options), whole)
    per_epoch = 4  # 100 texts, 16 a batch, 2 batches a step
    assert len(again) == len(whole[1].history) * per_epoch - (step - 1) // per_epoch * per_epoch


def test_a_long_epoch_is_saved_within(tmp_path, monkeypatch):
    whole = run()
    monkeypatch.setattr(resume, "EVERY_S", -1.0)
    path = tmp_path / "round1.safetensors"
    with monkeypatch.context() as patch:
        interrupt_at_step(patch, 7, kill)
        with pytest.raises(Killed):
            run(path)
    with monkeypatch.context() as patch:
        again = interrupt_at_step(patch, 0, kill)
        assert_same(run(path), whole)
    assert len(again) == 3 * 4 - 6  # the six finished steps are not taken again


@pytest.mark.parametrize("step", [1, 6, 12])
def test_sigterm_finishes_the_step_in_hand(tmp_path, monkeypatch, step):
    whole = run()
    path = tmp_path / "round1.safetensors"
    with monkeypatch.context() as patch:
        taken = interrupt_at_step(patch, step, lambda: signal.raise_signal(signal.SIGTERM))
        with pytest.raises(SystemExit) as stopped:
            run(path)
    assert stopped.value.code == 143 and len(taken) == step
    with monkeypatch.context() as patch:
        again = interrupt_at_step(patch, 0, kill)
        assert_same(run(path), whole)
    assert len(again) == 12 - step


@pytest.mark.parametrize("damage", ["digest", "truncated", "text"])
def test_a_foreign_or_damaged_checkpoint_is_set_aside(tmp_path, caplog, damage):
    whole = run()
    path = tmp_path / "round1.safetensors"
    assert_same(run(path), whole)
    if damage == "text":
        path.write_text("no checkpoint")
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-50])
    before = path.read_bytes()
    assert_same(run(path, "another" if damage == "digest" else "digest"), whole)
    assert path.with_name("round1.safetensors.stale").read_bytes() == before
    assert "set aside as round1.safetensors.stale" in caplog.text


@pytest.mark.parametrize("last_epoch_is_long", [True, False])
def test_a_finished_training_is_not_repeated_but_for_a_short_last_epoch(tmp_path, monkeypatch, last_epoch_is_long):
    monkeypatch.setattr(trainer, "MOMENT_S", -1.0 if last_epoch_is_long else 1000.0)
    path = tmp_path / "round1.safetensors"
    whole = run(path)  # killed before its outputs stood
    with monkeypatch.context() as patch:
        again = interrupt_at_step(patch, 0, kill)
        assert_same(run(path), whole)
    assert len(again) == (0 if last_epoch_is_long else 4)


def test_weights_of_a_killed_save_are_found_and_removed(tmp_path):
    """safetensors itself writes under a name that nobody knows; it does so in a folder that the next save removes."""
    path, tensors = tmp_path / "model.safetensors", {"w": torch.arange(3.0)}
    left = tmp_path / f".model.safetensors.{processes.here()}-1-1.part"  # that process has ended: 1 is a later one
    left.mkdir()
    (left / ".tmpx1y2z3").write_bytes(b"half")
    write_tensors(path, tensors, {"format": "pt"})
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert torch.equal(load_file(path)["w"], tensors["w"])
    other = tmp_path / "other.json"
    write_json(other, {})
    assert path.stat().st_mode == other.stat().st_mode  # readable for whom other results are
