"""Python for tests from a process that has other people's libraries loaded: a fork of it, where the start is no matter.

To start Python and import Snakemake takes a CPU-second, PyTorch and what the jobs import beside it five. Here a process
imports them once for a process of pytest, and forks (some 20 ms) for each command line that a test runs. Nothing of
this repository is loaded there: a fork imports the package from where its environment's PYTHONPATH says, as it lies
there at that moment. Jobs that a forked Snakemake starts are forks as well, asked for as ``flat.jobs.handover`` asks.

All forks hash strings alike. A test that compares what two processes compute starts one of them by itself, and so does
a test that kills, measures or patches a process.
"""

import json
import os
import selectors
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flat.jobs.handover import ADDRESS, HOOK, LONGEST, place

SERVER = Path(__file__).with_name("preloading_server.py")


class Ran(NamedTuple):
    """How a command line ended, and what it wrote to its two outputs, which are one."""

    returncode: int
    output: str


@cache
def _server() -> tuple[str, subprocess.Popen]:
    """Where the process listens that forks, and the process, which is to end with this one."""
    address = f"flat-test-{os.getpid()}-{os.urandom(8).hex()}"
    environment = {name: value for name, value in os.environ.items() if name not in (ADDRESS, "PYTHONPATH")}
    server = subprocess.Popen(
        [sys.executable, "-P", str(SERVER), address],
        env=environment,
        stdin=subprocess.PIPE,  # closed with this process: then it ends
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout.readline() == "listening\n"
    return address, server


def with_forked_jobs(environment: dict[str, str]) -> dict[str, str]:
    """An environment in which the scripts of Snakemake's jobs are forks, unless it names another server of them."""
    if ADDRESS in environment:
        return environment
    path = os.pathsep.join(filter(None, [HOOK, environment.get("PYTHONPATH")]))
    return environment | {ADDRESS: _server()[0], "PYTHONPATH": path}


def python(words: list[str], folder: Path, environment: dict[str, str], timeout: float = 3600) -> Ran:
    """Run ``python words`` in a fork, ``with_forked_jobs``.

    Args:
        words: ``-m module ...``, ``-c code ...`` or ``script ...``.
        timeout: seconds, after which the fork is asked to end.
    """
    request = {"argv": words, "folder": str(folder), "environment": with_forked_jobs(environment)}
    reading, writing = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection, open(reading, "rb") as output:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST)
        connection.connect(place(_server()[0]))
        socket.send_fds(connection, [json.dumps(request).encode()], [writing, writing])
        os.close(writing)
        said = _read(output, time.monotonic() + timeout)  # until all that it started has ended too
        assert connection.recv(16) == b"taken"
        status = connection.recv(16)
    return Ran(int(status) if status else -1, said)


def _read(output, until: float) -> str:
    """All that comes, if it ends in time."""
    parts = []
    with selectors.DefaultSelector() as ready:
        ready.register(output, selectors.EVENT_READ)
        while ready.select(max(until - time.monotonic(), 0)):
            if not (part := os.read(output.fileno(), 1 << 16)):
                return b"".join(parts).decode(errors="replace")
            parts.append(part)
    raise TimeoutError(f"it still runs, and has said: {b''.join(parts)[-3000:].decode(errors='replace')}")
