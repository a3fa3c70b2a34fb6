"""Models by the kind that a study names (``flat.plugins.own.models``, or a plugin)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from flat.errors import StudyError
from flat.models.black_box import BlackBox
from flat.models.encoders.encoder import Encoder
from flat.models.interface import Classifier
from flat.models.masks import build_mask
from flat.plugins.code import made_of
from flat.plugins.registry import MODELS


def build(
    kind: str,
    options: dict,
    *,
    classes: int,
    max_length: int,
    words: list[str] | None = None,
    vectors: torch.Tensor | None = None,
    encoder: str | Path | None = None,
    mask: str = "none",
    mask_hidden: int = 400,
    groups: torch.Tensor | None = None,
    switches: Mapping[str, bool] | None = None,
    labels: Sequence[str] | None = None,
) -> Classifier:
    """A new model; weights that it does not start from are fresh (seed torch before).

    Args:
        options: of the kind; those left out are as its plugin declares them.
        words, vectors: vocabulary and its word vectors, for models that look words up.
        encoder: folder of the pretrained network, for encoders.
        groups: the group of each word, for a group mask.
        switches: the readings that decide how an encoder answers (flat.study.readings.network_switches).
        labels: the names of the classes, which an encoder's config.json gives.

    Raises:
        StudyError: the kind is not in the registry, or what its plugin makes is no such model.
    """
    if kind not in MODELS:
        raise StudyError(f"models.*.kind: {kind}", "there is no such model here", MODELS.refusal(kind))
    make, plugin = MODELS[kind].load(), MODELS[kind]
    fields = plugin.options.model_fields
    options = {
        name: fields[name].get_default(call_default_factory=True) for name in fields if not fields[name].is_required()
    } | dict(options)
    if plugin.built_from == "texts":
        return BlackBox(make(classes, **options), classes, kind, made_of("models", kind)["digest"], options)
    if plugin.built_from == "encoder":
        model = make(
            encoder,
            classes=classes,
            max_length=max_length,
            mask=mask,
            mask_hidden=mask_hidden,
            switches=switches,
            labels=labels,
            **options,
        )
    else:
        layer = build_mask(mask, vectors.shape[1], mask_hidden, groups)
        model = make(words, vectors, classes, max_length, layer, **options)
    wanted = Encoder if plugin.built_from == "encoder" else Classifier
    if not isinstance(model, wanted):
        raise StudyError(
            f"models.*.kind: {kind}",
            f"its plugin makes a {type(model).__name__}, no {wanted.__module__}.{wanted.__name__}",
            "extend that class (docs/add-a-model.md)",
        )
    if vectors is not None and plugin.built_from == "vectors" and "embedding.weight" not in model.state_dict():
        raise StudyError(
            f"models.*.kind: {kind}",
            "its plugin makes a model without the weight embedding.weight, by which a checkpoint is read back",
            "keep the word vectors in self.embedding, a torch.nn.Embedding",
        )
    return model
