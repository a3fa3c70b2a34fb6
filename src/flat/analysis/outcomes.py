"""What was measured example by example: the outcomes behind a cell's numbers, and the contrast of two cells.

Ledgers say which examples an attack failed on, consistency files what each pair of explanations has in common,
faithfulness files what each explanation says of its model. Of the accuracy on whole splits only counts are stored, so
their examples are resampled as counts (binomial), without pairing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from flat.analysis import statistics
from flat.attacks.ledger import FAILED, SUCCEEDED
from flat.errors import ArtefactError
from flat.files.artefacts import read_table
from flat.interpretation import consistency, faithfulness
from flat.plugins.registry import EXPLAINERS, METRICS
from flat.study import paths
from flat.study.cells import AttackedCell, Cell
from flat.study.grid import attacked_cells, explained_cells, trained_cells
from flat.study.seeds import seed_of

AA, KT, TI = "after_attack_accuracy_percent", "kendall_tau", "topk_intersection"
ATTACKED = "attacked_accuracy_percent"  # accuracy on the attacked examples, before the attack
RIGHT = {FAILED, SUCCEEDED}  # what came of the attack on a text that the model gets right
ACCURACIES = ("test_accuracy_percent", "dev_accuracy_percent")
CELL = ("dataset", "model", "strategy", "train_attack")


@dataclass(frozen=True)
class Outcome:
    """One number's examples under each seed.

    Attributes:
        values: (seeds, examples), NaN where an example has none; or, where ``totals`` are given, (seeds, 1): percent.
        totals: texts behind each seed's percent, where outcomes of single texts are not stored.
        files: the files they were read from.
        example_seed: of the resampled examples; equal for all cells of a data set.
        examples: (examples,): the id of each; empty where outcomes of single texts are not stored.
    """

    seeds: tuple[int, ...]
    values: np.ndarray
    files: tuple[str, ...]
    example_seed: int
    totals: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()

    @property
    def means(self) -> np.ndarray:
        """(seeds,): each seed's mean over its examples that have a value; NaN where none has."""
        defined = ~np.isnan(self.values)
        totals, counts = np.where(defined, self.values, 0.0).sum(axis=1), defined.sum(axis=1)
        return np.divide(totals, counts, out=np.full(len(totals), np.nan), where=counts > 0)

    def resampled(self, draws: int) -> np.ndarray:
        """(draws, seeds): the means over resampled examples."""
        if not self.totals:
            return statistics.resampled_means(self.values, draws, self.example_seed)
        right = np.rint(self.values[:, 0] * self.totals / 100).astype(int)
        return statistics.resampled_shares(right, self.totals, draws, self.example_seed)

    def of_seeds(self, seeds: Sequence[int]) -> "Outcome":
        places = [self.seeds.index(seed) for seed in seeds]
        kept = tuple(self.totals[place] for place in places) if self.totals else ()
        files = tuple(self.files[place] for place in places) if len(self.files) == len(self.seeds) else self.files
        return replace(self, seeds=tuple(seeds), values=self.values[places], files=files, totals=kept)

    def of_examples(self, examples: Sequence[str]) -> "Outcome":
        """These examples alone, in this order."""
        place = {example: at for at, example in enumerate(self.examples)}
        values = self.values[:, [place[example] for example in examples]]
        return replace(self, values=values, examples=tuple(examples))

    def defined(self) -> "Outcome | None":
        """Without the seeds under which no example has a value; None where no seed is left."""
        left = [seed for seed, mean in zip(self.seeds, self.means, strict=True) if not np.isnan(mean)]
        return self.of_seeds(left) if left else None


def resample(outcome: Outcome, minus: Outcome | None, seed: int, draws: int = statistics.DRAWS) -> np.ndarray:
    """(draws,): the mean over resampled seeds and examples, of ``outcome`` less ``minus`` of the same seeds."""
    means = outcome.resampled(draws) - (0 if minus is None else minus.resampled(draws))
    return statistics.over_seeds(means, seed)


class Outcomes:
    """The outcomes of a study's cells, found by the keys of measurements.parquet; files are read when asked for.

    Args:
        study: flat.study.schema.Study.
        measurements: frame of flat.analysis.measurements.SCHEMA (accuracies of whole splits).
        root: folder that the study's paths are relative to.
    """

    def __init__(self, study, measurements, root: str | Path = "."):
        self._study, self._root = study, Path(root)
        self._statuses: dict[str, dict[str, str]] = {}
        self._explanations: dict[str, _Explanations] = {}
        chosen = measurements[measurements["metric"].isin(ACCURACIES)]
        rounds = chosen.groupby([*CELL, "seed"])["round"].transform("max")
        last = chosen[chosen["round"] == rounds].to_dict("records")
        self._accuracies = {(r["metric"], *(r[name] for name in CELL), r["seed"]): (r["value"], r["n"]) for r in last}
        self._trained: dict[tuple, list[Cell]] = {}
        for cell in sorted(set(trained_cells(study))):
            self._trained.setdefault(tuple(getattr(cell, name) for name in CELL), []).append(cell)
        self._attacked = set(attacked_cells(study))
        self._explained = {method: set(explained_cells(study, method)) for method in EXPLAINERS}

    def find(self, keys: Mapping[str, object]) -> Outcome | None:
        """The outcomes of a number; None where the study does not run it or no seed has a value.

        Keys: dataset, model, strategy, train_attack, metric; attack where there is one; method, pair_set and k for
        explanations. Others do not count.
        """
        metric, attack = keys["metric"], keys.get("attack", "")
        cells = self._trained.get(tuple(keys.get(name) for name in CELL), [])
        if metric in ACCURACIES:
            found = self._accuracy(cells, metric)
        elif metric in (AA, ATTACKED):
            found = self._by_status([AttackedCell(c, attack) for c in cells], metric)
        elif metric in (KT, TI, *self._study.metrics) and keys.get("method"):
            attacked, method = [AttackedCell(c, attack) for c in cells], keys["method"]
            if metric in self._study.metrics and METRICS[metric].of == "explanations":
                found = self._faithfulness(attacked, method, metric)
            else:
                columns = {KT: "kendall_tau", TI: f"ti_{keys.get('k', 0)}"}
                column = columns.get(metric, consistency.VALUE + metric)
                found = self._consistency(attacked, method, keys["pair_set"], column)
        else:
            return None
        return None if found is None else found.defined()

    def _accuracy(self, cells: list[Cell], metric: str) -> Outcome | None:
        keyed = [(cell, (metric, *(getattr(cell, name) for name in CELL), cell.seed)) for cell in cells]
        keyed = [(cell, key) for cell, key in keyed if key in self._accuracies]
        if not keyed:
            return None
        values = np.array([[self._accuracies[key][0]] for _, key in keyed])
        totals = tuple(int(self._accuracies[key][1]) for _, key in keyed)
        files = tuple(paths.final_model(self._study, cell, "metrics.json") for cell, _ in keyed)
        seed = seed_of(self._study.seed, "bootstrap", metric, *(getattr(cells[0], name) for name in CELL))
        return Outcome(tuple(cell.seed for cell, _ in keyed), values, files, seed, totals)

    def _by_status(self, attacked: list[AttackedCell], metric: str) -> Outcome | None:
        """AA: 100 for an example that the attack failed on, 0 for any other. Before the attack: 0 for a skipped one."""
        attacked = [a for a in attacked if a in self._attacked]
        if not attacked:
            return None
        files = [paths.test_ledger(self._study, a) for a in attacked]
        ledgers = [self._status(file) for file in files]
        examples, right = sorted(set().union(*ledgers)), {AA: {FAILED}, ATTACKED: RIGHT}[metric]
        values = np.array([[100.0 * (of[e] in right) if e in of else np.nan for e in examples] for of in ledgers])
        return self._outcome(attacked, values, files, examples)

    def _consistency(self, attacked: list[AttackedCell], method: str, pair_set: str, column: str) -> Outcome | None:
        attacked = [a for a in attacked if a in self._explained[method]]
        if not attacked:
            return None
        cell = attacked[0].cell
        file = paths.of(self._study).consistency(method, cell.dataset, cell.model)
        if file not in self._explanations:
            self._explanations[file] = _Explanations(read_table(self._root / file), file)
        pairs = self._explanations[file]
        values = np.array([pairs.values(a, pair_set, column) for a in attacked])
        return self._outcome(attacked, values, [file], pairs.examples)

    def _faithfulness(self, attacked: list[AttackedCell], method: str, metric: str) -> Outcome | None:
        """Of each explained original the mean over its classes."""
        attacked = [a for a in attacked if a in self._explained[method]]
        if not attacked:
            return None
        place = paths.of(self._study)
        files = [place.faithfulness(method, a.attack, **paths.coordinates(a.cell)) for a in attacked]
        found = [faithfulness.values(read_table(self._root / file), metric) for file in files]
        examples, nothing = sorted(set().union(*found)), (np.nan, 0)
        values = np.array([[of_cell.get(example, nothing)[0] for example in examples] for of_cell in found])
        return self._outcome(attacked, values, files, examples)

    def _outcome(
        self, attacked: list[AttackedCell], values: np.ndarray, files: list[str], examples: Sequence[str]
    ) -> Outcome:
        seed = seed_of(self._study.seed, "bootstrap", attacked[0].cell.dataset)
        seeds = tuple(a.cell.seed for a in attacked)
        return Outcome(seeds, values, tuple(files), seed, examples=tuple(examples))

    def _status(self, file: str) -> dict[str, str]:
        """By example of a ledger: what came of the attack."""
        if file not in self._statuses:
            ledger = read_table(self._root / file, ["example_id", "status"])
            self._statuses[file] = dict(zip(ledger["example_id"], ledger["status"], strict=True))
        return self._statuses[file]


class _Explanations:
    """A consistency file, asked for the pairs of one cell after the other.

    Raises:
        ArtefactError: a cell has two pairs of one example and source.
    """

    def __init__(self, frame, file: str):
        if frame.duplicated([*consistency.CELL, "source", "example_id"]).any():
            raise ArtefactError(file, "examples appear twice", "delete the file and run snakemake again")
        self._frame, self._cuts = frame, consistency.Cuts(frame)
        # every explained example has its place, so that one resample serves all cells of the data set
        examples, self._examples = np.unique(frame["example_id"].to_numpy(dtype=object), return_inverse=True)
        self.examples = examples.tolist()

    def values(self, a: AttackedCell, pair_set: str, column: str) -> np.ndarray:
        """A column's value of each example, sorted; NaN where the cell's pair set has none."""
        chosen = self._cuts.places((a.cell.strategy, a.cell.train_attack, a.attack, a.cell.seed), pair_set)
        found = np.full(len(self.examples), np.nan)
        found[self._examples[chosen]] = self._frame[column].to_numpy()[chosen]
        return found
