"""A queue of examples over forked processes.

Forked after the imports (milliseconds instead of seconds); each worker asks for the next example when it is free, so no
worker idles while another has long texts left. The parent alone writes files. It may also hold what all of them ask
questions of, a GPU say: it takes the questions that wait for it together.
"""

import gc
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import wait

from flat.errors import AttackError, FlatError
from flat.files.processes import end_with_parent
from flat.resume.stopping import Stop


def attack_error(example_id: str, error: BaseException) -> FlatError:
    """An exception in the attack of one example, as the job's error that names the example."""
    if isinstance(error, FlatError):
        return type(error)(f"{error.where} (example {example_id})", error.problem, error.remedy)
    return AttackError(
        f"the attack of example {example_id}",
        f"{type(error).__name__}: {error}",
        "no example may be dropped: look at the traceback in the log; a text that breaks the attack is a defect",
    )


def in_this_process(work: Callable[[dict], dict], examples: Iterable[dict], stop: Stop) -> Iterator[dict]:
    """``work`` of each example until ``stop`` is set."""
    for example in examples:
        if stop:
            return
        try:
            result = work(example)
        except Exception as error:
            raise attack_error(example["example_id"], error) from error
        yield result


def in_processes(
    work: Callable[[dict], dict],
    examples: list[dict],
    workers: int,
    stop: Stop,
    answer: Callable[[list], list] | None = None,
) -> Iterator[dict]:
    """``work`` of each example on ``workers`` forked processes, in the order in which they finish.

    Args:
        answer: answers the questions that the processes ask meanwhile, several at once. ``work.ask_through`` is given
            the function to ask with, in each process.

    Raises:
        FlatError: an example failed; the traceback is printed, the other workers are ended.
        AttackError: a worker died (killed, out of memory).
    """
    fork = multiprocessing.get_context("fork")
    left = iter(examples)
    in_hand: dict = {}  # connection -> (process, example)
    processes = []
    try:
        gc.freeze()  # a worker's collector leaves what was loaded alone: its memory stays shared
        for _ in range(min(workers, len(examples))):
            here, there = fork.Pipe()
            process = fork.Process(target=_serve, args=(work, there, os.getpid(), answer is not None), daemon=True)
            process.start()
            there.close()
            processes.append(process)
            _hand_out(here, process, left, in_hand, stop)
        gc.unfreeze()
        while in_hand:
            asked = []
            for connection in wait(list(in_hand)):
                process, example = in_hand[connection]
                try:
                    outcome, found, report = connection.recv()
                except EOFError:
                    process.join()
                    raise AttackError(
                        f"the attack of example {example['example_id']}",
                        f"its worker process died (exit code {process.exitcode})",
                        "give the job more memory, or fewer workers",
                    ) from None
                if outcome == "asked":
                    asked.append((connection, found))
                    continue
                if outcome == "error":
                    print(report, file=sys.stderr)
                    raise attack_error(example["example_id"], found)
                del in_hand[connection]
                _hand_out(connection, process, left, in_hand, stop)
                yield found
            if asked:
                for (connection, _), found in zip(asked, answer([question for _, question in asked]), strict=True):
                    connection.send(found)
        for process in processes:
            process.join(10)  # each has been told that nothing is left
    finally:
        for process in processes:
            process.kill()  # after an error: whatever they are at, and they ignore SIGTERM
            process.join()


def _hand_out(connection, process, left: Iterator[dict], in_hand: dict, stop: Stop) -> None:
    example = None if stop else next(left, None)
    connection.send(example)
    if example is not None:
        in_hand[connection] = (process, example)


def _serve(work: Callable[[dict], dict], connection, parent: int, asks: bool) -> None:
    """A worker's life: take an example, answer, until None comes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the parent decides when to stop
        signal.signal(number, signal.SIG_IGN)
    end_with_parent(signal.SIGKILL, parent)
    if asks:

        def ask(question):
            connection.send(("asked", question, ""))
            return connection.recv()

        work.ask_through(ask)
    while (example := connection.recv()) is not None:
        try:
            answer = ("done", work(example), "")
        except Exception as error:
            plain = error if isinstance(error, FlatError) else RuntimeError(f"{type(error).__name__}: {error}")
            answer = ("error", plain, traceback.format_exc())
        connection.send(answer)
