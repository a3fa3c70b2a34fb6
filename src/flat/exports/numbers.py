"""What a study measured of one checkpoint, number by number, each with an interval over its examples."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from flat.analysis import statistics
from flat.analysis.intervals import RANGES, SHOWN_K
from flat.analysis.outcomes import AA, ATTACKED, CELL, KT, TI, Outcome, Outcomes, resample
from flat.paper.catalogue import MAIN_PAIR_SET, SA
from flat.plugins.registry import EXPLAINERS
from flat.study.cells import AttackedCell, Cell
from flat.study.grid import explained_cells
from flat.study.schema import Study
from flat.study.seeds import seed_of

TITLES = {
    SA: "accuracy",
    ATTACKED: "accuracy on the attacked examples",
    AA: "after-attack accuracy",
    KT: "Kendall's tau",
    TI: f"top-{SHOWN_K} intersection",
}
PERCENT = (SA, ATTACKED, AA)
EXACT, BOOTSTRAP = "Clopper-Pearson over examples", "bootstrap over examples, percentiles"


@dataclass(frozen=True)
class Number:
    """A measured number of one checkpoint.

    Attributes:
        metric: as measurements.parquet names it. attack: "" for the accuracy on the whole test split.
        method, pair_set: of explanations, else "". k: of TI@k, else 0.
        low, high: 95 % interval over the examples of this checkpoint, made as ``how`` says; NaN where there is none.
        n: examples or pairs behind it.
    """

    metric: str
    attack: str
    method: str
    pair_set: str
    k: int
    value: float
    low: float
    high: float
    how: str
    n: int

    @property
    def title(self) -> str:
        return TITLES[self.metric]

    @property
    def bounds(self) -> tuple[float, float]:
        return (0.0, 100.0) if self.metric in PERCENT else RANGES[self.metric]

    @property
    def unit(self) -> str:
        return "percent" if self.metric in PERCENT else {KT: "rank correlation", TI: "share"}[self.metric]

    @property
    def name(self) -> str:
        """Its own among the numbers of an attacked cell: kendall_tau.ig."""
        return f"{self.metric}.{self.method}".removesuffix(".")


def accuracy(study: Study, outcomes: Outcomes, cell: Cell) -> Number | None:
    """On the whole test split."""
    return _number(study, outcomes, cell, {"metric": SA, "attack": ""})


def under_attack(study: Study, outcomes: Outcomes, attacked: AttackedCell) -> Iterator[Number]:
    """Accuracy before the attack and AA, then KT and TI@5 by each method that explains the cell; what is undefined is
    left out."""
    keys = {"attack": attacked.attack}
    wanted = [{"metric": ATTACKED}, {"metric": AA}]
    for method in study.interpretation.methods:
        if attacked in explained_cells(study, method):
            of = {"method": method, "pair_set": MAIN_PAIR_SET}
            wanted += [of | {"metric": KT}, of | {"metric": TI, "k": SHOWN_K}]
    found = (_number(study, outcomes, attacked.cell, keys | one) for one in wanted)
    yield from (number for number in found if number is not None)


def method_title(method: str) -> str:
    return EXPLAINERS[method].title if method else ""


def _number(study: Study, outcomes: Outcomes, cell: Cell, keys: dict) -> Number | None:
    found = outcomes.find({name: getattr(cell, name) for name in CELL} | keys)
    if found is None or cell.seed not in found.seeds:
        return None
    own = found.of_seeds([cell.seed])
    value, n = float(own.means[0]), _measured(own)
    if keys["metric"] in PERCENT:
        low, high, how = *statistics.exact_share(value, n), EXACT
    else:
        seed = seed_of(study.seed, "bootstrap-seeds", *(str(keys.get(k, "")) for k in sorted(keys)))
        low, high, how = *statistics.interval(resample(own, None, seed)), BOOTSTRAP
        if high - low <= 1e-12:  # a single pair, or all alike: nothing is known of the spread
            low = high = math.nan
    named = {name: keys.get(name, "") for name in ("metric", "attack", "method", "pair_set")}
    return Number(**named, k=keys.get("k", 0), value=value, low=low, high=high, how=how, n=n)


def _measured(own: Outcome) -> int:
    return int(own.totals[0]) if own.totals else int((own.values == own.values).sum())  # NaN is not itself
