"""Jobs handed to a process that has its libraries loaded: they run as they would alone, and end with whoever asked."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flat.jobs import handover, warm
from flat.jobs.handover import hand_over

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="jobs are handed over on Linux only")

# a job as Snakemake starts one: its first act is to ask for a process to run it
JOB = """
import os, sys
from flat.jobs import handover
here = os.getpid()
handover.hand_over(sys.argv, os.getppid())
"""

SERVER = "import sys\nfrom flat.jobs import warm\nwarm.preload = lambda *_: None\n"


@pytest.fixture
def serve(tmp_path):
    """Run python scripts, one after the other, under ``python -m flat.jobs.warm``; answers (exit status, output)."""

    def run(body: str, wrapper: str = "", **keywords):
        (tmp_path / "job.py").write_text(JOB + body)
        command = [sys.executable, str(tmp_path / "job.py"), "an argument"]
        if wrapper:
            (tmp_path / "wrapper.py").write_text(f"import subprocess, sys\ncommand = {command!r}\n{wrapper}")
            command = [sys.executable, str(tmp_path / "wrapper.py")]
        source = SERVER + f"raise SystemExit(warm.main({['--', *command]!r}))"
        return subprocess.run(
            [sys.executable, "-c", source],
            capture_output=True,
            text=True,
            timeout=600,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(Path(handover.PACKAGE).parent), "MARK": "seen"},
            **keywords,
        )

    return run


FOR_EVER = 3000  # seconds: no test waits for as long


def wait_for_the_end_of(process: int) -> None:
    """Return when it is gone; a test that waits in vain is ended by the runner, which then names it."""
    while Path(f"/proc/{process}").exists():
        time.sleep(0.02)


# the process id in a file that is whole as soon as it is there
STARTED = "open('starting', 'w').write(str(os.getpid()))\nos.rename('starting', 'started')"


def test_a_job_runs_in_a_forked_child_with_the_callers_folder_environment_arguments_and_output(serve, tmp_path):
    done = serve(
        "print(os.getcwd(), os.environ['MARK'], sys.argv[1:], __name__, os.environ.get(handover.ADDRESS))\n"
        "print('parent is the server:', os.path.basename(sys.orig_argv[1]))\n"
        "print('to stderr', file=sys.stderr)"
    )
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path} seen ['an argument'] __main__ None" in done.stdout  # no address: a job hands nothing over again
    assert "parent is the server: -c" in done.stdout  # the asking process was started as job.py
    assert "to stderr" in done.stderr


@pytest.mark.parametrize(
    ("body", "status"),
    [("sys.exit(3)", 3), ("raise ValueError('broken job')", 1), ("os.kill(os.getpid(), 9)", 1), ("pass", 0)],
)
def test_the_caller_ends_as_the_job_ended(serve, body, status):
    done = serve(body)
    assert done.returncode == status
    assert ("broken job" in done.stderr) == ("broken" in body)
    assert ("was killed" in done.stderr) == ("kill" in body)


def test_a_job_ends_when_its_caller_is_killed(serve, tmp_path):
    wrapper = """
import os, signal, time
job = subprocess.Popen(command)
while not os.path.exists("started"):
    time.sleep(0.02)
job.kill()
job.wait()
while os.path.exists("/proc/" + open("started").read()):
    time.sleep(0.02)
"""
    body = f"{STARTED}\nimport time\ntime.sleep({FOR_EVER})\nopen('finished', 'w')"
    assert serve(body, wrapper).returncode == 0
    assert not (tmp_path / "finished").exists()
    wait_for_the_end_of(int((tmp_path / "started").read_text()))


def test_jobs_end_with_the_command(serve, tmp_path):
    """A killed Snakemake leaves no job behind, though its callers have not been told."""
    wrapper = """
import os, time
job = subprocess.Popen(command, start_new_session=True)
while not os.path.exists("started"):
    time.sleep(0.02)
os._exit(9)
"""
    body = f"{STARTED}\nimport time\ntime.sleep({FOR_EVER})"
    assert serve(body, wrapper).returncode == 9
    wait_for_the_end_of(int((tmp_path / "started").read_text()))


def test_without_a_serving_process_a_job_runs_itself(serve, tmp_path, monkeypatch):
    monkeypatch.setenv(handover.ADDRESS, str(tmp_path / "nobody"))
    monkeypatch.setattr(sys, "argv", ["job.py"])
    assert hand_over(sys.argv, os.getppid()) is None


def test_a_job_of_another_copy_of_the_package_runs_itself(serve):
    done = serve(
        "print('itself:', handover.ADDRESS in os.environ)",
        "import os\nraise SystemExit(subprocess.call([sys.executable, '-c', "
        "\"from flat.jobs import handover; handover.PACKAGE = '/elsewhere'; "
        "import runpy, sys; sys.argv = [sys.argv[1]]; "
        'runpy.run_path(sys.argv[0])", command[1]]))',
    )
    assert done.returncode == 0, done.stderr
    assert "itself: True" in done.stdout


def test_a_script_of_snakemake_is_handed_over_before_its_first_line(serve, tmp_path):
    """And only such a script; the machine's own sitecustomize, which the hook hides, still runs in every process."""
    scripts, own = tmp_path / ".snakemake" / "scripts", tmp_path / "own"
    scripts.mkdir(parents=True)
    own.mkdir()
    (own / "sitecustomize.py").write_text("import sys\nsys.flags_of_this_machine = 'kept'\n")
    body = "import os, sys\nprint(__file__, 'FLAT_WARM' in os.environ, getattr(sys, 'flags_of_this_machine', 'none'))\n"
    for script in (scripts / "job.py", tmp_path / "other.py"):
        script.write_text(body)
    wrapper = (
        f"import os\nenvironment = dict(os.environ, PYTHONPATH=os.environ['PYTHONPATH'] + {':' + str(own)!r})\n"
        f"for script in ({str(scripts / 'job.py')!r}, {str(tmp_path / 'other.py')!r}):\n"
        "    subprocess.run([sys.executable, script], env=environment, check=True)\n"
    )
    done = serve("", wrapper)
    assert done.returncode == 0, done.stderr
    assert f"{scripts / 'job.py'} False none" in done.stdout  # in a child of the server, which started before
    assert f"{tmp_path / 'other.py'} True kept" in done.stdout


def test_no_command_is_an_error(capsys):
    with pytest.raises(SystemExit) as end:
        warm.main(["--"])
    assert end.value.code == 2 and "after --" in capsys.readouterr().err


def test_a_stopped_run_passes_the_signal_on(tmp_path):
    """SIGTERM reaches the command, whose way of ending decides."""
    body = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True); time.sleep(3000)"
    )
    source = SERVER + f"raise SystemExit(warm.main(['--', sys.executable, '-c', {body!r}]))"
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(600) == 7


def test_light_loads_what_there_is_and_no_torch():
    """A name that is wrong would be passed over in silence, and every job would import the module itself."""
    source = "import sys\nfrom flat.jobs import warm\nwarm.preload(warm.LIGHT)\n"
    source += "print([name for name in warm.LIGHT if name not in sys.modules], 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=600)
    assert done.stdout.strip() == "[] False", done.stderr
