"""The metrics that a study names, loaded and checked: what they return lies where they say, or is undefined."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from flat.errors import FlatError
from flat.plugins.kinds import Metric
from flat.plugins.registry import METRICS
from flat.plugins.values import Options

SLACK = 1e-9  # what rounding may carry a value out of its range


@dataclass(frozen=True)
class Chosen:
    """A metric and the options that a study gives it."""

    metric: Metric
    options: Options
    compute: Callable[..., float]

    @property
    def name(self) -> str:
        return self.metric.name

    def value(self, example: str, *given) -> float:
        """What the metric says of one class of an example: a number, NaN where it is undefined.

        Raises:
            FlatError: that is no number, or one outside of the declared range; metric, example and value are named.
        """
        found = self.compute(*given, self.options)
        try:
            value = float(found)
        except (TypeError, ValueError):
            raise self._wrong(example, f"returned {found!r}", "return a number") from None
        if math.isnan(value):
            return value
        low, high = bounds(self.metric)
        if math.isinf(value) or not low - SLACK <= value <= high + SLACK:
            range_ = f"[{_shown(self.metric.low)}, {_shown(self.metric.high)}]"
            remedy = "correct the metric, or the low and high that it declares"
            raise self._wrong(example, f"returned {value!r}, outside of its declared range {range_}", remedy)
        return min(max(value, low), high)

    def _wrong(self, example: str, problem: str, remedy: str) -> FlatError:
        return FlatError(f"metric {self.name}, example {example}", problem, remedy)


def bounds(metric: Metric) -> tuple[float, float]:
    """Between which the values of a metric lie; infinite where it declares no bound."""
    return (
        -math.inf if metric.low is None else float(metric.low),
        math.inf if metric.high is None else float(metric.high),
    )


def _shown(bound: float | None) -> str:
    return "unbounded" if bound is None else f"{bound:g}"


def chosen(given: Mapping[str, Mapping] | None, of: Literal["pairs", "explanations"]) -> list[Chosen]:
    """The metrics of a kind among those that a study names (name -> options), in its order."""
    found = [(METRICS[name], dict(options)) for name, options in (given or {}).items()]
    return [Chosen(m, m.options.model_validate(options), m.load()) for m, options in found if m.of == of]


def mean(values: Sequence[float]) -> tuple[float, int]:
    """(mean over the classes where a metric is defined, NaN where it is for none; number of the others)."""
    values = np.asarray(values, dtype=np.float64)
    defined = values[~np.isnan(values)]
    return (float(defined.mean()) if len(defined) else float("nan")), len(values) - len(defined)
