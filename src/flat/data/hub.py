"""Files of a Hugging Face data set at one commit: from a mirror folder or address, from an earlier download, or from
the hub. A file is used only if its SHA-256 is the one the study names, where it names one."""

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from flat.errors import DataError
from flat.files.digests import sha256_of
from flat.files.parts import part_of, remove_parts
from flat.plugins.own.hub_names import FILE_MEANT, REPOSITORY_MEANT, is_inside, is_repository
from flat.resources.places import resources_root, roots
from flat.resources.sources import as_the_hub_says, from_mirror

_COMMIT = re.compile(r"[0-9a-f]{40}")


def obtain(source: Mapping, mirror: str | None = None, endpoint: str | None = None) -> dict[str, Path]:
    """The local file of each split of a hub source.

    Args:
        source: ``path`` (owner/name), ``revision`` (a full commit), ``files`` and ``sha256`` by split.
        mirror: a folder or address that holds ``<path>/<file>``; asked first.
        endpoint: address of the hub; None: the one huggingface_hub is set to (HF_ENDPOINT).

    Raises:
        DataError: the path is no repository, the revision no commit, a file no path inside; or it cannot be had, or
            is not the one the study names.
        ResourceError: the mirror does not give a whole file.
    """
    path, revision = source["path"], source["revision"]
    if not is_repository(path):
        raise DataError("source.path", f"{path!r} is no repository of the hub", REPOSITORY_MEANT)
    if not _COMMIT.fullmatch(revision):
        raise DataError(
            f"source.revision of {path}",
            f"{revision!r} is a name that can move to another commit",
            "give the full commit, 40 hexadecimal digits (History of the data set's files)",
        )
    expected = source.get("sha256") or {}
    found = {}
    for split, file in source["files"].items():
        if not is_inside(file):
            raise DataError(f"source.files.{split}", f"{file!r} is no path inside the data set", FILE_MEANT)
        below = Path("hub", path, revision, file)
        held = [root / below for root in roots() if (root / below).is_file()]
        if fitting := [place for place in held if _fits(place, expected.get(split))]:
            found[split] = fitting[0]
            continue
        local = resources_root() / below
        part = part_of(local)
        part.parent.mkdir(parents=True, exist_ok=True)
        remove_parts(local)
        try:
            if not from_mirror(mirror, [f"{path}/{file}"], part, pinned=split in expected):
                _from_hub(path, revision, file, part, endpoint, pinned=split in expected)
            _refuse_other(part, expected.get(split), f"{path}, {file} at {revision[:7]}")
            os.replace(part, local)
        finally:
            part.unlink(missing_ok=True)
        found[split] = local
    return found


def _fits(file: Path, sha256: str | None) -> bool:
    return sha256 is None or sha256_of(file) == sha256.lower()


def _refuse_other(file: Path, sha256: str | None, where: str) -> None:
    if not _fits(file, sha256):
        raise DataError(
            where,
            f"SHA-256 is {sha256_of(file)}, the study names {sha256}",
            "the file is damaged or another one: fetch it again, or correct source.sha256 if you trust it",
        )


def _from_hub(path: str, revision: str, file: str, target: Path, endpoint: str | None, pinned: bool) -> None:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import hf_hub_download  # for cost

    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        try:
            got = hf_hub_download(
                path, file, repo_type="dataset", revision=revision, local_dir=folder, endpoint=endpoint
            )
            if not pinned:
                as_the_hub_says(Path(got), path, file, revision, "dataset", endpoint)
        except Exception as error:  # the hub client raises many unrelated families, and all mean "not obtained"
            problem = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise DataError(
                f"{path}, {file} at {revision[:7]}",
                f"could not be downloaded ({problem})",
                f"check the network and the study's path, revision and files; or set mirror to a folder that holds "
                f"{path}/{file}",
            ) from None
        shutil.move(got, target)
