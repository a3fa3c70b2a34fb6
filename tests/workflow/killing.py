"""Jobs of the tiny study as Snakemake starts them, run again and again from a process that has its libraries loaded, so
that a test may kill one at any moment and pay for its work alone."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from safetensors import safe_open

from flat.jobs.handover import place

ROOT = Path("results/tiny")

# Preloads, then forks a child for each script it is told; notes each unit of work that a child begins. A child with a
# gate waits there at each unit, so that a test may look at what it has noted and kill it then, however fast it is.
DRIVER = """
import json, os, sys
from flat.jobs import serving, warm
from flat.attacks import attack as engine
from dataclasses import replace
from flat.plugins import registry
from flat.training import trainer

warm.preload(warm.MODULES[:18])

def noting(work, file, gate):
    def noted(*args, **keywords):
        os.write(file, b".")
        if gate is not None:
            os.read(gate, 1)
        return work(*args, **keywords)
    return noted

print("ready", flush=True)
for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if not child:
        file = os.open(job["begun"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        gate = os.open(job["gate"], os.O_RDONLY) if job["gate"] else None
        engine._Single.__call__ = noting(engine._Single.__call__, file, gate)
        trainer._gradients = noting(trainer._gradients, file, gate)
        explainers = registry.own_of("explainers")
        for name in ("ig", "lime"):
            found = explainers[name]
            noted = replace(found.plugin, make=noting(found.plugin.load(), file, gate))
            explainers[name] = replace(found, plugin=noted)
        out = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        exec(job["before"], {})
        os._exit(serving.run([job["script"]]))
    print(child, flush=True)
    _, status, used = os.wait4(child, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime]), flush=True)
"""


class Captured:
    """A job: its script with everything that Snakemake hands it, and the files it makes."""

    def __init__(self, script: Path, outputs: list[Path]):
        self.script, self.outputs = script, outputs


def capture(checkout, pristine: Path, targets: dict[str, str], folder: Path) -> dict[str, Captured]:
    """The jobs that make ``targets`` (name -> file), as Snakemake starts them in ``checkout``.

    Snakemake is told that its jobs run in a preloaded process (``flat.jobs.warm``); the process that answers here
    keeps each script and puts the outputs there from ``pristine``.
    """
    address = f"flat-test-{os.getpid()}-{folder.name}"
    found: dict[str, Captured] = {}
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(place(address))
    listening.listen(8)

    def answer() -> None:
        while True:
            connection, _ = listening.accept()
            with connection:
                message, outputs, _, _ = socket.recv_fds(connection, 1 << 20, 2)
                for number in outputs:
                    os.close(number)
                if not message:
                    return
                script = folder / f"{len(list(folder.iterdir()))}.py"
                shutil.copyfile(json.loads(message)["argv"][0], script)
                connection.send(b"taken")
                absent = [
                    path.relative_to(pristine)
                    for path in sorted((pristine / ROOT).rglob("*"))
                    if path.is_file() and not (checkout.folder / path.relative_to(pristine)).exists()
                ]
                for path in absent:
                    (checkout.folder / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(pristine / path, checkout.folder / path)
                made = [
                    path for path in absent if path.parts[2] not in ("logs", "benchmarks", "provenance", "journals")
                ]
                name = next((name for name, target in targets.items() if Path(target) in made), None)
                if name:  # another job may lie between two of them
                    found[name] = Captured(script, made)
                connection.send(b"0")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    checkout.environment["FLAT_WARM"] = address
    try:
        checkout.tiny("--cores", "1", "--force", "--rerun-triggers", "input", "--", *targets.values())
    finally:
        del checkout.environment["FLAT_WARM"]
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as last:
            last.connect(place(address))
            socket.send_fds(last, [b""], [])
        thread.join(10)
        listening.close()
    return found


class Driver:
    """Runs captured jobs in ``checkout``; ``seconds`` counts the CPU time of all of them."""

    def __init__(self, checkout, folder: Path):
        self.folder, self.place = folder, checkout.folder
        self.seconds = 0.0
        environment = {name: value for name, value in checkout.environment.items() if name != "FLAT_WARM"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER],
            cwd=checkout.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)

    def start(self, job: Captured, begun: Path, gated: bool = False, before: str = "") -> "Running":
        """Snakemake removes a job's outputs and starts it; with ``gated`` it waits at each unit (see ``kill_at``).

        ``before``: Python that the job's process runs first.
        """
        for path in job.outputs:
            (self.place / path).unlink(missing_ok=True)
        gate = None
        if gated:
            fifo = self.folder / "gate"
            fifo.unlink(missing_ok=True)
            os.mkfifo(fifo)
            gate = os.open(fifo, os.O_RDWR)  # opens at once, and lets the job's end open at once
        request = {"script": str(job.script), "begun": str(begun), "output": str(self.folder / "output.txt")}
        request["before"] = before
        self.process.stdin.write(json.dumps(request | {"gate": str(fifo) if gated else None}) + "\n")
        self.process.stdin.flush()
        return Running(int(self.process.stdout.readline()), begun, gate)

    def wait(self) -> int:
        """The exit status of the job (minus the signal that killed it)."""
        status, seconds = json.loads(self.process.stdout.readline())
        self.seconds += seconds
        return status

    def noted(self, rule: str) -> int:
        """Units of work that the journal of the rule's one job holds: examples, texts, epochs."""
        for path in (self.place / ROOT / "journals" / rule).rglob("[!.]*"):
            try:
                if path.suffix == ".jsonl":
                    return max(path.read_bytes().count(b"\n") - 1, 0)
                if path.suffix == ".safetensors":
                    with safe_open(path, "pt") as file:
                        return json.loads(file.metadata()["facts"])["progress"]["epoch"] - 1
            except (FileNotFoundError, RuntimeError):  # deleted at this moment: the job is done
                return 0
        return 0


class Running(NamedTuple):
    """A started job: its process, where it notes each unit that it begins, and the gate that it waits at."""

    pid: int
    begun: Path
    gate: int | None


def kill_after(driver: Driver, job: Running, seconds: float, number: int = signal.SIGKILL) -> int:
    """Signal a running job after ``seconds``; its exit status."""
    gone = os.pidfd_open(job.pid)
    try:
        select.select([gone], [], [], seconds)
        with suppress(ProcessLookupError):  # it has ended by itself
            signal.pidfd_send_signal(gone, number)
    finally:
        os.close(gone)
    return driver.wait()


def kill_at(driver: Driver, job: Running, rule: str, units: int, number: int = signal.SIGKILL) -> int:
    """Let a gated job work until it has noted ``units`` more units and signal it before it begins another.

    Returns:
        the job's exit status; 0 if it came to its end before.
    """
    gone = os.pidfd_open(job.pid)
    before, begun = driver.noted(rule), _size(job.begun)
    try:
        while not select.select([gone], [], [], 0.002)[0]:
            if _size(job.begun) > begun:  # it waits at the gate
                begun += 1
                if driver.noted(rule) >= before + units:
                    signal.pidfd_send_signal(gone, number)
                    break
                os.write(job.gate, b".")
    finally:
        os.close(gone)
        os.close(job.gate)  # what lives on meets no gate any more
    return driver.wait()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
