"""Measurements found by their keys: the mean over seeds of each cell's last round."""

import math
from collections.abc import Mapping
from dataclasses import replace
from statistics import stdev

import numpy as np

from flat.analysis.statistics import mark
from flat.errors import ArtefactError
from flat.files.artefacts import rows
from flat.report.tables.layout import Value

PART = ("metric", "k")  # what measurements are indexed by, a part at a time: a table asks for few of all
FIELDS = ("dataset", "model", "strategy", "train_attack", "attack", "method", "pair_set", *PART)
CELL = ["dataset", "model", "strategy", "train_attack", "seed"]


class Index:
    """``find(keys)`` answers with a Value, or None where no seed of that cell was run.

    Args:
        measurements: frame of flat.analysis.measurements.SCHEMA; None: nothing was measured.
        intervals: frame of flat.analysis.intervals.SCHEMA, or None.

    Raises:
        ArtefactError: asked for a metric that has two values under one key and seed.
    """

    def __init__(self, measurements, intervals=None):
        self._intervals: dict[tuple, tuple[float, float]] = {}
        if intervals is not None:
            self._intervals = dict(zip(rows(intervals, FIELDS), rows(intervals, ("low", "high")), strict=True))
        self._last, self._places = None, {}
        if measurements is not None:
            rounds = measurements.groupby(CELL)["round"].transform("max")
            self._last = measurements[measurements["round"] == rounds]
            self._places = self._last.groupby(list(PART)).indices
        self._indexed: dict[tuple, dict[tuple, dict[int, tuple[float, int, int]]]] = {}

    def find(self, keys: Mapping[str, object]) -> Value | None:
        """Keys that are not fields of a measurement (groups, beta ...) do not count."""
        seeds = self._seeds(keys)
        if not seeds:
            return None
        low, high = self._intervals.get(_key(keys), (float("nan"), float("nan")))
        return replace(over_seeds(seeds), low=low, high=high)

    def difference(self, keys: Mapping[str, object], reference: Mapping[str, object]) -> Value | None:
        """``keys`` minus ``reference``, seed by seed over the seeds that both ran; None where there is none."""
        mine, others = self._seeds(keys), self._seeds(reference)
        pairs = {seed: (mine[seed], others[seed]) for seed in mine if seed in others}
        apart = {seed: (a[0] - b[0], min(a[1], b[1]), a[2] + b[2]) for seed, (a, b) in pairs.items()}
        return over_seeds(apart) if apart else None

    def has(self, **keys: object) -> bool:
        """Whether any measurement has these values."""
        if self._last is None:
            return False
        found = [self._last[name].eq(value).to_numpy() for name, value in keys.items()]
        return bool(np.logical_and.reduce(found).any())

    def _seeds(self, keys: Mapping[str, object]) -> dict[int, tuple[float, int, int]]:
        """(value, n, dropped) by seed; empty where none was run."""
        key = _key(keys)
        part = key[-len(PART) :]
        if part not in self._indexed:
            self._indexed[part] = self._index(self._places[part]) if part in self._places else {}
        return self._indexed[part].get(key, {})

    def _index(self, places) -> dict[tuple, dict[int, tuple[float, int, int]]]:
        found: dict[tuple, dict[int, tuple[float, int, int]]] = {}
        chosen = self._last.iloc[places]
        values = rows(chosen, ("seed", "value", "n", "dropped"))
        for key, (seed, *measured) in zip(rows(chosen, FIELDS), values, strict=True):
            seeds = found.setdefault(key, {})
            if seed in seeds:
                where = ", ".join(map(str, (*key, seed)))
                raise ArtefactError(f"measurements ({where})", "two values", "measure each cell once")
            seeds[seed] = tuple(measured)
        return found


def over_seeds(seeds: Mapping[int, tuple[float, int, int]]) -> Value:
    """Mean and standard deviation of {seed: (value, n, dropped)} over the seeds where the value is defined."""
    found = [seeds[seed] for seed in sorted(seeds)]
    defined = [value for value, _, _ in found if not math.isnan(value)]
    mean = math.fsum(defined) / len(defined) if defined else float("nan")
    sd = stdev(defined) if len(defined) > 1 else float("nan")
    n = min([n for value, n, _ in found if not math.isnan(value)] or [n for _, n, _ in found])
    dropped = int(sum(dropped for _, _, dropped in found))
    return Value(mean, sd, int(n), len(defined), dropped, mark=mark(len(defined)))


def _key(keys: Mapping[str, object]) -> tuple:
    return tuple(keys.get(name, 0 if name == "k" else "") for name in FIELDS)
