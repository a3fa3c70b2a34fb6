"""Models on disk: ``model.safetensors`` (weights), ``config.json`` (how to build it), ``vocabulary.json`` (its words).

Weights are only ever read as safetensors: a checkpoint cannot execute code.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from flat.artefacts import atomic, read_json, write_json
from flat.errors import ArtefactError
from flat.models import registry
from flat.models.interface import Classifier


def save(model: Classifier, folder: str | Path, config: dict) -> None:
    """Write the model. ``config`` holds kind, options, classes, max_length, mask, mask_hidden (see ``load``)."""
    folder = Path(folder)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with atomic(folder / "model.safetensors") as part:
        save_file(weights, part)
    write_json(folder / "vocabulary.json", {"words": model.words})
    write_json(folder / "config.json", config)


def read_weights(folder: str | Path) -> dict[str, torch.Tensor]:
    """Raises ArtefactError for a file that is absent, truncated or not safetensors."""
    path = Path(folder) / "model.safetensors"
    try:
        return load_file(path)
    except FileNotFoundError:
        raise ArtefactError(str(path), "no such file", "run the rule that trains this model") from None
    except (SafetensorError, json.JSONDecodeError, OSError) as error:
        raise ArtefactError(str(path), f"not a whole safetensors file ({error})", "delete it and run again") from None


def load(folder: str | Path, device: str = "cpu") -> Classifier:
    """The model of a folder, in evaluation mode, on ``device``.

    Raises:
        ArtefactError: a file is absent, truncated or does not fit the configuration.
    """
    folder = Path(folder)
    config = read_json(folder / "config.json")
    words = read_json(folder / "vocabulary.json")["words"]
    weights = read_weights(folder)
    model = registry.build(
        config["kind"],
        config["options"],
        classes=config["classes"],
        max_length=config["max_length"],
        words=words,
        vectors=torch.zeros_like(weights["embedding.weight"]),
        mask=config["mask"],
        mask_hidden=config["mask_hidden"],
        groups=weights.get("mask.groups"),
    )
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ArtefactError(
            str(folder), f"the weights do not fit config.json ({error})", "delete the folder and train again"
        ) from None
    return model.to(device).eval()


def warm_start(model: Classifier, folder: str | Path) -> list[str]:
    """Copy every weight that ``folder``'s model shares with ``model``; returns the names that kept their fresh values.

    The mask of a FLAT model that starts from a base model is such a name.

    Raises:
        ArtefactError: the two models share no vocabulary or shape.
    """
    weights = read_weights(folder)
    own = model.state_dict()
    wrong = [n for n, w in weights.items() if n in own and own[n].shape != w.shape]
    if wrong or not set(weights) & set(own):
        raise ArtefactError(str(folder), f"cannot start from this model: shapes differ in {wrong}", "train it again")
    model.load_state_dict({n: w for n, w in weights.items() if n in own}, strict=False)
    return sorted(set(own) - set(weights))
