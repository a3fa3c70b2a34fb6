"""The models a study can name by ``kind``: one entry each. Adding a model means adding its class and one entry here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from flat.errors import StudyError
from flat.models.encoders import encoder as encoders
from flat.models.interface import Classifier
from flat.models.masks import build_mask
from flat.models.word_models import CNN, LSTM


@dataclass(frozen=True)
class ModelKind:
    """How a kind of model is built.

    Attributes:
        build: class called with (words, vectors, classes, max_length, mask, **options); for what needs an encoder, a
            function called with (folder, classes=, max_length=, mask=, mask_hidden=, switches=, labels=,
            **options).
        needs: what it is built from: "vectors" (vocabulary and word vectors) or "encoder" (a pretrained checkpoint).
        options: the keyword options a study may set.
    """

    build: Callable[..., Classifier]
    needs: str
    options: tuple[str, ...]


KINDS: dict[str, ModelKind] = {
    "cnn": ModelKind(CNN, "vectors", ("filters", "widths", "dropout", "freeze_vectors")),
    "lstm": ModelKind(LSTM, "vectors", ("hidden", "dropout", "embedding_dropout", "freeze_vectors")),
    "encoder": ModelKind(encoders.from_folder, "encoder", ("layers", "attention", "gradient_checkpointing")),
}


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
    entry = KINDS[kind]
    if entry.needs == "encoder":
        return entry.build(
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
    return entry.build(words, vectors, classes, max_length, layer, **options)
