"""Objectives beside FLAT's, against formulas worked out by hand on a linear model."""

import numpy as np
import pytest
import torch
from objective_toys import LABELS, OTHERS, ROWS, TEXTS, gradients, linear, softmax, step, sums

from flat.plugins.registry import OBJECTIVES
from flat.training.objectives.free_lb import climbed, first
from flat.training.objectives.r_drop import symmetric_divergence
from flat.training.strategy import chosen


def plain(model, texts, labels, divided_by=1.0):
    """Mean cross entropy over texts of logits / divided_by, and its gradients of W and b."""
    seen = sums(model, texts)
    weight, bias = model.output.weight.detach().numpy(), model.output.bias.detach().numpy()
    p = softmax((seen @ weight.T + bias) / divided_by)
    errors = (p - np.eye(2)[labels]) / len(texts) / divided_by
    return -np.log(p[range(len(texts)), labels]).mean(), errors.T @ seen, errors.sum(0)


def by_hand(model, steps, step_size, largest, deltas):
    """Algorithm 1 of Zhu et al. for logits = W (sum of e + delta) + b; ``deltas``: the first, a (tokens, dim) a text.

    The gradient of a text's cross entropy along each of its embeddings is W^T (p - y).
    """
    weight, bias = model.output.weight.detach().numpy(), model.output.bias.detach().numpy()
    loss, grad_w, grad_b = 0.0, np.zeros_like(weight), np.zeros_like(bias)
    for _ in range(steps):
        seen = sums(model, TEXTS) + np.array([delta.sum(0) for delta in deltas])
        p = softmax(seen @ weight.T + bias)
        errors = p - np.eye(2)[LABELS]
        loss += -np.log(p[range(3), LABELS]).mean() / steps
        grad_w += errors.T @ seen / 3 / steps
        grad_b += errors.sum(0) / 3 / steps
        moved = []
        for delta, error in zip(deltas, errors, strict=True):
            gradient = np.tile(weight.T @ error, (len(delta), 1))
            delta = delta + step_size * gradient / np.linalg.norm(gradient)
            norm = np.linalg.norm(delta)
            moved.append(delta if largest is None or norm <= largest else delta * largest / norm)
        deltas = moved
    return loss, grad_w, grad_b


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("freelb", {}),
        ("freelb", {"steps": 4, "step_size": 2.0, "largest_norm": 2.5}),  # the ball binds
        ("freelb", {"steps": 1, "initial": 3.0}),
        ("freelb-plus", {"step_size": 0.7}),
    ],
)
def test_freelb_takes_the_steps_of_its_algorithm(name, options):
    model = linear()
    given = step(model)
    chosen_one = chosen(name, options)
    checked = OBJECTIVES[name].options.model_validate(options)
    drawn = torch.rand((3, 3, 5), generator=torch.Generator().manual_seed(1), dtype=torch.float32).double().numpy()
    lengths = [len(text) for text in TEXTS]
    deltas = [(2 * d[:n] - 1) * checked.initial / np.sqrt(n * 5) for d, n in zip(drawn, lengths, strict=True)]
    loss, grad_w, grad_b = by_hand(model, checked.steps, checked.step_size, checked.largest_norm, deltas)
    weight, bias, terms = gradients(chosen_one.objective, given)
    assert terms["total"] == pytest.approx(loss, abs=1e-9) == terms["ce_original"]
    np.testing.assert_allclose(weight, grad_w, atol=1e-9)
    np.testing.assert_allclose(bias, grad_b, atol=1e-9)
    assert chosen_one.passes == checked.steps and terms["perturbation"] > 0


def test_freelb_without_bound_reaches_further_and_hurts_more():
    found = {}
    for name in ("freelb", "freelb-plus"):
        *_, found[name] = gradients(chosen(name, {"steps": 10, "step_size": 0.5}).objective, step(linear()))
    assert found["freelb"]["perturbation"] <= 0.15 < 1 < found["freelb-plus"]["perturbation"]
    assert found["freelb"]["total"] < found["freelb-plus"]["total"]


def test_a_perturbation_stays_on_a_texts_own_tokens_and_in_the_ball():
    model = linear()
    batch = model.encode(TEXTS)
    embeddings = model.embed(batch).detach()
    start = first(embeddings, batch, 0.3, torch.Generator().manual_seed(5))
    moved = climbed(start, torch.randn(start.shape, dtype=torch.float64), batch, 4.0, 1.5)
    for found in (start, moved):
        assert not found[~batch.present].any() and found[batch.present].all()
    assert (start.flatten(1).norm(dim=1) <= 0.3).all()
    assert torch.allclose(moved.flatten(1).norm(dim=1), torch.full((3,), 1.5, dtype=torch.float64))
    # a text without a gradient stays where it is
    assert torch.equal(climbed(start, torch.zeros_like(start), batch, 4.0, None), start)


def test_passes_of_freelb_share_their_dropout():
    """Unperturbed (tiny steps), every pass gives the same loss; with masks of their own they would not."""
    options = {"steps": 3, "step_size": 1e-9, "initial": 0.0, "largest_norm": 1e-9}
    torch.manual_seed(3)
    given = step(linear(dropout=0.5))
    losses = []
    for part in chosen("freelb", options).objective.losses(given):
        part["total"].backward()
        losses.append(float(part["ce_original"].detach()))
    assert losses == pytest.approx([losses[0]] * 3, abs=1e-7)
    free = [float(given.model(given.original).detach()[0, 0]) for _ in range(2)]
    assert free[0] != free[1]  # the dropout that they shared is a real one


@pytest.mark.parametrize("name", ["freelb", "r-drop", "temperature"])
@pytest.mark.parametrize(("pairs_weight", "share"), [("union", 2 / 3), ("expectation", 1.0)])
def test_adversarial_texts_weigh_as_in_equation_3(name, pairs_weight, share):
    """With options that make each of them plain training."""
    options = {
        "freelb": {"steps": 1, "initial": 0.0},
        "r-drop": {"weight": 0.0},
        "temperature": {"temperature": 1.0},
    }[name]
    model = linear()
    weight, bias, terms = gradients(chosen(name, options).objective, step(model, True, pairs_weight=pairs_weight))
    ce, grad_w, grad_b = plain(model, TEXTS, LABELS)
    ce_others, grad_w_others, grad_b_others = plain(model, OTHERS, LABELS[ROWS])
    assert (terms["ce_original"], terms["ce_adversarial"]) == pytest.approx((ce, ce_others), abs=1e-9)
    assert terms["total"] == pytest.approx(ce + share * ce_others, abs=1e-9)
    np.testing.assert_allclose(weight, grad_w + share * grad_w_others, atol=1e-9)
    np.testing.assert_allclose(bias, grad_b + share * grad_b_others, atol=1e-9)


def test_temperature_training_fits_the_divided_logits():
    model = linear()
    weight, bias, terms = gradients(chosen("temperature", {"temperature": 4.0}).objective, step(model))
    loss, grad_w, grad_b = plain(model, TEXTS, LABELS, 4.0)
    assert terms["total"] == pytest.approx(loss, abs=1e-9)
    np.testing.assert_allclose(weight, grad_w, atol=1e-9)
    np.testing.assert_allclose(bias, grad_b, atol=1e-9)


def test_temperature_scales_the_weights_that_training_finds():
    """W and b times tau at temperature tau give the loss of W and b at 1."""
    model, other = linear(), linear()
    with torch.no_grad():
        other.output.weight.mul_(10.0)
        other.output.bias.mul_(10.0)
    losses = [
        gradients(chosen("temperature", {"temperature": t}).objective, step(m))[2]
        for t, m in ((1.0, model), (10.0, other))
    ]
    assert losses[0]["total"] == pytest.approx(losses[1]["total"], abs=1e-9)


def test_the_divergence_of_r_drop_by_hand():
    p, q = np.array([[0.5, 0.5], [0.9, 0.1]]), np.array([[0.8, 0.2], [0.9, 0.1]])
    kl = lambda a, b: (a * np.log(a / b)).sum(1)  # noqa: E731
    by_hand = (kl(p, q) + kl(q, p)).mean() / 2
    found = symmetric_divergence(torch.tensor(p).log() + 3.0, torch.tensor(q).log())  # a shift of logits is none
    assert float(found) == pytest.approx(by_hand, abs=1e-12)
    assert by_hand == pytest.approx(
        (0.5 * np.log(0.5 / 0.8) + 0.5 * np.log(0.5 / 0.2) + 0.8 * np.log(1.6) + 0.2 * np.log(0.4)) / 4
    )


def test_r_drop_is_the_mean_of_two_passes_and_their_divergence():
    model = linear(dropout=0.4)
    torch.manual_seed(8)
    weight, _, terms = gradients(chosen("r-drop", {"weight": 2.5}).objective, step(model))
    # the same two dropout masks, drawn as the passes draw them
    torch.manual_seed(8)
    kept = [torch.nn.functional.dropout(torch.ones(3, 5, dtype=torch.float64), 0.4).numpy() for _ in range(2)]
    w, b = model.output.weight.detach().numpy(), model.output.bias.detach().numpy()
    seen = [sums(model, TEXTS) * mask for mask in kept]
    p, q = (softmax(one @ w.T + b) for one in seen)
    gold = np.eye(2)[LABELS]
    ce = -(np.log(p) * gold + np.log(q) * gold).sum(1).mean() / 2
    apart = ((p - q) * (np.log(p) - np.log(q))).sum(1).mean() / 2
    assert (terms["ce_original"], terms["divergence"]) == pytest.approx((ce, apart), abs=1e-9) and apart > 0.01
    assert terms["total"] == pytest.approx(ce + 2.5 * apart, abs=1e-9)

    def slope(own, other, one):
        """Of sum (p - q)(log p - log q) along the logits of p, through softmax."""
        along = np.log(own) - np.log(other) + (own - other) / own
        return (own * (along - (own * along).sum(1, keepdims=True))).T @ one

    by_hand = ((p - gold).T @ seen[0] + (q - gold).T @ seen[1]) / 2 / 3
    by_hand += 2.5 * (slope(p, q, seen[0]) + slope(q, p, seen[1])) / 2 / 3
    np.testing.assert_allclose(weight, by_hand, atol=1e-9)


def test_without_dropout_r_drop_finds_no_divergence():
    *_, terms = gradients(chosen("r-drop", {"weight": 9.0}).objective, step(linear()))
    assert terms["divergence"] == 0 and terms["total"] == terms["ce_original"]
