"""The process of ``preloaded.py``: imports other people's libraries, then forks for each command line it is sent.

python preloading_server.py FOLDER-OF-THE-PACKAGE ADDRESS
"""

import atexit
import fcntl
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
import traceback
from contextlib import suppress

MODULES = (
    "snakemake.cli",
    "snakemake.script",
    "pandas",
    "pyarrow.parquet",
    "torch",
    "torch._dynamo",  # torch.optim asks for it at the first optimiser
    "safetensors.torch",
    "pydantic",
    "jinja2",
    "scipy.stats",
    "sklearn.cluster",
    "matplotlib.pyplot",
    "seaborn",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.bert.modeling_bert",
    "transformers.models.bert.tokenization_bert",
)
LONGEST = 1 << 20  # bytes of one request


def main(address: str) -> None:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind("\0" + address)
    listening.listen(256)
    print("listening", flush=True)
    for name in MODULES:
        with suppress(ImportError):
            importlib.import_module(name)
    atexit._clear()  # what was registered here is this process's to do
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, _reap)
    while select.select([listening, sys.stdin], [], [])[0] == [listening]:  # else pytest has ended
        connection, _ = listening.accept()
        with connection:
            _answer(connection, listening)


def _reap(*_) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _answer(connection: socket.socket, listening: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LONGEST)
    message, outputs, _, _ = socket.recv_fds(connection, LONGEST, 2)
    if message and not os.fork():
        status = 1
        try:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(outputs[0], 1)
            os.dup2(outputs[1], 2)
            for number in outputs:
                os.close(number)
            status = _work(connection, json.loads(message))
        finally:
            os._exit(status)
    for number in outputs:
        os.close(number)


def _work(connection: socket.socket, request: dict) -> int:
    """Be the Python that was asked for; its exit status."""
    # the kernel sends SIGTERM when the asking process closes its end: it has died, or was asked to stop
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
    connection.send(b"taken")
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    if request.get(
        "package"
    ):  # a job whose script Snakemake wrote: it is run here, and ends with the process that asks
        for name in ("FLAT_WARM", "FLAT_LIFELINES"):
            os.environ.pop(name, None)
    words = request["argv"]
    first = {"-m": os.getcwd(), "-c": ""}.get(words[0], os.path.dirname(os.path.abspath(words[0])))
    path = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    sys.path[:] = [first, *path, *sys.path]
    sys.orig_argv = [sys.executable, *words]
    tempfile.tempdir = None  # it may have been asked for where TMPDIR was another
    importlib.invalidate_caches()
    status = _ended(words)
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) & ~os.O_ASYNC)
    with suppress(OSError):  # the asking process has been killed
        connection.send(str(status).encode())
    return status


def _ended(words: list[str]) -> int:
    try:
        if words[0] == "-c":
            sys.argv = ["-c", *words[2:]]
            exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
        elif words[0] == "-m":
            sys.argv = words[1:]
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = words
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
