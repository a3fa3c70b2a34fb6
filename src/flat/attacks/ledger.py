"""The ledger of an attack: one row per attacked example, from which every number about the attack is counted.

No wall times inside, so that two runs write the same bytes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from flat.errors import ArtefactError
from flat.files.artefacts import atomic

SUCCEEDED, FAILED, SKIPPED = "succeeded", "failed", "skipped"
GONE = -1  # in ``aligned``: the word was merged away or dropped

SCHEMA = pa.schema(
    [
        ("example_id", pa.string()),
        ("label", pa.int64()),
        ("status", pa.string()),
        ("original", pa.string()),
        ("perturbed", pa.string()),
        ("original_words", pa.list_(pa.string())),
        ("perturbed_words", pa.list_(pa.string())),
        ("aligned", pa.list_(pa.int32())),
        ("swaps", pa.list_(pa.struct([("position", pa.int32()), ("from", pa.string()), ("to", pa.string())]))),
        ("predicted", pa.int64()),
        ("perturbed_predicted", pa.int64()),
        ("logits", pa.list_(pa.float32())),
        ("perturbed_logits", pa.list_(pa.float32())),
        ("queries", pa.int64()),
        ("victim_forwards", pa.int64()),
        ("similarity_unchecked", pa.bool_()),
        ("attack_hash", pa.string()),
    ]
)

SECONDS_SCHEMA = pa.schema([("example_id", pa.string()), ("seconds", pa.float64())])


def swaps(original: Sequence[str], perturbed: Sequence[str], aligned: Sequence[int]) -> list[dict]:
    """What was replaced, dropped and inserted, in the order of the text, each with its ``position`` in the original.

    An insertion has ``from`` "" and stands at the original word that follows it; a dropped word has ``to`` "".
    """
    found: list[dict] = []
    reached = 0  # tokens of the perturbed text that are accounted for
    for position, (word, place) in enumerate(zip(original, aligned, strict=True)):
        if place == GONE:
            found.append({"position": position, "from": word, "to": ""})
            continue
        found += [{"position": position, "from": "", "to": inserted} for inserted in perturbed[reached:place]]
        if word != perturbed[place]:
            found.append({"position": position, "from": word, "to": perturbed[place]})
        reached = place + 1
    return found + [{"position": len(original), "from": "", "to": inserted} for inserted in perturbed[reached:]]


def row(
    *,
    example_id: str,
    label: int,
    status: str,
    original: str,
    perturbed: str,
    aligned: Sequence[int] | None = None,
    logits: np.ndarray,
    perturbed_logits: np.ndarray,
    queries: int,
    victim_forwards: int,
    similarity_unchecked: bool,
    attack_hash: str,
) -> dict:
    """One row of the ledger; words, swaps and predictions follow from the texts and logits.

    Args:
        aligned: for each original word the index of its counterpart among the perturbed ones, -1 if it has none
            (``flat.attacks.alignment``); None where words were only replaced, each by one.

    Raises:
        ArtefactError: the texts are of different lengths and nothing says how they are aligned, or the status
            contradicts the predictions (the victim changed its answer during the attack).
    """
    predicted, perturbed_predicted = int(np.argmax(logits)), int(np.argmax(perturbed_logits))
    expected = SKIPPED if predicted != label else (SUCCEEDED if perturbed_predicted != label else FAILED)
    if status != expected:
        raise ArtefactError(
            f"ledger, example {example_id}",
            f"the attack says {status!r}, the victim's answers say {expected!r}",
            "the victim is not deterministic, or this is a defect of the attack: report it",
        )
    original_words, perturbed_words = original.split(" "), perturbed.split(" ")
    aligned = list(range(len(perturbed_words)) if aligned is None else map(int, aligned))
    if len(aligned) != len(original_words):
        raise ArtefactError(
            f"ledger, example {example_id}",
            f"{len(aligned)} alignments of {len(original_words)} words",
            "this is a defect of the attack: report it",
        )
    return {
        "example_id": example_id,
        "label": int(label),
        "status": status,
        "original": original,
        "perturbed": perturbed,
        "original_words": original_words,
        "perturbed_words": perturbed_words,
        "aligned": aligned,
        "swaps": swaps(original_words, perturbed_words, aligned),
        "predicted": predicted,
        "perturbed_predicted": perturbed_predicted,
        "logits": [float(x) for x in np.asarray(logits, dtype=np.float32)],
        "perturbed_logits": [float(x) for x in np.asarray(perturbed_logits, dtype=np.float32)],
        "queries": int(queries),
        "victim_forwards": int(victim_forwards),
        "similarity_unchecked": bool(similarity_unchecked),
        "attack_hash": attack_hash,
    }


def frame(rows: Sequence[dict]) -> pd.DataFrame:
    """Rows as a ledger, sorted by example id, columns as in ``SCHEMA``."""
    ordered = sorted(rows, key=lambda r: r["example_id"])
    columns = {name: [r[name] for r in ordered] for name in SCHEMA.names}
    return pd.DataFrame(columns, dtype=None if rows else object)  # an empty list column must not become a number


def seconds(of_examples: Iterable[tuple[str, float]]) -> pd.DataFrame:
    """Wall time of each example's attack, sorted by example id, columns as in ``SECONDS_SCHEMA``."""
    ordered = sorted(of_examples)
    return pd.DataFrame({"example_id": [name for name, _ in ordered], "seconds": [float(s) for _, s in ordered]})


def merge(shards: Sequence[pd.DataFrame], ids: Sequence[str] | None = None, where: str = "ledger") -> pd.DataFrame:
    """One ledger from shards of one attack.

    Args:
        ids: the example ids that the ledger must hold, or None to take what there is.

    Raises:
        ArtefactError: shards of different attack locks, an id twice, ids missing or unexpected.
    """
    whole = pd.concat([s for s in shards if len(s)] or list(shards[:1]), ignore_index=True)
    hashes = sorted(set(whole["attack_hash"]))
    if len(hashes) > 1:
        raise ArtefactError(
            where,
            f"shards come from {len(hashes)} different attacks ({', '.join(h[:8] for h in hashes)})",
            "delete the older shards and run again",
        )
    twice = sorted(whole.loc[whole["example_id"].duplicated(), "example_id"])
    if twice:
        raise ArtefactError(where, f"example {twice[0]} is in two shards", "delete the shards and run again")
    if ids is not None:
        missing, extra = sorted(set(ids) - set(whole["example_id"])), sorted(set(whole["example_id"]) - set(ids))
        if missing or extra:
            raise ArtefactError(
                where,
                f"{len(missing)} examples missing ({', '.join(missing[:3])}), {len(extra)} unexpected"
                f" ({', '.join(extra[:3])})",
                "delete the shards and run again",
            )
    return whole.sort_values("example_id", ignore_index=True)[SCHEMA.names]


@dataclass(frozen=True)
class Counts:
    """Outcomes of an attack. An example the model already gets wrong is skipped, and counts as wrong."""

    attacked: int
    succeeded: int
    failed: int
    skipped: int

    def after_attack_accuracy(self, spared=0, whole: float = 100.0):
        """AA: the share of all attacked examples that withstood; NaN if none was attacked.

        Args:
            spared: successes that count as failed (those beyond a budget, or not valid enough): a number or an array.
            whole: 100 for percent, 1 for a fraction.
        """
        return whole * (self.failed + spared) / self.attacked if self.attacked else float("nan")

    @property
    def tried(self) -> int:
        """Examples that the model had right, and that were searched for an adversarial text."""
        return self.succeeded + self.failed

    @property
    def success_percent(self) -> float:
        """ASR: the fallen among those the model had right; NaN if it had none right."""
        return 100.0 * self.succeeded / self.tried if self.tried else float("nan")


def count(status: Iterable[str] | Mapping[str, int], where: str = "ledger") -> Counts:
    """Outcomes from a ledger's column ``status``, or from how often each status occurs.

    Raises:
        ArtefactError: a status is unknown.
    """
    found = Counter(status)
    if unknown := sorted(set(found) - {SUCCEEDED, FAILED, SKIPPED}):
        raise ArtefactError(where, f"unknown status {unknown[0]!r}", "delete it and run the attack again")
    return Counts(found.total(), found[SUCCEEDED], found[FAILED], found[SKIPPED])


GROUP = 1000  # rows


def write(path: str | Path, rows: Iterable[dict] | pd.DataFrame) -> None:
    """Write the rows of a ledger, sorted already, as parquet; equal rows give equal bytes, however they come.

    Args:
        rows: the columns of ``flat.attacks.ledger.SCHEMA``; others are left out.
    """
    options = {"compression": "zstd", "write_page_checksum": True}
    with atomic(path) as part, pq.ParquetWriter(part, SCHEMA, **options) as writer:
        for table in _tables(rows):
            writer.write_table(table)


def _tables(rows: Iterable[dict] | pd.DataFrame) -> Iterator[pa.Table]:
    """Tables of ``GROUP`` rows; the last may have fewer, the only one none."""
    if isinstance(rows, pd.DataFrame):
        for start in range(0, max(len(rows), 1), GROUP):
            table = pa.Table.from_pandas(rows.iloc[start : start + GROUP], schema=SCHEMA, preserve_index=False)
            yield table.replace_schema_metadata(None)
        return
    left, first = iter(rows), True
    while (group := list(islice(left, GROUP))) or first:
        yield pa.Table.from_pylist(group, schema=SCHEMA)
        first = False
