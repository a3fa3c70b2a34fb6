"""What a study says about its data sets; also the types that all parts of a study share."""

from functools import cache
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, create_model, model_validator

from flat.plugins import kinds
from flat.plugins.registry import SOURCES
from flat.plugins.values import Count, Options, Positive, Seeds, Share, Size, Strict, Weight
from flat.study.fields import WEIGHTS, Where

SPLITS = ("train", "dev", "test")


class Source(Strict):
    """Where a data set's texts come from: ``kind`` names a plugin, whose options are the other keys."""

    kind: str

    @property
    def plugin(self) -> kinds.Source:
        return SOURCES[self.kind]

    @property
    def own(self) -> bool:
        """Whether the files that it names are the user's, here on disk."""
        return bool(self.plugin.paths)

    @property
    def resources(self) -> tuple[str, ...]:
        """The resources of the catalogue that it is read from."""
        return self.plugin.needs(self)

    @property
    def named(self) -> dict[str, str]:
        """Each file that it names, by its key below ``source``, which ends in the file's split."""
        return self.plugin.named(self)


def source_of(kind: str) -> type[Source]:
    """What a study may write under ``source`` for a kind of source."""
    return _source_of(kind, SOURCES[kind].options)


@cache
def _source_of(kind: str, options: type[Options]) -> type[Source]:
    about = {"__doc__": options.__doc__, "__base__": (options, Source)}
    return create_model(options.__name__, **about, kind=(Literal[kind], ...))


def _of_its_kind(value: object) -> object:
    """A source with the options of its kind; its wrong keys are told by their own names."""
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        return value  # the field's type tells what is wrong
    if kind not in SOURCES:
        raise ValueError(f"there is no source of texts {kind}: {SOURCES.refusal(kind)}")
    return source_of(kind).model_validate(value)


class Splits(Strict):
    """Sizes of the splits; null takes what the source has. A split the source lacks is carved from train."""

    train: Positive | None = None
    dev: Positive | Annotated[float, Field(gt=0, lt=1)] | None = None
    test: Positive | Annotated[float, Field(gt=0, lt=1)] | None = None


class Cleaning(Strict):
    style: Literal["sst", "alphanumeric", "none"] = "sst"
    lower: bool = True
    strip_html: bool = True
    max_words: Positive | None = None
    mask_unknown: bool = False


class Vocabulary(Strict):
    min_count: Count = 0
    over: list[Literal["train", "dev"]] = ["train"]


class Dataset(Strict):
    title: str
    stand_in: str | None = None
    source: Annotated[SerializeAsAny[Source], BeforeValidator(_of_its_kind)]
    classes: Annotated[list[str], Field(min_length=2)]
    splits: Splits = Splits()
    cleaning: Cleaning = Cleaning()
    vocabulary: Vocabulary = Vocabulary()
    max_length: Size
    max_overlap: Share = 0.02
    duplicates: Literal["drop", "keep", "refuse"] = "keep"
    empty: Literal["drop", "refuse"] = Field("refuse", description="rows whose text is empty, before or after cleaning")
    attacked_train: Positive | None = Field(None, description="train examples attacked per round; null: all of them")
    attacked_test: Positive | None = Field(None, description="test examples attacked; null: all of them")
    explained: Positive | None = Field(None, description="attacked test examples explained; null: all of them")

    @model_validator(mode="after")
    def _distinct_classes(self):
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes: a class is named twice")
        return self


class Override(Strict):
    """Other values for some cells. Later overrides win; one that fits no cell of the study is refused."""

    where: Where
    training: dict[str, int | float | str | None] = {}
    rounds: dict[str, int | str | bool] = {}
    objective: dict[Literal[WEIGHTS], Weight] = {}
    attacked_test: Positive | None = Field(
        None, description="test examples attacked: a fixed sub-draw of the data set's attacked_test; null: all of them"
    )
    explained: Literal["all"] | None = Field(
        None, description="all: every attacked example of these models is explained; null: the data set's draw"
    )
    seeds: Seeds | None = Field(None, description="the seeds that these cells are trained with; null: the study's")
