"""The seeds that a study runs, and which cells have which, in few words: “0–2: CNN; 0: the other cells”."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

from flat.study.cells import NO_ATTACK
from flat.study.grid import trained_cells
from flat.study.schema import Study

PARTS = ("model", "dataset", "strategy", "train_attack")  # what tells cells apart, the shortest names first
LONG = 30  # characters; beyond, the cells with the longest names are called the others
EVERY, OTHERS = "every cell", "the other cells"

Key = tuple[str, ...]


@dataclass(frozen=True)
class SeedGroup:
    """Some cells of a study and the seeds that their models are trained with.

    ``cells``: in words. ``count``: how many cells, seeds not counted.
    """

    seeds: tuple[int, ...]
    cells: str
    count: int

    @property
    def text(self) -> str:
        return f"{shortened(self.seeds)}: {self.cells}"


def seed_groups(study: Study) -> list[SeedGroup]:
    """The cells that a study trains by their seeds, those with the most seeds first."""
    found: dict[Key, list[int]] = {}
    for cell in trained_cells(study):
        found.setdefault(tuple(getattr(cell, part) for part in PARTS), []).append(cell.seed)
    seeds = {key: tuple(sorted(set(of_cell))) for key, of_cell in found.items()}
    sizes = {group: sum(of_cell == group for of_cell in seeds.values()) for group in seeds.values()}
    if len(sizes) == 1:
        return [SeedGroup(group, EVERY, size) for group, size in sizes.items()]
    places, chosen = _telling(seeds)
    names = [_titles(study, PARTS[place]) for place in places]
    words = {
        group: ", ".join(_described(sorted(key for key in chosen if chosen[key] == group), sorted(chosen), names))
        for group in sizes
    }
    longest = max(sizes, key=lambda group: (len(words[group]), group))
    if len(words[longest]) > LONG:
        words[longest] = OTHERS
    groups = [SeedGroup(group, words[group], size) for group, size in sizes.items()]
    return sorted(groups, key=lambda group: (-len(group.seeds), group.seeds))


def seeds_that_ran(groups: Iterable[SeedGroup]) -> list[int]:
    """Every seed that some cell is trained with."""
    return sorted({seed for group in groups for seed in group.seeds})


def as_values(groups: Iterable[SeedGroup]) -> list[dict]:
    """As plain data, for json."""
    return [asdict(group) | {"seeds": list(group.seeds)} for group in groups]


def shortened(seeds: Sequence[int]) -> str:
    """0–2, 5, 8: three or more in a row as a range."""
    runs: list[list[int]] = []
    for seed in sorted(seeds):
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    parts = [[f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run) for run in runs]
    return ", ".join(part for run in parts for part in run)


def _telling(seeds: Mapping[Key, tuple[int, ...]]) -> tuple[tuple[int, ...], dict[Key, tuple[int, ...]]]:
    """The fewest parts of a cell that tell which seeds it has, and the seeds by these."""
    for size in range(1, len(PARTS) + 1):
        for places in combinations(range(len(PARTS)), size):
            by_part: dict[Key, set] = {}
            for key, group in seeds.items():
                by_part.setdefault(tuple(key[place] for place in places), set()).add(group)
            if all(len(groups) == 1 for groups in by_part.values()):
                return places, {key: next(iter(groups)) for key, groups in by_part.items()}
    raise AssertionError("a cell has one set of seeds")


def _described(keys: Sequence[Key], among: Sequence[Key], names: Sequence[Mapping[str, str]]) -> list[str]:
    """LSTM, CNN (base, adv): names of the first part, with the next in brackets where not all of it is meant."""
    said = []
    for first in [name for name in names[0] if any(key[0] == name for key in keys)]:
        mine, there = ([key[1:] for key in of if key[0] == first] for of in (keys, among))
        inner = "" if len(mine) == len(there) else f" ({', '.join(_described(mine, there, names[1:]))})"
        said.append(f"{names[0][first]}{inner}")
    return said


def _titles(study: Study, part: str) -> dict[str, str]:
    """Titles by name, in the study's order."""
    items = {"model": study.models, "dataset": study.datasets, "strategy": study.strategies}.get(part, study.attacks)
    return {name: item.title for name, item in items.items()} | (
        {NO_ATTACK: "no attack"} if part == "train_attack" else {}
    )
