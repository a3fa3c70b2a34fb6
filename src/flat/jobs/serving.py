"""The process of ``flat.jobs.warm`` answers jobs: it forks a child for each that asks."""

import fcntl
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from functools import cache
from typing import NoReturn

from flat.files.processes import end_with_parent
from flat.jobs.handover import ADDRESS, LONGEST, PACKAGE, of_this_user, place

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Server:
    """Answers requests with forked children until told to stop. Its socket lies in no folder: no kill leaves it."""

    def __init__(self):
        self.address = f"flat-{os.urandom(16).hex()}"
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listening.bind(place(self.address))
        self.listening.listen(256)
        self.listening.setblocking(False)
        self.silent: list[socket.socket] = []  # connections that have asked nothing yet
        self.children: set[int] = set()

    def serve(self, command: subprocess.Popen) -> int:
        """Fork for each request while ``command`` runs; its exit status."""
        self.wake, self.woken = os.pipe()
        os.set_blocking(self.woken, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake the selector
        signal.set_wakeup_fd(self.woken)
        with selectors.DefaultSelector() as self.ready:
            self.ready.register(self.listening, selectors.EVENT_READ)
            self.ready.register(self.wake, selectors.EVENT_READ)
            while command.poll() is None:
                for key, _ in self.ready.select():
                    if key.fd == self.wake:
                        os.read(self.wake, 4096)
                        self._reap()
                    elif key.fileobj is self.listening:
                        self._accept()
                    else:
                        self._answer(self._forgotten(key.fileobj))
        return command.returncode

    def stop(self) -> None:
        """End what still runs."""
        for child in self.children:
            os.kill(child, signal.SIGTERM)
        while self.children:
            child, _ = os.wait()
            self.children.discard(child)

    def _reap(self) -> None:
        for child in list(self.children):
            if os.waitpid(child, os.WNOHANG)[0]:
                self.children.discard(child)

    def _accept(self) -> None:
        """Take a connection. It is listened to as soon as it says something: who says nothing keeps nobody waiting."""
        try:
            connection, _ = self.listening.accept()
        except BlockingIOError:  # it is gone again
            return
        except OSError as error:  # too many open files
            tell(f"no more jobs are taken for now: {error}")
            if self.silent:
                self._forgotten(self.silent[0]).close()
            else:
                time.sleep(0.05)  # one of the jobs' ends has to come first
            return
        if of_this_user(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LONGEST)
            self.silent.append(connection)
            self.ready.register(connection, selectors.EVENT_READ)
        else:
            connection.close()

    def _forgotten(self, connection: socket.socket) -> socket.socket:
        self.ready.unregister(connection)
        self.silent.remove(connection)
        return connection

    def _answer(self, connection: socket.socket) -> None:
        """Fork a child for a request. One that cannot be read is closed unanswered: its job runs by itself."""
        outputs: list[int] = []
        with connection:
            try:
                message, outputs, _, _ = socket.recv_fds(connection, LONGEST, 2)
                request = _request(message) if message else None
                if request is None or request["package"] != PACKAGE or len(outputs) != 2:
                    return
                sys.stdout.flush()
                sys.stderr.flush()
                server, child = os.getpid(), os.fork()
                if not child:
                    self._become(server, connection, request, outputs)
                self.children.add(child)
            except Exception as error:  # whatever a request leads to: the other jobs want an answer
                tell(f"a request was not taken: {type(error).__name__}: {error}")
            finally:
                for number in outputs:
                    os.close(number)

    def _become(self, server: int, connection: socket.socket, request: dict, outputs: list[int]) -> NoReturn:
        """The child's life, which never comes back to the server's."""
        status = 1
        try:
            status = self._work(server, connection, request, outputs)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def _work(self, server: int, connection: socket.socket, request: dict, outputs: list[int]) -> int:
        """Become the asking process, run its script, tell its exit status."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, *STOPS):
            if signal.getsignal(number) != signal.SIG_IGN:  # under nohup SIGHUP is, and stays so
                signal.signal(number, signal.SIG_DFL)
        end_with_parent(signal.SIGTERM, server)
        self.ready.close()
        for other in (self.listening, *self.silent):
            other.close()
        os.close(self.wake)
        os.close(self.woken)
        os.dup2(outputs[0], 1)
        os.dup2(outputs[1], 2)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        os.environ.pop(ADDRESS, None)
        # the kernel sends SIGTERM when the asking process closes its end: it has died, or was asked to stop
        fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(connection, fcntl.F_SETSIG, signal.SIGTERM)
        fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
        connection.send(b"taken")
        status = run(request["argv"])
        sys.stdout.flush()
        sys.stderr.flush()
        fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) & ~os.O_ASYNC)
        with suppress(OSError):  # the asking process has been killed
            connection.send(str(status).encode())
        return status


def _request(message: bytes) -> dict:
    """What a job asks for.

    Raises:
        ValueError: this is no such request.
    """
    request = json.loads(message)
    kinds = {"argv": list, "folder": str, "environment": dict, "package": str}
    if not isinstance(request, dict) or not all(isinstance(request.get(key), kind) for key, kind in kinds.items()):
        raise ValueError(f"it has to say {', '.join(kinds)}")
    if not request["argv"]:
        raise ValueError("it names no script")
    return request


@cache
def tell(what: str) -> None:
    """Once each, however often it happens."""
    with suppress(OSError):  # the terminal is gone
        print(f"flat.jobs.warm: {what}", file=sys.stderr, flush=True)


def run(argv: list[str]) -> int:
    """Run a script as ``python argv`` would; its exit status."""
    sys.argv = argv
    try:
        runpy.run_path(argv[0], run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
