"""The guards of a study's numbers: what is refused, what is flagged, and what is measured to judge it by.

A number that cannot be what it says (a ledger without one of the drawn examples, two attacks in one column, a dev split
that is test) is refused. One that is what it says, but that its cell makes doubtful, is flagged, and carries the flag
wherever it is shown (docs/guards.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from flat.analysis.measurements import CELL, SCHEMA, Metric, percent, unknown_words
from flat.attacks.ledger import SKIPPED, SUCCEEDED, count
from flat.files.artefacts import records
from flat.files.columns import FIELDS
from flat.models.temperature import margins, saturated
from flat.study.cells import Cell
from flat.study.guards import Guards

FLAGS_SCHEMA = pa.schema(
    [
        *FIELDS,  # attack: "" where the flag is the trained model's, whatever it is attacked by
        ("flag", pa.string()),
        ("detail", pa.string()),
    ]
)
MISCALIBRATED, SATURATED, UNEQUAL_COMPUTE = "miscalibrated", "saturated", "unequal_compute"
CONSTANT = "constant"
FLAGS = {
    CONSTANT: "nearly all texts get the same answer, which no attack can change and no word explains",
    MISCALIBRATED: "after-attack accuracy drops under the attack at the temperature fitted on dev",
    SATURATED: "most outputs are so certain that the attack's search has little to go by",
    UNEQUAL_COMPUTE: "not trained as the strategy that it is compared with",
}
METRICS = {  # titles are those of the table of guards
    "same_answer_percent": Metric("same answer %", "percent", 1),
    "most_frequent_label_percent": Metric("most frequent label %", "percent", 1),
    "saturated_percent": Metric("saturated %", "percent", 1),
    "median_margin": Metric("margin", "logits", 2),
    "temperature": Metric("T", "ratio", 2),
    "aa_at_one_percent": Metric("AA at T = 1", "percent", 2),
    "aa_calibrated_percent": Metric("AA at T", "percent", 2),
    "after_attack_accuracy_percent": Metric("AA", "percent", 2),
    "aa_known_words_percent": Metric("AA, known words", "percent", 2),
    "unchecked_similarity_percent": Metric("unchecked %", "percent", 2),
}
LEDGER_COLUMNS = ["example_id", "label", "status", "swaps", "logits", "similarity_unchecked", "attack_hash"]
MODEL = CELL[:-1]  # without its seed
LEAST_JUDGED = 20  # on fewer texts one answer to all may be chance


@dataclass(frozen=True)
class Recheck:
    """A cell's attack at the fitted temperature: its ledger (example_id, status), the temperature and its dev texts."""

    ledger: object
    temperature: float
    dev_n: int


def measure(ledger, limits: Guards, vocabulary: frozenset[str] | None, recheck: Recheck | None) -> dict[str, tuple]:
    """{metric: (value, n)} of one test ledger, for METRICS.

    Outputs and answers are those for the original texts. OOV split of AA: ``aa_known_words_percent`` counts a success
    with at least one substitute outside ``vocabulary`` as failed. What lies between it and AA rests on words that a CNN
    or LSTM reads as its unknown word. The attack at the fitted temperature is compared on its own examples.
    """
    n, counts = len(ledger), count(ledger["status"])
    logits = np.stack([np.asarray(row, dtype=np.float64) for row in ledger["logits"]])
    searched = ledger[ledger["status"] != SKIPPED]
    unchecked = int(searched["similarity_unchecked"].sum())
    values = {
        **answer_shares(logits, ledger["label"]),
        "saturated_percent": (percent(int(saturated(logits, limits.saturated_probability).sum()), n), n),
        "median_margin": (float(np.median(margins(logits))), n),
        "after_attack_accuracy_percent": (counts.after_attack_accuracy(), n),
        "unchecked_similarity_percent": (percent(unchecked, len(searched)), len(searched)),
    }
    if vocabulary is not None:
        won = ledger.loc[ledger["status"] == SUCCEEDED, "swaps"]
        unseen = sum(any(unknown_words(swaps, vocabulary)) for swaps in won)
        values["aa_known_words_percent"] = (counts.after_attack_accuracy(spared=unseen), n)
    if recheck is not None:
        again = recheck.ledger
        before = ledger[ledger["example_id"].isin(set(again["example_id"]))]
        values["temperature"] = (recheck.temperature, recheck.dev_n)
        for name, rows in (("aa_at_one_percent", before), ("aa_calibrated_percent", again)):
            values[name] = (count(rows["status"]).after_attack_accuracy(), len(rows))
    return values


def answer_shares(logits: np.ndarray, labels: Sequence[int]) -> dict[str, tuple]:
    """Shares of the most frequent answer and of the most frequent label.

    Args:
        logits: (texts, classes). labels: (texts,).
    """
    n = len(logits)
    shares = {"same_answer_percent": logits.argmax(1), "most_frequent_label_percent": np.asarray(labels)}
    return {name: (percent(int(np.bincount(values).max()), n), n) for name, values in shares.items()}


def is_constant(values: Mapping[str, tuple], share: float) -> bool:
    """Whether a model gives more than ``share`` of its texts one answer, from what ``answer_shares`` gives.

    Not said of fewer than LEAST_JUDGED texts, nor where their labels are as uneven: a good model would do the same.
    """
    (same, n), (label, _) = values["same_answer_percent"], values["most_frequent_label_percent"]
    return n >= LEAST_JUDGED and same > 100 * share > label


def flags_of(values: Mapping[str, tuple], limits: Guards) -> dict[str, str]:
    """{flag: detail} of one attacked cell, from what ``measure`` gives."""
    found = {}
    if is_constant(values, limits.constant_share):
        (share, n), (label, _) = values["same_answer_percent"], values["most_frequent_label_percent"]
        found[CONSTANT] = f"one answer to {share:.1f} % of {n} texts, the most frequent label has {label:.1f} %"
    share, n = values["saturated_percent"]
    if share > 100 * limits.saturated_share:
        found[SATURATED] = f"{share:.1f} % of {n} outputs above {limits.saturated_probability:g}"
    if "aa_calibrated_percent" in values:
        (before, n), (after, _) = values["aa_at_one_percent"], values["aa_calibrated_percent"]
        if before - after > limits.tolerated_drop:
            temperature = values["temperature"][0]
            found[MISCALIBRATED] = f"AA {before:.1f} % falls to {after:.1f} % at T = {temperature:.2f}, {n} examples"
    return found


def flag_rows(cell: Cell, attack: str, flags: Mapping[str, str]) -> list[dict]:
    """Rows of FLAGS_SCHEMA."""
    about = {name: getattr(cell, name) for name in CELL} | {"attack": attack}
    return [about | {"flag": flag, "detail": detail} for flag, detail in flags.items()]


class Flags:
    """The flags of a study, asked by the keys of a number.

    Args:
        frame: flags.parquet (FLAGS_SCHEMA); None: nobody looked.
    """

    def __init__(self, frame=None):
        self._of: dict[tuple, list[dict]] = {}
        for flag in [] if frame is None else records(frame):
            self._of.setdefault(tuple(flag[name] for name in MODEL), []).append(flag)

    def at(self, keys: Mapping[str, object]) -> list[dict]:
        """The flags of a number's cell. A flag of one attack belongs to numbers of that attack and to those of none."""
        found, attack = self._of.get(tuple(keys.get(name) for name in MODEL), []), keys.get("attack")
        return [flag for flag in found if not attack or flag["attack"] in ("", attack)]

    def of_cells(self, cells: Iterable[tuple[Cell, str]]) -> list[dict]:
        """The flags of (trained model, attack) pairs, each once."""
        asked = ((cell.seed, {name: getattr(cell, name) for name in MODEL} | {"attack": a}) for cell, a in cells)
        found = [flag for seed, keys in asked for flag in self.at(keys) if flag["seed"] == seed]
        return [flag for place, flag in enumerate(found) if flag not in found[:place]]


def frame(rows: Iterable[Mapping], schema: pa.Schema = SCHEMA):
    """Rows as a frame of a schema, sorted by all of its text and whole-number columns."""
    found = pa.Table.from_pylist([dict(row) for row in rows], schema=schema).to_pandas()
    keys = [field.name for field in schema if not pa.types.is_floating(field.type)]
    return found.sort_values(keys, kind="stable", ignore_index=True)
