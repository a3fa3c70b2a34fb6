"""Every family of encoders and decoders answers as transformers does on running text, here and from its checkpoint."""

import encoder_families as families
import numpy as np
import pytest
import torch

from flat.files.artefacts import read_json
from flat.interpretation import integrated_gradients, lime_words
from flat.models import checkpoint
from flat.models.encoders import hub
from flat.models.encoders.encoder import from_folder
from flat.models.encoders.last_token import last_places

TEXTS = [
    ["the", "film", "'s", "a", "gripping", "story", ",", "isn't", "it", "?"],
    ["film"],
    ["naïve", "café", "in", "1984"],
    ["a", "dull", "plot"],
]
CLASSES = ["bad", "so-so", "good"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {family: families.write(tmp_path_factory.mktemp(family), family) for family in families.FAMILIES}


@pytest.fixture(params=families.FAMILIES)
def folder(request, folders):
    return folders[request.param]


def config(mask="none"):
    known = {"kind": "encoder", "options": {}, "classes": 3, "max_length": 40, "mask_hidden": 7, "labels": CLASSES}
    return known | {"mask": mask, "switches": {}}


def asked(network, tokenizer, texts=TEXTS):
    """Logits of transformers for texts as a user writes them, asked in one batch."""
    batch = tokenizer([" ".join(text) for text in texts], truncation=True, padding=True, return_tensors="pt")
    with torch.no_grad():
        return network.eval()(**batch).logits.numpy()


def test_the_answers_are_those_of_transformers_on_running_text(folder):
    model = families.make(folder)
    assert model.logits(TEXTS).std() > 0.1
    np.testing.assert_allclose(asked(model.network, model.tokenizer), model.logits(TEXTS), atol=1e-5)


def test_special_tokens_written_in_a_text_are_read_as_transformers_reads_them(folder):
    model = families.make(folder)
    for token in model.tokenizer.all_special_tokens:
        for text in (["the", token, "film"], [token, "dull", "plot"], ["dull", token], [token, token, "film"]):
            np.testing.assert_allclose(asked(model.network, model.tokenizer, [text]), model.logits([text]), atol=1e-5)


@pytest.mark.parametrize("mask", ["none", "variational"])
def test_a_text_has_one_answer_alone_and_in_any_batch(folder, mask):
    model = families.make(folder, mask)
    texts = [*TEXTS, [], ["good"] * 50]
    together = model.logits(texts)
    for size in (1, 2, 4):
        np.testing.assert_allclose(model.logits(texts, batch_size=size), together, atol=1e-5)
    batch = model.encode(texts)
    ids = torch.where(batch.present, batch.ids, 7)  # whatever stands in the padding
    with torch.no_grad():
        other = model(type(batch)(ids, batch.present, batch.special, batch.word_index))
    np.testing.assert_allclose(other.numpy(), together, atol=1e-5)


@pytest.mark.parametrize("mask", ["none", "variational"])
def test_the_checkpoint_answers_alike_here_in_transformers_and_in_a_pipeline(folder, mask, tmp_path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    model = families.make(folder, mask, labels=CLASSES)
    checkpoint.save(model, tmp_path / "ours", config(mask))
    texts = [*TEXTS, ["good"] * 50]
    logits = model.logits(texts)
    np.testing.assert_array_equal(checkpoint.load(tmp_path / "ours").logits(texts), logits)
    plain = tmp_path / "ours"
    if mask != "none":
        hub.export(tmp_path / "ours", tmp_path / "plain")
        plain = tmp_path / "plain"
    described = read_json(plain / "config.json")
    assert list(described["id2label"].values()) == CLASSES and described["label2id"]["good"] == 2
    assert described["problem_type"] == "single_label_classification"
    network = AutoModelForSequenceClassification.from_pretrained(plain)
    np.testing.assert_allclose(asked(network, AutoTokenizer.from_pretrained(plain), texts), logits, atol=1e-5)
    ask = pipeline("text-classification", str(plain), device="cpu", top_k=None, truncation=True, batch_size=2)
    expected = torch.softmax(torch.from_numpy(logits), -1).numpy()
    for answers, probabilities in zip(ask([" ".join(text) for text in texts]), expected, strict=True):
        found = {answer["label"]: answer["score"] for answer in answers}
        np.testing.assert_allclose([found[name] for name in CLASSES], probabilities, atol=1e-5)


def test_explanations_and_training_reach_every_word(folder):
    model = families.make(folder, "variational")
    text = ["the", "film", "is", "dull"]
    (attributions,) = integrated_gradients.explain(model, [text], steps=32, tolerance=9.0)
    assert all(len(one.scores) == 4 and np.isfinite(one.scores).all() and one.scores.all() for one in attributions)
    (found,) = lime_words.explain(model, [text], seeds=[3])
    assert len(found) == 3 and all(np.isfinite(one.scores).all() and one.scores.any() for one in found)
    for switches in ({}, {"mask_special_tokens": True, "mask_attention": True}):
        model = families.make(folder, "variational", switches=switches).train()
        model(model.encode([*TEXTS, []]), torch.Generator().manual_seed(0)).logsumexp(1).sum().backward()
        gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
        assert all(torch.isfinite(gradient).all() for gradient in gradients)
        assert model.mask.network[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("family", ["modernbert", "qwen2", "gpt2"])
def test_fewer_layers_keep_the_kind_of_each(family, tmp_path):
    folder = families.write(tmp_path / "whole", family, num_hidden_layers=4)
    model = families.make(folder, layers=2)
    checkpoint.save(model, tmp_path / "half", config() | {"options": {"layers": 2}})
    np.testing.assert_array_equal(checkpoint.load(tmp_path / "half").logits(TEXTS), model.logits(TEXTS))
    np.testing.assert_allclose(asked(model.network, model.tokenizer), model.logits(TEXTS), atol=1e-5)


def test_positions_before_the_embeddings_are_masked_where_there_is_a_block(folders):
    switches = {"position_dependent_masks": True}
    for family in ("roberta", "modernbert", "albert", "xlm-roberta", "distilbert"):
        model = families.make(folders[family], "variational", switches=switches)
        np.testing.assert_allclose(model.logits(TEXTS, batch_size=1), model.logits(TEXTS), atol=1e-5)
        model.mask.phi = lambda *_, **__: None
        np.testing.assert_allclose(asked(model.network, model.tokenizer), model.logits(TEXTS), atol=1e-5)


def test_the_last_token_of_a_text_is_read_and_padding_written_in_it_does_not_count(folders):
    model = families.make(folders["gpt2"])
    end = model.unknown_word
    texts = [["a", "film"], ["a", "film", end], [end], [], ["a", "plot", "is", "dull"]]
    batch = model.encode(texts)
    lengths = [len(model.signature(text)) for text in texts]
    pieces = len(model.signature(["a", "film"]))
    assert last_places(batch, model.pad_id).tolist() == [pieces - 1, lengths[1] - 2, 0, 0, lengths[4] - 1]
    with torch.no_grad():
        ids = [torch.tensor([model.signature(text)]) for text in texts]
        own = torch.cat([model.network(input_ids=row).logits for row in ids])
    np.testing.assert_allclose(model.logits(texts), own.numpy(), atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_of_half_precision_are_read_and_saved_in_full(dtype, tmp_path):
    from transformers import AutoModel

    folder = families.write(tmp_path / "half", "roberta")
    AutoModel.from_pretrained(folder, dtype=dtype).save_pretrained(folder)
    assert read_json(folder / "config.json")["dtype"] == str(dtype).removeprefix("torch.")
    model = from_folder(folder, classes=3, max_length=40).eval()
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    checkpoint.save(model, tmp_path / "ours", config())
    assert read_json(tmp_path / "ours" / "config.json")["dtype"] == "float32"
