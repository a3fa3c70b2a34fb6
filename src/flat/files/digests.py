"""SHA-256 of files and of plain data: 64 hexadecimal digits."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path


def sha256_of(path: str | Path) -> str:
    """Of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksums(paths: Iterable[str | Path]) -> dict[str, str]:
    """Of files by path, sorted by path."""
    return {path: sha256_of(path) for path in sorted(map(str, paths))}


def state_of(path: str | Path) -> dict[str, str | int]:
    """What a job's record says of a file: its SHA-256 and its size in bytes."""
    return {"sha256": sha256_of(path), "bytes": os.path.getsize(path)}


def attack_hash(lock: Mapping) -> str:
    """Of an attack lock without what one run of the attack measured: how it screened (``flat.attacks.screened``)."""
    return digest_of({key: value for key, value in lock.items() if key != "screening"})


def digest_of(value: object) -> str:
    """Of plain data as canonical JSON: equal values have equal digests whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
