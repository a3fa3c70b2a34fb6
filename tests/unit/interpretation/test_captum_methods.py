"""Captum's methods behind the door of explainers: closed forms, one another's limits, and the generators they use."""

import numpy as np
import pytest
import torch
from encoder_toys import make, write
from interpretation_toys import Additive, real_model

from flat.interpretation import integrated_gradients
from flat.interpretation.explainers.kernel_shap import Asked, exact
from flat.models.black_box import BlackBox
from flat.plugins.registry import EXPLAINERS

TEXTS = [["a", "very", "dull", "plot"], ["good"], ["a", "warm", "film", "unheard", "good"]]
BY_GRADIENTS, ALL = ("gradient-shap", "smooth-grad"), ("gradient-shap", "smooth-grad", "shapley-sampling")


def explain(name, model, texts=TEXTS, seed=3, **options):
    explainer = EXPLAINERS[name]
    targets = [list(range(model.classes))] * len(texts)
    return explainer.load()(model, texts, targets, [seed] * len(texts), explainer.options(**options))


def scores(found):
    return [np.stack([one.scores for one in of_text]) for of_text in found]


@pytest.mark.parametrize("name", BY_GRADIENTS)
def test_gradients_of_an_additive_model_give_its_terms_whatever_is_drawn(name):
    model = Additive()
    noise = 0.0 if name == "gradient-shap" else 0.5  # noise moves the way that a gradient is multiplied with
    for words, found in zip(TEXTS, scores(explain(name, model, noise=noise, samples=3)), strict=True):
        expected = [[model.term(word, target) for word in words] for target in range(model.classes)]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_smooth_grad_without_noise_is_input_x_gradient(kind):
    model = real_model(kind, "variational")
    smooth = scores(explain("smooth-grad", model, noise=0.0, samples=2))
    for one, other in zip(smooth, scores(explain("input-x-gradient", model)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_gradient_shap_without_noise_tends_to_integrated_gradients():
    model = real_model("lstm")
    truth = scores(integrated_gradients.explain(model, TEXTS))
    few, many = (scores(explain("gradient-shap", model, noise=0.0, samples=n)) for n in (4, 2000))
    size = max(np.abs(one).max() for one in truth)
    errors = [max(np.abs(a - b).max() for a, b in zip(found, truth, strict=True)) for found in (few, many)]
    assert errors[1] < 0.02 * size < errors[0]


def test_gradient_shap_is_captum_s_own_on_embeddings():
    captum = pytest.importorskip("captum.attr")
    model, words = real_model("cnn"), TEXTS[0]
    batch = model.encode([words])
    embeddings, baseline = model.embed(batch).detach(), model.baseline(batch).detach()
    noise = 0.1 * float(embeddings.max() - embeddings.min())
    (found,) = scores(explain("gradient-shap", model, [words], samples=6))
    for target in range(model.classes):
        torch.manual_seed(3)
        np.random.seed(3)
        theirs = captum.GradientShap(
            lambda points: torch.cat([model.classify(p.unsqueeze(0), batch) for p in points])
        ).attribute(embeddings, baselines=baseline, n_samples=6, stdevs=noise, target=target)
        np.testing.assert_allclose(found[target], theirs[0].sum(-1).detach().numpy(), atol=1e-5)


def test_drawn_orders_come_near_the_exact_values_and_always_add_up():
    model, words = real_model("cnn"), ["a", "very", "dull", "plot", "good", "film"]
    truth = exact(Asked(model, words, 64), 6).T
    (few,), (many,) = (explain("shapley-sampling", model, [words], orders=n) for n in (1, 600))
    size = np.abs(truth).max()
    assert np.abs(np.stack([one.scores for one in many]) - truth).max() < 0.05 * size
    assert np.abs(np.stack([one.scores for one in few]) - truth).max() > 0.01 * size
    assert all(one.completeness < 1e-4 for one in (*few, *many))


def test_drawn_orders_of_a_linear_black_box_are_its_weights():
    class Box:
        def predict_proba(self, texts):
            up = np.array([0.5 + 0.1 * text.split().count("good") for text in texts])
            return np.stack([1 - up, up], 1)

    model = BlackBox(Box(), 2, "toy", "0" * 16, {})
    ((against, speaks),) = explain("shapley-sampling", model, [["a", "good", "film", "good"]], orders=2)
    np.testing.assert_allclose(speaks.scores, [0, 0.1, 0, 0.1], atol=1e-6)
    np.testing.assert_allclose(against.scores, [0, -0.1, 0, -0.1], atol=1e-6)
    assert not EXPLAINERS["shapley-sampling"].gradients


@pytest.mark.parametrize("name", ALL)
def test_the_seed_alone_decides_and_both_generators_are_left_as_they_were(name):
    model = real_model("cnn")
    torch.manual_seed(7)
    np.random.seed(7)
    expected = torch.rand(2), np.random.random(2)
    torch.manual_seed(7)
    np.random.seed(7)
    few = {"orders": 2} if name == "shapley-sampling" else {"samples": 2}
    first = scores(explain(name, model, [TEXTS[2]], **few))[0]
    assert torch.equal(torch.rand(2), expected[0]) and np.array_equal(np.random.random(2), expected[1])
    again, other = (scores(explain(name, model, [TEXTS[2]], seed=seed, **few))[0] for seed in (3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-6


@pytest.mark.parametrize("name", ALL)
def test_an_encoder_s_pieces_are_summed_to_words(name, tmp_path):
    model = make(write(tmp_path), mask="variational")
    (found,) = scores(explain(name, model, [["good", "film"]]))
    assert found.shape == (model.classes, 2) and np.isfinite(found).all() and np.abs(found).max() > 0


@pytest.mark.parametrize("name", ALL)
def test_a_text_without_words_has_no_score(name):
    (found,) = scores(explain(name, real_model("cnn"), [[]]))
    assert found.shape == (3, 0)
