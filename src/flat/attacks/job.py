"""An attack from files to files: the job behind the attack rules, whole or as one of its shards."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flat.attacks import ledger
from flat.attacks.examples import attacked_ids, check_words, rows_of
from flat.attacks.lexicon.resources import AttackResources
from flat.files.artefacts import read_json, read_table, write_json, write_table
from flat.models.edits.counts import merged, said, summary
from flat.study.known.recipes import ROLES

if TYPE_CHECKING:
    from flat.attacks.attack import AttackRun
    from flat.models.interface import Classifier

log = logging.getLogger("flat")


@dataclass(frozen=True)
class AttackJob:
    """A trained model and how it is attacked.

    Attributes:
        model_folder: its checkpoint.
        spec: the attack as the study says it.
        tables: role -> what a rule made of the data set for that resource (``flat.study.known.recipes``).
        seed: each example's own seed derives from it.
        workers: processes.
        journal: finished examples are noted here; the caller deletes it at the end.
        code: digest of the code that attacks.
    """

    model_folder: Path
    spec: dict
    tables: Mapping[str, str]
    seed: int
    workers: int
    journal: Path
    device: str
    code: str = ""

    @classmethod
    def of(cls, params, given, device: str, workers: int) -> "AttackJob":
        """As the params and input files of a rule tell it; ``workers``: the cores that the job was given."""
        tables = {role: given[role] for role in ROLES if given.get(role)}
        about = (params.attack, tables, params.seed, workers, Path(params.journal), device, params.code)
        return cls(Path(given.model).parent, *about)

    def model(self) -> "Classifier":
        from flat.models.checkpoint import load  # for cost: torch

        return load(self.model_folder, self.device)

    def run(self, model, frame, train_mode: bool = False) -> "AttackRun":
        """Attack the examples of ``frame`` (example_id, text, label), as ``flat.attacks.attack.attack_examples``."""
        from flat.attacks.attack import attack_examples  # for cost: torch, TextAttack

        return attack_examples(
            model,
            frame,
            self.spec,
            self.seed,
            journal=self.journal,
            workers=self.workers,
            progress=progress_lines(),
            resources=AttackResources(self.spec["resources"], self.tables, device=self.device),
            train_mode=train_mode,
            code=self.code,
        )


def attack_split(
    job: AttackJob,
    outputs: dict[str, str],
    *,
    split: str,
    ids_file: str | None = None,
    examples: int | None = None,
    shard: list[int] | None = None,
    train_mode: bool = False,
) -> ledger.Counts:
    """Attack examples of a split and write ledger, seconds and lock; the counts of each outcome.

    Args:
        ids_file: examples.json with the drawn test examples; None to draw from the whole split (the train split).
        examples: how many to draw, stratified by class; None for all.
        shard: (number, of how many): only every how-many-th of the sorted ids, from number on; None for all.
        train_mode: attack the model with dropout and sampled masks on.
    """
    frame = _examples(split, ids_file, examples, job.seed, shard)  # before what stays in memory takes its place
    run = job.run(job.model(), frame, train_mode)
    return _write(run.rows(), run.lock, outputs, run.screening)


def _examples(split: str, ids_file: str | None, examples: int | None, seed: int, shard: list[int] | None):
    """The examples to attack, checked: columns example_id, text, label."""
    frame = read_table(split, ["example_id", "text", "label", "words"])
    ids = _drawn(frame, ids_file, examples, seed)
    if shard is not None:
        ids = ids[shard[0] :: shard[1]]
    frame = rows_of(frame, ids, split)
    check_words(frame)
    return frame[["example_id", "text", "label"]].copy()


def _drawn(frame, ids_file: str | None, examples: int | None, seed: int) -> list[str]:
    drawn = read_json(ids_file)["attacked"]["test"] if ids_file else None
    return attacked_ids(frame, drawn, examples, seed, ids_file or "")


def _write(rows: Iterable[dict], lock: dict, outputs: dict[str, str], screening: dict | None = None) -> ledger.Counts:
    """Write an attack's files, its ledger row by row."""
    statuses: Counter[str] = Counter()
    screened: list[dict] = []
    seconds: list[tuple[str, float]] = []

    def noted() -> Iterator[dict]:
        for row in rows:
            statuses[row["status"]] += 1
            seconds.append((row["example_id"], row["seconds"]))
            if "screening" in row:
                screened.append(row["screening"])
            yield row

    ledger.write(outputs["ledger"], noted())
    write_table(outputs["seconds"], ledger.seconds(seconds), ledger.SECONDS_SCHEMA)
    write_json(outputs["lock"], lock | screening_of(screening, screened))
    return ledger.count(statuses)


def screening_of(decided: dict | None, counts: list[dict]) -> dict:
    """What a lock says of a job that screens; nothing of others."""
    if decided is None:
        return {}
    total = summary(decided, counts)
    log.info("%s", said(total))
    return {"screening": total}


def merge_shards(
    shards: list[str], outputs: dict[str, str], *, split: str, ids_file: str | None, examples: int | None, seed: int
) -> ledger.Counts:
    """One ledger of all shards, refused when they differ in attack, overlap, or miss an example that was drawn.

    ``split``, ``ids_file`` and ``examples`` as in ``attack_split``; ``seed`` is the attack's.
    """
    import pandas as pd  # for cost

    beside = [path.removesuffix(".parquet") for path in shards]
    ids = _drawn(read_table(split, ["example_id", "label"]), ids_file, examples, seed)
    rows = ledger.merge([read_table(path) for path in shards], ids, where=outputs["ledger"])
    seconds = pd.concat([read_table(f"{path}.seconds.parquet") for path in beside]).sort_values("example_id")
    write_table(outputs["seconds"], seconds, ledger.SECONDS_SCHEMA)
    locks = [read_json(f"{path}.lock.json") for path in beside]
    screening = merged(lock.pop("screening", None) for lock in locks)
    write_json(outputs["lock"], locks[0] | ({} if screening is None else {"screening": screening}))
    ledger.write(outputs["ledger"], rows)
    return ledger.count(rows["status"])


def progress_lines(every: float = 10.0) -> Callable[[int, int], None]:
    """A callback that writes done, rate and time left to the log, every so many seconds."""
    started = last = time.monotonic()
    first = None

    def show(done: int, total: int) -> None:
        nonlocal last, first
        first = done - 1 if first is None else first  # what a journal had already
        now = time.monotonic()
        if now - last >= every or done == total:
            last = now
            rate = (done - first) / max(now - started, 1e-9)
            log.info("%d of %d examples, %.1f/s, %d s left", done, total, rate, (total - done) / max(rate, 1e-9))

    return show
