"""The rows of the benchmark about the greedy search: what stands on the stock side is what it says."""

import numpy as np
import pytest
import torch
from encoder_toys import write
from model_toys import TEXTS, make

from flat.bench import greedy_attacks, wrappers
from flat.models.encoders.encoder import from_folder

SENTENCES = [" ".join(text) for text in TEXTS if text]


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_the_padded_word_model_answers_as_the_model_does(kind):
    model = make(kind).eval()
    wrapper, read = wrappers.of_words(model), []
    wrapper.model.register_forward_pre_hook(lambda _, inputs: read.append(tuple(inputs[0].shape)))
    expected = model.logits([text.split() for text in SENTENCES])
    np.testing.assert_allclose(wrapper(SENTENCES), expected, atol=1e-5)
    assert read == [(len(SENTENCES), model.max_length)]


@pytest.mark.parametrize(("padding", "tokens"), [("max_length", 64), ("longest", 7)])
def test_transformers_wrappers_pad_as_named(tmp_path, padding, tokens):
    torch.manual_seed(0)
    model = from_folder(write(tmp_path), classes=2, max_length=40).eval()
    wrapper, read = wrappers.of_transformers(model, padding), []
    wrapper.model.base_model.register_forward_pre_hook(
        lambda _, inputs, named: read.append(tuple(named["attention_mask"].shape)), with_kwargs=True
    )
    texts = ["good film", "the plot is very dull"]
    found = wrapper(texts)
    assert read == [(2, tokens)]
    np.testing.assert_allclose(found, model.logits([text.split() for text in texts]), atol=1e-5)


def test_lazy_rows_compare_texts_and_statuses_exact_ones_queries_too():
    rows = {row.name: row for row in greedy_attacks.comparisons()}
    one, other = ("a good film", "failed", 5), ("a good film", "failed", 6)
    assert rows["textfooler-cnn-lazy"].same(one, other) and not rows["textfooler-cnn-exact"].same(one, other)
    assert not rows["textfooler-cnn-lazy"].same(one, ("a good film", "succeeded", 5))
