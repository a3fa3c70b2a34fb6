"""The further explanation methods against closed forms, and against Captum's and transformers' own answers."""

import numpy as np
import pytest
import torch
from encoder_toys import make, write
from interpretation_toys import Additive, Pieces, real_model

from flat.errors import StudyError
from flat.interpretation import integrated_gradients
from flat.interpretation.explainers import gradients, rollout
from flat.interpretation.explainers.kernel_shap import Asked, exact
from flat.interpretation.word_attribution import WordAttribution
from flat.models.word_models import UNKNOWN
from flat.plugins.registry import EXPLAINERS

TEXTS = [["a", "very", "dull", "plot"], ["good"], ["a", "warm", "film", "unheard", "good"]]
FURTHER = [name for name in EXPLAINERS if name not in ("ig", "lime", "attention-rollout")]


def explain(name, model, texts=TEXTS, targets=None, seed=3, **options):
    explainer = EXPLAINERS[name]
    targets = targets or [list(range(model.classes))] * len(texts)
    return explainer.load()(model, texts, targets, [seed] * len(texts), explainer.options(**options))


def scores(found):
    return [np.stack([one.scores for one in of_text]) for of_text in found]


def terms(model, words, baseline=None):
    """(classes, words): each word's term of the additive logit, less that of the unknown word."""
    found = [[model.term(word, target) for word in words] for target in range(model.classes)]
    return np.array(found) - (0 if baseline is None else np.array([[model.term(baseline, t)] for t in range(2)]))


# --- every method


@pytest.mark.parametrize("name", FURTHER)
@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_each_word_has_a_score_and_no_text_changes_another_s(name, kind):
    model = real_model(kind)
    together = explain(name, model)
    assert [[one.scores.shape for one in of_text] for of_text in together] == [[(len(t),)] * 3 for t in TEXTS]
    assert all(isinstance(one, WordAttribution) and np.isfinite(one.scores).all() for t in together for one in t)
    alone = [explain(name, model, [text])[0] for text in TEXTS]
    for one, other in zip(scores(together), scores(alone), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)
    few = explain(name, model, targets=[[2], [0, 1], []])
    np.testing.assert_allclose(few[0][0].scores, together[0][2].scores, atol=1e-6)
    assert [len(of_text) for of_text in few] == [1, 2, 0]


@pytest.mark.parametrize("name", FURTHER)
def test_a_model_in_training_mode_is_refused(name):
    with pytest.raises(RuntimeError, match="training mode"):
        explain(name, real_model("cnn").train())


@pytest.mark.parametrize("name", FURTHER)
def test_words_that_are_not_read_score_nothing(name):
    model = real_model("cnn", max_length=3)
    (found,) = scores(explain(name, model, [["a", "very", "dull", "plot", "good"]]))
    np.testing.assert_allclose(found[:, 3:], 0, atol=1e-6)
    assert np.abs(found[:, :3]).max() > 1e-3


@pytest.mark.parametrize("name", [name for name in EXPLAINERS if EXPLAINERS[name].complete])
def test_what_is_declared_complete_is(name):
    """Each declared baseline and output, computed here from the model alone."""
    model, declared = real_model("lstm"), EXPLAINERS[name].complete
    for words, found in zip(TEXTS, scores(explain(name, model)), strict=True):
        text = model.encode([words])
        if declared.baseline == "embeddings":
            with torch.no_grad():
                ends = torch.cat([model.classify(e, text) for e in (model.embed(text), model.baseline(text))])
        else:
            ends = torch.from_numpy(model.logits([words, [model.unknown_word] * len(words)]))
        ends = ends.double().softmax(-1) if declared.output == "probability" else ends.double()
        gain = (ends[0] - ends[1]).numpy()
        np.testing.assert_allclose(found.sum(1), gain, atol=declared.within * np.abs(gain).max())


# --- closed forms


@pytest.mark.parametrize("name", ["input-x-gradient", "discretised-ig", "sequential-ig"])
def test_gradients_of_an_additive_model_give_its_terms(name):
    model = Additive()
    for words, found in zip(TEXTS, scores(explain(name, model)), strict=True):
        np.testing.assert_allclose(found, terms(model, words), rtol=1e-4, atol=1e-5)


def test_a_gradient_at_the_text_alone_takes_a_power_for_its_slope():
    model = Additive(power=3)  # d(t^3)/dt * t = 3 t^3, where integrated gradients give t^3
    for words, found in zip(TEXTS, scores(explain("input-x-gradient", model)), strict=True):
        np.testing.assert_allclose(found, 3 * terms(model, words), rtol=1e-3, atol=1e-4)
    for words, found in zip(TEXTS, scores(explain("sequential-ig", model, steps=4)), strict=True):
        np.testing.assert_allclose(found, terms(model, words), rtol=1e-3, atol=1e-4)


def test_occlusion_of_an_additive_model_gives_terms_less_the_unknown_word_s():
    model = Additive(power=2)
    for words, found in zip(TEXTS, scores(explain("occlusion", model)), strict=True):
        np.testing.assert_allclose(found, terms(model, words, "<unk>"), rtol=1e-4, atol=1e-4)
    for words, found in zip(TEXTS, scores(explain("occlusion", model, by="deletion")), strict=True):
        np.testing.assert_allclose(found, terms(model, words), rtol=1e-4, atol=1e-4)


def test_sequential_ig_is_the_loss_of_the_logit_when_the_baseline_takes_a_word_s_place():
    model = real_model("lstm")
    for words, found in zip(TEXTS, scores(explain("sequential-ig", model, steps=400)), strict=True):
        batch = model.encode([words])
        with torch.no_grad():
            whole, baseline = model.embed(batch), model.baseline(batch)
            for word in range(len(words)):
                without = whole.clone()
                without[:, word] = baseline[:, word]
                lost = (model.classify(whole, batch) - model.classify(without, batch))[0]
                np.testing.assert_allclose(found[:, word], lost.numpy(), atol=2e-4)


def test_exact_shapley_values_by_all_orders():
    """The mean gain of a word over all orders in which words may join (Shapley's own definition)."""
    from itertools import permutations

    model, words = real_model("cnn"), ["a", "very", "dull", "plot"]
    asked = Asked(model, words, 16)
    expected = np.zeros((4, 3))
    orders = list(permutations(range(4)))
    for order in orders:
        mask = np.zeros(4, dtype=bool)
        for word in order:
            before = asked(mask[None])[0]
            mask[word] = True
            expected[word] += (asked(mask[None])[0] - before) / len(orders)
    np.testing.assert_allclose(exact(asked, 4), expected, atol=1e-9)


# --- other libraries


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_occlusion_equals_captum_s_feature_ablation(kind):
    captum = pytest.importorskip("captum.attr")
    model, words = real_model(kind), ["a", "very", "dull", "plot"]
    ids = model.encode([words]).ids

    def logits(rows):
        return model(model.encode_ids([tuple(row) for row in rows.tolist()]))

    (found,) = scores(explain("occlusion", model, [words]))
    for target in range(3):
        with torch.no_grad():
            theirs = captum.FeatureAblation(logits).attribute(ids, baselines=UNKNOWN, target=target)
        np.testing.assert_allclose(found[target], theirs[0].numpy(), atol=2e-5)


def test_input_x_gradient_equals_captum_s():
    captum = pytest.importorskip("captum.attr")
    model, words = real_model("cnn"), ["a", "very", "dull", "plot"]
    batch = model.encode([words])
    (found,) = scores(explain("input-x-gradient", model, [words]))
    for target in range(3):
        inputs = model.embed(batch).detach().requires_grad_()
        theirs = captum.InputXGradient(lambda e: model.classify(e, batch)).attribute(inputs, target=target)
        np.testing.assert_allclose(found[target], theirs.sum(-1)[0].detach().numpy(), atol=1e-5)


def test_kernel_shap_comes_near_the_exact_values_with_its_samples():
    model, words = real_model("cnn"), ["a", "very", "dull", "plot", "good", "film"]
    truth = exact(Asked(model, words, 64), 6)
    (few,), (many,) = (scores(explain("kernel-shap", model, [words], samples=n, exact_below=0)) for n in (12, 1000))
    size = np.abs(truth).max()
    assert np.abs(many - truth.T).max() < 0.05 * size < np.abs(few - truth.T).max()
    again = scores(explain("kernel-shap", model, [words], samples=12, exact_below=0))[0]
    other = scores(explain("kernel-shap", model, [words], samples=12, exact_below=0, seed=4))[0]
    np.testing.assert_array_equal(few, again)
    assert np.abs(few - other).max() > 1e-4


def test_kernel_shap_leaves_torch_s_own_draws_alone():
    model = real_model("cnn")
    torch.manual_seed(7)
    expected = torch.rand(2)
    torch.manual_seed(7)
    explain("kernel-shap", model, [TEXTS[0]], samples=20, exact_below=0)
    assert torch.equal(torch.rand(2), expected)


# --- the walk of discretised IG


@pytest.mark.parametrize("strategy", ["greedy", "count"])
def test_a_walk_is_monotonic_from_word_to_baseline(strategy):
    vocabulary = torch.randn(40, 5, generator=torch.Generator().manual_seed(2))
    start, end = vocabulary[:3], torch.zeros(3, 5)
    options = EXPLAINERS["discretised-ig"].options(steps=7, neighbours=6, strategy=strategy)
    path = gradients.walk(vocabulary, start, end, torch.tensor([True, True, False]), options)
    assert path.shape == (8, 3, 5)
    steps = (path[1:] - path[:-1])[:, :2] * (end - start)[:2].sign()
    assert (steps >= -1e-6).all() and torch.equal(path[-1][:2], end[:2])
    assert torch.equal(path[:, 2], start[2].expand(8, 5))


def test_a_walk_steps_on_words_where_it_can():
    """Where the neighbours lie between word and baseline, the points are those words."""
    vocabulary = torch.tensor([[4.0, 4.0], [3.0, 3.0], [2.0, 2.0], [1.0, 1.0]])
    options = EXPLAINERS["discretised-ig"].options(steps=4, neighbours=4)
    path = gradients.walk(vocabulary, vocabulary[:1], torch.zeros(1, 2), torch.tensor([True]), options)
    assert all(any(torch.equal(point, word) for word in vocabulary) for point in path[:-1, 0])


def test_a_model_without_a_table_of_embeddings_is_refused():
    with pytest.raises(StudyError, match="no table of word embeddings"):
        explain("discretised-ig", Pieces())


# --- encoders


def test_rollout_follows_the_layers_of_a_network(tmp_path):
    model = make(write(tmp_path))
    words = ["good", "film"]
    (found,) = explain("attention-rollout", model, [words])
    batch = model.encode([words])
    network = model.network
    network.set_attn_implementation("eager")
    with torch.no_grad():
        layers = network(input_ids=batch.ids, output_attentions=True).attentions
    flow = torch.eye(batch.ids.shape[1], dtype=torch.float64)
    for layer in layers:
        mixed = 0.5 * layer[0].double().mean(0) + 0.5 * torch.eye(batch.ids.shape[1], dtype=torch.float64)
        flow = mixed / mixed.sum(-1, keepdim=True) @ flow
    expected = [flow[0][batch.word_index[0] == word].sum().item() for word in range(2)]
    np.testing.assert_allclose(found[0].scores, expected, rtol=1e-5)
    np.testing.assert_array_equal(found[0].scores, found[1].scores)


def test_rollout_by_hand():
    one = torch.tensor([[[0.2, 0.8], [0.6, 0.4]]])
    first = np.array([[0.6, 0.4], [0.3, 0.7]])
    np.testing.assert_allclose(rollout.rollout([one], 0.5).numpy(), first)
    np.testing.assert_allclose(rollout.rollout([one, one], 0.5).numpy(), first @ first)


def test_rollout_leaves_the_network_as_it_was(tmp_path):
    model = make(write(tmp_path))
    before = model.network.config._attn_implementation
    explain("attention-rollout", model, [["good"]])
    assert model.network.config._attn_implementation == before


@pytest.mark.parametrize("name", ["occlusion", "input-x-gradient", "sequential-ig", "discretised-ig", "kernel-shap"])
def test_an_encoder_s_pieces_are_summed_to_words(name, tmp_path):
    model = make(write(tmp_path), mask="variational")
    found = scores(explain(name, model, [["good", "film"]]))
    assert found[0].shape == (model.classes, 2) and np.isfinite(found[0]).all() and np.abs(found[0]).max() > 0


def test_the_methods_share_integrated_gradients_idea_on_a_real_model():
    """On a near linear stretch all gradient methods agree with integrated gradients in sign and size."""
    model = Additive()
    (ig,) = scores(integrated_gradients.explain(model, [TEXTS[0]]))
    for name in ("input-x-gradient", "sequential-ig", "discretised-ig"):
        np.testing.assert_allclose(scores(explain(name, model, [TEXTS[0]]))[0], ig, rtol=1e-4, atol=1e-5)
