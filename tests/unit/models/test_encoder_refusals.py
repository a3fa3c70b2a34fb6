"""What a folder must hold to be trained from: told before training, by file and remedy, never by a traceback."""

import json
import logging

import encoder_toys as toys
import numpy as np
import pytest
import torch
from encoder_toys import TEXTS
from safetensors.torch import load_file, save_file

from flat.errors import ArtefactError, FlatError, ResourceError, StudyError
from flat.files.artefacts import read_json
from flat.models import checkpoint
from flat.models.encoders.encoder import from_folder
from flat.models.encoders.pretrained import read_network


@pytest.fixture
def folder(tmp_path):
    return toys.write(tmp_path / "bert")


def edited(folder, **changes):
    described = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(described))
    return folder


def with_head(folder, family="bert", **changes):
    """A toy with a classifier, as fine-tuned for another task."""
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(0)
    AutoModelForSequenceClassification.from_config(toys.configuration(family, **changes)).save_pretrained(folder)
    toys.tokenizer().save_pretrained(folder)
    return folder


def refused(folder, match, **options):
    with pytest.raises(FlatError, match=match) as error:
        from_folder(folder, **{"classes": 3, "max_length": 16} | options)
    assert "remedy" in str(error.value) and "Traceback" not in str(error.value)
    if not isinstance(error.value, StudyError):
        assert str(folder) in str(error.value)
    return error.value


def test_a_head_for_another_number_of_classes_is_replaced_and_told(tmp_path, caplog):
    folder = with_head(tmp_path / "five", "electra", num_labels=5)
    stored = load_file(folder / "model.safetensors")
    with caplog.at_level(logging.INFO, "flat"):
        model = from_folder(folder, classes=2, max_length=16, labels=["bad", "good"]).eval()
    assert "its head is for 5 classes, the study has 2 (bad, good)" in caplog.text and "out_proj" in caplog.text
    assert torch.equal(model.network.get_input_embeddings().weight, stored["electra.embeddings.word_embeddings.weight"])
    assert model.logits(TEXTS).shape == (6, 2)
    one, two = (read_seeded(folder, seed) for seed in (1, 1))
    assert torch.equal(one, two) and not torch.equal(one, read_seeded(folder, 2))


def read_seeded(folder, seed):
    torch.manual_seed(seed)
    return read_network(folder, 2).classifier.out_proj.weight


def test_a_head_of_the_same_size_is_kept_and_a_missing_one_is_fresh_and_both_are_told(tmp_path, folder, caplog):
    theirs = {"id2label": {0: "SAD", 1: "GLAD"}, "label2id": {"SAD": 0, "GLAD": 1}}
    kept = with_head(tmp_path / "kept", **theirs)
    stored = load_file(kept / "model.safetensors")["classifier.weight"]
    with caplog.at_level(logging.INFO, "flat"):
        model = from_folder(kept, classes=2, max_length=16, labels=["bad", "good"])
        assert torch.equal(model.network.classifier.weight, stored)
        assert "its head (SAD, GLAD) is kept and starts as that for bad, good" in caplog.text
        from_folder(folder, classes=2, max_length=16)
        assert "it has no head for LABEL_0, LABEL_1: fresh are classifier.bias, classifier.weight" in caplog.text


def test_a_saved_network_names_the_study_s_classes_not_those_of_its_source(tmp_path):
    theirs = {"id2label": {0: "NO", 1: "YES"}, "label2id": {"NO": 0, "YES": 1}}
    folder = with_head(tmp_path / "theirs", problem_type="multi_label_classification", **theirs)
    described = {"kind": "encoder", "options": {}, "classes": 2, "max_length": 16, "mask": "none", "mask_hidden": 7}
    for labels, names in ((None, ["LABEL_0", "LABEL_1"]), (["bad", "good"], ["bad", "good"])):
        model = from_folder(folder, classes=2, max_length=16, labels=labels).eval()
        checkpoint.save(model, tmp_path / "ours", described | {"switches": {}, "labels": labels})
        saved = read_json(tmp_path / "ours" / "config.json")
        assert saved["id2label"] == dict(zip("01", names, strict=True))
        assert saved["label2id"] == {name: number for number, name in enumerate(names)}
        assert saved["problem_type"] == "single_label_classification"
        again = checkpoint.load(tmp_path / "ours")
        assert list(again.network.config.id2label.values()) == names
        np.testing.assert_array_equal(again.logits(TEXTS), model.logits(TEXTS))
    with pytest.raises(StudyError, match="3 names for 2 classes"):
        from_folder(folder, classes=2, max_length=16, labels=["a", "b", "c"])


def test_a_token_without_an_embedding_is_refused(folder):
    wider = toys.tokenizer()
    wider.add_tokens(["splendid"])
    wider.save_pretrained(folder)
    refused(folder, r"'splendid', number 50, but its embedding matrix has 50 rows")


KINDS = {
    "longformer": ("cannot be asked by its embeddings", {"attention_window": [8, 8]}),
    "fnet": ("another answer in a batch with a longer one than alone", {}),
    "xlnet": ("another answer in a batch", {"d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 24}),
    "nystromformer": ("another answer in a batch", {}),
    "big_bird": ("its attention is sparse", {"block_size": 2}),
    "bart": ("encoder with a decoder", {}),
    "t5": ("encoder with a decoder", {"d_model": 16}),
    "canine": ("cannot be asked by its embeddings", {}),
    "esm": ("answers otherwise by its embeddings than by the tokens", {}),
    "reformer": ("transformers cannot build its reformer|weights cannot be read", {}),
    "vit": ("vit has no classifier of texts", {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_networks_that_cannot_be_asked_as_here_are_refused(tmp_path, kind):
    from transformers import AutoConfig, AutoModelForSequenceClassification

    match, changes = KINDS[kind]
    if kind == "xlnet":  # which has no longest text
        config = AutoConfig.for_model(kind, vocab_size=50, pad_token_id=0, initializer_range=0.4, **changes)
    else:
        config = toys.configuration(kind, **changes)
    try:
        torch.manual_seed(0)
        AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    except ValueError:  # transformers itself does not build it
        config.save_pretrained(tmp_path)
    toys.tokenizer().save_pretrained(tmp_path)
    refused(tmp_path, match)


def test_a_sparse_attention_set_to_full_is_taken(tmp_path):
    from transformers import AutoModel

    AutoModel.from_config(toys.configuration("big_bird", attention_type="original_full")).save_pretrained(tmp_path)
    toys.tokenizer().save_pretrained(tmp_path)
    model = from_folder(tmp_path, classes=3, max_length=16).eval()
    np.testing.assert_allclose(model.logits(TEXTS, batch_size=1), model.logits(TEXTS), atol=1e-5)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "null", "7", "{}", '{"model_type": ["bert"]}', '{"model_type": "unheard-of"}']
    + [json.dumps({"model_type": "bert"} | wrong) for wrong in ({"hidden_size": "wide"}, {"id2label": [1]})],
)
def test_a_config_that_is_none_is_refused(folder, text):
    (folder / "config.json").write_text(text)
    assert isinstance(refused(folder, "holds no encoder"), ResourceError)


@pytest.mark.parametrize(
    "wrong",
    [{"num_attention_heads": 3}, {"num_attention_heads": 0}, {"hidden_act": "unheard-of"}, {"intermediate_size": -1}],
)
def test_a_config_that_builds_nothing_is_refused(folder, wrong):
    refused(edited(folder, **wrong), "transformers cannot build its bert")


def test_sizes_that_do_not_fit_the_weights_are_named(folder):
    error = refused(edited(folder, vocab_size=60), r"word_embeddings.weight is \(50, 16\) .* says \(60, 16\)")
    assert isinstance(error, ArtefactError)
    refused(edited(folder, quantization_config={"quant_method": "gptq", "bits": 4}), "quantised")


def test_undefined_weights_are_refused_even_in_a_row_that_no_text_reads(folder):
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    weights[name][33, 2] = float("nan")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    refused(folder, f"{name} hold undefined numbers")


@pytest.mark.parametrize("file", ["tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_a_broken_tokenizer_is_refused(folder, file, text):
    (folder / file).write_text(text)
    refused(folder, "holds no tokenizer")


@pytest.mark.parametrize("family", ["roberta", "deberta-v2", "bert"])
def test_a_tokenizer_without_words_is_refused(tmp_path, family):
    folder = toys.write(tmp_path, family)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).unlink()
    refused(folder, "holds no tokenizer with words")


def test_the_probe_changes_neither_draws_nor_modes_and_is_left_out_for_our_checkpoints(folder, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("flat.models.encoders.encoder.probe", lambda encoder, where: asked.append(where))
    without = toys.make(folder)
    monkeypatch.undo()
    made = toys.make(folder)
    assert asked == [folder]
    assert all(torch.equal(w, made.state_dict()[name]) for name, w in without.state_dict().items())
    assert [m.training for m in without.modules()] == [m.training for m in made.modules()]
    described = {"kind": "encoder", "options": {}, "classes": 3, "max_length": 16, "mask": "none", "mask_hidden": 7}
    checkpoint.save(made, tmp_path / "ours", described | {"switches": {}})
    monkeypatch.setattr("flat.models.encoders.encoder.probe", lambda encoder, where: asked.append(where))
    checkpoint.load(tmp_path / "ours")
    assert len(asked) == 1
