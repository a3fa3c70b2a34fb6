"""The resources that a study can name: those of the catalogue, and files and folders of the user's."""

import hashlib
import re
from functools import cache
from pathlib import Path, PurePosixPath

from flat.errors import ResourceError
from flat.files.failures import of_reading
from flat.files.installed import ROOT

CATALOGUE = ROOT / "config" / "resources.yaml"
LABEL = 24  # characters of a path that its label shows


@cache
def catalogued(path: Path = CATALOGUE) -> dict[str, dict]:
    """The entries of the catalogue by name, as they are written; ``flat.resources.catalogue`` checks each.

    Raises:
        ResourceError: the file is absent, or is no catalogue.
    """
    import yaml  # for cost

    try:
        return dict(yaml.safe_load(path.read_text(encoding="utf-8"))["resources"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        raise of_reading(error, path, ResourceError) or ResourceError(
            str(path), f"not a catalogue ({error})", "git checkout -- config/resources.yaml"
        ) from None


def parts_of(name: str) -> tuple[str, ...]:
    """The resources that a resource of the catalogue is made of for each data set; none for one that is fetched."""
    entry = catalogued().get(name, {})
    return tuple(entry["of"]) if entry.get("kind") == "joined" else ()


def is_own(name: str) -> bool:
    """Whether a name in a study is a path of the user's, not a resource of the catalogue."""
    return "/" in name


def label(name: str) -> str:
    """A name for files made from a resource: the resource's own, or of a path a short form that no other path has.

    The ``_`` keeps it apart from the names of the catalogue, which have none.
    """
    if not is_own(name):
        return name
    path = str(PurePosixPath(name))
    shown = re.sub(r"[^A-Za-z0-9.]+", "-", path).strip("-.")[-LABEL:].strip("-.")
    return f"{shown}_{hashlib.sha256(path.encode()).hexdigest()[:8]}"
