"""What two studies measured of the same cells: both values, the difference and its interval (docs/compare.md).

Where both measured the same texts, one resample of these texts serves both sides, so that what makes a text easy or
hard for any model falls out of the difference. Elsewhere each side is resampled by itself.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np

from flat.analysis import statistics
from flat.analysis.comparison.opened import Opened
from flat.analysis.intervals import SHOWN_K
from flat.analysis.outcomes import AA, ATTACKED, CELL, KT, TI, Outcome, resample
from flat.errors import StudyError
from flat.files.artefacts import read_table
from flat.files.digests import sha256_of
from flat.paper.catalogue import MAIN_PAIR_SET, SA
from flat.study import paths
from flat.study.cells import AttackedCell, Cell
from flat.study.seeds import seed_of

PAIRED, UNPAIRED, SAME = "paired", "unpaired", "same files"
LEAST_SHARED = 0.5  # of the examples of the side that has fewer: below, pairing would speak of a remnant
NAN = float("nan")


@dataclass(frozen=True)
class Compared:
    """One number of both studies, of one seed or in the mean of several.

    Attributes:
        cell: dataset, model, strategy, train attack. attack: "" for the accuracy.
        seeds: those that both studies have a value under. permits: what so many permit to say (docs/statistics.md).
        a, b: each study's own value, over all of its examples. n_a, n_b: the fewest behind it under a seed.
        difference: b less a; of ``paired`` numbers over the shared examples.
        low, high: its 95 % interval; NaN where every draw is alike, so that nothing is known of its spread.
        shared: examples of both studies with the same id and text. only_a, only_b: the others of each.
        pairing: paired; unpaired; or same files: both numbers are counted from the same bytes.
    """

    cell: tuple[str, str, str, str]
    attack: str
    metric: str
    method: str
    pair_set: str
    seeds: tuple[int, ...]
    permits: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    n_a: int
    n_b: int
    shared: int
    only_a: int
    only_b: int
    pairing: str


def compare(
    a: Opened, b: Opened, pair_set: str = MAIN_PAIR_SET, draws: int = statistics.DRAWS, each_seed: bool = True
) -> list[Compared]:
    """Every number of a common cell: of each seed, and in the mean where there are several; sorted by cell.

    Raises:
        StudyError: the studies have no cell in common.
    """
    if not a.trained & b.trained:
        raise StudyError(
            f"{a.called} and {b.called}",
            f"no cell in common: {a.called} has {_cells(a.trained)}; {b.called} has {_cells(b.trained)}",
            "compare studies that have a data set, a model, a strategy, a train attack and a seed in common",
        )
    found = []
    for keys, cells in _common(a, b, pair_set):
        sides = [side.outcomes.find(keys) for side in (a, b)]
        seeds = sorted({cell.seed for cell in cells} & set(sides[0].seeds) & set(sides[1].seeds)) if all(sides) else []
        chosen = [[seed] for seed in seeds] if each_seed or len(seeds) == 1 else []
        chosen += [seeds] if len(seeds) > 1 else []
        found += [_compared(a, b, keys, [side.of_seeds(some) for side in sides], draws) for some in chosen]
    return found


def _cells(cells: Collection[Cell]) -> str:
    """What a study has, in short: each name once."""
    names = [sorted({str(getattr(cell, name)) for cell in cells}) for name in (*CELL, "seed")]
    return " x ".join(",".join(of) for of in names)


def _common(a: Opened, b: Opened, pair_set: str) -> Iterator[tuple[dict, list[Cell]]]:
    """The keys of each number that both studies may have, and the common cells behind it, one a seed."""
    for keys, cells in _by_seed(sorted(a.trained & b.trained)):
        yield keys | {"attack": "", "metric": SA}, cells
        under = [x for x in sorted(a.attacked & b.attacked) if x.cell in set(cells)]
        for attack, of in _by_attack(under):
            yield keys | {"attack": attack, "metric": ATTACKED}, of
            yield keys | {"attack": attack, "metric": AA}, of
        for method in sorted(a.explained.keys() & b.explained.keys()):
            explained = [x for x in under if x in a.explained[method] & b.explained[method]]
            for attack, of in _by_attack(explained):
                pairs = {"attack": attack, "method": method, "pair_set": pair_set}
                yield keys | pairs | {"metric": KT}, of
                yield keys | pairs | {"metric": TI, "k": SHOWN_K}, of


def _by_seed(cells: Sequence[Cell]) -> Iterator[tuple[dict, list[Cell]]]:
    for names, group in groupby(cells, lambda cell: tuple(getattr(cell, name) for name in CELL)):
        yield dict(zip(CELL, names, strict=True)), list(group)


def _by_attack(under: Sequence[AttackedCell]) -> Iterator[tuple[str, list[Cell]]]:
    ordered = sorted(under, key=lambda attacked: (attacked.attack, attacked.cell))
    for attack, group in groupby(ordered, lambda attacked: attacked.attack):
        yield attack, [attacked.cell for attacked in group]


def _compared(a: Opened, b: Opened, keys: dict, sides: list[Outcome], draws: int) -> Compared:
    mine, other = sides
    cells = [Cell(*(keys[name] for name in CELL), seed) for seed in mine.seeds]
    examples = [set(side.examples) for side in sides]
    shared = sorted(_shared(a, b, cells, keys["attack"], examples)) if keys["attack"] else []
    paired = bool(shared) and len(shared) >= LEAST_SHARED * min(map(len, examples))
    own = float(mine.means.mean()), float(other.means.mean())
    names = (*(str(keys.get(name, "")) for name in (*CELL, "attack", "method", "pair_set", "metric", "k")),)
    if paired:
        mine, other = mine.of_examples(shared), other.of_examples(shared)
        other = replace(other, example_seed=mine.example_seed)
    else:
        mine, other = (
            replace(side, example_seed=seed_of(opened.study.seed, "compare", place, *names))
            for side, opened, place in ((mine, a, "a"), (other, b, "b"))
        )
    seed = seed_of(a.study.seed, "bootstrap-seeds", *names)
    apart = other.means - mine.means
    low, high = statistics.interval(resample(other, mine, seed, draws))
    pairing = PAIRED if paired else UNPAIRED
    if not apart.any() and (low == high or not keys["attack"]) and _same_files(a, b, cells, keys):
        pairing, low, high = SAME, 0.0, 0.0
    elif high - low <= 1e-12:
        low = high = NAN
    return Compared(
        cell=tuple(keys[name] for name in CELL),
        attack=keys["attack"],
        metric=keys["metric"],
        method=keys.get("method", ""),
        pair_set=keys.get("pair_set", ""),
        seeds=mine.seeds,
        permits=statistics.permitted(len(mine.seeds)),
        a=own[0],
        b=own[1],
        difference=float(apart.mean()),
        low=low,
        high=high,
        n_a=_measured(sides[0]),
        n_b=_measured(sides[1]),
        shared=len(shared),
        only_a=len(examples[0] - set(shared)),
        only_b=len(examples[1] - set(shared)),
        pairing=pairing,
    )


def _measured(side: Outcome) -> int:
    """Examples with a value, of the seed that has the fewest."""
    return int(min(side.totals or (~np.isnan(side.values)).sum(axis=1)))


# --- whether two studies speak of the same


def _shared(a: Opened, b: Opened, cells: Sequence[Cell], attack: str, examples: list[set[str]]) -> set[str]:
    """The examples whose id and original text are the same in the ledgers of every seed of both studies.

    Ledgers without texts (of studies redrawn from archives) share nothing: nobody can tell. One folder shares all.
    """
    both = examples[0] & examples[1]
    if a.root == b.root:
        return both
    texts = [_texts(str(paths.test_ledger(s.study, AttackedCell(cell, attack)))) for s in (a, b) for cell in cells]
    return {e for e in both if texts[0].get(e) and len({of.get(e) for of in texts}) == 1}


@cache
def _texts(ledger: str) -> dict[str, str]:
    frame = read_table(ledger, ["example_id", "original"])
    return dict(zip(frame["example_id"], frame["original"], strict=True))


def _same_files(a: Opened, b: Opened, cells: Sequence[Cell], keys: dict) -> bool:
    """Whether what the numbers of these cells are counted from is the same in both studies, byte for byte."""
    pairs = [[Path(name) for name in names] for names in zip(*(_behind(s, cells, keys) for s in (a, b)), strict=True)]
    return all(x == y or (x.is_file() and y.is_file() and _sha256(x) == _sha256(y)) for x, y in pairs)


def _behind(side: Opened, cells: Sequence[Cell], keys: dict) -> list[str]:
    """The files that a cell's outcomes follow from: weights and texts, the ledger, the explanations."""
    of, attack = paths.of(side.study), keys["attack"]
    if not attack:
        splits = [of.split(cells[0].dataset, "test")]
        return splits + [paths.final_model(side.study, cell) for cell in cells]
    ledgers = [paths.test_ledger(side.study, AttackedCell(cell, attack)) for cell in cells]
    if not keys.get("method"):
        return ledgers
    return ledgers + [of.attributions(keys["method"], attack, **paths.coordinates(cell)) for cell in cells]


_sha256 = cache(sha256_of)
