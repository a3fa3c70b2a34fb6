"""Integrated gradients: closed forms, completeness, and that batches, padding and order change nothing."""

import encoder_toys
import numpy as np
import pytest
import torch
from interpretation_toys import Additive, Pieces, real_model

from flat.interpretation import convolution_path
from flat.interpretation.integrated_gradients import explain, gauss_legendre
from flat.models.masks import GroupMask, Mask, VariationalWordMask

TEXTS = [
    ["a", "very", "good", "film"],
    ["bad"],
    ["a", "warm", "plot", "very", "very", "dull", "film"],
    ["good", "plot"],
]


def scores(found):
    return [np.array([one.scores for one in text]) for text in found]


@pytest.mark.parametrize("batch_size", [1, 2, 3])
@pytest.mark.parametrize("power", [1, 2])
def test_terms_of_an_additive_model_are_its_attributions(batch_size, power):
    model = Additive(power=power)
    found = explain(model, TEXTS, batch_size=batch_size)
    for text, attributions in zip(TEXTS, found, strict=True):
        assert len(attributions) == 2
        for target, attribution in enumerate(attributions):
            expected = [model.term(word, target) for word in text]
            np.testing.assert_allclose(attribution.scores, expected, rtol=1e-4, atol=1e-5)
            assert attribution.scores.dtype == np.float32
            assert attribution.completeness < 1e-3
            assert attribution.steps == 50


def test_targets_choose_the_classes_in_their_order():
    model = Additive(classes=3)
    found = explain(model, TEXTS[:2], targets=[[2, 0], [1]])
    assert [len(text) for text in found] == [2, 1]
    np.testing.assert_allclose(found[0][0].scores, [model.term(w, 2) for w in TEXTS[0]], rtol=1e-4)
    np.testing.assert_allclose(found[0][1].scores, [model.term(w, 0) for w in TEXTS[0]], rtol=1e-4)
    np.testing.assert_allclose(found[1][0].scores, [model.term(w, 1) for w in TEXTS[1]], rtol=1e-4)


def by_captum(model, text, target, steps=50):
    """Captum's own answer for one text and class, summed to words: (words,)."""
    from captum.attr import IntegratedGradients

    batch = model.encode([text])
    method = IntegratedGradients(lambda e: model.classify(e, _times(batch, len(e))))
    (tokens,) = method.attribute(model.embed(batch), model.baseline(batch), target=target, n_steps=steps).sum(-1)
    own = batch.word_index[0] >= 0
    found = torch.zeros(len(text), dtype=tokens.dtype)
    return found.index_add_(0, batch.word_index[0][own], tokens[own]).detach().numpy()


def _times(batch, copies):
    return type(batch)(*(t.repeat(copies, 1) for t in (batch.ids, batch.present, batch.special, batch.word_index)))


def assert_equal_to_captum(model, texts, **options):
    for text, attributions in zip(texts, explain(model, texts, tolerance=9.0, **options), strict=True):
        for target in range(model.classes):
            expected = by_captum(model, text, target)
            np.testing.assert_allclose(attributions[target].scores, expected, rtol=1e-5, atol=1e-5)


# equal windows share a maximum: "very very very very" has two of three words
REPEATED = [*TEXTS, ["very"] * 5, ["film", "film"], ["dull", "plot", "dull", "plot", "dull"]]


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
@pytest.mark.parametrize("mask", ["none", "variational"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_equal_to_one_call_of_captum_per_class(kind, mask, batch_size):
    assert_equal_to_captum(real_model(kind, mask), REPEATED, batch_size=batch_size)


@pytest.mark.parametrize("family", ["bert", "deberta-v2"])
@pytest.mark.parametrize("mask", ["none", "variational"])
def test_equal_to_captum_for_encoders(family, mask, tmp_path):
    model = encoder_toys.make(encoder_toys.write(tmp_path / family, family), mask=mask)
    assert_equal_to_captum(model, encoder_toys.TEXTS[:3])


def test_equal_to_captum_for_masks_by_groups_of_words():
    model = real_model("cnn", "none")
    model.mask = GroupMask(torch.arange(len(model.words)) % 3).requires_grad_(False)
    model.mask.weights.copy_(torch.tensor([0.3, 1.0, 1.7]))
    assert_equal_to_captum(model, REPEATED)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_cnn_needs_no_backward_pass_to_say_the_same(frozen, monkeypatch):
    for mask in ("none", "variational"):
        model = real_model("cnn", mask)
        closed = scores(explain(model, REPEATED, frozen_mask=frozen))
        with monkeypatch.context() as patch:
            patch.setattr(convolution_path, "straight", lambda *_: None)
            along = scores(explain(model, REPEATED, frozen_mask=frozen))
            patch.setattr(convolution_path, "applies_to", lambda _: False)
            backward = scores(explain(model, REPEATED, frozen_mask=frozen))
        for one, two, three in zip(closed, along, backward, strict=True):
            np.testing.assert_allclose(one, three, atol=1e-5)
            np.testing.assert_allclose(two, three, atol=1e-5)


def test_a_straight_path_says_where_rounding_decides():
    model = real_model("cnn", "none")

    def decided(text):
        batch = model.encode([text])
        where, quadrature = gauss_legendre(50)
        with torch.no_grad():
            embeddings = model.embed(batch)
            return convolution_path.straight(model, embeddings, batch, where, quadrature, torch.tensor([[0, 1, 2]]))

    assert decided(TEXTS[0]) is not None
    assert decided(["very"] * 5) is None


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
@pytest.mark.parametrize("frozen", [False, True])
def test_scores_sum_to_the_change_of_the_logit(kind, frozen):
    model = real_model(kind)
    with torch.no_grad():
        for text, attributions in zip(TEXTS, explain(model, TEXTS, frozen_mask=frozen), strict=True):
            batch = model.encode([text])
            change = (model(batch) - model.classify(model.baseline(batch), batch))[0].numpy()
            for target, one in enumerate(attributions):
                error = abs(one.scores.sum() - change[target]) / max(abs(change[target]), 1e-3)
                assert error == pytest.approx(one.completeness, abs=1e-3)
                assert error <= 0.05 or one.steps == 200


def test_the_path_runs_through_the_mask_unless_frozen():
    torch.manual_seed(0)
    mask = VariationalWordMask(6, hidden=5)
    torch.nn.init.normal_(mask.network[2].weight, std=2.0)
    model = Additive(mask)
    text = TEXTS[0]
    phi = model.phi(model.encode([text]))[0].detach().numpy()
    moving, frozen = explain(model, [text])[0][0], explain(model, [text], frozen_mask=True)[0][0]
    expected = [p * model.term(word, 0) for p, word in zip(phi, text, strict=True)]
    np.testing.assert_allclose(frozen.scores, expected, rtol=1e-4)
    # an additive model moves each word by phi(e) e.w as well, and here phi(baseline) multiplies a zero
    np.testing.assert_allclose(moving.scores, expected, rtol=1e-3)
    # a model whose words interact tells the two apart
    model = real_model("cnn")
    moving, frozen = explain(model, [text])[0][0], explain(model, [text], frozen_mask=True)[0][0]
    assert np.abs(moving.scores - frozen.scores).max() > 1e-3


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_batches_padding_and_passes_change_nothing(kind):
    model = real_model(kind)
    alone = scores(explain(model, TEXTS))
    for options in ({"batch_size": 3}, {"batch_size": 4}, {"tokens_per_pass": 20}):
        for one, other in zip(alone, scores(explain(model, TEXTS, **options)), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_order_changes_no_bit(batch_size):
    model = real_model("cnn")
    forward = scores(explain(model, TEXTS, batch_size=batch_size))
    backward = scores(explain(model, TEXTS[::-1], batch_size=batch_size))[::-1]
    assert all(np.array_equal(a, b) for a, b in zip(forward, backward, strict=True))


def test_alone_or_among_others_is_the_same_to_the_bit():
    model = real_model("cnn")
    assert np.array_equal(scores(explain(model, TEXTS))[2], scores(explain(model, [TEXTS[2]]))[0])


class Quartic(Additive):
    """logit = s + s^4 with s = size of the one word: one step leaves 0.5 s^4 / (s + s^4) unexplained."""

    def __init__(self, sizes):
        super().__init__(Mask(), classes=2)
        with torch.no_grad():
            self.weight.zero_()
            self.weight[:, 0] = 1.0
            self.embedding.weight.zero_()
            for word, size in sizes.items():
                self.embedding.weight[self.index[word], 0] = size

    def encode_embeddings(self, embeddings, batch):
        s = (embeddings @ self.weight.T).sum(1)
        return s + s**4


def test_steps_double_only_where_the_error_asks_for_it():
    model = Quartic({"good": 1.0, "plot": 0.1})
    texts = [["good"], ["plot"]]
    # midpoint: gradient 1 + 4 * 0.5^3 = 1.5 against a change of 2; two points integrate a cubic exactly
    once = explain(model, texts, steps=1, max_doublings=0)
    assert once[0][0].completeness == pytest.approx(0.25, abs=1e-5)
    assert once[0][0].scores[0] == pytest.approx(1.5, abs=1e-5)
    doubled = explain(model, texts, steps=1)
    assert [text[0].steps for text in doubled] == [2, 1]
    assert doubled[0][0].scores[0] == pytest.approx(2.0, abs=1e-4)
    assert doubled[1][0].scores[0] == once[1][0].scores[0]


def test_doubling_stops_after_max_doublings():
    model = Quartic({"good": 1.0})
    found = explain(model, [["good"]], steps=1, tolerance=1e-12, max_doublings=2)
    assert found[0][0].steps == 4


def test_words_beyond_the_models_length_score_zero():
    model = Additive(max_length=2)
    (one, _) = explain(model, [["good", "bad", "film", "plot"]])[0]
    assert one.scores.shape == (4,)
    assert one.scores[2:].tolist() == [0, 0]
    assert one.scores[1] == pytest.approx(model.term("bad", 0), rel=1e-4)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_pieces_are_summed_to_words_and_special_tokens_never_score(batch_size):
    model = Pieces()
    texts = [["ab", "c"], ["abc", "de", "fgh"]]  # six letters of the second are read: "f" is the last
    found = explain(model, texts, batch_size=batch_size)
    np.testing.assert_allclose(found[0][0].scores, [97 + 98, 99], rtol=1e-5)
    np.testing.assert_allclose(found[0][1].scores, [-2 * (97 + 98), -2 * 99], rtol=1e-5)
    np.testing.assert_allclose(found[1][0].scores, [97 + 98 + 99, 100 + 101, 102], rtol=1e-5)


def test_special_tokens_stand_in_the_baseline():
    # logit = (3000 + sum of letters)^2 from a baseline of 3000: each letter's share is letter * (6000 + sum)
    found = explain(Pieces(power=2), [["ab", "c"]])[0][0]
    total = 97 + 98 + 99
    np.testing.assert_allclose(found.scores, [(97 + 98) * (6000 + total), 99 * (6000 + total)], rtol=1e-5)
    assert found.completeness < 1e-4


class BareBaseline(Pieces):
    def baseline(self, batch):
        return torch.zeros_like(self.embed(batch))


def test_what_special_tokens_score_goes_to_no_word():
    found = explain(BareBaseline(), [["ab", "c"], ["d"]], batch_size=2)
    np.testing.assert_allclose(found[0][0].scores, [97 + 98, 99], rtol=1e-5)
    np.testing.assert_allclose(found[1][0].scores, [100], rtol=1e-5)
    assert found[0][0].completeness < 1e-4  # they do count in the completeness


def test_refusals():
    model = Additive()
    with pytest.raises(ValueError, match=r"outside 0\.\.1"):
        explain(model, TEXTS[:1], targets=[[2]])
    with pytest.raises(ValueError, match="1 lists for 2 texts"):
        explain(model, TEXTS[:2], targets=[[0]])
    with pytest.raises(ValueError, match="neither"):
        explain(model, TEXTS[:1], targets="gold")
    with pytest.raises(RuntimeError, match="training mode"):
        explain(model.train(), TEXTS[:1])
