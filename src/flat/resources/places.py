"""Where resources lie, and whether their files are still those that were fetched."""

import json
import os
from pathlib import Path

from flat.files.digests import sha256_of

ROOT = Path(__file__).resolve().parents[3]
PROVENANCE = "provenance.json"
UNREADABLE = "cannot be read by this user"


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


def differences(folder: Path, *, verify: bool = False) -> list[str]:
    """What differs between the files of ``folder`` and its ``provenance.json``; empty when nothing does."""
    try:
        recorded = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))["files"]
    except PermissionError:
        return [f"{PROVENANCE} {UNREADABLE}"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{PROVENANCE} is unreadable ({error})"]
    problems = []
    for relative, known in recorded.items():
        try:
            size = (folder / relative).stat().st_size
        except PermissionError:
            problems.append(f"{relative} {UNREADABLE}")
            continue
        except OSError:
            problems.append(f"{relative} is missing")
            continue
        if size != known["size"]:
            problems.append(f"{relative} has {size} bytes, recorded were {known['size']}")
        elif not os.access(folder / relative, os.R_OK):
            problems.append(f"{relative} {UNREADABLE}")
        elif verify and sha256_of(folder / relative) != known["sha256"]:
            problems.append(f"{relative} has the recorded size but another SHA-256")
    return problems
