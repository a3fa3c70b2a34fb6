"""Signals at the worst moments: no job lives on without its Snakemake, nor Snakemake without its command, and the lock
is given up by all that is no SIGKILL."""

import os
import signal
import subprocess
import sys
import time

import pytest

from flat.files import processes
from tests.workflow.conftest import Checkout, copy_to
from tests.workflow.killing import ROOT

pytestmark = [pytest.mark.workflow, pytest.mark.kill]
DATA = f"{ROOT}/data/sst2/train.parquet"

# On the path of each Python: says where it is, and waits there, if it is the process that PAUSE names
PAUSE = """
import os, sys, time

def pause():
    with open(os.environ["PAUSE_IN"] + "/part", "w") as file:
        file.write(str(os.getpid()))
    os.replace(os.environ["PAUSE_IN"] + "/part", os.environ["PAUSE_IN"] + "/waiting")
    while not os.path.exists(os.environ["PAUSE_IN"] + "/go"):
        time.sleep(0.01)

where = os.environ.get("PAUSE")
if where == "job" and any(argument.endswith(".preprocess.py") for argument in sys.orig_argv[1:]):
    pause()
if where == "plan" and "snakemake" in sys.orig_argv:
    import snakemake.cli  # first: its modules import one another
    from snakemake.dag import DAG
    real = DAG.postprocess

    async def postprocess(*arguments, **keywords):
        pause()
        return await real(*arguments, **keywords)

    DAG.postprocess = postprocess
"""
# The preloading process, whose jobs wait when they have opened their log
SERVER = """
import runpy, sys
sys.path.insert(0, sys.argv[1])
from flat.jobs import gpu_slots, warm
pause = runpy.run_path(sys.argv[1] + "/sitecustomize.py")["pause"]
gpu_slots.take = lambda wanted: pause()
warm.preload = lambda *_: None
sys.exit(warm.main(sys.argv[2:]))
"""


@pytest.fixture
def start(tmp_path, repository, resources):
    """Start Snakemake for some files in a checkout of its own, and wait until a process pauses at ``where``."""
    copy_to(tmp_path / "checkout", repository)
    checkout = Checkout(tmp_path / "checkout", resources)
    (tmp_path / "sitecustomize.py").write_text(PAUSE)
    path = f"{tmp_path}{os.pathsep}{checkout.environment['PYTHONPATH']}"
    environment = checkout.environment | {"PYTHONPATH": path, "PAUSE_IN": str(tmp_path)}

    def started(where: str, *targets: str, server: bool = False) -> tuple[subprocess.Popen, int]:
        before = [sys.executable, "-c", SERVER, str(tmp_path), "--"] if server else []
        command = [*before, sys.executable, "-m", "snakemake", "--configfile", "tests/data/tiny.yaml", "--cores", "1"]
        run = subprocess.Popen(
            [*command, "--", *targets],
            cwd=checkout.folder,
            env=environment | {"PAUSE": where},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while not (tmp_path / "waiting").exists():
            assert run.poll() is None, run.communicate()[0]
            time.sleep(0.01)
        assert locks(checkout)  # it is at work
        return run, int((tmp_path / "waiting").read_text())

    started.checkout, started.go = checkout, (tmp_path / "go").touch
    return started


def until_gone(process: int) -> None:
    while processes.started(process) is not None:
        time.sleep(0.01)


def locks(checkout) -> list[str]:
    return [path.name for path in (checkout.folder / ".snakemake/locks").glob("*")]


def test_a_job_whose_snakemake_was_killed_before_it_could_ask_ends(start):
    run, job = start("job", DATA)
    run.kill()
    run.wait()
    start.go()
    run.communicate()  # until the last process has closed the pipe
    until_gone(job)
    assert not (start.checkout.folder / DATA).exists()
    assert not list((start.checkout.folder / ROOT / "logs").rglob("*.log"))


def test_the_lock_is_given_up_while_snakemake_plans(start):
    run, _ = start("plan", DATA)
    run.send_signal(signal.SIGHUP)
    said, _ = run.communicate()
    assert run.returncode != 0, said
    assert not locks(start.checkout), said


def test_a_closed_terminal_lets_the_running_job_end_and_gives_up_the_lock(start):
    run, _ = start("job", DATA, f"{ROOT}/data/sst2/vectors-glove-6b-50d-as_is.safetensors")
    run.send_signal(signal.SIGHUP)
    start.go()
    said, _ = run.communicate()
    assert run.returncode != 0 and "Will exit after finishing currently running jobs" in said
    assert (start.checkout.folder / DATA).exists() and not locks(start.checkout)
    assert not list((start.checkout.folder / ROOT / "data").rglob("vectors-*"))


def test_nobody_lives_on_without_the_preloading_process(start):
    run, job = start("", DATA, server=True)
    run.kill()
    said, _ = run.communicate()  # until the last process has closed the pipe
    assert not locks(start.checkout), said
    until_gone(job)
    assert not (start.checkout.folder / DATA).exists()
