"""What a study says about its data sets; also the types that all parts of a study share."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from flat.plugins.values import Count, Positive, Seeds, Share, Size, Strict, Weight
from flat.study.fields import WEIGHTS, Where
from flat.study.known.corpora import CORPORA
from flat.study.known.hub_names import FileInside, Repository

SPLITS = ("train", "dev", "test")


class Source(Strict):
    """Where a data set's texts come from. ``own``: the files that it names are the user's, here on disk."""

    own: ClassVar[bool] = False

    @property
    def resources(self) -> tuple[str, ...]:
        """The resources of the catalogue that it is read from."""
        return ()

    @property
    def named(self) -> dict[str, str]:
        """Each file that it names, by its key below ``source``, which ends in the file's split."""
        return {}


class PackageSource(Source):
    """Real text that a package index ships (docs/resources.md)."""

    kind: Literal["package"]
    corpus: Literal[tuple(CORPORA)]

    @property
    def resources(self) -> tuple[str, ...]:
        return CORPORA[self.corpus]


class HubSource(Source):
    """Files of a Hugging Face data set at a pinned revision."""

    kind: Literal["hub"]
    path: Repository
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$", description="a commit: a branch may change")]
    files: dict[Literal[SPLITS], FileInside]
    sha256: dict[Literal[SPLITS], str] = {}
    text: str | list[str] = "text"
    label: str = "label"
    labels: dict[str, str] | None = None

    @property
    def named(self) -> dict[str, str]:
        return {f"files.{split}": file for split, file in self.files.items()}


class FilesSource(Source):
    """The user's own csv, tsv, jsonl (also packed as .gz, .bz2 or .xz) or parquet files."""

    own: ClassVar[bool] = True
    kind: Literal["files"]
    train: str
    dev: str | None = None
    test: str | None = None
    text: str | list[str] = "text"
    label: str = "label"
    id: str | None = None
    labels: dict[str, str] | None = None

    @property
    def named(self) -> dict[str, str]:
        return {split: file for split in SPLITS if (file := getattr(self, split)) is not None}


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
    source: Annotated[PackageSource | HubSource | FilesSource, Field(discriminator="kind")]
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
