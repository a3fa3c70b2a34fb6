"""Encoders on disk: transformers reads the folder as it is, our own loader gives the same answers back."""

import subprocess
import sys

import encoder_toys as toys
import numpy as np
import pytest
import torch
from encoder_toys import FAMILIES, TEXTS

from flat.errors import ArtefactError, FlatError, StudyError
from flat.files.artefacts import read_json
from flat.models import checkpoint
from flat.models.encoders import hub


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {family: toys.write(tmp_path_factory.mktemp(family), family) for family in FAMILIES}


def config(mask="none", switches=None, **options):
    known = {"kind": "encoder", "options": options, "classes": 3, "max_length": 16, "mask_hidden": 7}
    return known | {"mask": mask, "switches": switches or {}}


def asked(network, tokenizer, texts=TEXTS):
    """Logits of a network of transformers, asked as its users ask."""
    batch = tokenizer(
        texts, is_split_into_words=True, truncation=True, max_length=16, padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        return network.eval()(**batch).logits.numpy()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_checkpoint_gives_the_same_answers_back(folders, tmp_path, family):
    switches = {"position_dependent_masks": True, "mask_special_tokens": True, "mask_attention": False}
    for mask, readings in (("none", {}), ("variational", {}), ("variational", switches)):
        model = toys.make(folders[family], mask, switches=readings)
        checkpoint.save(model, tmp_path, config(mask, readings))
        again = checkpoint.load(tmp_path)
        np.testing.assert_array_equal(again.logits(TEXTS), model.logits(TEXTS))
        assert (again.position_dependent_masks, again.mask_special_tokens) == (bool(readings),) * 2
        assert read_json(tmp_path / "vocabulary.json")["words"] == [*toys.PIECES, *toys.WHOLE]


def test_saving_twice_writes_the_same_bytes(folders, tmp_path):
    for name in "ab":
        checkpoint.save(toys.make(folders["bert"], "variational"), tmp_path / name, config("variational"))
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocabulary.json"]
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)
    checkpoint.save(checkpoint.load(tmp_path / "a"), tmp_path / "b", config("variational"))
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


@pytest.mark.parametrize("family", FAMILIES)
def test_plain_transformers_reads_encoder_head_and_tokenizer(folders, tmp_path, family):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = toys.make(folders[family])
    checkpoint.save(model, tmp_path, config())
    network, report = AutoModelForSequenceClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values())
    np.testing.assert_allclose(asked(network, AutoTokenizer.from_pretrained(tmp_path)), model.logits(TEXTS), atol=1e-5)


def test_plain_transformers_reports_the_mask_it_leaves_out(folders, tmp_path):
    from transformers import AutoModelForSequenceClassification

    checkpoint.save(toys.make(folders["bert"], "variational"), tmp_path, config("variational"))
    _, report = AutoModelForSequenceClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert len(report["unexpected_keys"]) == 4
    assert all(name.startswith("flat_mask.network.") for name in report["unexpected_keys"])
    assert not report["missing_keys"] and not report["mismatched_keys"]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("mask", ["none", "variational"])
def test_a_pipeline_answers_with_the_masks_applied(folders, tmp_path, family, mask):
    from transformers import pipeline

    model = toys.make(folders[family], mask)
    checkpoint.save(model, tmp_path, config(mask))
    hub.export(tmp_path, tmp_path / "plain")
    assert "flat" not in read_json(tmp_path / "plain" / "config.json")
    network, tokenizer = hub.masked_classifier(tmp_path)
    np.testing.assert_allclose(asked(network, tokenizer), model.logits(TEXTS), atol=1e-5)
    logits = model.logits(TEXTS[1:3]).astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    for source in ({"model": network, "tokenizer": tokenizer}, {"model": str(tmp_path / "plain")}):
        ask = pipeline("text-classification", device="cpu", top_k=None, **source)
        for probabilities, answers in zip(expected, ask([" ".join(text) for text in TEXTS[1:3]]), strict=True):
            found = {answer["label"]: answer["score"] for answer in answers}
            np.testing.assert_allclose([found[f"LABEL_{c}"] for c in range(3)], probabilities, atol=1e-5)


def test_masks_that_no_matrix_can_hold_are_not_exported(folders, tmp_path, capsys):
    switches = {"position_dependent_masks": True}
    checkpoint.save(
        toys.make(folders["bert"], "variational", switches=switches), tmp_path, config("variational", switches)
    )
    with pytest.raises(StudyError, match="depend on positions"):
        hub.masked_classifier(tmp_path)
    assert hub.main([str(tmp_path), str(tmp_path / "plain")]) == 1
    assert "error:" in capsys.readouterr().err and not (tmp_path / "plain").exists()


def test_base_adv_and_flat_start_from_the_same_encoder(folders, tmp_path):
    base = toys.make(folders["bert"], seed=1)
    checkpoint.save(base, tmp_path, config())
    adv, flat = toys.make(folders["bert"], seed=2), toys.make(folders["bert"], "variational", seed=3)
    assert not np.allclose(adv.logits(TEXTS), base.logits(TEXTS))  # another fresh head
    assert checkpoint.warm_start(adv, tmp_path) == []
    fresh = checkpoint.warm_start(flat, tmp_path)
    assert len(fresh) == 4 and all(name.startswith("mask.") for name in fresh)
    np.testing.assert_array_equal(adv.logits(TEXTS), base.logits(TEXTS))
    flat.mask.phi = lambda *_, **__: None
    np.testing.assert_array_equal(flat.logits(TEXTS), base.logits(TEXTS))
    # the next round takes the mask too
    flat = toys.make(folders["bert"], "variational", seed=4)
    checkpoint.save(flat, tmp_path, config("variational"))
    later = toys.make(folders["bert"], "variational", seed=5)
    assert checkpoint.warm_start(later, tmp_path) == []
    np.testing.assert_array_equal(later.logits(TEXTS), flat.logits(TEXTS))
    with pytest.raises(ArtefactError, match="shapes differ"):
        checkpoint.warm_start(toys.make(folders["bert"], classes=2), tmp_path)


def test_loading_is_silent(folders, tmp_path):
    """Of progress bars and reports about fresh heads and left-out masks, a job's output shows nothing."""
    model = toys.make(folders["bert"], "variational")
    checkpoint.save(model, tmp_path, config("variational"))
    code = "import sys; from flat.models import checkpoint; from flat.models.encoders import pretrained; "
    code += "checkpoint.load(sys.argv[1]); pretrained.read_network(sys.argv[2], 3)"
    ran = subprocess.run(
        [sys.executable, "-c", code, tmp_path, folders["bert"]], capture_output=True, text=True, check=True
    )
    assert (ran.stdout, ran.stderr) == ("", "")


def test_damaged_checkpoints_are_refused_with_a_remedy(folders, tmp_path):
    model = toys.make(folders["bert"], "variational")

    def refused(match):
        with pytest.raises(FlatError, match=match) as error:
            checkpoint.load(tmp_path)
        assert "remedy" in str(error.value)

    checkpoint.save(model, tmp_path, config("variational"))
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:-100])
    refused("not a whole safetensors file")
    (tmp_path / "model.safetensors").write_bytes(whole)
    (tmp_path / "tokenizer.json").unlink()
    refused("tokenizer")
    checkpoint.save(model, tmp_path, config("variational") | {"mask_hidden": 9})
    refused("do not fit config")
    checkpoint.save(toys.make(folders["bert"]), tmp_path, config("variational"))
    refused("do not fit config")
    checkpoint.save(model, tmp_path, config("variational"))
    described = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(described.replace('"num_hidden_layers": 2', '"num_hidden_layers": 3'))
    refused("lacks weights")
    (tmp_path / "config.json").write_text(described.replace('"hidden_size": 16', '"hidden_size": 18'))
    refused("cannot be read")
