"""The models a study can name by ``kind``: one entry each. Adding a model means adding its class and one entry here."""

from dataclasses import dataclass

import torch

from flat.errors import StudyError
from flat.models.interface import Classifier
from flat.models.masks import build_mask
from flat.models.word_models import CNN, LSTM


@dataclass(frozen=True)
class ModelKind:
    """How a kind of model is built.

    Attributes:
        build: class called with (words, vectors, classes, max_length, mask, **options).
        needs: what it is built from: "vectors" (vocabulary and word vectors) or "encoder" (a pretrained checkpoint).
        options: the keyword options a study may set.
    """

    build: type[Classifier]
    needs: str
    options: tuple[str, ...]


KINDS: dict[str, ModelKind] = {
    "cnn": ModelKind(CNN, "vectors", ("filters", "widths", "dropout", "freeze_vectors")),
    "lstm": ModelKind(LSTM, "vectors", ("hidden", "dropout", "embedding_dropout", "freeze_vectors")),
}


def build(
    kind: str,
    options: dict,
    *,
    classes: int,
    max_length: int,
    words: list[str],
    vectors: torch.Tensor,
    mask: str = "none",
    mask_hidden: int = 400,
    groups: torch.Tensor | None = None,
) -> Classifier:
    """A new model with fresh weights (seed torch before).

    Raises:
        StudyError: the kind is not in the registry.
    """
    if kind not in KINDS:
        raise StudyError(
            f"models.*.kind: {kind}", "this version has no such model", f"choose one of {', '.join(sorted(KINDS))}"
        )
    entry = KINDS[kind]
    layer = build_mask(mask, vectors.shape[1], mask_hidden, groups)
    return entry.build(words, vectors, classes, max_length, layer, **options)
