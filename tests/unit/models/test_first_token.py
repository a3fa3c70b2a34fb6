"""Encoders that skip, in evaluation, what their head does not read."""

import encoder_toys
import numpy as np
import pytest
import torch


def last_layer(model):
    return model.network.base_model.encoder.layer[-1]


def whole(model):
    """The model without the short cut."""
    last_layer(model).attention.output._forward_pre_hooks.clear()
    return model


@pytest.mark.parametrize("family", ["bert", "roberta", "electra", "deberta", "deberta-v2"])
def test_logits_and_gradients_are_those_of_the_whole_last_layer(family, tmp_path):
    folder = encoder_toys.write(tmp_path / family, family)
    short, full = encoder_toys.make(folder, "variational"), whole(encoder_toys.make(folder, "variational"))
    seen = []
    last_layer(short).intermediate.register_forward_hook(lambda module, inputs, output: seen.append(output.shape[1]))
    answers, gradients = [], []
    for model in (short, full):
        batch = model.encode(encoder_toys.TEXTS)
        embeddings = model.embed(batch).detach().requires_grad_()
        logits = model.classify(embeddings, batch)
        answers.append(logits.detach().numpy())
        gradients.append(torch.autograd.grad((logits**2).sum(), embeddings)[0].numpy())
    assert seen == [1]
    np.testing.assert_allclose(*answers, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-5)


def test_training_computes_every_token_and_draws_the_same_dropout(tmp_path):
    folder = encoder_toys.write(tmp_path / "bert")
    losses = []
    for model in (encoder_toys.make(folder), whole(encoder_toys.make(folder))):
        torch.manual_seed(3)
        model.train()
        losses.append(model(model.encode(encoder_toys.TEXTS)).sum())
    assert torch.equal(*losses)


@pytest.mark.parametrize("family", ["distilbert", "albert"])
def test_other_networks_stay_as_they_are(family, tmp_path):
    from transformers import AutoModelForSequenceClassification

    from flat.models.encoders.first_token import skip_unread_tokens

    network = AutoModelForSequenceClassification.from_config(encoder_toys.configuration(family))
    assert not skip_unread_tokens(network)
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_a_single_layer_is_left_alone(tmp_path):
    model = encoder_toys.make(encoder_toys.write(tmp_path / "one", "deberta-v2", num_hidden_layers=1))
    assert not last_layer(model).attention.output._forward_pre_hooks
