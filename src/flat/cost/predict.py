"""A study's hours from its jobs and a machine's rates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from flat.cost.facts import DataFacts, network_facts
from flat.cost.jobs import Job
from flat.cost.processor import UNSCALED, Scale, scale
from flat.cost.rates import TEXTUAL, Rates
from flat.cost.record import network
from flat.cost.recorded import LIKE, Recorded
from flat.study.schema import Study

# CPU-seconds of an encoder's training with rounded products (flat.training.precision) against fp32, measured on AVX2
ROUNDED = 1.3


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
    runs: dict[str, int] = field(default_factory=dict)  # recorded run -> jobs priced by its rates


@dataclass(frozen=True)
class Predicted:
    """Seconds of a job, None where no rate fits; whether they are a GPU's; what they rest on."""

    seconds: float | None
    gpu: bool
    notes: tuple[str, ...]


def seconds_of(
    job: Job, kind: str, mflops: float, rates: Rates, taken: Scale = UNSCALED, bf16: bool = False
) -> Predicted:
    """The seconds of one job. A GPU job without a GPU's rate is given the CPU-seconds that it would take.

    Args:
        taken: what a job's arithmetic and its rest cost here against where the rates were recorded; not a GPU's.
        bf16: the processor here has bf16 arithmetic.
    """
    notes = []
    rate = rates.find(job, kind)
    if rate is None and job.gpu:
        job = replace(job, gpu=False)
        rate = rates.find(job, kind)
        notes.append("no GPU rate recorded: CPU-seconds")
    if rate is None:
        rate = rates.nearest(job, kind)
        if rate is None:
            return Predicted(None, job.gpu, ("no rate recorded",))
        notes.append(f"no rate of {job.variant or job.work}: a guess by {rate.variant or rate.work}")
        job = replace(job, variant=rate.variant)
    taken = UNSCALED if job.gpu else taken
    slope = rates.slope(job)
    arithmetic = min(rate.unit_s, slope * rate.mflops)
    rest = rate.unit_s - arithmetic
    if mflops and rate.mflops and not 1 / LIKE < mflops / rate.mflops < LIKE:
        changed = max(0.0, rate.unit_s + slope * (mflops - rate.mflops))
        arithmetic, rest = (slope * mflops, changed - slope * mflops) if changed > slope * mflops else (changed, 0.0)
        notes.append(f"scaled by FLOPs from {kind} of {rate.mflops:.2g} to {mflops:.3g} MFLOPs a word")
    elif job.model and rate.model != job.model:
        notes.append(f"the rate of {rate.model}")
    if job.work in TEXTUAL and job.words > LIKE * rate.words[1]:
        notes.append(f"{job.words:.0f} words a text, recorded up to {rate.words[1]:.0f}")
    if rate.budget != job.budget and job.work == "attack":
        recorded = "no budget of queries" if rate.budget is None else f"a budget of {rate.budget} queries"
        notes.append(f"recorded under {recorded}: {'an upper' if rate.budget is None else 'a lower'} bound")
    if job.precision != rate.precision and not job.gpu:
        arithmetic, note = _in_another_precision(arithmetic, job, rate.precision, bf16)
        notes.append(note)
    unit = taken.arithmetic * arithmetic + taken.rest * rest
    return Predicted(taken.rest * rate.start_s + unit * rates.units(job, kind), job.gpu, tuple(notes))


def _in_another_precision(arithmetic: float, job: Job, recorded: str, bf16: bool) -> tuple[float, str]:
    """Seconds of a unit's arithmetic in the job's precision, and what to say of them."""
    if job.precision == "bf16" and not bf16:
        said = f"bf16 asked for, which this processor has not: {ROUNDED:g} x the rate of {recorded}"
        return ROUNDED * arithmetic, said
    return arithmetic, f"{job.precision} asked for, recorded in {recorded}: " + (
        "an upper bound" if job.precision == "bf16" else "a lower bound"
    )


def predict(
    study: Study,
    data: Mapping[str, DataFacts],
    jobs: Iterable[Job],
    recorded: Recorded,
) -> list[RuleCost]:
    """Cost by rule, in the order in which the rules first come; each job by the run that had the job most like it."""
    here = recorded.here
    costs: dict[str, RuleCost] = {}
    for job in jobs:
        cost = costs.setdefault(job.rule, RuleCost(job.rule))
        asked = network(study, data, job)
        rates = recorded.best(job, *asked, study.name)
        answer = seconds_of(job, *asked, rates, scale(rates.processor, here), here is not None and here.bf16)
        cost.jobs += 1
        cost.runs[str(rates)] = cost.runs.get(str(rates), 0) + 1
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
