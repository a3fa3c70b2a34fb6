"""What builds each kind of model that a study can name (flat.study.known.models)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from flat.errors import StudyError
from flat.models.encoders import encoder as encoders
from flat.models.interface import Classifier
from flat.models.masks import build_mask
from flat.models.word_models import CNN, LSTM
from flat.study.known.models import MODELS

# called with (words, vectors, classes, max_length, mask, **options); a kind that is built from an encoder, with
# (folder, classes=, max_length=, mask=, mask_hidden=, switches=, labels=, **options)
KINDS: dict[str, Callable[..., Classifier]] = {"cnn": CNN, "lstm": LSTM, "encoder": encoders.from_folder}


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
    if kind not in KINDS:
        raise StudyError(
            f"models.*.kind: {kind}", "this version has no such model", f"choose one of {', '.join(sorted(KINDS))}"
        )
    if MODELS[kind].built_from == "encoder":
        return KINDS[kind](
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
    return KINDS[kind](words, vectors, classes, max_length, layer, **options)
