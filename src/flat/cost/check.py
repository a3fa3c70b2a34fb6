"""How well rates predict jobs that they were not fitted to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flat.cost.predict import seconds_of
from flat.cost.processor import scale
from flat.cost.rates import Rates, Sample, fit
from flat.cost.recorded import Recorded

TOLERANCE = 0.3  # what a study's predicted hours may be off


@dataclass(frozen=True)
class Check:
    """Seconds measured and predicted, by rule; ``left_out``: jobs of a kind that the other part had none of."""

    name: str
    rules: dict[str, tuple[int, float, float]]
    left_out: int

    @property
    def measured(self) -> float:
        return sum(measured for _, measured, _ in self.rules.values())

    @property
    def predicted(self) -> float:
        return sum(predicted for _, _, predicted in self.rules.values())

    @property
    def off(self) -> float:
        """(predicted - measured) / measured."""
        return self.predicted / self.measured - 1


def compare(name: str, parts: Sequence[Sequence[list[Sample]]], empty: Rates) -> Check:
    """Fit to the first of each pair, predict the second; sums over the pairs."""
    answers = []
    for fitted, asked in parts:
        rates = fit(fitted, empty)
        answers += [(s, seconds_of(s.job, s.kind, s.mflops, rates).seconds) for s in asked]
    return _by_rule(name, answers)


def checks(samples: list[Sample], empty: Rates) -> Iterator[Check]:
    """Every second job from the others; the whole run from every second job; each data set from the others."""
    ordered = sorted(samples, key=lambda sample: (sample.job.rule, sample.job.at))
    half, other = ordered[::2], ordered[1::2]
    yield compare("every second job, from the others", [(half, other)], empty)
    yield compare("the whole run, from every second job", [(half, ordered)], empty)
    asked = [sample for sample in ordered if sample.job.model]
    names = sorted({sample.job.at[0] for sample in asked})
    if len(names) < 2:  # there are no others
        return
    folds = [[[s for s in asked if (s.job.at[0] == name) == own] for own in (False, True)] for name in names]
    yield compare("each data set, from the others", folds, empty)


def by_recorded(samples: Sequence[Sample], recorded: Recorded, study: str) -> Check:
    """The whole run from the recorded rates as ``make cost`` takes them: a prediction, unless they are of this run."""
    answers, here = [], recorded.here
    for sample in samples:
        asked = (sample.job, sample.kind, sample.mflops)
        run = recorded.best(*asked, study)
        answer = seconds_of(*asked, run, scale(run.processor, here), here is not None and here.bf16)
        answers.append((sample, answer.seconds))
    return _by_rule("the whole run, from the recorded rates", answers)


def _by_rule(name: str, answers: Iterable[tuple[Sample, float | None]]) -> Check:
    rules: dict[str, tuple[int, float, float]] = {}
    left_out = 0
    for sample, answer in answers:
        if answer is None:
            left_out += 1
            continue
        n, measured, predicted = rules.get(sample.job.rule, (0, 0.0, 0.0))
        rules[sample.job.rule] = (n + 1, measured + sample.seconds, predicted + answer)
    return Check(name, rules, left_out)
