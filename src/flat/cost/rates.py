"""Rates: what a unit of work costs, fitted to the jobs of a finished run."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from flat.cost.jobs import Job
from flat.cost.processor import Processor
from flat.plugins.registry import ATTACKS, EXPLAINERS

WORDS = 20  # of the text that a unit is
# where nothing was measured: queries and the price of each grow with the words
ATTACK_EXPONENT = 2.0
# what an attack spends its time on, by the role of its resource, and the recorded attack that spends it so
LIKE = (("masked_language_model", "bae"), ("sentence_encoder", "textfooler, exact"), ("sememes", "pso"))
PLAIN = "pwws"  # the model alone is asked
TEXTUAL = ("attack", "train", *EXPLAINERS)


@dataclass(frozen=True)
class Rate:
    """seconds = start_s + unit_s x units, of one work, variant and model.

    Attributes:
        kind: cnn | lstm | encoder, or empty.
        mflops: of the network, a word; 0 without one.
        words: the least and greatest mean words of the texts it was recorded on.
        budget: the query budget it was recorded under, or None.
        jobs: how many it was fitted to.
        gpu: seconds are wall time of a GPU job instead of CPU time.
        precision: fp32 | bf16, of training.
    """

    work: str
    variant: str
    model: str
    kind: str
    start_s: float
    unit_s: float
    mflops: float
    words: tuple[float, float]
    budget: int | None
    jobs: int
    gpu: bool = False
    precision: str = "fp32"


@dataclass(frozen=True)
class Rates:
    """The rates of a run on a machine.

    Attributes:
        exponents: "recipe, kind" -> e of units ~ words ** e; what is not there has ``ATTACK_EXPONENT``.
        succeeded: share of attacked train texts with a successful adversarial text.
        beside_s: core-seconds that a job costs beside its own (process start, scheduling, idle cores); None: unknown.
        processor: of the machine; None: unknown.
        study: the name of the study that was run.
    """

    machine: str
    source: str
    rates: list[Rate]
    exponents: dict[str, float] = field(default_factory=dict)
    succeeded: float = 0.6
    beside_s: float | None = None
    processor: Processor | None = None
    study: str = ""

    def __str__(self) -> str:
        return f"{self.source}, on {self.machine} ({self.processor or 'speed unknown'})"

    def units(self, job: Job, kind: str) -> float:
        """The units of a job; 0 for work that does not depend on texts."""
        exponent = 1.0
        if job.work == "attack":
            exponent = self.exponents.get(f"{job.variant.split(',')[0]}, {kind}", ATTACK_EXPONENT)
        return job.texts * (job.words / WORDS) ** exponent * job.factor if job.words else 0.0

    def find(self, job: Job, kind: str) -> Rate | None:
        """The rate of the job's model, else of another model of its kind, else None."""
        fitting = [r for r in self.rates if (r.work, r.variant, r.gpu) == (job.work, job.variant, job.gpu)]
        same = [r for r in fitting if r.model == job.model] or [r for r in fitting if r.kind == kind]
        return same[0] if same else None

    def nearest(self, job: Job, kind: str) -> Rate | None:
        """The rate of the recorded attack or explainer that is most like one of which none is recorded; None: of other
        work.

        A guess: what an attack asks most of its time for decides, as far as its resources tell that. Of an explainer it
        is whether it asks for gradients; its answers are counted as it declares them.
        """
        if job.work in EXPLAINERS:
            return self.find(replace(job, work="ig" if EXPLAINERS[job.work].gradients else "lime"), kind)
        if job.work != "attack":
            return None
        recipe = job.variant.split(", ")[0]
        roles = ATTACKS[recipe].roles if recipe in ATTACKS else ()
        likely = [variant for role, variant in LIKE if role in roles] or [PLAIN]
        found = (self.find(replace(job, variant=variant), kind) for variant in [*likely, PLAIN])
        return next((rate for rate in found if rate is not None), None)

    def slope(self, job: Job) -> float:
        """Seconds a unit for each further MFLOP of the network: recorded encoders' against recorded CNNs' and LSTMs'.
        On the same variant of the work, else on its others; 0 if only one of them was recorded."""
        fitting = [r for r in self.rates if (r.work, r.gpu) == (job.work, job.gpu) and r.mflops]
        slopes = {
            variant: _slope([r for r in fitting if r.variant == variant]) for variant in {r.variant for r in fitting}
        }
        known = {variant: slope for variant, slope in slopes.items() if slope is not None}
        return known.get(job.variant, float(np.mean(list(known.values()))) if known else 0.0)


def _slope(rates: list[Rate]) -> float | None:
    large, small = ([r for r in rates if (r.kind == "encoder") == wanted] for wanted in (True, False))
    if not large or not small:
        return None
    unit = np.mean([r.unit_s for r in large]) - np.mean([r.unit_s for r in small])
    return max(0.0, float(unit / (np.mean([r.mflops for r in large]) - np.mean([r.mflops for r in small]))))


@dataclass(frozen=True)
class Sample:
    """A job that ran, the kind and MFLOPs of its network, and its seconds."""

    job: Job
    kind: str
    mflops: float
    seconds: float


def fit(samples: Iterable[Sample], empty: Rates) -> Rates:
    """``empty`` with rates fitted to the samples: non-negative least squares of start and seconds a unit.

    Jobs of one size cannot tell start from units: their start is the median of those of the same work and kind.
    """
    groups: dict[tuple, list[Sample]] = {}
    for sample in samples:
        job = sample.job
        groups.setdefault((job.work, job.variant, job.model, job.gpu), []).append(sample)
    lines = {key: _line(*_sizes(group, empty)) for key, group in groups.items()}
    starts: dict[tuple[str, str], list[float]] = {}
    for key, line in lines.items():
        if line is not None:
            starts.setdefault((key[0], groups[key][0].kind), []).append(line[0])
    rates = []
    for key, group in sorted(groups.items()):
        known = starts.get((key[0], group[0].kind), [0.0])
        line = lines[key] or _through(float(np.median(known)), *_sizes(group, empty))
        rates.append(_rate(key, group, *line))
    return replace(empty, rates=rates)


def _rate(key: tuple, group: list[Sample], start_s: float, unit_s: float) -> Rate:
    work, variant, model, gpu = key
    words = [sample.job.words for sample in group]
    return Rate(
        work,
        variant,
        model,
        group[0].kind,
        round(start_s, 4),
        round(unit_s, 8),
        round(group[0].mflops, 4),
        (round(min(words), 1), round(max(words), 1)),
        min((s.job.budget for s in group if s.job.budget is not None), default=None),
        len(group),
        gpu,
        group[0].job.precision,
    )


def _sizes(group: list[Sample], empty: Rates) -> tuple[np.ndarray, np.ndarray]:
    """Units and seconds of jobs."""
    return np.array([empty.units(s.job, s.kind) for s in group]), np.array([s.seconds for s in group])


def _through(start: float, units: np.ndarray, seconds: np.ndarray) -> tuple[float, float]:
    """(start, seconds a unit) of jobs of one size; work that does not depend on texts is all start."""
    if not units.max():
        return float(seconds.mean()), 0.0
    start = min(start, 0.9 * float(seconds.min()))
    return start, (float(seconds.mean()) - start) / float(units.mean())


def _line(units: np.ndarray, seconds: np.ndarray) -> tuple[float, float] | None:
    """(start, seconds a unit); None where the jobs' sizes are too much alike to tell one from the other."""
    from scipy.optimize import nnls  # for cost

    if units.max() < 1.5 * units.min() or not units.max():
        return None
    # each job counts by its share of error, not by its length
    weights = 1 / np.maximum(seconds, 0.05)
    design = np.stack([np.ones_like(units), units], 1) * weights[:, None]
    (start, unit), _ = nnls(design, seconds * weights)
    return float(start), float(unit)
