"""Which process is which, whether it lives, and what ends with it.

The system gives a process's number to another one later. With the moment of its start and its machine it names one
process alone.
"""

import os
import re
import sys
from functools import cache

PR_SET_PDEATHSIG = 1
PATTERN = r"[\w-]+-\d+-\d+"  # of a name: machine, number, start


@cache
def here() -> str:
    """This machine since it was last started, and its table of processes: a container may have one of its own."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read().replace('-', '')[:12]}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:  # systems other than Linux
        return re.sub(r"\W", "-", os.uname().nodename)


def own_name() -> str:
    """The name of this process, among all processes of all machines."""
    return f"{here()}-{os.getpid()}-{started(os.getpid())}"


def number_of(name: str) -> int | None:
    """The number of a named process on this machine; None: it is, or was, one of another machine."""
    machine, number, _ = name.rsplit("-", 2)
    return int(number) if machine == here() else None


def lives(name: str) -> bool | None:
    """Whether a named process still runs; None: it is one of another machine, of which nothing is known here."""
    number = number_of(name)
    return None if number is None else started(number) in (int(name.rpartition("-")[2]), 0)


def started(number: int) -> int | None:
    """When a process started, in the system's ticks; 0: this user cannot know. None: it has ended."""
    if fields := _stat(number):
        return None if fields[0] in (b"Z", b"X") else int(fields[19])
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return None
    except PermissionError:  # another user's, which /proc hides
        pass
    return 0


def parent_of(number: int) -> int | None:
    """The process that started another one, or has taken it over; None: the system does not say."""
    fields = _stat(number)
    return int(fields[1]) if fields else None


def _stat(number: int) -> list[bytes]:
    """The fields of /proc/NUMBER/stat from the state on."""
    try:
        with open(f"/proc/{number}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def end_with_parent(signal: int, parent: int | None = None) -> None:
    """Have the kernel send this process ``signal`` when its parent ends.

    Args:
        parent: the process that has started this one. If it ended before the kernel was asked, this one ends here.
    """
    if sys.platform == "linux":
        import ctypes  # for cost: whoever writes a file imports this module

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(128 + signal)
