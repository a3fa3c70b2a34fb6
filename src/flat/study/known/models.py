"""The kinds of model that a study can name. ``flat.models.registry`` says what builds each."""

from dataclasses import dataclass

from flat.study.known.options import SWITCH, Value, number, one_of, several, whole


@dataclass(frozen=True)
class ModelKind:
    """What a study must know of a kind of model.

    Attributes:
        built_from: "vectors" (a vocabulary and its pretrained word vectors) or "encoder" (a pretrained checkpoint).
        options: the keyword options that a study may set, and what each may be.
    """

    built_from: str
    options: dict[str, Value]


_DROPOUT = number(0, 1, below=True)  # at 1 nothing is left to train on
_UNITS = whole(1, 100_000)


MODELS: dict[str, ModelKind] = {
    "cnn": ModelKind(
        "vectors",
        {
            "filters": _UNITS,
            "widths": several(whole(1, 1_000), 100),
            "dropout": _DROPOUT,
            "freeze_vectors": SWITCH,
        },
    ),
    "lstm": ModelKind(
        "vectors",
        {"hidden": _UNITS, "dropout": _DROPOUT, "embedding_dropout": _DROPOUT, "freeze_vectors": SWITCH},
    ),
    "encoder": ModelKind(
        "encoder",
        {"layers": whole(1, 1_000), "attention": one_of("sdpa", "eager"), "gradient_checkpointing": SWITCH},
    ),
}
