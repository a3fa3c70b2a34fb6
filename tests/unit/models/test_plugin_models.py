"""Networks of plugins: built, saved, and read back in a process that was told of the plugin."""

from dataclasses import replace
from pathlib import Path

import encoder_toys
import numpy as np
import pytest
import torch
import worked_examples

from flat.errors import StudyError
from flat.models import checkpoint, registry
from flat.models.encoders.encoder import Encoder
from flat.plugins.registry import MODELS, activate
from flat.study.load import parse

PAGE = Path(__file__).parents[3] / "docs/add-a-model.md"
WORDS = ["<pad>", "<unk>", "good", "bad", "film", "a"]
TEXTS = [["a", "good", "film"], ["bad"], ["a", "film", "unheard"]]
NETWORK = {"kind": "average", "options": {"hidden": 6}, "classes": 3, "max_length": 9, "mask_hidden": 5, "switches": {}}
ENCODER = '''
"""An encoder whose answers are divided by a temperature."""

from flat.models.encoders.encoder import Encoder, from_folder
from flat.plugins import Model, Options


class Cooled(Options):
    temperature: float = 2.0


class Cool(Encoder):
    temperature = 1.0

    def encode_embeddings(self, embeddings, batch):
        return super().encode_embeddings(embeddings, batch) / self.temperature


def make(folder, temperature=2.0, **given):
    encoder = from_folder(folder, **given)
    encoder.__class__, encoder.temperature = Cool, temperature
    return encoder


COOL = Model(name="cool-encoder", built_from="encoder", options=Cooled, make=make)
'''


@pytest.fixture
def average(tmp_path):
    """The plugin of the page, by its own file."""
    (file,) = [path for path in worked_examples.write_files(PAGE, tmp_path) if path.stem == "my_average"]
    activate([str(file)])
    yield file
    activate([])


def built(mask="none", seed=0, **changes):
    torch.manual_seed(seed)
    vectors = torch.randn(len(WORDS), 4)
    vectors[0] = 0
    return registry.build(**NETWORK | {"mask": mask} | changes, words=WORDS, vectors=vectors).eval()


@pytest.mark.parametrize("mask", ["none", "variational"])
def test_a_model_of_word_vectors_is_read_back_as_it_was(average, tmp_path, mask):
    model = built(mask)
    checkpoint.save(model, tmp_path, NETWORK | {"mask": mask})
    activate([])  # another process, which is told of the plugin by its params
    with pytest.raises(StudyError, match="no such model here"):
        checkpoint.load(tmp_path)
    activate([str(average)])
    again = checkpoint.load(tmp_path)
    np.testing.assert_array_equal(again.logits(TEXTS), model.logits(TEXTS))
    assert not again.training and again.words == WORDS


def test_its_answer_is_the_mean_of_its_words_through_its_layers(average):
    model = built()
    vectors = model.embedding.weight[[5, 2, 4]].mean(0)
    by_hand = model.output(torch.tanh(model.layers[1](vectors))).detach().numpy()
    np.testing.assert_allclose(model.logits(TEXTS)[0], by_hand, rtol=1e-5)
    np.testing.assert_allclose(model.logits(TEXTS), np.stack([model.logits([t])[0] for t in TEXTS]), atol=1e-6)


def test_word_vectors_of_another_name_are_refused_before_the_training(average):
    source = average.read_text().replace(
        "        self.layers", "        self.table = self.embedding\n        self.layers"
    )
    source = source.replace("        self.output", "        del self.embedding\n        self.output", 1)
    source = source.replace("nn.Linear(self.dim", "nn.Linear(vectors.shape[1]")
    average.write_text(source)
    activate([str(average)])
    with pytest.raises(StudyError, match=r"makes a model without the weight embedding\.weight"):
        built()


def test_an_encoder_of_a_plugin_is_read_back_as_it_was(tmp_path):
    file, folder = tmp_path / "cool.py", tmp_path / "saved"
    file.write_text(ENCODER)
    folder.mkdir()
    plain = encoder_toys.write(tmp_path / "bert")
    network = {"kind": "cool-encoder", "options": {"temperature": 4.0}, "classes": 3, "max_length": 16}
    network |= {"mask": "none", "mask_hidden": 5, "switches": {}}
    activate([str(file)])
    try:
        torch.manual_seed(1)
        model = registry.build(**network, encoder=plain).eval()
        checkpoint.save(model, folder, network)
        activate([])
        with pytest.raises(StudyError, match="no such model here"):
            checkpoint.load(folder)
        activate([str(file)])
        again = checkpoint.load(folder)
    finally:
        activate([])
    np.testing.assert_array_equal(again.logits(TEXTS), model.logits(TEXTS))
    torch.manual_seed(1)
    warm = registry.build(**network | {"kind": "encoder", "options": {}}, encoder=plain).eval()
    np.testing.assert_allclose(again.logits(TEXTS), warm.logits(TEXTS) / 4, rtol=1e-5)


@pytest.mark.parametrize("built_from", ["vectors", "encoder"])
def test_what_a_plugin_makes_must_be_such_a_model(average, monkeypatch, built_from):
    found = MODELS.found("average")
    strange = replace(found.plugin, built_from=built_from, make=lambda *given, **more: torch.nn.Linear(2, 2))
    MODELS.use({"average": replace(found, plugin=strange)})
    wanted = Encoder if built_from == "encoder" else "flat.models.interface.Classifier"
    with pytest.raises(StudyError, match=f"makes a Linear, no .*{getattr(wanted, '__name__', wanted)}"):
        built(encoder="no folder")


def test_a_study_names_it_with_its_own_options(average, repository):
    import yaml

    values = yaml.safe_load((repository / "tests/data/tiny.yaml").read_text())
    values["plugins"] = [str(average)]
    values["models"]["CNN"] |= {"kind": "average", "options": {"hidden": 8}}
    study = parse(values)
    assert study.models["CNN"].looks_up and not study.models["CNN"].is_black_box
    values["models"]["CNN"]["options"] = {"hiden": 8}
    with pytest.raises(StudyError, match=r"models\.CNN\.options: hiden is not among the options of a average"):
        parse(values)
