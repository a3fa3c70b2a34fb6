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
import gc
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from flat.errors import FlatError
from flat.files.processes import end_with_parent
from flat.jobs import lifeline
from flat.jobs.handover import ADDRESS, HOOK
from flat.jobs.serving import STOPS, Server, tell

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
    "seaborn",
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
    "seaborn",
    "flat.analysis.claims.judge",
    "flat.analysis.guards.run",
    "flat.analysis.measurements",
    "flat.interpretation.consistency",
    "flat.provenance.passport",
    "flat.provenance.inputs",
    "flat.report.build",
    "flat.report.figures.flags",
)


def preload(modules=MODULES, wanted: Callable[[], bool] = lambda: True) -> None:
    """Import what jobs will need, as long as it is ``wanted``."""
    for name in modules:
        if not wanted():
            return
        try:
            importlib.import_module(name)
        except (ImportError, FlatError):  # TextAttack may have to be fetched first
            continue
    for name in ("flat.attacks.lexicon.resources", "flat.models.encoders.pretrained"):
        if name in sys.modules:
            with suppress(FlatError):
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
    lifeline.hold()
    lifeline.offer()
    here, server = os.getpid(), Server()
    signals: list[int] = []
    started: list[subprocess.Popen] = []

    def pass_on(number: int, _) -> None:
        """Snakemake decides how a run ends; a terminal sends SIGINT to it as well."""
        signals.append(number)
        if number != signal.SIGINT:
            for process in started:
                process.send_signal(number)

    try:
        for number in STOPS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, pass_on)
        path = os.pathsep.join(filter(None, [HOOK, os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, ADDRESS: server.address, "PYTHONPATH": path}
        together = partial(end_with_parent, signal.SIGTERM, here)  # a killed server leaves no command behind
        started.append(subprocess.Popen(command, env=environment, preexec_fn=together))
        for number in list(signals):  # they came while the command was being started
            started[0].send_signal(number)
        preload(LIGHT if given.light else MODULES, lambda: started[0].poll() is None)
        status = server.serve(started[0])
    finally:
        server.stop()
    status = 128 - status if status < 0 else status
    if status and (signals or status - 128 in STOPS):
        tell("stopped; the next run of the same command goes on where this one stopped")
    return status


if __name__ == "__main__":
    sys.exit(main())
