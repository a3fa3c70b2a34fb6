"""A round's optimiser goes on where the one before ended, if the study says so."""

import numpy as np
import pytest
import torch
from training_toys import data, make

from flat.errors import ArtefactError
from flat.training.moments import moments_of, put_moments
from flat.training.objective import Weights
from flat.training.trainer import Options, train

OPTIONS = Options(epochs=2, batch_size=16, learning_rate=0.01, select="last")


def trained(model, moments=None, seed=1, options=OPTIONS):
    texts, labels = data(60)
    return train(model, texts, labels, (texts, labels), options, Weights(), seed, moments=moments)


def test_a_kept_optimiser_takes_the_step_that_one_without_a_break_takes():
    """By hand: Adam's first step of the second round, from the moments of the first."""
    model = make()
    first = trained(model)
    weight = model.state_dict()
    moments = {name: tensor.clone() for name, tensor in first.moments.items()}
    name = next(key.rpartition("/")[0] for key in moments if key.endswith("/exp_avg_sq"))
    other = make()
    other.load_state_dict(weight)
    optimizer = torch.optim.Adam([p for p in other.parameters() if p.requires_grad], lr=0.01, fused=True)
    put_moments(other, optimizer, moments)
    parameter = dict(other.named_parameters())[name]
    before, gradient = parameter.detach().clone(), torch.full_like(parameter, 0.5)
    parameter.grad = gradient.clone()
    optimizer.step()
    step = moments[f"{name}/step"].item() + 1
    mean = 0.9 * moments[f"{name}/exp_avg"] + 0.1 * gradient
    square = 0.999 * moments[f"{name}/exp_avg_sq"] + 0.001 * gradient**2
    by_hand = before - 0.01 * (mean / (1 - 0.9**step)) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
    torch.testing.assert_close(parameter.detach(), by_hand, atol=1e-6, rtol=1e-5)


def test_kept_and_fresh_optimisers_train_differently_and_steps_add_up():
    models = make(), make()
    first = trained(models[0])
    models[1].load_state_dict(models[0].state_dict())
    kept, fresh = trained(models[0], first.moments, seed=2), trained(models[1], seed=2)
    steps = [{v.item() for k, v in outcome.moments.items() if k.endswith("/step")} for outcome in (first, kept, fresh)]
    assert steps == [{8.0}, {16.0}, {8.0}]  # 60 texts in batches of 16, two epochs
    assert any(not torch.equal(a, b) for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True))


def test_a_new_mask_starts_without_moments():
    plain, masked = make(), make("variational")
    first = trained(plain)
    masked.load_state_dict(plain.state_dict() | {k: v for k, v in masked.state_dict().items() if "mask" in k})
    found = trained(masked, first.moments).moments
    steps = {name.split(".")[0]: value.item() for name, value in found.items() if name.endswith("/step")}
    assert steps.pop("mask") == 8.0
    assert set(steps.values()) == {16.0}


def test_moments_of_another_network_are_refused():
    model = make()
    moments = {name: torch.zeros(3, 5) if t.ndim else t for name, t in trained(model).moments.items()}
    with pytest.raises(ArtefactError, match="another shape than the parameter"):
        put_moments(model, torch.optim.Adam(p for p in model.parameters() if p.requires_grad), moments, "x")


def test_moments_are_named_by_their_parameters():
    model = make()
    found = trained(model).moments
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert {key.rpartition("/")[0] for key in found} == set(named)
    assert all(found[f"{name}/exp_avg"].shape == p.shape for name, p in named.items())
    assert np.isfinite([tensor.sum().item() for tensor in found.values()]).all()
    assert moments_of(model, torch.optim.Adam(named.values())) == {}
