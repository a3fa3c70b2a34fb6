"""Models by the kind that a study names (``flat.plugins.own.models``, or a plugin)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from flat.errors import StudyError
from flat.models.interface import Classifier
from flat.models.masks import build_mask
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
        words, vectors: vocabulary and its word vectors, for CNN and LSTM.
        encoder: folder of the pretrained network, for encoders.
        groups: the group of each word, for a group mask.
        switches: the readings that decide how an encoder answers (flat.study.readings.network_switches).
        labels: the names of the classes, which an encoder's config.json gives.

    Raises:
        StudyError: the kind is not in the registry.
    """
    if kind not in MODELS:
        raise StudyError(f"models.*.kind: {kind}", "there is no such model here", MODELS.refusal(kind))
    make = MODELS[kind].load()
    if MODELS[kind].built_from == "encoder":
        return make(
            encoder,
            classes=classes,
            max_length=max_length,
            mask=mask,
            mask_hidden=mask_hidden,
            switches=switches,
            labels=labels,
            **options,
        )
    layer = build_mask(mask, vectors.shape[1], mask_hidden, groups)
    return make(words, vectors, classes, max_length, layer, **options)
