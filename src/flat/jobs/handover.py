"""A job's process asks the process of ``flat.jobs.warm`` to run its script. Imports little: each job pays for it."""

import json
import os
import signal
import socket
import struct
import sys
from contextlib import suppress

ADDRESS = "FLAT_WARM"  # environment variable: where the process that serves listens
HERE = os.path.dirname(os.path.realpath(__file__))
PACKAGE = os.path.dirname(HERE)
HOOK = os.path.join(HERE, "hook")  # on PYTHONPATH: a job asks before it imports anything else
LONGEST = 1 << 20  # bytes of one request
PATIENCE_S = 120.0  # for an answer, while libraries are loaded; then a job runs as it would without


def place(address: str) -> str:
    """The name that the kernel knows: one of Linux' abstract names, which lie in no folder and end with their owner."""
    return "\0" + address


def of_this_user(connection: socket.socket) -> bool:
    """Whether the process at the other end is this user's: anybody may take, and connect to, an abstract name."""
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return user == os.getuid()


def hand_over(argv: list[str], parent: int) -> None:
    """Let the preloaded process run the script ``argv[0]``, if there is such a process.

    Does not return if it took the job: this process then ends with the job's exit status.

    Args:
        parent: the process that started this one, which ends with it.
    """
    address = os.environ.get(ADDRESS)
    if not address or not argv or not argv[0]:
        return
    request = {"argv": argv, "folder": os.getcwd(), "environment": dict(os.environ), "package": PACKAGE}
    message = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.settimeout(PATIENCE_S)
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST)
            connection.connect(place(address))
            if not of_this_user(connection):
                return
            socket.send_fds(connection, [message], [1, 2])
            taken = connection.recv(16)
        except OSError:
            return
        if taken != b"taken":
            return
        _pass_on_stops(connection)
        status = _status(connection, parent)
    if not status:
        print("the process that ran this job was killed", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(status or b"1"))


def _pass_on_stops(connection: socket.socket) -> None:
    """Asked to stop, ask the job to stop, and wait for it: it finishes what it has in hand."""

    def stop(*_) -> None:
        with suppress(OSError):  # it has ended just now
            connection.shutdown(socket.SHUT_WR)  # the kernel tells the job, as it does when this process dies

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


def _status(connection: socket.socket, parent: int) -> bytes:
    """The job's exit status at its end; nothing if it was killed. Ends with the process that started this one."""
    connection.settimeout(0.5)
    while True:
        try:
            return connection.recv(16)
        except TimeoutError:
            if os.getppid() != parent:
                os._exit(1)
        except OSError:
            return b""
