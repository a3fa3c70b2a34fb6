"""FLAT's own sources of texts. Their readers (``flat.data.sources``) say of each row what is wrong with it."""

from typing import Annotated, Literal

from pydantic import Field

from flat.plugins.kinds import Source
from flat.plugins.own.corpora import CORPORA
from flat.plugins.own.hub_names import FileInside, Repository
from flat.plugins.values import Options

SPLITS = ("train", "dev", "test")


class PackageSource(Options):
    """Real text that a package index ships (docs/resources.md)."""

    corpus: Literal[tuple(CORPORA)]


class HubSource(Options):
    """Files of a Hugging Face data set at a pinned revision."""

    path: Repository
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$", description="a commit: a branch may change")]
    files: dict[Literal[SPLITS], FileInside]
    sha256: dict[Literal[SPLITS], str] = {}
    text: str | list[str] = "text"
    label: str = "label"
    labels: dict[str, str] | None = None

    @property
    def named(self) -> dict[str, str]:
        """The files there, by key."""
        return {f"files.{split}": file for split, file in self.files.items()}


class FilesSource(Options):
    """The user's own csv, tsv, jsonl (also packed as .gz, .bz2 or .xz) or parquet files."""

    train: str
    dev: str | None = None
    test: str | None = None
    text: str | list[str] = "text"
    label: str = "label"
    id: str | None = None
    labels: dict[str, str] | None = None


PACKAGE = Source(
    name="package",
    title="texts that a package index ships",
    options=PackageSource,
    make="flat.data.sources:package",
    resources=lambda options: CORPORA[options.corpus],
)
HUB = Source(
    name="hub", title="files of a Hugging Face data set", options=HubSource, make="flat.data.sources:hub_files"
)
FILES = Source(
    name="files", title="files of the user's", options=FilesSource, make="flat.data.sources:own_files", paths=SPLITS
)
