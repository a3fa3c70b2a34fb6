"""The process that jobs are handed to: no request ends or stalls it, and killed it leaves nothing and nobody behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flat.files import processes
from flat.jobs import handover

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="jobs are handed over on Linux only")

SERVER = "import sys\nfrom flat.jobs import serving, warm\nwarm.preload = lambda *_: None\n"
# The command: says its number and the server's address, and runs a job each time it is told to
COMMAND = """
import os, subprocess, sys
print(os.getpid(), os.environ["FLAT_WARM"], flush=True)
for line in sys.stdin:
    subprocess.Popen([sys.executable, "job.py"])
"""
# A child of the server holds on to nothing else: these tests ask what the server's own end does to it
JOB = """
import os, sys, time
from flat.jobs import handover, lifeline
handover.hand_over(sys.argv, lifeline.hold() if handover.ADDRESS in os.environ else 0)
print("by", "itself" if handover.ADDRESS in os.environ else "the server", os.getpid(), flush=True)
"""
FOR_EVER = "time.sleep(3000)\n"


class Run:
    """``python -m flat.jobs.warm -- COMMAND`` whose jobs do ``body``; ``patch`` is done to the server before."""

    def __init__(self, folder: Path, body: str = "", patch: str = "", **environment: str):
        (folder / "job.py").write_text(JOB + body)
        (folder / "tmp").mkdir()
        source = SERVER + patch + f"\nraise SystemExit(warm.main(['--', sys.executable, '-c', {COMMAND!r}]))"
        self.temporary = folder / "tmp"
        self.process = subprocess.Popen(
            [sys.executable, "-c", source],
            cwd=folder,
            env=os.environ | {"TMPDIR": str(self.temporary)} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "said").open("w"),
            text=True,
        )
        self.folder = folder
        command, self.address = self.process.stdout.readline().split()
        self.command = int(command)

    def job(self) -> tuple[str, int]:
        """Have the command start a job: who runs it, and the number of the process that does."""
        self.begin()
        words = self.process.stdout.readline().split()
        return " ".join(words[1:-1]), int(words[-1])

    def begin(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def connect(self, *messages: bytes) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.connect(handover.place(self.address))
        for message in messages:
            connection.send(message)
        return connection

    def end(self) -> int:
        """The exit status once everybody has ended: each of them holds the pipe."""
        self.process.stdin.close()
        assert self.process.stdout.read() is not None
        return self.process.wait()

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()


def gone(*numbers: int) -> None:
    """Return when these processes have ended; a test that waits in vain is ended by the runner."""
    while any(processes.started(number) is not None for number in numbers):
        time.sleep(0.01)


@pytest.fixture
def run(tmp_path):
    started = []

    def start(*arguments, **keywords) -> Run:
        started.append(Run(tmp_path, *arguments, **keywords))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.stdout.read()  # until nobody holds it
        each.process.wait()


def test_no_request_ends_the_server(run):
    server = run()
    good = {"argv": ["x"], "folder": "/", "environment": {}, "package": handover.PACKAGE}
    for message in (
        b"{",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        json.dumps(good | {"argv": []}).encode(),
        json.dumps(good | {"environment": []}).encode(),
        json.dumps(good).encode(),  # without outputs
    ):
        with server.connect(message) as asking:
            assert asking.recv(16) == b""  # closed unanswered
    with server.connect():
        pass  # gone again without a word
    assert server.job()[0] == "the server"
    assert server.end() == 0
    assert "a request was not taken: JSONDecodeError" in server.said and "it has to say argv" in server.said


def test_a_child_that_cannot_begin_is_no_second_server(run):
    server = run()
    request = {"argv": ["x"], "folder": "/nowhere", "environment": {}, "package": handover.PACKAGE}
    with server.connect() as asking, (server.folder / "out").open("w") as out:
        socket.send_fds(asking, [json.dumps(request).encode()], [out.fileno(), out.fileno()])
        assert asking.recv(16) == b""
    assert "FileNotFoundError" in (server.folder / "out").read_text()
    assert server.job()[0] == "the server"


def test_who_connects_and_says_nothing_keeps_nobody_waiting(run):
    server = run(FOR_EVER)
    silent = [server.connect() for _ in range(20)]
    assert server.job()[0] == "the server"
    for connection in silent:
        connection.send(b"at last")
        assert connection.recv(1) == b""  # closed, and the job that still runs does not hold it open


def test_too_many_open_files_stop_no_job(run):
    limit = "import resource, os\nused = len(os.listdir('/proc/self/fd'))\nbefore = serving.Server.serve\n"
    limit += "def serve(self, command):\n    resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))\n"
    limit += "    return before(self, command)\nserving.Server.serve = serve\n"
    server = run(patch=limit)
    silent = [server.connect() for _ in range(40)]
    assert server.job()[0] in ("the server", "itself")
    assert server.end() == 0
    assert "no more jobs are taken for now" in server.said
    assert len(silent) == 40


def test_a_job_runs_by_itself_when_no_process_can_be_started(run):
    server = run(
        patch="import os\ndef fork(): raise BlockingIOError(11, 'no more processes')\nserving.os.fork = fork\n"
    )
    assert server.job()[0] == "itself"
    assert server.end() == 0 and "no more processes" in server.said


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_another_user_is_not_answered(run):
    server = run()
    child = os.fork()
    if not child:
        os.setuid(65534)
        with server.connect() as asking:
            os._exit(asking.recv(16) != b"")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_a_job_tells_nothing_to_another_users_server(monkeypatch):
    address, (told, telling) = f"flat-test-{os.getpid()}", os.pipe()
    child = os.fork()
    if not child:
        os.setuid(65534)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(handover.place(address))
            listening.listen()
            os.write(telling, b".")
            os._exit(listening.accept()[0].recv(16) != b"")
    os.read(told, 1)
    monkeypatch.setenv(handover.ADDRESS, address)
    assert handover.hand_over(["job.py"], os.getppid()) is None
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_server_that_never_answers_is_not_waited_for(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        address = f"flat-test-{os.getpid()}"
        listening.bind(handover.place(address))
        listening.listen()
        monkeypatch.setenv(handover.ADDRESS, address)
        monkeypatch.setattr(handover, "PATIENCE_S", 0.1)
        assert handover.hand_over(["job.py"], os.getppid()) is None


def test_a_long_temporary_folder_is_no_obstacle(run, tmp_path):
    long = tmp_path / ("d" * 120)
    long.mkdir()
    server = run(TMPDIR=str(long))
    assert server.job()[0] == "the server"
    assert server.end() == 0 and not list(long.iterdir())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_server_leaves_no_command_no_job_and_no_file(run, number):
    server = run(FOR_EVER)
    by, job = server.job()
    assert by == "the server"
    server.process.send_signal(number)
    gone(job, server.command)  # before its input is closed, at which the command ends by itself with 0
    status = server.end()
    assert not list(server.temporary.iterdir())
    assert status == (-signal.SIGKILL if number == signal.SIGKILL else 128 + number)
    assert ("the next run of the same command goes on" in server.said) == (number != signal.SIGKILL)


@pytest.mark.parametrize("child", ["a job", "the command"])
def test_a_server_killed_before_its_child_could_ask_leaves_none(run, child):
    """The server dies between the start of a child and that child's question to the kernel."""
    late = "import os, signal, time\nreal = serving.end_with_parent\ndef late(number, parent):\n"
    late += "    os.kill(parent, 9)\n    while os.getppid() == parent: time.sleep(0.01)\n    real(number, parent)\n"
    if child == "the command":
        source = SERVER + late + f"warm.end_with_parent = late\nwarm.main(['--', 'bash', '-c', {FOR_EVER!r}])"
        ran = subprocess.run([sys.executable, "-c", source], stdout=subprocess.PIPE)  # until all have closed it
        assert ran.returncode == -signal.SIGKILL
        return
    server = run(FOR_EVER, late + "serving.end_with_parent = late\n")
    server.begin()
    assert server.process.wait() == -signal.SIGKILL
    server.end()
    gone(server.command)


def test_the_server_and_its_command_end_with_the_process_that_started_them():
    """As ``python -m flat.published redraw`` starts one, killed."""
    command = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(3000)"]
    server = SERVER + f"raise SystemExit(warm.main({['--', *command]!r}))"
    source = "import subprocess, sys\nfrom flat.jobs import lifeline\nlifeline.offer()\n"
    source += f"subprocess.call([sys.executable, '-c', {server!r}])"
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout.readline() == "up\n"
        starter.kill()
        assert starter.stdout.read() == ""  # until all have closed it


def test_a_closed_terminal_stops_nothing_under_nohup(run):
    server = run(patch="import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n")
    server.process.send_signal(signal.SIGHUP)
    assert server.job()[0] == "the server"
    assert server.end() == 0 and "goes on" not in server.said


@pytest.mark.parametrize("status", [130, 143, 3])
def test_a_command_that_was_stopped_is_told_from_one_that_failed(status, capfd):
    source = SERVER + f"raise SystemExit(warm.main(['--', 'bash', '-c', 'exit {status}']))"
    assert subprocess.run([sys.executable, "-c", source]).returncode == status
    assert ("goes on where this one stopped" in capfd.readouterr().err) == (status != 3)


def test_ctrl_c_says_how_to_go_on(run):
    server = run(FOR_EVER)
    server.job()
    os.kill(server.command, signal.SIGINT)  # a terminal sends it to both
    server.process.send_signal(signal.SIGINT)
    assert server.end() != 0
    assert "the next run of the same command goes on where this one stopped" in server.said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_job_that_is_asked_to_stop_by_way_of_its_caller_finishes_what_is_in_hand(run, number):
    body = "from flat.resume.stopping import orderly_stop\nwith orderly_stop() as stop:\n"
    body += "    print('in hand', flush=True)\n    while not stop: time.sleep(0.01)\n    print('noted', flush=True)\n"
    server = run(body)
    by, job = server.job()
    assert by == "the server" and server.process.stdout.readline() == "in hand\n"
    callers = Path(f"/proc/{server.command}/task/{server.command}/children").read_text().split()
    os.kill(int(callers[0]), number)
    assert server.process.stdout.readline() == "noted\n"
    gone(job)
    assert server.end() == 0 and "Traceback" not in server.said
