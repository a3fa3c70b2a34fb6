"""SHA-256 of files that jobs read: a large one is hashed once in an hour of a run, unless something touches it.

A digest is kept under what the system says of the file: device, inode, size, times of change. What a process does to a
file moves one of them. A disk's own decay moves none. So a digest lasts for an hour at most, and the Snakefile forgets
all when a run starts. Each machine keeps its own, since what one has read tells nothing of another's disk and memory.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(".snakemake/flat-digests")  # of the folder that a run works in; without .snakemake nothing is kept there
LARGE = 1 << 20  # bytes: to hash a smaller file costs less than to look it up
LASTS = 3600.0  # seconds
SETTLED = 2.0  # seconds: times of change are as coarse on some file systems, so a younger file may change unseen
_in_process: dict[tuple, tuple[str, float]] = {}


class Seen(NamedTuple):
    """A file as it was when it was hashed; ``times``: of its content and of its inode, in nanoseconds."""

    sha256: str
    device: int
    inode: int
    size: int
    times: tuple[int, int]

    @property
    def state(self) -> dict[str, str | int]:
        """What a job's record says of a file."""
        return {"sha256": self.sha256, "bytes": self.size}

    def touched(self, path: str | Path) -> bool:
        """Whether the file was written to, or its times were set, since; OSError where it is gone.

        Another inode alone is no sign: some network file systems number files anew.
        """
        return _key(os.stat(path))[2:] != (self.size, self.times)


def look(path: str | Path, *, anew: bool = False) -> Seen:
    """Hash a file, or take the digest of an hour ago; with ``anew`` hash it in any case.

    Raises:
        OSError: the system's own.
    """
    with open(path, "rb") as file:
        key = _key(os.fstat(file.fileno()))
        kept = key[2] >= LARGE
        digest = _known(key) if kept and not anew else None
        if digest is None:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            settled = time.time() - max(key[3]) / 1e9 > SETTLED
            if kept and settled and key == _key(os.fstat(file.fileno())):
                _keep(key, digest)
    return Seen(digest, *key)


def sha256_seen(path: str | Path) -> str:
    """``look`` for who wants the digest alone."""
    return look(path).sha256


def forget() -> None:
    """Trust no digest of a run before: called where a run starts."""
    for kept in FOLDER.glob("*"):
        with suppress(OSError):  # another run forgets at the same time
            kept.unlink()


def _key(stat: os.stat_result) -> tuple:
    return stat.st_dev, stat.st_ino, stat.st_size, (stat.st_mtime_ns, stat.st_ctime_ns)


def _place(key: tuple) -> Path:
    name = hashlib.sha256(json.dumps([os.uname().nodename, *key]).encode()).hexdigest()
    return FOLDER / name


def _known(key: tuple) -> str | None:
    digest, when = _in_process.get(key) or _of_others(key)
    return digest if 0 <= time.time() - when < LASTS else None


def _of_others(key: tuple) -> tuple[str, float]:
    """What another process of this machine kept."""
    try:
        digest, when = _place(key).read_text(encoding="ascii").split()
        return digest, float(when)
    except (OSError, ValueError):
        return "", 0.0


def _keep(key: tuple, digest: str) -> None:
    now = time.time()
    _in_process[key] = (digest, now)
    place = _place(key)
    part = place.with_name(f"{place.name}.{os.getpid()}")
    with suppress(OSError):  # another job will hash it again
        if FOLDER.parent.is_dir():
            FOLDER.mkdir(exist_ok=True)
            part.write_text(f"{digest} {now}", encoding="ascii")
            os.replace(part, place)
