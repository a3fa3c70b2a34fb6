"""What a processor can do: its instructions, and its speed at the two things that jobs do, arithmetic and Python.

Rates are recorded on one processor and asked for on another. It takes half a second to
measure the one at hand, and every prediction says what was found.
"""

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from flat.provenance import passport as provenance

TRIES = 12
SHAPE = (512, 384, 1536)  # of a matrix product as the demo's encoders ask for


@dataclass(frozen=True)
class Processor:
    """One core of a machine.

    Attributes:
        instructions: the vector instructions that PyTorch uses, as it names them: AVX2, AVX512, DEFAULT ...
        bf16: it multiplies bf16 numbers with instructions of its own.
        gflops: fp32 matrix products, 1e9 operations a second.
        mloops: Python's bare loop, 1e6 turns a second.
    """

    instructions: str
    bf16: bool
    gflops: float
    mloops: float

    def __str__(self) -> str:
        bf16 = "bf16" if self.bf16 else "no bf16"
        return f"{self.instructions}, {bf16} arithmetic, {self.gflops:.0f} GFLOP/s a core in fp32"


@dataclass(frozen=True)
class Scale:
    """By how much jobs take longer than where their rates were recorded: their arithmetic, and the rest."""

    arithmetic: float = 1.0
    rest: float = 1.0


UNSCALED = Scale()


def this_processor() -> Processor:
    """The machine this runs on, under the limits that its environment sets (``ATEN_CPU_CAPABILITY`` and the like)."""
    import torch  # for cost

    from flat.models.devices import has_bf16  # for cost: torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows, inner, columns = SHAPE
        left, right = torch.ones(rows, inner), torch.ones(inner, columns)
        gflops = 2 * rows * inner * columns / _least(lambda: left @ right) / 1e9
    finally:
        torch.set_num_threads(threads)
    turns = 200_000
    mloops = turns / _least(lambda: _loop(turns)) / 1e6
    return Processor(torch.backends.cpu.get_cpu_capability(), has_bf16("cpu"), round(gflops, 1), round(mloops, 1))


def _loop(turns: int) -> int:
    total = 0
    for i in range(turns):
        total += i & 1
    return total


def _least(work: Callable[[], object]) -> float:
    """CPU-seconds of the fastest of some tries: what the core does when nobody disturbs it."""
    seconds = []
    for _ in range(TRIES):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return min(seconds)


def scale(recorded: Processor | None, here: Processor | None) -> Scale:
    """How the rates of one processor are to be taken on another; as they are, where one is unknown."""
    if recorded is None or here is None:
        return UNSCALED
    return Scale(recorded.gflops / here.gflops, recorded.mloops / here.mloops)


@cache
def machine() -> str:
    """Processor, cores and the versions that times depend on, in one line."""
    import torch  # for cost

    facts = provenance.machine()
    return (
        f"{facts['processor']}, {facts['cores']} cores, Python {platform.python_version()}, torch {torch.__version__}"
    )
