"""How a comparison is measured: the same work done by the stock tool and by us, cold, in processes of their own.

A repeat takes texts that no other repeat has. Within it both sides run one after the other, each in a forked child, so
that neither finds what the other left in caches or memory; which goes first alternates. What is compared is CPU time of
the child with the processes it started and waited for, or wall time.
"""

import gc
import hashlib
import multiprocessing
import operator
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from statistics import median

from flat.bench.errors import BenchError
from flat.cost.processor import machine
from flat.errors import ArtefactError, FlatError
from flat.files.artefacts import read_json, write_json
from flat.jobs import code_digest as digest

SIDES = ("stock", "ours")
CLOCKS = ("cpu", "wall")
Texts = list[tuple[str, int]]


@dataclass(frozen=True)
class Comparison:
    """One row of the benchmark.

    Attributes:
        name: as in docs/performance.md, for example "textfooler-cnn-exact".
        goal: the ratio stock / ours to reach.
        prepare: (texts with labels) -> (stock, ours). Each of the two does the whole work cold when called, and returns
            one answer per text; what ``prepare`` itself does (loading models and resources) is not timed. A third
            callable may follow: numbers of texts -> the stock tool's answers to them when its model is asked one text
            at a time, so that no answer depends on which texts share a batch.
        texts: "short" (at most 50 words), "long" (200-300 words) or "mixed": what ``flat.bench.material`` gives.
        count: texts in all; each repeat takes its own share.
        short: texts of a short run, which compares answers alone.
        same: whether two answers to one text are equal.
        clock: "cpu" or "wall".
    """

    name: str
    goal: float
    prepare: Callable[[Texts], tuple[Callable, ...]]
    texts: str = "short"
    count: int = 210
    short: int = 5
    same: Callable = operator.eq
    clock: str = "cpu"


@dataclass(frozen=True)
class Repeat:
    """One repeat: seconds of each side, texts compared, texts whose two answers differ.

    ``unsteady`` are no differing ones: the stock tool itself answers them otherwise when its model is asked one text at
    a time, and then as we do. (It takes the better of two texts that the model cannot tell apart, by the last bit of
    a sum that depends on the batch.)
    """

    stock_s: float
    ours_s: float
    compared: int
    differing: int
    unsteady: int = 0

    @property
    def ratio(self) -> float:
        return self.stock_s / self.ours_s


@dataclass(frozen=True)
class Row:
    """What summary.json says of a comparison; ``ratio_*`` are stock / ours, ``digest`` stands for what was run."""

    name: str
    ratio_median: float
    ratio_min: float
    ratio_max: float
    goal: float
    compared: int
    differing: int
    unsteady: int
    texts: str
    clock: str
    repeats: int
    stock_s: list[float]
    ours_s: list[float]
    machine: str
    digest: str

    @property
    def reached(self) -> bool:
        return self.ratio_median >= self.goal


def measure(
    comparison: Comparison,
    texts: Texts,
    repeats: int = 3,
    after: Callable[[int, Repeat], None] = lambda number, repeat: None,
) -> Row:
    """Measure a comparison on ``texts``, shared out over the repeats.

    Args:
        after: called with the number and outcome of each repeat.

    Raises:
        BenchError: fewer texts than repeats, an unknown clock, a side that broke, or answers that are not one a text.
        FlatError: what ``prepare`` raises, such as an absent resource.
    """
    if comparison.clock not in CLOCKS:
        raise BenchError(comparison.name, f"no clock {comparison.clock!r}", f"choose of {', '.join(CLOCKS)}")
    if not 0 < repeats <= len(texts):
        raise BenchError(
            comparison.name, f"{len(texts)} texts for {repeats} repeats", "give each repeat a text at least"
        )
    # one process for the row: nothing that it loads or patches reaches the next row
    done = []
    for repeat in forked(lambda send: _repeats(comparison, texts, repeats, send), comparison.name):
        done.append(repeat)
        after(len(done), repeat)
    ratios = [repeat.ratio for repeat in done]
    return Row(
        comparison.name,
        round(median(ratios), 3),
        round(min(ratios), 3),
        round(max(ratios), 3),
        comparison.goal,
        sum(repeat.compared for repeat in done),
        sum(repeat.differing for repeat in done),
        sum(repeat.unsteady for repeat in done),
        comparison.texts,
        comparison.clock,
        repeats,
        [round(repeat.stock_s, 4) for repeat in done],
        [round(repeat.ours_s, 4) for repeat in done],
        machine(),
        digest_of(comparison, len(texts), repeats),
    )


def _repeats(comparison: Comparison, texts: Texts, repeats: int, send: Callable) -> None:
    for number in range(repeats):
        share = texts[number::repeats]
        stock, ours, *one_by_one = comparison.prepare(share)
        work = dict(zip(SIDES, (stock, ours), strict=True))
        seconds, answers = {}, {}
        for side in SIDES if number % 2 == 0 else SIDES[::-1]:
            where = f"{comparison.name}, {side}"
            run = partial(timed, work[side], comparison.clock)
            ((seconds[side], answers[side]),) = forked(lambda send, run=run: send(run()), where)
            if len(answers[side]) != len(share):
                problem = f"{len(answers[side])} answers to {len(share)} texts"
                raise BenchError(where, problem, "each side returns one answer per text, in the order of the texts")
        pairs = zip(answers["stock"], answers["ours"], strict=True)
        differing = [i for i, (stock, ours) in enumerate(pairs) if not comparison.same(stock, ours)]
        unsteady = 0
        if differing and one_by_one:
            again = partial(one_by_one[0], differing)
            (steady,) = forked(lambda send, run=again: send(run()), f"{comparison.name}, stock, one text at a time")
            unsteady = sum(comparison.same(s, answers["ours"][i]) for i, s in zip(differing, steady, strict=True))
        send(Repeat(seconds["stock"], seconds["ours"], len(share), len(differing) - unsteady, unsteady))


def timed(work: Callable[[], list], clock: str) -> tuple[float, list]:
    """Seconds of ``work()`` and its answers. CPU time: of this process and of ended processes that it started."""

    def now() -> float:
        if clock == "wall":
            return time.perf_counter()
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in used)

    started = now()
    answers = list(work())
    return now() - started, answers


def forked(work: Callable[[Callable], None], where: str) -> Iterator:
    """Yield what ``work(send)`` sends from a forked child, as it comes; its error is raised here."""
    gc.collect()
    gc.freeze()  # the child's collector leaves what was loaded alone: its memory stays shared
    fork = multiprocessing.get_context("fork")
    receiving, sending = fork.Pipe(duplex=False)
    child = fork.Process(target=_body, args=(work, where, receiving, sending))
    child.start()
    sending.close()
    try:
        while (message := receiving.recv()) is not None:
            if isinstance(message, FlatError):
                raise message
            yield message
    except EOFError:
        child.join()
        remedy = "look for a lack of memory; --only runs one row alone"
        raise BenchError(where, f"its process ended with status {child.exitcode}", remedy) from None
    except BaseException:
        child.terminate()
        raise
    finally:
        child.join()
        receiving.close()


def _body(work: Callable[[Callable], None], where: str, receiving, sending) -> None:
    receiving.close()
    try:
        work(sending.send)
        sending.send(None)
    except FlatError as error:
        sending.send(error)
    except BaseException:
        sending.send(BenchError(where, f"it broke\n{traceback.format_exc()}", "mend the row's module"))


def digest_of(comparison: Comparison, count: int, repeats: int) -> str:
    """What a measurement depends on: the row's module with all of the package that it uses, this one, and the sizes."""
    prepare = comparison.prepare
    while hasattr(prepare, "func"):  # functools.partial
        prepare = prepare.func
    code = [digest.of(str(file)) for file in (sys.modules[prepare.__module__].__file__, Path(__file__))]
    facts = [*code, comparison.name, comparison.texts, comparison.clock, comparison.goal, count, repeats]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def read_summary(path: str | Path) -> list[Row]:
    """The rows of a summary.json; none if there is no such file.

    Raises:
        ArtefactError: the file is of another version.
    """
    if not Path(path).is_file():
        return []
    names = {field.name for field in fields(Row)}
    rows = read_json(path)
    if not isinstance(rows, list) or any(not isinstance(row, dict) or set(row) != names for row in rows):
        raise ArtefactError(str(path), "not a summary of this version", "delete it and run make bench")
    return [Row(**row) for row in rows]


def write_summary(path: str | Path, rows: list[Row]) -> None:
    write_json(path, [asdict(row) for row in rows])
