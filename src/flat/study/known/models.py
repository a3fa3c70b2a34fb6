"""The kinds of model that a study can name. ``flat.models.registry`` says what builds each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelKind:
    """What a study must know of a kind of model.

    Attributes:
        built_from: "vectors" (a vocabulary and its pretrained word vectors) or "encoder" (a pretrained checkpoint).
        options: the keyword options that a study may set.
    """

    built_from: str
    options: tuple[str, ...]


MODELS: dict[str, ModelKind] = {
    "cnn": ModelKind("vectors", ("filters", "widths", "dropout", "freeze_vectors")),
    "lstm": ModelKind("vectors", ("hidden", "dropout", "embedding_dropout", "freeze_vectors")),
    "encoder": ModelKind("encoder", ("layers", "attention", "gradient_checkpointing")),
}
