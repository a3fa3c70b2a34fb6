"""Which GPU is mine: devices handed out to the jobs of one machine, one job a device.

Snakemake counts GPUs (``--resources gpu=4``) and says no numbers, so jobs that run side by side would all compute on
device 0. Here a job takes the first free device of the machine and holds it while it lives. It has an exclusive
``flock`` on a file per device. The kernel releases that with the process, however it ends. Where somebody has already
chosen (``CUDA_VISIBLE_DEVICES`` is set: by Slurm, by Kubernetes, by the user) nothing is done.
"""

import errno
import fcntl
import os
import stat
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from flat.errors import FlatError

VISIBLE = "CUDA_VISIBLE_DEVICES"
FOLDER = "FLAT_GPU_LOCKS"  # environment variable: where the lock files lie, if not in the temporary folder
SHARED = "FLAT_SHARE_GPUS"  # environment variable: 1 lets jobs share devices
TRIES = 10  # to open a lock, a tenth of a second apart
PATIENCE = 600.0  # seconds; Snakemake starts no job before another has given its device back, but processes end late
_held: list[BinaryIO] = []  # open for the life of the process: closing would release the lock


def take(wanted: int, patience: float = PATIENCE) -> list[str]:
    """Set CUDA_VISIBLE_DEVICES of this process to ``wanted`` devices that no other job holds; the devices' names.

    To be called before CUDA is first used in the process. Empty if there is nothing to choose: no GPU wanted, none in
    the machine, or the choice was made outside.

    Args:
        patience: seconds to wait for devices that other jobs hold.

    Raises:
        FlatError: they are not free after that time, the machine has fewer, or another user keeps the locks to himself.
    """
    if wanted < 1 or VISIBLE in os.environ or os.environ.get(SHARED) == "1":
        return []
    devices = installed()
    if not devices:
        return []
    if wanted > len(devices):
        raise FlatError(
            f"resources: gpu={wanted}",
            f"this machine has {len(devices)} GPU" + "s" * (len(devices) > 1),
            f"give at most gpu={len(devices)} to a job",
        )
    folder, until = lock_folder(), time.monotonic() + patience
    while True:
        if locks := _lock(devices, wanted, folder):
            _held.extend(locks.values())
            os.environ[VISIBLE] = ",".join(locks)
            return list(locks)
        if time.monotonic() > until:
            raise FlatError(
                f"GPU locks in {folder}",
                f"{wanted} of the {len(devices)} GPUs of this machine did not come free in {patience:.0f} s",
                f"give Snakemake --resources gpu={len(devices)} (its limit, over all its runs on this machine), "
                f"or set {SHARED}=1 to let jobs share a GPU",
            )
        time.sleep(0.2)


def installed() -> list[str]:
    """The machine's GPUs by UUID, asked of the driver without opening a CUDA context. Empty without NVIDIA's driver."""
    command = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in listed.splitlines() if line.strip()]


def lock_folder() -> Path:
    """One for all users of the machine: their jobs must not share a device either."""
    folder = Path(os.environ.get(FOLDER) or Path(tempfile.gettempdir()) / "flat-gpus")
    try:
        absent = [parent for parent in folder.parents if not parent.exists()]
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o1777)
            for parent in absent:  # whatever the umask: others must reach the folder
                parent.chmod(0o755)
    except PermissionError:
        raise _not_ours(folder, "cannot be made") from None
    return folder


def _lock(devices: Sequence[str], wanted: int, folder: Path) -> dict[str, BinaryIO]:
    """The locks of ``wanted`` free devices, first ones first; none at all if fewer are free."""
    locks: dict[str, BinaryIO] = {}
    with ExitStack() as unless_enough:
        for device in devices:
            file = unless_enough.enter_context(_opened(folder / f"{device}.lock"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            locks[device] = file
            if len(locks) == wanted:
                unless_enough.pop_all()
                return locks
    return {}


def _opened(path: Path) -> BinaryIO:
    """A lock file open for reading alone: another user's file may not be written to, and a lock needs no more.

    Raises:
        FlatError: another user has made it, or its folder, for himself alone.
    """
    for left in reversed(range(TRIES)):
        try:
            with suppress(FileNotFoundError):
                return _regular(path)
            with suppress(FileExistsError):  # another job has made it just now
                made = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o644)
                os.fchmod(made, 0o644)  # whatever the umask: other users' jobs have to open it
                os.close(made)
        except PermissionError:  # made a moment ago, and not opened to others yet?
            if not left:
                raise _not_ours(path, "cannot be opened") from None
            time.sleep(0.1)
    raise _not_ours(path, "comes and goes, so that it cannot be opened")


def _regular(path: Path) -> BinaryIO:
    """Open a file for reading; without waiting, as a pipe would for somebody who writes to it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError as error:
        if error.errno != errno.ENXIO:  # a socket
            raise
        descriptor, regular = None, False
    if regular:
        return os.fdopen(descriptor, "rb", buffering=0)
    if descriptor is not None:
        os.close(descriptor)
    raise FlatError(
        f"GPU lock {path}",
        "it is no regular file (a pipe, a socket, a folder?)",
        f"delete it; or set {FOLDER} to a folder that all jobs of this machine can use",
    )


def _not_ours(path: Path, what: str) -> FlatError:
    """What to do about a lock that this user cannot get at; says who owns it, or the folder that hides it."""
    seen = (place for place in (path, *path.parents) if os.access(place.parent, os.X_OK) and place.exists())
    there = next(seen, path)
    try:
        state = there.stat()
        with suppress(KeyError):  # a user without a name
            about = f"; {there} belongs to user {state.st_uid}, its mode is {state.st_mode & 0o7777:04o}"
            about = about.replace(f"user {state.st_uid}", there.owner())
    except OSError:
        about = ""
    return FlatError(
        f"GPU lock {path}",
        f"{what} by this user{about}",
        f"have its owner make it readable (chmod a+r a lock, chmod 1777 its folder) or delete it; or set {FOLDER} to a "
        f"folder that all jobs of this machine can use, {VISIBLE} to a GPU that is yours, or {SHARED}=1",
    )
