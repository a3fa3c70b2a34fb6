"""Lexical assets, encoders and texts that a study needs but the repository does not hold.

``locate(name)`` gives the folder of a resource that ``python -m flat.resources fetch`` has put in place. Nothing is
downloaded here or at import: a missing resource is an error that names the remedy. This module imports the standard
library only, because every job passes through it.
"""

import json
import os
from pathlib import Path

from flat.errors import ResourceError

ROOT = Path(__file__).resolve().parents[3]
PROVENANCE = "provenance.json"


def resources_root() -> Path:
    """The folder that fetched resources go to: ``$FLAT_RESOURCES``, else ``resources/`` of the repository.

    Where the repository may not be written to, it is ``resources/`` of the working folder.
    """
    if given := os.environ.get("FLAT_RESOURCES"):
        return Path(given)
    folder = ROOT / "resources"
    writable = os.access(folder if folder.is_dir() else ROOT, os.W_OK)
    return folder if writable else Path.cwd() / "resources"


def roots() -> list[Path]:
    """Where fetched resources are looked for: where they go, then the repository, unless ``$FLAT_RESOURCES`` is set."""
    first = resources_root()
    return [first] if os.environ.get("FLAT_RESOURCES") else list(dict.fromkeys([first, ROOT / "resources"]))


def folder_of(name: str) -> Path:
    """Where the resource ``name`` lies, or would be put."""
    held = [root / name for root in roots() if (root / name / PROVENANCE).is_file()]
    return held[0] if held else resources_root() / name


def shown(file: Path) -> str:
    """A file as rules and records name it: relative to the working folder where it lies below that."""
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)


def locate(name: str, *, root: Path | None = None, verify: bool = False) -> Path:
    """The folder of resource ``name``, checked against its record of what was fetched.

    Sizes are always compared (milliseconds); contents only with ``verify=True`` (SHA-256 of every file). A name with a
    ``/`` is a folder of the user's, relative to the working folder, and taken as it is.

    Raises:
        ResourceError: unknown name, not fetched yet, or the files are not the recorded ones.
    """
    if "/" in name:
        return _locate_folder(name)
    folder = root / name if root else folder_of(name)
    record = folder / PROVENANCE
    if not record.is_file():
        return _locate_shipped(name, folder)
    problems = differences(folder, verify=verify)
    if problems:
        raise ResourceError(
            str(folder), "; ".join(problems[:3]), f"fetch it again: python -m flat.resources fetch --again {name}"
        )
    return folder


def differences(folder: Path, *, verify: bool = False) -> list[str]:
    """What differs between the files of ``folder`` and its ``provenance.json``; empty when nothing does."""
    try:
        recorded = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{PROVENANCE} is unreadable ({error})"]
    problems = []
    for relative, known in recorded.items():
        try:
            size = (folder / relative).stat().st_size
        except OSError:
            problems.append(f"{relative} is missing")
            continue
        if size != known["size"]:
            problems.append(f"{relative} has {size} bytes, recorded were {known['size']}")
        elif verify and sha256_of(folder / relative) != known["sha256"]:
            problems.append(f"{relative} has the recorded size but another SHA-256")
    return problems


def nltk_folders(names: tuple[str, ...] = ("wordnet", "pos-tagger", "stopwords")) -> list[Path]:
    """Folders to put on ``nltk.data.path`` (or, joined with ``os.pathsep``, into ``$NLTK_DATA``)."""
    return [locate(name) for name in names]


def sha256_of(path: Path) -> str:
    import hashlib

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _locate_folder(name: str) -> Path:
    folder = Path(name)
    if not folder.is_dir():
        remedy = f"correct the path; it is looked for in {Path.cwd()}"
        raise ResourceError(name, "a study names it as a resource, but there is no such folder", remedy)
    return folder


def _locate_shipped(name: str, folder: Path) -> Path:
    """A resource that the repository itself holds needs no fetching; any other without a record is absent."""
    from flat.resources.catalogue import Shipped, load_catalogue

    entry = load_catalogue()[name]
    if isinstance(entry, Shipped):
        if not (ROOT / entry.path).exists():
            raise ResourceError(str(ROOT / entry.path), "a file of the repository is missing", "git checkout -- src")
        return ROOT / entry.path
    remedy = f"python -m flat.resources fetch {name}"
    raise ResourceError(
        str(folder),
        f"resource {name!r} ({entry.holds}) is not here",
        f"make setup (fetches the default ones), or {remedy}" if entry.default else remedy,
    )
