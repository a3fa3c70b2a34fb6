"""Snakemake gives up its lock when it is told to stop: also by a closed terminal (SIGHUP), and also while it plans.

Its scheduler has a way to stop, for SIGTERM alone: running jobs come to their end, no other one starts.
"""

import signal
import sys
import threading


def stop_planning() -> None:
    """Until ``stop_running``, SIGTERM and SIGHUP end Snakemake as an exception does, which gives up its lock."""
    if threading.current_thread() is not threading.main_thread():
        return  # signals are the business of whoever runs Snakemake in a thread
    told: list[int] = []

    def stop(number, _) -> None:
        told.append(number)
        if len(told) == 1:  # a second one, or the other one, would break off the giving up
            sys.exit(128 + number)

    for number in _told_by():
        signal.signal(number, stop)


def stop_running() -> None:
    """SIGHUP does what the scheduler does at SIGTERM; in a thread, since it waits for what it may have interrupted."""
    stop = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is threading.main_thread() and callable(stop):
        for number in _told_by():
            signal.signal(number, lambda *told: threading.Thread(target=stop, args=told).start())


def _told_by() -> list[signal.Signals]:
    """A terminal that closes is to stop nothing under nohup."""
    hangs_up = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
    return [signal.SIGTERM, *[signal.SIGHUP] * hangs_up]
