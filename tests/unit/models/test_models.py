"""CNN and LSTM: invariances, importance, checkpoints."""

import numpy as np
import pytest
import torch
from model_toys import TEXTS, make

from flat.errors import ArtefactError, StudyError
from flat.files.artefacts import write_json
from flat.models import checkpoint


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
@pytest.mark.parametrize("mask", ["none", "variational", "group"])
def test_answers_do_not_depend_on_batch_or_padding(kind, mask):
    model = make(kind, mask).eval()
    together = model.logits(TEXTS)
    alone = np.concatenate([model.logits([text]) for text in TEXTS])
    assert together.dtype == np.float32 and together.shape == (5, 3)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(model.logits(TEXTS[::-1], batch_size=2)[::-1], together, atol=1e-5)


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_words_beyond_the_maximal_length_are_not_read(kind):
    model = make(kind).eval()
    long = [f"w{i}" for i in range(40)]
    np.testing.assert_array_equal(model.logits([long]), model.logits([long[:12]]))
    assert not np.allclose(model.logits([long]), model.logits([long[1:]]))


def test_words_are_looked_up_in_lower_case_and_unseen_ones_are_unknown():
    batch = make().encode([["W4", "w4", "unseen"], ["w5"]])
    assert batch.ids.tolist() == [[6, 6, 1], [7, 0, 0]]
    assert batch.word_index.tolist() == [[0, 1, 2], [0, -1, -1]]
    assert batch.present.tolist() == [[True, True, True], [True, False, False]]


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_the_word_of_padding_in_a_text_is_an_unknown_word(kind):
    model = make(kind).eval()
    assert model.word_ids(["w4", "<pad>", "<PAD>", "<unk>"]) == (6, 1, 1, 1)
    np.testing.assert_array_equal(model.logits([["w4", "<pad>", "w5"]]), model.logits([["w4", "unseen", "w5"]]))


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_the_mask_multiplies_each_embedding_by_its_phi(kind):
    model = make(kind, "variational").eval()
    batch = model.encode(TEXTS[:3])
    embeddings = model.embed(batch)
    by_hand = model.encode_embeddings(embeddings * model.phi(batch).unsqueeze(-1), batch)
    assert torch.allclose(model(batch), by_hand, atol=1e-6)
    assert not torch.allclose(model(batch), model.encode_embeddings(embeddings, batch))


def test_logits_refuse_a_model_in_training_mode():
    with pytest.raises(RuntimeError, match="eval"):
        make().train().logits(TEXTS)


def test_word_vectors_stay_frozen_unless_asked():
    assert not make().embedding.weight.requires_grad
    assert make(freeze_vectors=False).embedding.weight.requires_grad


@pytest.mark.parametrize("mask", ["none", "variational", "group"])
def test_a_checkpoint_gives_the_same_answers_back(tmp_path, mask):
    model = make("lstm", mask).eval()
    config = {"kind": "lstm", "options": {}, "classes": 3, "max_length": 12, "mask": mask, "mask_hidden": 16}
    checkpoint.save(model, tmp_path, config)
    np.testing.assert_array_equal(checkpoint.load(tmp_path).logits(TEXTS), model.logits(TEXTS))


def test_a_truncated_checkpoint_is_refused(tmp_path):
    model = make()
    config = {"kind": "cnn", "options": {}, "classes": 3, "max_length": 12, "mask": "none", "mask_hidden": 16}
    checkpoint.save(model, tmp_path, config)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ArtefactError, match=r"model\.safetensors.*\n.*delete the file"):
        checkpoint.load(tmp_path)
    weights.unlink()
    with pytest.raises(ArtefactError, match="no such file"):
        checkpoint.load(tmp_path)


def test_a_checkpoint_that_does_not_fit_its_configuration_is_refused(tmp_path):
    config = {"kind": "cnn", "options": {}, "classes": 3, "max_length": 12, "mask": "none", "mask_hidden": 16}
    checkpoint.save(make(), tmp_path, config)
    write_json(tmp_path / "config.json", config | {"classes": 2})
    with pytest.raises(ArtefactError, match="do not fit"):
        checkpoint.load(tmp_path)


def test_warm_start_keeps_only_the_mask_fresh(tmp_path):
    base = make(seed=1)
    config = {"kind": "cnn", "options": {}, "classes": 3, "max_length": 12, "mask": "none", "mask_hidden": 16}
    checkpoint.save(base, tmp_path, config)
    model = make(mask="variational", seed=2)
    fresh = checkpoint.warm_start(model, tmp_path)
    assert all(name.startswith("mask.") for name in fresh) and len(fresh) == 4
    assert torch.equal(model.output.weight, base.output.weight)
    with pytest.raises(ArtefactError, match="shapes differ"):
        checkpoint.warm_start(make(filters=7), tmp_path)


def test_a_kind_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(StudyError, match="cnn, lstm, encoder"):
        make("transformer-xxl")
