"""An attack from files to files: the job behind the attack rules, whole or as one of its shards."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from flat.attacks import ledger
from flat.attacks import ledger as ledger_file
from flat.attacks.examples import check_words, draw_examples
from flat.errors import ArtefactError
from flat.files.artefacts import read_json, read_table, write_json, write_table

log = logging.getLogger("flat")


def attack_split(
    *,
    model_folder: Path,
    split: str,
    ids_file: str | None,
    examples: int | None,
    spec: dict,
    tables: Mapping[str, str],
    seed: int,
    train_mode: bool,
    shard: list[int] | None,
    workers: int,
    journal: Path,
    device: str,
    outputs: dict[str, str],
    code: str = "",
) -> dict:
    """Attack examples of a split and write ledger, seconds and lock.

    Args:
        ids_file: examples.json with the drawn test examples; None to draw from the whole split (the train split).
        examples: how many to draw, stratified by class; None for all.
        spec: the attack as the study says it.
        tables: role -> what a rule made of the data set for that resource (``flat.study.known.recipes``).
        train_mode: attack the model with dropout and sampled masks on.
        shard: (number, of how many): only every how-many-th of the sorted ids, from number on; None for all.
        journal: finished examples are noted here; the caller deletes it at the end.
        code: digest of the code that attacks.

    Returns:
        the counts of each status.
    """
    frame = _examples(split, ids_file, examples, seed, shard)  # before what stays in memory takes its place
    from flat.attacks.attack import attack_examples
    from flat.attacks.lexicon.resources import AttackResources
    from flat.models.checkpoint import load

    run = attack_examples(
        load(model_folder, device),
        frame,
        spec,
        seed,
        journal=journal,
        workers=workers,
        progress=progress_lines(),
        resources=AttackResources(spec["resources"], tables, device=device),
        train_mode=train_mode,
        code=code,
    )
    return _write(run.rows(), run.lock, outputs)


def _examples(split: str, ids_file: str | None, examples: int | None, seed: int, shard: list[int] | None):
    """The examples to attack, checked: columns example_id, text, label."""
    frame = read_table(split, ["example_id", "text", "label", "words"])
    ids = drawn_ids(frame, ids_file, examples, seed)
    if shard is not None:
        ids = sorted(ids)[shard[0] :: shard[1]]
    frame = frame[frame["example_id"].isin(set(ids))].sort_values("example_id")
    check_words(frame)
    return frame[["example_id", "text", "label"]].copy()


def drawn_ids(frame, ids_file: str | None, examples: int | None, seed: int) -> list[str]:
    """The examples to attack: a stratified draw of ``examples``, from those of examples.json if there is one.

    ``frame`` and ``seed`` must not depend on the model, so that every model is attacked on the same examples.

    Raises:
        ArtefactError: the split lacks a drawn example.
    """
    if ids_file:
        drawn = read_json(ids_file)["attacked"]["test"]
        frame = frame[frame["example_id"].isin(set(drawn))]
        if len(frame) != len(drawn):
            problem = f"{len(drawn) - len(frame)} of its {len(drawn)} examples are not in the split"
            raise ArtefactError(ids_file, problem, "delete it and run snakemake again")
    return draw_examples(frame, examples, seed)


def _write(rows: Iterable[dict], lock: dict, outputs: dict[str, str]) -> dict:
    """Write an attack's files, its ledger row by row."""
    statuses: Counter[str] = Counter()
    seconds: list[tuple[str, float]] = []

    def noted() -> Iterator[dict]:
        for row in rows:
            statuses[row["status"]] += 1
            seconds.append((row["example_id"], row["seconds"]))
            yield row

    ledger_file.write(outputs["ledger"], noted())
    write_table(outputs["seconds"], ledger.seconds(seconds), ledger.SECONDS_SCHEMA)
    write_json(outputs["lock"], lock)
    return asdict(ledger.counts(statuses))


def merge_shards(
    shards: list[str], outputs: dict[str, str], *, split: str, ids_file: str | None, examples: int | None, seed: int
) -> dict:
    """One ledger of all shards, refused when they differ in attack, overlap, or miss an example that was drawn.

    ``split``, ``ids_file``, ``examples`` and ``seed`` as in ``attack_split``.
    """
    import pandas as pd

    beside = [path.removesuffix(".parquet") for path in shards]
    ids = drawn_ids(read_table(split, ["example_id", "label"]), ids_file, examples, seed)
    rows = ledger.merge([read_table(path) for path in shards], ids, where=outputs["ledger"])
    seconds = pd.concat([read_table(f"{path}.seconds.parquet") for path in beside]).sort_values("example_id")
    write_table(outputs["seconds"], seconds, ledger.SECONDS_SCHEMA)
    write_json(outputs["lock"], read_json(f"{beside[0]}.lock.json"))
    ledger_file.write(outputs["ledger"], rows)
    return asdict(ledger.status_counts(rows))


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
