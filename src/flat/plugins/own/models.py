"""FLAT's own kinds of model."""

from typing import Annotated, Literal

from pydantic import Field

from flat.plugins.kinds import Model
from flat.plugins.values import Options, Size, upto

Dropout = Annotated[float, Field(ge=0, lt=1)]  # at 1 nothing is left to train on
Depth = upto(1_000)


class Convolutions(Options):
    filters: Size = 200
    widths: Annotated[list[Depth], Field(min_length=1, max_length=100)] = Field([3, 4, 5])
    dropout: Dropout = 0.2
    freeze_vectors: bool = True


class Recurrent(Options):
    hidden: Size = 300
    dropout: Dropout = 0.2
    embedding_dropout: Dropout = 0.2
    freeze_vectors: bool = True


class Pretrained(Options):
    layers: Depth = Field(None, description="left out: those of the checkpoint")
    attention: Literal["sdpa", "eager"] = Field(None, description="left out: as transformers chooses")
    gradient_checkpointing: bool = False


CNN = Model(name="cnn", title="CNN", built_from="vectors", options=Convolutions, make="flat.models.word_models:CNN")
LSTM = Model(name="lstm", title="LSTM", built_from="vectors", options=Recurrent, make="flat.models.word_models:LSTM")
ENCODER = Model(
    name="encoder",
    title="pretrained encoder",
    built_from="encoder",
    options=Pretrained,
    make="flat.models.encoders.encoder:from_folder",
)
