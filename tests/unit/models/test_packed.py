"""Our pass without padding answers as transformers' own pass does, whatever the family, and knows where it may not."""

import copy

import encoder_families as families
import encoder_toys
import numpy as np
import pytest
import torch

from flat.interpretation import integrated_gradients, lime_words
from flat.models.encoders import packed, products
from flat.models.encoders.encoder import Encoder

SERVED = ("roberta", "xlm-roberta", "bert", "electra", "distilbert", "albert")
TEXTS = [
    ["the", "film", "'s", "a", "gripping", "story", ",", "isn't", "it", "?"],
    ["film"],
    ["na\u00efve", "caf\u00e9", "in", "1984"],
    [],
    ["good"] * 50,
    ["a", "dull", "plot"],
    ["the", "film", "'s", "a", "warm", "story", ",", "isn't", "it", "?"],
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {family: families.write(tmp_path_factory.mktemp(family), family) for family in families.ENCODERS}


def ids(model, texts=TEXTS):
    return [model.signature(text) for text in texts]


@pytest.mark.parametrize("switches", [{}, {"mask_special_tokens": True}])
@pytest.mark.parametrize("mask", ["none", "variational"])
@pytest.mark.parametrize("family", SERVED)
def test_logits_are_those_of_transformers(family, mask, switches, folders, monkeypatch):
    model = families.make(folders[family], mask, switches=switches)
    expected = model.logits(TEXTS)
    assert expected.std() > 0.1 and model.packed is not None
    for most in (packed.TOKENS, 15):
        monkeypatch.setattr(packed, "TOKENS", most)
        for rounder in (False, True):
            np.testing.assert_allclose(model.packed.logits(ids(model), rounder), expected, atol=5e-6)
    assert model.packed.logits([]).shape == (0, 3)


@pytest.mark.parametrize("family", SERVED)
def test_special_tokens_in_a_text_have_their_positions(family, folders):
    model = families.make(folders[family], "variational")
    token = model.tokenizer.all_special_tokens
    texts = [["the", one, "film"] for one in token] + [[token[0], token[1], "dull"], ["plot", token[1]]]
    np.testing.assert_allclose(model.packed.logits(ids(model, texts)), model.logits(texts), atol=5e-6)


@pytest.mark.parametrize("mask", ["none", "variational"])
@pytest.mark.parametrize("family", SERVED)
def test_gradients_and_explanations_are_those_of_transformers(family, mask, folders, monkeypatch):
    model = families.make(folders[family], mask)
    text = TEXTS[0]
    batch = model.encode([text] * 3)
    embeddings = (model.embed(batch).detach() * torch.tensor([0.3, 0.6, 1.0]).view(3, 1, 1)).requires_grad_()
    answers = model.explained(embeddings, batch), model.encode_embeddings(embeddings, batch)
    found = [torch.autograd.grad(answer.square().sum(), embeddings)[0].numpy() for answer in answers]
    assert np.abs(found[1]).max() > 1e-3
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-5)

    def explained():
        for method in (
            integrated_gradients.explain(model, [text], steps=8),
            lime_words.explain(model, [text], seeds=[1]),
        ):
            yield np.array([one.scores for one in method[0]])

    ours = list(explained())
    monkeypatch.setattr(Encoder, "packed", None)
    for one, other in zip(ours, explained(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("family", ["deberta", "deberta-v2", "modernbert"])
def test_other_families_keep_their_own_pass(family, folders):
    assert families.make(folders[family]).packed is None


def test_it_serves_in_evaluation_alone_and_where_masks_come_before_the_block(folders):
    model = families.make(folders["bert"], "variational")
    assert model.train().packed is None and model.eval().packed is not None
    assert families.make(folders["bert"], "variational", switches={"position_dependent_masks": True}).packed is None


def test_a_network_that_answers_otherwise_keeps_its_own_pass(tmp_path):
    model = encoder_toys.make(encoder_toys.write(tmp_path))
    layer = model.network.base_model.encoder.layer[0]
    layer.output.register_forward_hook(lambda module, inputs, output: output * 1.01)
    assert model.packed is None


def test_new_weights_are_laid_out_anew_and_a_copy_lays_out_its_own(folders):
    model = families.make(folders["bert"])
    before = model.packed.logits(ids(model), rounder=True)
    other = copy.deepcopy(model)
    with torch.no_grad():
        for weight in model.network.base_model.encoder.parameters():
            weight.mul_(1.1)
    after = model.packed.logits(ids(model), rounder=True)
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_allclose(after, model.logits(TEXTS), atol=5e-6)
    np.testing.assert_allclose(other.packed.logits(ids(other), rounder=True), before, atol=5e-6)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="PyTorch without oneDNN")
def test_products_and_their_gradients_are_those_of_the_layer(monkeypatch):
    monkeypatch.setattr(products, "serves", lambda: True)
    torch.manual_seed(0)
    layer, rows = torch.nn.Linear(40, 24), torch.randn(5, 40, requires_grad=True)
    product, weights = products.Product(layer), torch.randn(5, 24)
    found = [torch.autograd.grad((way(rows) * weights).sum(), rows)[0] for way in (product, layer)]
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(product(rows), layer(rows), rtol=1e-5, atol=1e-5)


def test_autocast_computes_in_low_precision(folders):
    model = families.make(folders["bert"])
    expected = model.logits(TEXTS)
    with torch.autocast("cpu", torch.bfloat16):
        found = model.packed.logits(ids(model), rounder=True)
    assert found.dtype == np.float32 and 1e-5 < np.abs(found - expected).max() < 0.05
