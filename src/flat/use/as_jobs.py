"""Computing as the study's jobs do, and leaving the caller's process as it was: threads and random generators."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from threadpoolctl import threadpool_limits


@contextmanager
def computing(threads: int | None) -> Iterator[None]:
    """Within, sums are taken with so many threads (None: as the process has it), and draws leave no trace.

    A job's threads are the study's, so that no bit of an answer depends on the machine's cores. Attacks seed the
    generators of Python, NumPy and PyTorch; those of a notebook go on as if nothing had happened.

    Raises:
        KeyboardInterrupt: an interrupt came. A search in hand is finished before.
    """
    own, states = torch.get_num_threads(), (random.getstate(), np.random.get_state())
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() and torch.cuda.is_initialized() else []
    try:
        with torch.random.fork_rng(devices=devices), threadpool_limits(threads):
            if threads is not None:
                torch.set_num_threads(threads)
            yield
    except SystemExit as stop:  # how a job that was asked to stop ends
        raise KeyboardInterrupt from stop
    finally:
        torch.set_num_threads(own)
        random.setstate(states[0])
        np.random.set_state(states[1])
