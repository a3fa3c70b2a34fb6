"""An orderly stop: SIGTERM, SIGINT and SIGHUP (a closed terminal) let a job finish and note what is in hand."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """Set by such a signal: finish what is in hand, take nothing new."""

    def __init__(self):
        self.signal: int | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


@contextmanager
def orderly_stop() -> Iterator[Stop]:
    """Within, these signals only set the flag. Leaving by the end of the block then ends the process (128 + n)."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals reach the main thread only
        return

    def note(number, _):
        stop.signal = number

    hangs_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # under nohup a terminal may close
    numbers = (signal.SIGTERM, signal.SIGINT, *[signal.SIGHUP] * hangs_up)
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stop:
        raise SystemExit(128 + stop.signal)
