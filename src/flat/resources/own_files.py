"""Files and folders of the user's that a study names: data, encoders, vectors, resources of attacks.

Such a folder is an input as a whole: what lies in it decides whether a job is planned again, not the time of its files.
Paths are relative to the folder that Snakemake runs in. This module imports little, since every plan passes through it.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath

from flat.errors import ResourceError
from flat.files.digests import sha256_of
from flat.files.failures import of_reading
from flat.resources.weights import refuse_unsafe
from flat.study.known.resources import is_own

# no loader reads these: hidden files and folders, caches, editors' copies, model cards
NO_INPUT = (".*", "__pycache__", "*.pyc", "*~", "*.md")


@cache
def files_of(name: str) -> tuple[str, ...]:
    """Every file below a folder of the user's that a loader may read, sorted; of a path to a file that path alone.

    Listed once in a process. Links to files count as files; links to folders are not followed. Nothing of an empty
    folder: so a job whose folder was emptied is planned again.

    Raises:
        ResourceError: there is no such file or folder, or it cannot be listed.
    """
    path = PurePosixPath(name)
    if os.path.isfile(path):
        return (str(path),)
    if not os.path.isdir(path):
        raise ResourceError(
            name,
            "the study names it, but there is no such file or folder",
            f"correct the path; it is looked for in {os.getcwd()}",
        )
    try:
        return tuple(sorted(str(path / file) for file in listing(path)))
    except OSError as error:
        raise of_reading(error, name, ResourceError) or ResourceError(
            name, f"cannot be listed ({error})", "make it readable"
        ) from None


def listing(folder: str | os.PathLike) -> list[str]:
    """Paths below ``folder``, relative to it and unsorted, of what is an input; OSError where it cannot be listed."""

    def stop(error: OSError):
        raise error

    found = []
    for here, folders, files in os.walk(folder, onerror=stop):
        folders[:] = [name for name in folders if not _no_input(name)]
        below = PurePosixPath(Path(here).relative_to(folder).as_posix())
        found += [str(below / name) for name in files if not _no_input(name)]
    return found


def _no_input(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in NO_INPUT)


@cache
def digest_of(name: str) -> str:
    """SHA-256 over names and bytes of a file or folder of the user's, 16 hexadecimal digits; read once in a process.

    Raises:
        ResourceError: as ``files_of``, or a file cannot be read.
    """
    return digest_over(name, sha256_of)


def digest_over(name: str, content_of: Callable[[str], str]) -> str:
    """``digest_of`` of what is there now, where ``content_of`` gives a file's SHA-256."""
    digest = hashlib.sha256()
    for file in files_of(name):
        try:
            content = content_of(file)
        except OSError as error:
            raise of_reading(error, file, ResourceError) or ResourceError(
                file, f"cannot be read ({error})", "make it readable, or take it away"
            ) from None
        digest.update(f"{content}  {PurePosixPath(file).relative_to(PurePosixPath(name))}\n".encode())
    return digest.hexdigest()[:16]


def digests(names: Iterable[str | None], all_own: bool = False) -> dict[str, str]:
    """Digest by path, sorted, of those among ``names`` that are the user's own; of all of them if the caller knows.

    "absent" of what is not there: the plan then misses its files.
    """
    wanted = sorted({name for name in names if name and (all_own or is_own(name))})
    return {name: digest_of(name) if os.path.exists(name) else "absent" for name in wanted}


def check(name: str, network: bool = False) -> None:
    """Refuse a path that no job can read.

    Args:
        network: it has to be a pretrained network's folder.

    Raises:
        ResourceError: it is absent or empty, or lacks a network's config.json.
        ArtefactError: the network's weights are no safetensors in the folder.
    """
    files = files_of(name)
    if not files:
        raise ResourceError(name, "the folder holds no file", "name the folder that holds the files")
    if network:
        config_of(files, name)
        refuse_unsafe(name)


def config_of(files: Iterable[str], folder: str | None = None) -> Path:
    """The config.json of an encoder's folder, from all the files below it.

    Args:
        folder: where it has to lie; None: in the folder that all of them lie below.

    Raises:
        ResourceError: there is none.
    """
    files = list(map(Path, files))
    place = Path(folder or os.path.commonpath([file.parent for file in files]))
    if place / "config.json" not in files:
        raise ResourceError(
            str(place),
            "holds no config.json, so no encoder",
            "name a folder as transformers' save_pretrained writes it: config.json, safetensors and tokenizer",
        )
    return place / "config.json"
