"""What a process starts ends with it, however it ends, and whatever shells stand between the two.

A process that others are to end with opens a pipe that nobody writes to, and names itself in the environment. One that
finds the name there opens the pipe's other end (by way of /proc) and asks the kernel for SIGTERM when the pipe closes.
That happens with the process that opened it, also by SIGKILL. Whoever looks later finds no such process, and ends at
once. It takes a tenth of a millisecond, no thread, and leaves nothing on disk.

``flat.jobs.warm`` and Snakemake (rules/common.smk) offer such a pipe; Snakemake and its jobs hold on to them.
"""

import fcntl
import os
import signal
import sys

from flat.files import processes

LIFELINES = "FLAT_LIFELINES"  # environment variable: NAME:DESCRIPTOR of each process that others end with


def offer() -> None:
    """Let what this process starts from now on end with it."""
    if sys.platform != "linux":
        return
    reading, writing = os.pipe()  # open as long as this process lives; closed in what it starts, also without an exec
    held = [writing]

    def close_once() -> None:  # a fork of a fork finds none: the number may be another file's by then
        while held:
            os.close(held.pop())

    os.register_at_fork(after_in_child=close_once)
    offered = os.environ.get(LIFELINES, "").split()
    os.environ[LIFELINES] = " ".join([*offered, f"{processes.own_name()}:{reading}"])


def join(on_cluster: bool) -> None:
    """Snakemake's part: end with what started it, and let its jobs end with it.

    Args:
        on_cluster: a cluster's node runs it for another Snakemake, which need not live on.
    """
    if on_cluster:
        os.environ.pop(LIFELINES, None)
    hold()
    offer()


def hold() -> int:
    """End with every process of this machine that offers it; at once, if one has ended. The parent of this process.

    SIGTERM comes: a job then finishes what it has in hand.
    """
    parent = os.getppid()
    numbers = set()
    for lifeline in os.environ.get(LIFELINES, "").split():
        name, _, descriptor = lifeline.rpartition(":")
        number = processes.number_of(name)
        if number is None:  # Slurm hands the environment on to other machines
            continue
        if not _held(name, f"/proc/{number}/fd/{descriptor}"):
            _end(f"process {number}, which this one works for, has ended")
        numbers.add(number)
    if numbers and (os.getppid() != parent or not _descends(parent, numbers)):
        _end("the process that started this one has ended")
    return parent


def _held(name: str, pipe: str) -> bool:
    """Ask for SIGTERM when the pipe of the named process closes; False: it has ended."""
    try:
        line = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # stays open as long as this process lives
    except PermissionError:  # the system hides it: Linux' PR_SET_PDEATHSIG is left
        return processes.lives(name) is not False
    except OSError:
        return False
    if not processes.lives(name):  # the number is another process's now
        return False
    fcntl.fcntl(line, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(line, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(line, fcntl.F_SETFL, fcntl.fcntl(line, fcntl.F_GETFL) | os.O_ASYNC)
    try:
        return os.read(line, 1) != b""  # it ended before the kernel was asked
    except BlockingIOError:
        return True


def _descends(process: int | None, numbers: set[int]) -> bool:
    """Whether a process is, or was started below, one of these; also where the system does not say."""
    while process is not None and process > 1:
        if process in numbers:
            return True
        process = processes.parent_of(process)
    return process is None


def _end(why: str) -> None:
    print(f"{why}: so does this one", file=sys.stderr, flush=True)
    os._exit(128 + signal.SIGTERM)
