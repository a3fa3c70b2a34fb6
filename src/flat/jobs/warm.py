"""Jobs from a process that has its libraries loaded: ``python -m flat.jobs.warm -- snakemake --cores 2 ...``.

A small job spends most of its time importing: PyTorch and its optimisers take 3 CPU-seconds, transformers' encoders
5, TextAttack 2. Here one process imports them once, starts the given command, and forks a child (some 20 ms) for each
job that asks. A job's script runs in the child from its first to its last line, with the asking process's folder,
environment and output; the asking process waits and ends with the child's exit status. Either ends with the other, and
both with Snakemake. A job that finds no such process, or one that has loaded another copy of this package, runs as it
would have without: the answers are the same either way (a test compares them).

The libraries are only imported, some lexical resources read: no thread, no CUDA context and no random state exists
before the fork. One thing differs: Snakemake's ``benchmark`` files then show a job's wall time rightly, its CPU time
and memory not (the job's log has them).
"""

import argparse
import fcntl
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from flat.jobs.handover import ADDRESS, HOOK, LONGEST, PACKAGE

# What the heavy jobs import, in the order in which they need it; an absent one is left to the job that wants it
MODULES = (
    "snakemake.script",
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "torch",
    "torch._dynamo",  # torch.optim asks for it at the first optimiser
    "flat.training.rounds",
    "flat.attacks.job",
    "flat.attacks.attack",
    "flat.attacks.lexicon.sentence_encoder",
    "flat.attacks.textattack_adapter.masked_components",
    "flat.interpretation.attributions",
    "flat.interpretation.consistency",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.bert.modeling_bert",
    "transformers.models.bert.tokenization_bert",
    "transformers.models.deberta_v2.modeling_deberta_v2",
    "flat.analysis.measurements",
    "flat.analysis.importance",
    "flat.analysis.replay",
    "flat.provenance.inputs",
    "flat.report.build",
    "matplotlib.pyplot",
    "sklearn.cluster",
)

# What the jobs import that make tables, figures and verdicts of what was measured
LIGHT = (
    "snakemake.script",
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "matplotlib.pyplot",
    "flat.analysis.claims.judge",
    "flat.analysis.guards.run",
    "flat.analysis.measurements",
    "flat.interpretation.consistency",
    "flat.provenance.passport",
    "flat.provenance.inputs",
    "flat.report.build",
    "flat.report.figures.flags",
)


class Server:
    """Answers requests with forked children until told to stop.

    Args:
        folder: a folder of this process alone; its socket lies there.
    """

    def __init__(self, folder: str):
        self.address = str(Path(folder) / "jobs")
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listening.bind(self.address)
        self.listening.listen(256)
        self.children: set[int] = set()

    def serve(self, command: subprocess.Popen) -> int:
        """Fork for each request while ``command`` runs; its exit status."""
        wake, woken = os.pipe()
        os.set_blocking(woken, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake the selector
        signal.set_wakeup_fd(woken)
        with selectors.DefaultSelector() as ready:
            ready.register(self.listening, selectors.EVENT_READ)
            ready.register(wake, selectors.EVENT_READ)
            while command.poll() is None:
                for key, _ in ready.select():
                    if key.fd == wake:
                        os.read(wake, 4096)
                        self._reap()
                    else:
                        self._accept()
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
        connection, _ = self.listening.accept()
        with connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LONGEST)
            message, outputs, _, _ = socket.recv_fds(connection, LONGEST, 2)
            try:
                request = json.loads(message) if message else {}
                if request.get("package") != PACKAGE or len(outputs) != 2:
                    return  # closed unanswered: the job runs by itself
                sys.stdout.flush()
                sys.stderr.flush()
                child = os.fork()
                if not child:
                    os._exit(self._work(connection, request, outputs))
                self.children.add(child)
            finally:
                for number in outputs:
                    os.close(number)

    def _work(self, connection: socket.socket, request: dict, outputs: list[int]) -> int:
        """The child's life: become the asking process, run its script, tell its exit status."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        self.listening.close()
        os.dup2(outputs[0], 1)
        os.dup2(outputs[1], 2)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        del os.environ[ADDRESS]
        # the kernel sends SIGTERM when the asking process closes its end, that is, when it has died
        fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(connection, fcntl.F_SETSIG, signal.SIGTERM)
        fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
        connection.send(b"taken")
        status = _run(request["argv"])
        sys.stdout.flush()
        sys.stderr.flush()
        fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) & ~os.O_ASYNC)
        connection.send(str(status).encode())
        return status


def _run(argv: list[str]) -> int:
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


def preload(modules=MODULES) -> None:
    """Import what jobs will need."""
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    for name in ("flat.attacks.lexicon.resources", "flat.models.encoders.pretrained"):
        if name in sys.modules:
            sys.modules[name].preload()
    gc.collect()
    gc.freeze()  # a child's collector leaves what was loaded alone: its memory stays shared


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flat.jobs.warm", description=__doc__.split("\n\n")[0])
    parser.add_argument("--light", action="store_true", help="load what tables, figures and verdicts need alone")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="for example snakemake ...")
    given = parser.parse_args(arguments)
    command = [word for number, word in enumerate(given.command) if number or word != "--"]
    if not command:
        parser.error("give the command to run after --")
    if sys.platform != "linux":
        return subprocess.call(command)
    folder = tempfile.mkdtemp(prefix="flat-")
    server = Server(folder)
    asked_to_stop: list[int] = []
    started: list[subprocess.Popen] = []

    def pass_on(number: int, _) -> None:
        """Snakemake decides how a run ends; a terminal sends SIGINT to it as well."""
        if number == signal.SIGTERM:
            asked_to_stop.append(number)
            for process in started:
                process.send_signal(number)

    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, pass_on)
        path = os.pathsep.join(filter(None, [HOOK, os.environ.get("PYTHONPATH")]))
        started.append(subprocess.Popen(command, env={**os.environ, ADDRESS: server.address, "PYTHONPATH": path}))
        for number in asked_to_stop:  # it came while the command was being started
            started[0].send_signal(number)
        preload(LIGHT) if given.light else preload()
        return server.serve(started[0])
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
