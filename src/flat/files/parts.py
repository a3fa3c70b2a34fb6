"""Half-written files: under names that say who writes them, so that nobody deletes what another one is writing."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flat.errors import ArtefactError
from flat.files import processes
from flat.files.holds import Hold

PATIENCE_S = 120  # how long the process may take that writes the same file
OLD_S = 7 * 86400  # a part of another machine that nobody wrote to for so long: no job runs for half as long
NAMED = re.compile(rf"(.+)\.({processes.PATTERN})\.part")


def part_of(path: Path) -> Path:
    """The name under which this process writes ``path`` until it is whole."""
    return path.with_name(f".{path.name}.{processes.own_name()}.part")


def remove_parts(path: Path) -> None:
    """Delete what was left of ``path`` by processes of this machine that have ended, and what is old of other ones'."""
    for name in os.listdir(path.parent):
        match = NAMED.fullmatch(name)
        if match is None or match[1] != f".{path.name}":
            continue
        part, alive = path.with_name(name), processes.lives(match[2])
        with suppress(FileNotFoundError):  # another process deletes the same one
            if alive is False or (alive is None and time.time() - _written(part) > OLD_S):
                remove(part)


def _written(part: Path) -> float:
    """When somebody last wrote to a part."""
    return max(file.stat().st_mtime for file in (part, *part.rglob("*")))


def remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=True)


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Within, no other process writes ``path``. Of several that want to, one does.

    Raises:
        ArtefactError: another one has written it while this one waited, or is still at it.
    """
    before = _identity(path)
    hold = Hold(path.with_name(f".{path.name}.part.lock"), path, PATIENCE_S)
    try:
        if hold.waited and _identity(path) != before:
            raise ArtefactError(
                str(path),
                "another process has written it at the same time",
                "end a second snakemake or job in this folder, if there is one, then run snakemake again",
            )
        yield
    finally:
        hold.release()


def _identity(path: Path) -> tuple[int, int] | None:
    """What changes when a file is replaced; None: there is none."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return state.st_ino, state.st_mtime_ns
