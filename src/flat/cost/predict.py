"""A study's hours from its jobs and a machine's rates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from flat.cost.facts import DataFacts, network_facts
from flat.cost.jobs import Job
from flat.cost.rates import TEXTUAL, Rates
from flat.cost.record import network
from flat.study import Study

LIKE = 1.25  # networks and text lengths within this factor count as those recorded


@dataclass
class RuleCost:
    """What the jobs of one rule take: seconds by where they run, and what the prediction rests on, in words."""

    rule: str
    jobs: int = 0
    texts: float = 0.0
    cpu_s: float = 0.0
    gpu_s: float = 0.0
    notes: dict[str, int] = field(default_factory=dict)  # note -> jobs it holds for
    unknown: int = 0


@dataclass(frozen=True)
class Predicted:
    """Seconds of a job, None where no rate fits; whether they are a GPU's; what they rest on."""

    seconds: float | None
    gpu: bool
    notes: tuple[str, ...]


def seconds_of(job: Job, kind: str, mflops: float, rates: Rates) -> Predicted:
    """The seconds of one job. A GPU job without a GPU's rate is given the CPU-seconds that it would take."""
    notes = []
    rate = rates.find(job, kind)
    if rate is None and job.gpu:
        job = replace(job, gpu=False)
        rate = rates.find(job, kind)
        notes.append("no GPU rate recorded: CPU-seconds")
    if rate is None:
        return Predicted(None, job.gpu, ("no rate recorded",))
    unit = rate.unit_s
    if mflops and rate.mflops and not 1 / LIKE < mflops / rate.mflops < LIKE:
        unit = max(0.0, unit + rates.slope(job) * (mflops - rate.mflops))
        notes.append(f"scaled by FLOPs from {kind} of {rate.mflops:.2g} to {mflops:.3g} MFLOPs a word")
    elif job.model and rate.model != job.model:
        notes.append(f"the rate of {rate.model}")
    if job.work in TEXTUAL and job.words > LIKE * rate.words[1]:
        notes.append(f"{job.words:.0f} words a text, recorded up to {rate.words[1]:.0f}")
    if rate.budget != job.budget and job.work == "attack":
        notes.append(f"recorded under a budget of {rate.budget} queries: a lower bound")
    return Predicted(rate.start_s + unit * rates.units(job, kind), job.gpu, tuple(notes))


def predict(study: Study, data: Mapping[str, DataFacts], jobs: Iterable[Job], rates: Rates) -> list[RuleCost]:
    """Cost by rule, in the order in which the rules first come."""
    costs: dict[str, RuleCost] = {}
    for job in jobs:
        cost = costs.setdefault(job.rule, RuleCost(job.rule))
        answer = seconds_of(job, *network(study, data, job), rates)
        cost.jobs += 1
        cost.texts += job.texts if job.work in TEXTUAL else 0
        for note in answer.notes:
            cost.notes[note] = cost.notes.get(note, 0) + 1
        if answer.seconds is None:
            cost.unknown += 1
        elif answer.gpu:
            cost.gpu_s += answer.seconds
        else:
            cost.cpu_s += answer.seconds
    return list(costs.values())


def stored_bytes(study: Study, data: Mapping[str, DataFacts], jobs: Iterable[Job]) -> int:
    """Bytes of the checkpoints a study writes: nearly all it keeps on disk."""
    trained = [job for job in jobs if job.work == "train"]
    return sum(network_facts(study, job.model, data[job.at[0]].vocabulary).stored for job in trained)
