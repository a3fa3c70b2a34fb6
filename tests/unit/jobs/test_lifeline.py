"""What a process starts ends with it: killed at any moment, with any shells between, it leaves nobody behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flat.files import processes
from flat.jobs import lifeline

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked on Linux only")

# As Snakemake: lets what it starts end with it, and starts a job by way of a shell. Says the numbers of shell and job.
SNAKEMAKE = """
import subprocess, sys
from flat.jobs import lifeline
lifeline.offer()
print(subprocess.Popen(["bash", "-c", sys.argv[1]]).pid, flush=True)
sys.stdin.readline()
"""
# As a job: notes its number, holds on, and writes its output when it is let go
JOB = """
import fcntl, os, sys, time
from flat.files.processes import end_with_parent
from flat.jobs import lifeline

def note(name):
    with open(name + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(name + ".part", name)

def wait_for(name):
    while not os.path.exists(name):
        time.sleep(0.01)

def ask(line, what, given, real=fcntl.fcntl):
    if what == fcntl.F_SETOWN and sys.argv[1] == "asking":
        note("asking")
        wait_for("go")
    return real(line, what, given)

def hold():
    end_with_parent(15)
    lifeline.hold()

"""
WAYS = {
    "before": 'note("before")\nwait_for("go")\nhold()\nnote("output")',  # still importing
    "asking": """
import types
lifeline.fcntl = types.SimpleNamespace(**vars(fcntl) | {"fcntl": lambda line, what, given=0: ask(line, what, given)})
hold()
note("output")
""",
    "working": 'hold()\nnote("working")\nwait_for("go")\nnote("output")',
}
SHELLS = {"a shell that becomes the job": "exec {job}", "a shell that stays": "set -e; {job}; true"}


class Run:
    """A job below a shell below a process that stands for Snakemake; ``moment`` is where the job is."""

    def __init__(self, folder: Path, moment: str, shell: str):
        (folder / "job.py").write_text(JOB + WAYS[moment])
        command = SHELLS[shell].format(job=f"{sys.executable} job.py {moment}")
        self.folder = folder
        self.snakemake = subprocess.Popen(
            [sys.executable, "-c", SNAKEMAKE, command], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.shell = int(self.snakemake.stdout.readline())
        self.job = int(self._when(moment))

    def _when(self, name: str) -> str:
        while not (self.folder / name).exists():
            time.sleep(0.01)
        return (self.folder / name).read_text()

    def end(self) -> None:
        """Returns when the job is gone; one that lives on writes its output."""
        while processes.started(self.job) is not None and not (self.folder / "output").exists():
            time.sleep(0.01)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("moment", WAYS)
def test_a_job_ends_with_a_killed_snakemake(tmp_path, moment, shell):
    run = Run(tmp_path, moment, shell)
    run.snakemake.kill()
    run.snakemake.wait()
    if moment != "working":
        (tmp_path / "go").touch()  # it has not asked to be told before; now it asks
    run.end()
    run.snakemake.communicate()
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("moment", ["before", "working"])
def test_a_job_ends_with_a_killed_shell(tmp_path, moment):
    run = Run(tmp_path, moment, "a shell that stays")
    os.kill(run.shell, signal.SIGKILL)
    while processes.started(run.shell) is not None:
        time.sleep(0.01)
    if moment != "working":
        (tmp_path / "go").touch()
    run.end()
    run.snakemake.communicate(b"\n")
    assert not (tmp_path / "output").exists()


def test_a_job_whose_snakemake_lives_comes_to_its_end(tmp_path):
    run = Run(tmp_path, "working", "a shell that stays")
    (tmp_path / "go").touch()
    while not (tmp_path / "output").exists():
        assert processes.started(run.job) is not None
        time.sleep(0.01)
    run.snakemake.communicate(b"\n")


def test_a_process_that_ends_while_the_kernel_is_asked_is_noticed(monkeypatch):
    """Nobody tells of an end that came before the question, and a process that is ending still seems to live."""
    source = "import os, sys\nfrom flat.jobs import lifeline\nlifeline.offer()\n"
    source += "print(os.environ[lifeline.LIFELINES], flush=True)\nsys.stdin.read()"
    other = subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    name, _, descriptor = other.stdout.readline().split()[-1].rpartition(":")
    pipe = f"/proc/{other.pid}/fd/{descriptor}"
    assert lifeline._held(name, pipe)
    before = signal.signal(signal.SIGTERM, lambda *_: None)  # of the line that is held already
    ask = lifeline.fcntl.fcntl

    def late(line, what, given=0):
        other.kill()
        other.communicate()
        return ask(line, what, given)

    monkeypatch.setattr(lifeline.fcntl, "fcntl", late)
    assert not lifeline._held(name, pipe)
    signal.signal(signal.SIGTERM, before)


HOLD = "from flat.jobs import lifeline; lifeline.hold(); print('goes on')"


@pytest.mark.parametrize(
    ("name", "goes_on"),
    [
        ("0123456789ab-4026531836-1-1", True),  # of another machine: Slurm hands the environment on
        (f"{processes.here()}-1-1", False),  # its number is another process's now
    ],
)
def test_whose_process_ended_does_not_begin(name, goes_on):
    environment = os.environ | {lifeline.LIFELINES: f"{name}:0"}
    done = subprocess.run([sys.executable, "-c", HOLD], env=environment, capture_output=True, text=True)
    assert (done.stdout == "goes on\n") == goes_on
    assert done.returncode == (0 if goes_on else 143) and ("has ended" in done.stderr) != goes_on


def test_a_forked_child_does_not_keep_the_line_open(tmp_path):
    """A preloading process forks and starts no program: its children must not stand in for it."""
    source = "import os, time\nfrom flat.jobs import lifeline\nlifeline.offer()\nheld, holds = os.pipe()\n"
    source += "if os.fork():\n    os.read(held, 1)\n    os.kill(os.getpid(), 9)\n"
    source += "lifeline.hold()\nprint('holds', flush=True)\nos.write(holds, b'.')\ntime.sleep(3000)\npass\n"
    ran = subprocess.run([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)  # until both have ended
    assert ran.stdout == "holds\n" and ran.returncode == -signal.SIGKILL


def test_a_fork_of_a_fork_keeps_its_own_files():
    """The first fork opens files of its own, under the number of the pipe that it closed; the second one has them."""
    source = """
import os
from flat.jobs import lifeline
lifeline.offer()
if not os.fork():
    own = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]
    if not os.fork():
        for number in own:
            os.fstat(number)
        os._exit(0)
    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
assert os.wait()[1] == 0
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_snakemake_on_a_cluster_lives_on_without_the_one_that_submitted_it(monkeypatch):
    monkeypatch.setenv(lifeline.LIFELINES, f"{processes.here()}-1-1:0")
    lifeline.join(on_cluster=True)
    assert os.environ[lifeline.LIFELINES].startswith(f"{processes.own_name()}:")


def test_a_worker_of_an_attack_ends_with_its_job_killed_before_it_could_ask(tmp_path):
    source = (
        "import os, time\nfrom flat.attacks import workers\nfrom flat.resume.stopping import Stop\n"
        "asked = workers.end_with_parent\n"
        "def late(number, parent):\n"
        "    os.kill(parent, 9)\n"
        "    while os.getppid() == parent: time.sleep(0.01)\n"
        "    print(os.getpid(), flush=True)\n"
        "    asked(number, parent)\n"
        "    print('lives on', flush=True)\n"
        "workers.end_with_parent = late\n"
        "list(workers.in_processes(lambda example: example, [{'example_id': 'e'}], 1, Stop()))\n"
    )
    ran = subprocess.run([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)  # until all closed it
    assert ran.returncode == -signal.SIGKILL and ran.stdout.strip().isdigit()


def test_the_process_that_reads_pickles_ends_with_the_one_that_asked(tmp_path):
    """Leaving the network takes the wish back: it comes after."""
    from flat.resources import weights

    begin = f"import runpy; own = runpy.run_path({str(weights.PROCESS)!r}); import ctypes, os, sys\n"
    asked = "number = ctypes.c_int(); ctypes.CDLL(None).prctl(2, ctypes.byref(number)); print(number.value)\n"
    source = f"{begin}own['leave_network']()\nown['end_with'](os.getppid())\n{asked}"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(int(signal.SIGKILL))
    command = [sys.executable, "-I", weights.PROCESS, tmp_path / "absent.bin", tmp_path / "out", "1"]
    late = subprocess.run(command, capture_output=True, text=True)
    assert late.returncode == 1 and "has ended" in late.stderr and not late.stdout
