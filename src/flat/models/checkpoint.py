"""Models on disk: ``model.safetensors`` (weights), ``config.json`` (how to build it), ``vocabulary.json`` (its words).

Weights are only ever read as safetensors: a checkpoint cannot execute code. An encoder's folder has the layout of
transformers, with its tokenizer's files beside: ``AutoModelForSequenceClassification.from_pretrained(folder)`` reads
encoder and head. Our own configuration is the key ``flat`` of its config.json; a mask's weights are ``flat_mask.*`` in
model.safetensors, which transformers reports as unexpected and leaves out (flat.models.encoders.hub puts them in).
"""

import json
import os
import tempfile
from pathlib import Path

import torch

from flat.errors import ArtefactError
from flat.files.artefacts import read_json, read_tensors, write_json, write_tensors
from flat.models import registry
from flat.models.black_box import BlackBox
from flat.models.encoders.encoder import Encoder
from flat.models.interface import Classifier
from flat.plugins.registry import MODELS


def save(model: Classifier, folder: str | Path, config: dict) -> None:
    """Write the model.

    Args:
        config: kind, options, classes, max_length, mask, mask_hidden and, for encoders, switches and labels (see
            ``load``).
    """
    folder = Path(folder)
    weights = {model.stored_name(name): w.detach().cpu().contiguous() for name, w in model.state_dict().items()}
    write_tensors(folder / "model.safetensors", weights, {"format": "pt"})
    write_json(folder / "vocabulary.json", {"words": model.words})
    if isinstance(model, Encoder):
        _save_tokenizer(model.tokenizer, model.max_length, folder)
        described = json.loads(model.network.config.to_json_string())
        described["architectures"] = [type(model.network).__name__]
        described |= {"id2label": dict(model.network.config.id2label), "label2id": dict(model.network.config.label2id)}
        config = described | {"flat": dict(config)}
    write_json(folder / "config.json", config)


def _save_tokenizer(tokenizer, max_length: int, folder: Path) -> None:
    """The tokenizer's files, each whole or not there at all; read again, it truncates where the model does."""
    longest = tokenizer.model_max_length
    with tempfile.TemporaryDirectory(prefix=".tokenizer-", dir=folder) as part:
        tokenizer.model_max_length = max_length
        try:
            tokenizer.save_pretrained(part)
        finally:
            tokenizer.model_max_length = longest
        for file in Path(part).iterdir():
            os.replace(file, folder / file.name)


def read_weights(folder: str | Path) -> dict[str, torch.Tensor]:
    """The weights of a folder under their stored names.

    Raises:
        ArtefactError: the file is absent, truncated or not safetensors.
    """
    return read_tensors(Path(folder) / "model.safetensors")


def load(folder: str | Path, device: str = "cpu") -> Classifier:
    """The model of a folder, in evaluation mode, on ``device``.

    Raises:
        ArtefactError: a file is absent, truncated or does not fit the configuration.
    """
    folder = Path(folder)
    config = read_json(folder / "config.json")
    weights = read_weights(folder)
    if "flat" in config:
        model = registry.build(**config["flat"], encoder=folder)
    elif config["kind"] in MODELS and MODELS[config["kind"]].built_from == "texts":
        return _same(registry.build(**config), weights, folder).eval()
    else:
        words = read_json(folder / "vocabulary.json")["words"]
        vectors = torch.zeros_like(weights["embedding.weight"])
        model = registry.build(**config, words=words, vectors=vectors, groups=weights.get("mask.groups"))
    try:
        model.load_state_dict(_by_own_name(model, weights))
    except RuntimeError as error:
        raise ArtefactError(
            str(folder), f"the weights do not fit config.json ({error})", "delete the folder and train again"
        ) from None
    return model.to(device).eval()


def _same(box: BlackBox, kept: dict[str, torch.Tensor], folder: Path) -> BlackBox:
    """A black box whose accuracies the folder holds: its code is the same."""
    if "made_of" not in kept or not torch.equal(kept["made_of"], box.made_of):
        raise ArtefactError(
            str(folder), f"the code or the options of the model {box.name} were other ones", "run snakemake again"
        )
    return box


def warm_start(model: Classifier, folder: str | Path) -> list[str]:
    """Copy every weight that ``folder``'s model shares with ``model``; returns the names that kept their fresh values.

    The mask of a FLAT model that starts from a base model is such a name.

    Raises:
        ArtefactError: the two models share no vocabulary or shape.
    """
    shared = _by_own_name(model, read_weights(folder))
    own = model.state_dict()
    wrong = [name for name, weight in shared.items() if name in own and own[name].shape != weight.shape]
    if wrong or not set(shared) & set(own):
        raise ArtefactError(str(folder), f"cannot start from this model: shapes differ in {wrong}", "train it again")
    model.load_state_dict({name: weight for name, weight in shared.items() if name in own}, strict=False)
    return sorted(set(own) - set(shared))


def _by_own_name(model: Classifier, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights under the names of ``model``'s state dict; one that it does not have keeps its stored name."""
    own_name = {model.stored_name(name): name for name in model.state_dict()}
    return {own_name.get(stored, stored): weight for stored, weight in weights.items()}
