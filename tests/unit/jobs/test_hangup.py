"""A closed terminal stops Snakemake as SIGTERM does, whatever it is at."""

import signal
import subprocess
import sys

import pytest

BEGIN = "import signal, sys, threading\nfrom flat.jobs import hangup\n"
# as Snakemake's scheduler: its way to stop takes a lock that the signal may find taken
SCHEDULER = """
lock, stopped = threading.Lock(), threading.Event()
def gracefully(*_):
    with lock:
        stopped.set()
signal.signal(signal.SIGTERM, gracefully)
hangup.stop_running()
with lock:
    signal.raise_signal(int(sys.argv[1]))
print("stopped" if stopped.wait(60) else "deaf")
"""
# as Snakemake while it plans: whatever ends it, it gives up its lock, and a second signal does not keep it from that
PLANNING = """
hangup.stop_planning()
try:
    signal.raise_signal(int(sys.argv[1]))
    print("planned on")
finally:
    signal.raise_signal(signal.SIGTERM)
    print("lock given up")
"""


def ran(source: str, number: int, before: str = "") -> tuple[str, int]:
    command = [sys.executable, "-c", before + BEGIN + source, str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    return done.stdout, done.returncode


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_that_finds_the_scheduler_busy_stops_it(number):
    assert ran(SCHEDULER, number) == ("stopped\n", 0)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_while_planning_gives_up_the_lock(number):
    assert ran(PLANNING, number) == ("lock given up\n", 128 + number)


def test_under_nohup_a_closed_terminal_stops_nothing():
    nohup = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    said, _ = ran(PLANNING.replace("signal.raise_signal(signal.SIGTERM)", "pass"), signal.SIGHUP, nohup)
    assert said == "planned on\nlock given up\n"
    assert ran(SCHEDULER.replace("stopped.wait(60)", "stopped.wait(0)"), signal.SIGHUP, nohup) == ("deaf\n", 0)


@pytest.mark.parametrize("nohup", [False, True])
def test_a_job_whose_terminal_closes_finishes_what_is_in_hand(nohup):
    source = "import signal\nfrom flat.resume.stopping import orderly_stop\n"
    source += "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" * nohup
    source += "with orderly_stop() as stop:\n    signal.raise_signal(signal.SIGHUP)\n    print(bool(stop))\n"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == (("False\n", 0) if nohup else ("True\n", 128 + signal.SIGHUP))
