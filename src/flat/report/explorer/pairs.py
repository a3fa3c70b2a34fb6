"""The pairs of a study's ledgers as columns: original and adversarial texts, outcomes, what explanations say of them.

A text of a data set is stored once, its adversarial texts as what is changed in it. Words are numbers of one list.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from flat.attacks.ledger import FAILED, SKIPPED, SUCCEEDED
from flat.errors import ArtefactError
from flat.files.artefacts import read_table
from flat.report.explorer.block import smallest
from flat.study import paths
from flat.study.cells import AttackedCell
from flat.study.grid import attacked_cells, explained_cells, shown_cells

STATUSES = (SUCCEEDED, FAILED, SKIPPED)
SIDES = ("original", "adversarial", "shared")
PARTS = 10_000  # a probability, KT or TI is stored in this many parts
UNDEFINED = -(2**15)  # of a stored KT or TI
LEDGER = ["example_id", "label", "status", "original_words", "perturbed_words", "aligned"]
LEDGER += ["predicted", "perturbed_predicted", "logits", "perturbed_logits", "queries", "attack_hash"]
OF_PAIR = ("cell", "text", "status", "predicted", "answer", "before", "after", "queries", "rewritten", "edited")
CONSISTENCY = ["strategy", "train_attack", "attack", "seed", "example_id", "source", "kendall_tau", "ti_5"]


@dataclass
class Pairs:
    """What was gathered. ``words`` and ``texts`` give each its number; ``cells`` are the ledgers' own facts.

    ``datasets``: names by their numbers. ``side``: of a second study, whose texts need not be those of the first by id.

    Columns of numbers: of each text its data set, label, length and words; of each pair ``OF_PAIR`` and its ``edits``:
    position and word of each replacement, or of a rewritten text its words, then the place + 1 of each original word.
    Of each method: KT and TI@5 of each pair, own and shared, and for each pair and side the length, the largest size
    (``scale``) and the scores of the label's class as shares of it, in 127 parts.
    """

    datasets: list[str] = field(default_factory=list)
    side: str = ""
    words: dict[str, int] = field(default_factory=dict)
    texts: dict[tuple, int] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    cells: list[dict] = field(default_factory=list)
    lists: dict[str, list] = field(default_factory=dict)

    def add(self, name: str, *values) -> None:
        self.lists.setdefault(name, []).extend(values)

    def word(self, word: str) -> int:
        return self.words.setdefault(word, len(self.words))

    def columns(self, methods: Sequence[str]) -> dict[str, np.ndarray]:
        """Every column, in one order, each as small as its numbers allow."""
        whole = ["text_dataset", "text_label", "text_length", "text_words", *OF_PAIR, "edits"]
        found = {name: smallest(self.lists.get(name, [])) for name in whole}
        for method in methods:
            for name in ("kt_own", "kt_shared", "ti_own", "ti_shared"):
                found[f"{method}_{name}"] = np.asarray(self.lists.get(f"{method}_{name}", []), np.int16)
            found[f"{method}_length"] = smallest(self.lists.get(f"{method}_length", []))
            found[f"{method}_scale"] = np.asarray(self.lists.get(f"{method}_scale", []), np.float32)
            scores = self.lists.get(f"{method}_scores", [])
            found[f"{method}_scores"] = np.concatenate(scores) if scores else np.zeros(0, np.int8)
        return found


def drawn(ids: Sequence[str], most: int | None) -> list[str]:
    """At most ``most`` of these examples, sorted: a draw that hangs on the ids alone, so that cells share theirs."""
    if most is None or len(ids) <= most:
        return sorted(ids)
    return sorted(sorted(ids, key=lambda name: (sha256(name.encode()).digest(), name))[:most])


def gather(study, root: str = ".", most: int | None = None) -> Pairs:
    """The pairs of every attacked cell of a finished study.

    Args:
        root: folder that the study's paths are relative to.
        most: of each cell at most this many examples.

    Raises:
        ArtefactError: a file is absent or damaged, or two ledgers disagree on a text.
    """
    found, source = Pairs(datasets=list(study.datasets)), Source.of(study, root)
    for attacked in attacked_cells(study):
        source.add(found, attacked, lambda ids: drawn(ids, most))
    return found


@dataclass
class Source:
    """A finished study that pairs are taken from, cell by cell.

    Attributes:
        explained: the cells that a method explained.
        compared: those of them whose explanations were compared, so that they have KT and TI.
    """

    study: object
    root: str
    explained: Mapping[str, Collection[AttackedCell]]
    compared: Mapping[str, Collection[AttackedCell]]
    consistencies: dict = field(default_factory=dict)  # what was read of KT and TI, by file

    @classmethod
    def of(cls, study, root: str) -> "Source":
        compared = {m: frozenset(explained_cells(study, m)) for m in study.interpretation.methods}
        return cls(study, root, {m: own | {*shown_cells(study, m)} for m, own in compared.items()}, compared)

    def attacked(self) -> int:
        """How many texts the cells attacked.

        Raises:
            ArtefactError: a ledger is absent or damaged.
        """
        ledgers = (Path(self.root) / paths.test_ledger(self.study, attacked) for attacked in attacked_cells(self.study))
        return sum(len(read_table(file, ["example_id"])) for file in ledgers)

    def add(self, found: Pairs, attacked: AttackedCell, choose: Callable[[list[str]], Collection[str]]) -> None:
        """Add those of a cell's pairs whose examples ``choose`` takes of all ids.

        Raises:
            ArtefactError: a file is absent or damaged, or a text is another one than in a cell before.
        """
        file = paths.test_ledger(self.study, attacked)
        ledger = read_table(Path(self.root) / file, LEDGER)
        chosen = set(choose(list(ledger["example_id"])))
        rows = ledger[ledger["example_id"].isin(chosen)].sort_values("example_id")
        found.cells.append(_cell(attacked, len(ledger), len(rows), file, ledger))
        for row in rows.to_dict("records"):
            _add_pair(found, row, len(found.cells) - 1, found.datasets.index(attacked.cell.dataset), file)
        for method, cells in self.explained.items():
            said = {}
            if attacked in cells:
                said = _scores(self.study, self.root, method, attacked, chosen)
            if attacked in self.compared[method]:
                said |= _consistency(self.study, self.root, method, attacked, self.consistencies)
            _add_explanations(found, method, list(rows["example_id"]), list(rows["label"]), said)


def _cell(attacked: AttackedCell, whole: int, shown: int, file: str, ledger) -> dict:
    cell = attacked.cell
    names = {"dataset": cell.dataset, "model": cell.model, "strategy": cell.strategy, "attack": attacked.attack}
    made = str(ledger["attack_hash"].iloc[0]) if whole else ""
    return names | {
        "train_attack": cell.train_attack,
        "seed": cell.seed,
        "attacked": whole,
        "shown": shown,
        "ledger": file,
        "lock": made,
    }


def _add_pair(found: Pairs, row: Mapping, cell: int, dataset: int, file: str) -> None:
    original = [found.word(word) for word in row["original_words"]]
    perturbed = [found.word(word) for word in row["perturbed_words"]]
    edits, rewritten = _edits(original, perturbed, list(row["aligned"]))
    values = (
        cell,
        _text(found, row, original, dataset, file),
        STATUSES.index(row["status"]),
        row["predicted"],
        row["perturbed_predicted"],
        _parts(row["logits"], row["label"]),
        _parts(row["perturbed_logits"], row["label"]),
        row["queries"],
        int(rewritten),
        len(edits),
    )
    for name, value in zip(OF_PAIR, values, strict=True):
        found.add(name, int(value))
    found.add("edits", *edits)


def _text(found: Pairs, row: Mapping, words: list[int], dataset: int, file: str) -> int:
    """The number of an original text."""
    key = (dataset, row["example_id"])
    number, known = found.texts.setdefault(key, (len(found.ids), words))
    if known != words and found.side:
        number, known = found.texts.setdefault((*key, found.side), (len(found.ids), words))
    if known != words:
        problem = f"example {row['example_id']} has another text than in the ledgers before it"
        raise ArtefactError(file, problem, "delete the ledgers of the data set and run snakemake again")
    if number == len(found.ids):
        found.ids.append(row["example_id"])
        found.add("text_dataset", dataset)
        found.add("text_label", int(row["label"]))
        found.add("text_length", len(words))
        found.add("text_words", *words)
    return number


def _edits(original: list[int], perturbed: list[int], aligned: list[int]) -> tuple[list[int], bool]:
    """What makes the perturbed text of the original, and whether it is more than replaced words."""
    if len(original) == len(perturbed) and aligned == list(range(len(original))):
        changed = [(at, new) for at, (old, new) in enumerate(zip(original, perturbed, strict=True)) if old != new]
        return [number for pair in changed for number in pair], False
    return [*perturbed, *(int(place) + 1 for place in aligned)], True


def _parts(logits, label: int) -> int:
    """The label's probability, in parts."""
    shares = np.exp(np.asarray(logits, np.float64) - np.max(logits))
    return round(PARTS * float(shares[label] / shares.sum()))


def _consistency(study, root: str, method: str, attacked: AttackedCell, read: dict) -> dict:
    """(example, "own" or "shared") -> (KT, TI@5) of the pairs of a cell. ``read``: files read before, which grows."""
    cell = attacked.cell
    file = paths.of(study).consistency(method, cell.dataset, cell.model)
    if file not in read:
        frame = read_table(Path(root) / file, CONSISTENCY)
        read[file] = dict(iter(frame.groupby(CONSISTENCY[:4], sort=False)))
    pairs = read[file].get((cell.strategy, cell.train_attack, attacked.attack, cell.seed))
    rows = () if pairs is None else pairs.to_dict("records")
    return {(row["example_id"], row["source"]): (row["kendall_tau"], row["ti_5"]) for row in rows}


def _scores(study, root: str, method: str, attacked: AttackedCell, chosen: set[str]) -> dict:
    """(example, side, class) -> what a method says of the words."""
    file = paths.of(study).attributions(method, attacked.attack, **paths.coordinates(attacked.cell))
    scores = read_table(Path(root) / file, ["example_id", "side", "target", "scores"])
    scores = scores[scores["side"].isin(SIDES) & scores["example_id"].isin(chosen)]
    return {(row["example_id"], row["side"], row["target"]): row["scores"] for row in scores.to_dict("records")}


def _add_explanations(found: Pairs, method: str, examples: list[str], labels: list[int], said: Mapping) -> None:
    for example, label in zip(examples, labels, strict=True):
        for source in ("own", "shared"):
            tau, overlap = said.get((example, source), (np.nan, np.nan))
            found.add(f"{method}_kt_{source}", _stored(tau))
            found.add(f"{method}_ti_{source}", _stored(overlap))
        for side in SIDES:
            scores = np.asarray(said.get((example, side, label), ()), np.float64)
            scale = float(np.abs(scores).max()) if len(scores) else 0.0
            found.add(f"{method}_length", len(scores))
            found.add(f"{method}_scale", scale)
            found.add(f"{method}_scores", np.rint(127 * scores / (scale or 1.0)).astype(np.int8))


def _stored(value: float) -> int:
    return UNDEFINED if np.isnan(value) else round(PARTS * value)
