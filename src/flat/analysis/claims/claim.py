"""The paper's claims (config/claims.yaml): what each says, of which numbers, and the rule that judges them.

A claim is written down before any run: its estimand, the direction and the margin it must clear, the cells it speaks
of, and the family in which its tests are corrected (docs/statistics.md).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from flat.analysis.statistics import ALPHA, VERDICT_SEEDS
from flat.errors import ArtefactError
from flat.plugins.registry import EXPLAINERS
from flat.plugins.values import Strict
from flat.study.artefacts import EXPLAINED, PAIR_SETS
from flat.study.cells import NO_ATTACK
from flat.study.fields import Name

Verdict = Literal["reproduced", "supported", "direction only", "inconclusive", "contradicted", "not run"]
AA, SA = "after_attack_accuracy_percent", "test_accuracy_percent"
UNTRAINED = ("base",)  # strategies whose models saw no adversarial text
Names = Annotated[list[str], Field(min_length=1)]


class Contrast(Strict):
    """A metric of one strategy's models less that of another's, cell by cell: same data, model, attack, examples."""

    kind: Literal["contrast"]
    metric: Literal[
        "after_attack_accuracy_percent",
        "test_accuracy_percent",
        "dev_accuracy_percent",
        "kendall_tau",
        "topk_intersection",
    ]
    of: str
    minus: Names
    method: Literal[("", *EXPLAINERS)] = ""
    pair_set: Literal["", *PAIR_SETS] = ""
    k: tuple[Annotated[int, Field(ge=0, le=10)], ...] = (0,)

    @model_validator(mode="after")
    def _whole(self):
        if self.of in self.minus:
            raise ValueError(f"minus: {self.of} cannot be compared with itself")
        if (self.metric in EXPLAINED) != bool(self.method and self.pair_set):
            raise ValueError(
                "method, pair_set: kendall_tau and topk_intersection need both, other metrics have neither"
            )
        if (self.metric == "topk_intersection") != (0 not in self.k):
            raise ValueError("k: 1 to 10 for topk_intersection, left out for other metrics")
        return self


class Correlation(Strict):
    """The size |r| of a correlation of Table 9, of the study's importance analysis."""

    kind: Literal["correlation"]
    pair: Literal[
        "word_importance-word_frequency",
        "word_importance-substitution_frequency",
        "word_frequency-substitution_frequency",
    ]


class SynonymGap(Strict):
    """Mean |phi(word) - phi(synonym)| with gamma less that without (Figure 5), of the study's importance analysis."""

    kind: Literal["synonym_gap"]


class Grid(Strict):
    """The cells a claim speaks of: every combination. ``train_attack``: null where it is the attack itself."""

    datasets: Names
    models: Names
    attacks: Names
    train_attack: str | None = None


class Claim(Strict):
    """One claim.

    ``direction`` and ``margin``: the estimand lies above (below) the margin. ``wins``: in how many of the cells the
    paper's printed numbers do; null where it prints none (figures) or all do. ``own``: claimed by the study, not by the
    paper.
    """

    name: Name
    statement: Annotated[str, Field(min_length=10)]
    where: str
    tables: tuple[str, ...] = ()
    family: str
    estimand: Annotated[Contrast | Correlation | SynonymGap, Field(discriminator="kind")]
    direction: Literal["above", "below"]
    margin: float = 0.0
    wins: Annotated[int, Field(gt=0)] | None = None
    cells: Grid
    own: bool = False

    @model_validator(mode="after")
    def _fitting(self):
        if self.wins is not None and self.wins > self.size:
            raise ValueError(f"wins: {self.wins} of only {self.size} cells")
        single = self.estimand.kind != "contrast"
        if single and math.prod(map(len, (self.cells.datasets, self.cells.models, self.cells.attacks))) != 1:
            raise ValueError("cells: correlations and synonym gaps are of one cell")
        return self

    def on(self, pair_set: str) -> "Claim | None":
        """The same claim about the explanations of another pair set; None of one that is not about explanations."""
        if getattr(self.estimand, "metric", "") not in EXPLAINED:
            return None
        return self.model_copy(update={"estimand": self.estimand.model_copy(update={"pair_set": pair_set})})

    @property
    def size(self) -> int:
        return sum(1 for _ in self.contrasts())

    @property
    def share(self) -> float:
        """The share of the cells in which the claim must hold: as many as in the paper."""
        return 1.0 if self.wins is None else self.wins / self.size

    def gain(self, value: float) -> float:
        """How far a value lies on the claimed side of the margin; negative on the other side."""
        return (value - self.margin) * (1 if self.direction == "above" else -1)

    def contrasts(self) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
        """The keys (as in measurements.parquet) of each cell's two numbers: ``of`` and what is subtracted from it."""
        e, grid = self.estimand, self.cells
        minus, ks = (e.minus, e.k) if e.kind == "contrast" else ([""], [0])
        for dataset, model, attack, other, k in product(grid.datasets, grid.models, grid.attacks, minus, ks):
            common = {"dataset": dataset, "model": model, "attack": attack, "k": k}
            if e.kind == "contrast":
                on_text = e.metric not in (AA, *EXPLAINED)  # an accuracy on clean text is under no attack
                common |= {"metric": e.metric, "method": e.method, "pair_set": e.pair_set}
                common |= {"attack": ""} if on_text else {}
            of = "" if e.kind != "contrast" else e.of
            yield tuple(common | self._trained(name, attack) for name in (of, other))

    def _trained(self, strategy: str, attack: str) -> dict[str, str]:
        on = NO_ATTACK if strategy in UNTRAINED else self.cells.train_attack or attack
        return {"strategy": strategy, "train_attack": on}


class Claims(Strict):
    claims: Annotated[list[Claim], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self):
        names = [claim.name for claim in self.claims]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"claims: {', '.join(twice)} stands twice")
        return self


def load(path: str | Path) -> list[Claim]:
    """The claims of a YAML file.

    Raises:
        ArtefactError: the file is absent or not YAML, or a claim is not one that can be judged.
    """
    import yaml  # for cost

    remedy = "correct these keys; flat/analysis/claims/claim.py lists every key with its allowed values"
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        values = {"claims": values["claims"]} if isinstance(values, dict) and "claims" in values else values
        return Claims.model_validate(values).claims
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc'])) or '(top)'}: {item['msg']}" for item in error.errors()]
        raise ArtefactError(
            str(path), "these claims cannot be judged:\n    " + "\n    ".join(problems), remedy
        ) from None
    except (FileNotFoundError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ArtefactError(str(path), f"not a readable YAML file ({error})", "restore the file") from None


@dataclass(frozen=True)
class Evidence:
    """What a study has to say on a claim, turned so that what favours it is positive (``Claim.gain``).

    Attributes:
        gain: mean over the run cells of the difference of seed means, beyond the margin.
        low, high: its interval; NaN where the seeds permit none.
        p: of Welch's test against the margin, corrected for the family; NaN under two seeds.
        seeds: those behind every run cell.
        cells: cells that were run. wins: those with a positive gain. holm_wins, reversals: those significantly so, and
            significantly otherwise, after Holm's correction over the family's cells.
    """

    gain: float
    low: float
    high: float
    p: float
    seeds: int
    cells: int
    wins: int
    holm_wins: int = 0
    reversals: int = 0


def verdict(evidence: Evidence, share: float = 1.0) -> Verdict:
    """Judge a claim.

    - not run: no cell of it was run.
    - reproduced: five seeds or more; Welch's test over seed means finds a difference beyond the margin, the interval
      lies beyond it too, no cell is significantly reversed, and the claim holds in at least ``share`` of the cells.
    - supported: the same, of a claim of the study's own (``flat.analysis.claims.rows``).
    - contradicted: five seeds or more; test and interval lie on the other side of the margin.
    - direction only: the mean lies on the claimed side.
    - inconclusive: it does not, but not significantly so.
    """
    if not evidence.cells:
        return "not run"
    settled = evidence.seeds >= VERDICT_SEEDS and evidence.p < ALPHA
    if settled and evidence.gain < 0 and evidence.high < 0:
        return "contradicted"
    held = evidence.wins >= share * evidence.cells - 1e-9 and not evidence.reversals
    if settled and evidence.gain > 0 and evidence.low > 0 and held:
        return "reproduced"
    return "direction only" if evidence.gain > 0 else "inconclusive"
