"""Lexical assets, encoders and texts that a study needs but the repository does not hold.

``locate(name)`` gives the folder of a resource that ``python -m flat.resources fetch`` has put in place. Nothing is
downloaded here or at import: a missing resource is an error that names the remedy. This module imports the standard
library only, because every job passes through it.
"""

from pathlib import Path

from flat.errors import ResourceError
from flat.files.installed import PACKAGE
from flat.files.seen import sha256_seen
from flat.resources.places import differences, folder_of, is_held, remedy_for


def locate(name: str, *, root: Path | None = None) -> Path:
    """The folder of resource ``name``, checked against its record of what was fetched.

    The SHA-256 of every file is compared; a large one is hashed once in an hour of a run (``flat.files.seen``). A name
    with a ``/`` is a folder of the user's, relative to the working folder, and taken as it is.

    Raises:
        ResourceError: unknown name, not fetched yet, closed to this user, or the files are not the recorded ones.
    """
    if "/" in name:
        return _locate_folder(name)
    folder = root / name if root else folder_of(name)
    if not is_held(folder):
        return _locate_shipped(name, folder)
    problems = differences(folder, sha256_seen)
    if problems:
        raise ResourceError(str(folder), "; ".join(problems[:3]), remedy_for(problems, folder))
    return folder


def _locate_folder(name: str) -> Path:
    folder = Path(name)
    if not folder.is_dir():
        remedy = f"correct the path; it is looked for in {Path.cwd()}"
        raise ResourceError(name, "a study names it as a resource, but there is no such folder", remedy)
    return folder


def _locate_shipped(name: str, folder: Path) -> Path:
    """A resource that the repository itself holds needs no fetching; any other without a record is absent."""
    from flat.resources.catalogue import Shipped, load_catalogue  # for cost: pydantic

    entry = load_catalogue()[name]
    if isinstance(entry, Shipped):
        if not (PACKAGE / entry.path).exists():
            raise ResourceError(
                str(PACKAGE / entry.path),
                "a file of FLAT is missing",
                "install FLAT anew; in a checkout: git checkout -- src",
            )
        return PACKAGE / entry.path
    remedy = f"python -m flat.resources fetch {name}"
    raise ResourceError(
        str(folder),
        f"resource {name!r} ({entry.holds}) is not here",
        f"make setup (fetches the default ones), or {remedy}" if entry.default else remedy,
    )
