"""The runs whose rates config/rates.json keeps: one set for each study and kind of processor (vector instructions).

A job is priced by the run that had the job most like it: the demo's small networks say little of the paper's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from flat.cost.jobs import Job
from flat.cost.processor import Processor
from flat.cost.rates import TEXTUAL, Rate, Rates
from flat.errors import ArtefactError, FlatError
from flat.files.artefacts import read_json, write_json
from flat.files.installed import ROOT
from flat.resources.places import shown

FILE = shown(ROOT / "config" / "rates.json")
LIKE = 1.25  # networks and lengths of texts within this factor count as those recorded


@dataclass(frozen=True)
class Recorded:
    """Recorded runs, that with the most jobs on the most alike processor first.

    Attributes:
        here: the processor that is asked about; None: as each run has it.
    """

    runs: Sequence[Rates]
    here: Processor | None = None

    @property
    def main(self) -> Rates:
        """The run that says what no single job does: exponents, the share of attacks that succeed, a job's start."""
        return self.runs[0]

    def best(self, job: Job, kind: str, mflops: float, study: str = "") -> Rates:
        """The run with the rate that is most like a job's: by network, length of texts, budget, study, processor."""
        return min(self.runs, key=lambda run: self._unlike(run, job, kind, mflops, study))

    def _unlike(self, run: Rates, job: Job, kind: str, mflops: float, study: str) -> tuple[float, ...]:
        rate = run.find(job, kind)
        missing = rate is None
        if missing:
            on_cpu = replace(job, gpu=False)
            rate = run.find(on_cpu, kind) or run.nearest(on_cpu, kind)
        if rate is None:
            return (2, *_apart(run, self.here))
        return (
            missing,
            _beyond(mflops, rate.mflops),
            _beyond(job.words, rate.words[1]) if job.work in TEXTUAL and job.words > rate.words[1] else 0,
            job.work == "attack" and rate.budget != job.budget,
            run.study != study,
            *_apart(run, self.here),
        )


def _beyond(a: float, b: float) -> float:
    """How far two sizes lie apart, as a logarithm; 0 where they count as alike, or one is unknown."""
    apart = abs(math.log(a / b)) if a and b else 0.0
    return apart if apart > math.log(LIKE) else 0.0


def _apart(run: Rates, here: Processor | None) -> tuple[bool, float]:
    """How unlike a run's processor is: of other instructions, and by its speed."""
    if here is None:
        return False, 0.0
    ratio = abs(math.log(run.processor.gflops / here.gflops)) if run.processor else math.inf
    return _instructions(run) != here.instructions, ratio


def save(path: str | Path, rates: Rates) -> None:
    """Put a run's rates into a file, in the place of those of its study and instructions; the others stay."""
    own = _key(rates)
    others = [known for known in _sets(path) if _key(known) != own] if is_there(path) else []
    write_json(path, {"sets": [asdict(known) for known in sorted([*others, rates], key=_key)]})


def load(path: str | Path, here: Processor | None = None) -> Recorded:
    """The runs of a file.

    Raises:
        FlatError: there are none, or they are of another version.
    """
    if not is_there(path):
        raise FlatError(str(path), "no rates", "record some of a finished run: python -m flat.cost STUDY --record")

    def unlike(run: Rates) -> tuple:
        other, speed = _apart(run, here)
        return other, -sum(rate.jobs for rate in run.rates), speed, *_key(run)

    return Recorded(sorted(_sets(path), key=unlike), here)


def is_there(path: str | Path) -> bool:
    return Path(path).is_file()


def _key(rates: Rates) -> tuple[str, str]:
    return _instructions(rates), rates.study


def _instructions(rates: Rates) -> str:
    return rates.processor.instructions if rates.processor else ""


def _sets(path: str | Path) -> list[Rates]:
    values: Mapping = read_json(path)
    try:
        return [_parsed(one) for one in values["sets"]] or values["none"]
    except (KeyError, TypeError) as error:
        problem = f"not rates of this version ({error})"
        raise ArtefactError(str(path), problem, "record them again: python -m flat.cost STUDY --record") from None


def _parsed(values: Mapping) -> Rates:
    rates = [Rate(**{**rate, "words": tuple(rate["words"])}) for rate in values["rates"]]
    processor = Processor(**values["processor"]) if values.get("processor") else None
    return Rates(**{**values, "rates": rates, "processor": processor})
