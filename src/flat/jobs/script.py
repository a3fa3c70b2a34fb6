"""How a rule's script runs: its log file, its errors, its GPU, its threads; it ends when Snakemake is gone."""

import ctypes
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flat.errors import FlatError, visible
from flat.files.failures import of_machine, of_storage
from flat.files.parts import remove_parts
from flat.files.processes import end_with_parent
from flat.jobs import gpu_slots, lifeline
from flat.jobs.handover import hand_over

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's mallopt
log = logging.getLogger("flat")


class LogFile(logging.FileHandler):
    """A job's log. Where the disk takes no more, the job's own error says so, and not one of its log."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass

    def close(self) -> None:
        with suppress(OSError):
            super().close()


class Visible(logging.Formatter):
    """Lines in which signs that a terminal would obey, of a text or a name, stand as escapes."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


@contextmanager
def running(snakemake) -> Iterator[logging.Logger]:
    """Run a script's body: messages and errors go to the rule's log file; a user's error ends without a traceback.

    The job ends with Snakemake (``flat.jobs.lifeline``): otherwise a killed Snakemake leaves it running and writing.
    What a script needs is imported within: a process with the libraries loaded may run it instead (``flat.jobs.warm``).
    """
    end_with_parent(signal.SIGTERM)
    parent = lifeline.hold()
    if sys.platform == "linux":
        hand_over(sys.argv, parent)
    path = Path(snakemake.log[0])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = LogFile(path, mode="w", encoding="utf-8")
    except OSError as error:
        print(f"error in {snakemake.rule}: {of_storage(error, path) or f'{path}: {error}'}", file=sys.stderr)
        sys.exit(1)
    handler.setFormatter(Visible("%(asctime)s %(message)s", "%H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    started = time.time()
    try:
        if devices := gpu_slots.take(int(snakemake.resources.get("gpu", 0))):
            log.info("GPU %s", ", ".join(devices))
        from flat.provenance import inputs as read  # for cost: a job that is handed over needs none
        from flat.provenance import records as lineage  # for cost

        found = read.compared(snakemake)
        if needed := snakemake.params.get("plugins"):
            from flat.plugins.code import ready  # for cost: most jobs need none but FLAT's own

            ready(needed)
        yield log
        lineage.note(snakemake, started, read.unchanged(found))
        log.info("done: %.1f CPU-seconds, %.0f MiB", *_used())
        if notes := snakemake.params.get("journal"):  # the last thing: a job killed before goes on from them
            Path(notes).unlink(missing_ok=True)
            if Path(notes).parent.is_dir():
                remove_parts(Path(notes))
    except SystemExit as end:
        if end.code in (128 + signal.SIGTERM, 128 + signal.SIGINT, 128 + signal.SIGHUP):
            log.warning("%s was asked to stop; the next run goes on from its journal", snakemake.rule)
        elif end.code:
            log.exception("%s failed", snakemake.rule)
        raise
    except BaseException as error:
        known = error if isinstance(error, FlatError) else of_machine(error)
        if known is None:
            log.exception("%s failed", snakemake.rule)
            raise
        log.error("error in %s\n%s", snakemake.rule, known, exc_info=None if known is error else error)
        print(f"error in {snakemake.rule}: {known}", file=sys.stderr)
        sys.exit(1)
    finally:
        log.removeHandler(handler)
        handler.close()


def keep_memory() -> None:
    """Let glibc keep freed blocks: it hands those above 32 MiB back at once, and an encoder's gradients take such ones.

    Each training step would have its memory cleared anew, page by page: a fifth of its time on a CPU.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:  # absent from other C libraries
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def _used() -> tuple[float, float]:
    """CPU-seconds of this process and its ended children, and its largest resident memory in MiB."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    return seconds, own.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)


def share_package() -> None:
    """Let the jobs that this process starts import this package, also where their environment has not installed it."""
    source = str(Path(__file__).resolve().parents[2])
    known = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if source not in known:
        os.environ["PYTHONPATH"] = os.pathsep.join([source, *known])


def tensor_device(wanted: str, threads: int) -> str:
    """Set torch up for this job and say which device it computes on.

    ``threads`` comes from the study and not from the job's cores: sums would otherwise depend on ``--cores``.

    Raises:
        FlatError: the study asks for cuda and there is none.
    """
    import torch  # for cost
    from threadpoolctl import threadpool_limits  # for cost

    keep_memory()
    torch.set_num_threads(threads)
    threadpool_limits(threads)  # numpy's libraries too: a job's cores must not change a sum
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise FlatError(
            "device: cuda",
            "this machine shows no CUDA device to PyTorch",
            "run on a GPU machine, or set device: auto (or cpu) in the study",
        )
    if wanted == "cpu" or not available:
        return "cpu"  # deterministic as it is; asking for it would import a second of compiler
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    return "cuda"
