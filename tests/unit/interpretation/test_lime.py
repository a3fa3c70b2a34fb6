"""LIME on words: equal to the lime package, exact for short texts, deterministic."""

import itertools
from math import comb

import encoder_toys
import numpy as np
import pytest
import torch
from interpretation_toys import Additive, Pieces, real_model

from flat.interpretation import masked_texts
from flat.interpretation.lime_words import all_masks, explain, kernel, ridge, sample_masks

TEXT = ["a", "very", "good", "film", "a", "dull", "plot", "warm", "bad", "film", "very", "a"]


def probabilities(model, texts):
    logits = torch.from_numpy(model.logits(texts)).double()
    return logits.softmax(-1).numpy()


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
@pytest.mark.parametrize("length", [1, 2, 12])
def test_equal_to_the_lime_package(kind, length):
    from lime.lime_text import LimeTextExplainer

    model, text = real_model(kind), TEXT[:length]
    explainer = LimeTextExplainer(
        split_expression=lambda s: s.split(" "),
        bow=False,
        mask_string=model.unknown_word,
        feature_selection="none",
        random_state=np.random.RandomState(np.random.MT19937(2**40 + 17)),
    )
    expected = explainer.explain_instance(
        " ".join(text),
        lambda strings: probabilities(model, [s.split(" ") for s in strings]),
        labels=(0, 1, 2),
        num_features=length,
        num_samples=300,
    )
    found = explain(model, [text], samples=300, seeds=[2**40 + 17], exact_below=0)[0]
    for target in range(3):
        coefficients = dict(expected.local_exp[target])
        np.testing.assert_allclose(found[target].scores, [coefficients[i] for i in range(length)], rtol=1e-4, atol=1e-5)
        assert found[target].steps == 300
        assert np.isnan(found[target].completeness)


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
@pytest.mark.parametrize("mask", ["none", "variational"])
@pytest.mark.parametrize("words", [1, 2, 3, 7])
def test_masked_texts_are_answered_as_written_out(kind, mask, words):
    model, text = real_model(kind, mask), [*TEXT[: words - 1], "unheard-of"]
    masks = all_masks(words, 100)[0]
    written = [[w if keep else "<unk>" for w, keep in zip(text, row, strict=True)] for row in masks]
    found = masked_texts.probabilities(model, text, masks, batch_size=3)
    np.testing.assert_allclose(found, probabilities(model, written), rtol=1e-5, atol=1e-7)
    assert np.ptp(found, axis=0).max() > 1e-3 or words == 1


def test_windows_too_wide_to_list_their_forms_are_convolved(monkeypatch):
    model = real_model("cnn")
    masks = all_masks(5, 100)[0]
    looked_up = masked_texts.probabilities(model, TEXT[:5], masks, 8)
    monkeypatch.setattr(masked_texts, "WIDEST", 2)
    np.testing.assert_allclose(masked_texts.probabilities(model, TEXT[:5], masks, 8), looked_up, rtol=1e-5)


@pytest.mark.parametrize("family", ["bert", "deberta-v2"])
def test_an_encoders_masked_texts_are_those_of_the_lime_package(family, tmp_path):
    from lime.lime_text import LimeTextExplainer

    model = encoder_toys.make(encoder_toys.write(tmp_path / family, family), mask="variational")
    for text in encoder_toys.TEXTS[1:3]:  # "warmly" has two pieces, the mask token one
        explainer = LimeTextExplainer(
            split_expression=lambda s: s.split(" "),
            bow=False,
            mask_string=model.unknown_word,
            feature_selection="none",
            random_state=np.random.RandomState(np.random.MT19937(3)),
        )
        expected = explainer.explain_instance(
            " ".join(text),
            lambda strings: probabilities(model, [s.split(" ") for s in strings]),
            labels=(0, 1, 2),
            num_features=len(text),
            num_samples=100,
        )
        found = explain(model, [text], samples=100, seeds=[3], exact_below=0)[0]
        for target in range(3):
            coefficients = dict(expected.local_exp[target])
            np.testing.assert_allclose(found[target].scores, [coefficients[i] for i in range(len(text))], atol=1e-5)


def test_kernel_by_hand():
    masks = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]], dtype=bool)
    half = 100 * (1 - 0.5**0.5)
    expected = [1.0, np.exp(-(half**2) / 625 / 2), np.exp(-(100**2) / 625 / 2)]
    np.testing.assert_allclose(kernel(masks), expected, rtol=1e-12)


def test_ridge_is_the_penalised_weighted_fit():
    from sklearn.linear_model import Ridge

    draw = np.random.default_rng(0)
    masks = draw.random((40, 6)) < 0.6
    answers, weights = draw.random((40, 3)), draw.random(40)
    expected = Ridge(alpha=1.0, fit_intercept=True).fit(masks.astype(float), answers, sample_weight=weights).coef_.T
    np.testing.assert_allclose(ridge(masks, answers, weights), expected, rtol=1e-9, atol=1e-12)


def test_all_masks_are_weighted_as_sampling_draws_them():
    masks, weights = all_masks(4, samples=1000)
    assert {tuple(mask) for mask in masks.tolist()} == set(itertools.product([False, True], repeat=4))
    times = weights / kernel(masks)
    assert times.sum() == pytest.approx(1000)
    for mask, expected in zip(masks, times, strict=True):
        out = 4 - int(mask.sum())
        assert expected == pytest.approx(1 if not out else 999 / 4 / comb(4, out))
    # and sampling does draw them so
    drawn, counts = np.unique(sample_masks(4, 40_001, seed=1)[1:], axis=0, return_counts=True)
    expected = {tuple(mask): 40_000 / 4 / comb(4, 4 - int(mask.sum())) for mask in masks if not mask.all()}
    assert len(drawn) == 15
    for mask, count in zip(drawn, counts, strict=True):
        assert count == pytest.approx(expected[tuple(mask)], abs=5 * expected[tuple(mask)] ** 0.5)


def test_one_word_by_hand():
    model = Additive()
    (with_word, without), _ = probabilities(model, [["good"], ["<unk>"]]).T
    leave_out = 299 * np.exp(-(100**2) / 625 / 2)  # weight of the empty mask; the full one weighs 1
    spread = leave_out / (1 + leave_out)
    found = explain(model, [["good"]], samples=300, seeds=[0])[0][0]
    assert found.steps == 2
    assert found.scores[0] == pytest.approx((with_word - without) * spread / (spread + 1), rel=1e-5)


def test_short_texts_equal_brute_force_over_all_masks():
    from sklearn.linear_model import Ridge

    model, text = real_model("cnn"), TEXT[:5]
    masks = np.array(list(itertools.product([0, 1], repeat=5)))
    answers = probabilities(model, [[w if m else "<unk>" for w, m in zip(text, row, strict=True)] for row in masks])
    weights = []
    for row in masks:
        out = 5 - row.sum()
        distance = 100 * (1 - row.sum() / np.sqrt(5 * row.sum())) if row.any() else 100.0
        weights.append((1 if not out else 999 / 5 / comb(5, int(out))) * np.sqrt(np.exp(-(distance**2) / 625)))
    expected = Ridge(alpha=1.0).fit(masks, answers, sample_weight=weights).coef_
    found = explain(model, [text], samples=1000, seeds=[3])[0]
    np.testing.assert_allclose([one.scores for one in found], expected, rtol=1e-4, atol=1e-6)
    assert found[0].steps == 32


def test_exact_answer_is_what_samples_scatter_around():
    model, text = real_model("cnn"), TEXT[:6]
    exact = explain(model, [text], samples=200, seeds=[0])[0][1].scores
    sampled = np.array(
        [one[1].scores for one in explain(model, [text] * 100, samples=200, seeds=range(100), exact_below=0)]
    )
    error = sampled.std(0) / 10
    assert (np.abs(sampled.mean(0) - exact) < 5 * error + 0.05 * np.abs(exact).max()).all()
    assert sampled.std(0).max() > 0


def test_exact_up_to_the_stated_number_of_words():
    model = real_model("cnn")
    ten, eleven = explain(model, [TEXT[:10], TEXT[:11]], samples=50, seeds=[1, 1], exact_below=10)
    assert (ten[0].steps, eleven[0].steps) == (1024, 50)


def test_order_batches_and_neighbours_change_nothing():
    model = real_model("cnn")
    texts, seeds = [TEXT, TEXT[:4], TEXT[1:]], [5, 6, 7]
    found = explain(model, texts, samples=80, seeds=seeds)
    backward = explain(model, texts[::-1], samples=80, seeds=seeds[::-1])[::-1]
    assert all(
        np.array_equal(a.scores, b.scores)
        for x, y in zip(found, backward, strict=True)
        for a, b in zip(x, y, strict=True)
    )
    for a, b in zip(found[0], explain(model, [TEXT], samples=80, seeds=[5], batch_size=7)[0], strict=True):
        np.testing.assert_allclose(a.scores, b.scores, atol=1e-5)
    other = explain(model, [TEXT], samples=80, seeds=[8])[0]
    assert not np.array_equal(found[0][0].scores, other[0].scores)


class Counting(Additive):
    def __init__(self, **options):
        super().__init__(**options)
        self.asked = []

    def encode_embeddings(self, embeddings, batch):
        self.asked += [tuple(self.words[i] for i in row) for row in batch.ids.tolist()]
        return super().encode_embeddings(embeddings, batch)


@pytest.mark.parametrize("second", ["<unk>", "unheard-of"])
def test_equal_masked_texts_are_asked_once_and_words_are_replaced_not_deleted(second):
    model = Counting()
    explain(model, [["good", second, "film"]], seeds=[0])
    expected = {("good", "<unk>", "film"), ("good", "<unk>", "<unk>"), ("<unk>", "<unk>", "film"), ("<unk>",) * 3}
    assert len(model.asked) == 4
    assert set(model.asked) == expected


def test_words_the_model_does_not_read_score_zero():
    model = Additive(max_length=3)
    one = explain(model, [TEXT], samples=60, seeds=[0])[0][0]
    assert one.scores.shape == (12,)
    assert (one.scores[3:] == 0).all()
    assert (one.scores[:3] != 0).all()
    assert one.steps == 8


def test_a_mask_may_let_a_cut_word_in():
    model = Pieces()  # six letters are read: "gh" of the last word only when a longer word is masked
    one = explain(model, [["abc", "de", "fgh"]], seeds=[0])[0][0]
    assert one.scores.shape == (3,)
    assert np.isfinite(one.scores).all()


def test_targets_and_refusals():
    model = real_model("cnn")
    every = explain(model, [TEXT[:4]], seeds=[0])[0]
    chosen = explain(model, [TEXT[:4]], targets=[[2, 0]], seeds=[0])[0]
    assert np.array_equal(chosen[0].scores, every[2].scores)
    assert np.array_equal(chosen[1].scores, every[0].scores)
    with pytest.raises(ValueError, match="seeds: 0 for 1 texts"):
        explain(model, [TEXT])
    with pytest.raises(RuntimeError, match="training mode"):
        explain(model.train(), [TEXT], seeds=[0])
