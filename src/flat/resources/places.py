"""Where resources lie, and whether their files are still those that were fetched."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from flat.errors import ResourceError
from flat.files.digests import sha256_of
from flat.files.failures import of_reading
from flat.files.installed import IN_CHECKOUT, ROOT

PROVENANCE = "provenance.json"
UNREADABLE = "cannot be read by this user"


def resources_root() -> Path:
    """The folder that fetched resources go to: ``$FLAT_RESOURCES``, else ``resources/`` of the repository.

    Where the repository may not be written to, and where FLAT was installed without one, it is ``resources/`` of the
    working folder.
    """
    if given := os.environ.get("FLAT_RESOURCES"):
        return Path(given)
    folder = ROOT / "resources"
    writable = IN_CHECKOUT and os.access(folder if folder.is_dir() else ROOT, os.W_OK)
    return folder if writable else Path.cwd() / "resources"


def roots() -> list[Path]:
    """Where fetched resources are looked for: where they go, then the repository, unless ``$FLAT_RESOURCES`` is set."""
    first, own = resources_root(), [ROOT / "resources"] if IN_CHECKOUT else []
    return [first] if os.environ.get("FLAT_RESOURCES") else list(dict.fromkeys([first, *own]))


def folder_of(name: str) -> Path:
    """Where the resource ``name`` lies, or would be put."""
    held = [root / name for root in roots() if is_held(root / name)]
    return held[0] if held else resources_root() / name


def is_held(folder: Path) -> bool:
    """Whether a resource lies in ``folder``; one that another user closed is there too."""
    try:
        return (folder / PROVENANCE).is_file()
    except PermissionError:
        return True


def remedy_for(problems: list[str], folder: Path) -> str:
    """What to do about ``differences`` of the resource in ``folder``: to fetch it again opens no closed file."""
    if any(UNREADABLE in problem for problem in problems):
        return (
            f"have their owner run chmod -R a+rX {folder}, or fetch a copy of your own: "
            f"FLAT_RESOURCES=my-folder python -m flat.resources fetch {folder.name}"
        )
    return f"fetch it again: python -m flat.resources fetch --again {folder.name}"


def shown(file: Path) -> str:
    """A file as rules and records name it: relative to the working folder where it lies below that."""
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)


def differences(folder: Path, digest: Callable[[Path], str] | None = None) -> list[str]:
    """What differs between the files of ``folder`` and its ``provenance.json``; empty when nothing does.

    Args:
        digest: gives the SHA-256 of a file; None: sizes alone are compared.

    Raises:
        ResourceError: the system does not let one be read, so that nobody can say (too many open files, a bad disk).
    """
    try:
        recorded = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))["files"]
    except PermissionError:
        return [f"{PROVENANCE} {UNREADABLE}"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        _raise_of_system(error, folder / PROVENANCE)
        return [f"{PROVENANCE} is unreadable ({error})"]
    problems = []
    for relative, known in recorded.items():
        file = folder / relative
        try:
            size = file.stat().st_size
            if size != known["size"]:
                problems.append(f"{relative} has {size} bytes, recorded were {known['size']}")
            elif not os.access(file, os.R_OK):
                problems.append(f"{relative} {UNREADABLE}")
            elif digest and digest(file) != known["sha256"] and sha256_of(file) != known["sha256"]:
                problems.append(f"{relative} has the recorded size but another SHA-256")
        except PermissionError:
            problems.append(f"{relative} {UNREADABLE}")
        except OSError as error:
            _raise_of_system(error, file)
            problems.append(f"{relative} is missing")
    return problems


def _raise_of_system(error: Exception, file: Path) -> None:
    """Tell what the system said of a file that need not be damaged."""
    if known := of_reading(error, file, ResourceError):
        raise known from None
