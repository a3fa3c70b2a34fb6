"""A finished study of three strategies, its ledgers and explanations written by hand, and the explorer's blocks read
back."""

import base64
import json
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from table_examples import row

from flat.analysis import importance
from flat.analysis import measurements as robustness
from flat.analysis.claims.rows import CLAIM_COLUMNS
from flat.analysis.guards.flags import FLAGS_SCHEMA
from flat.analysis.intervals import SCHEMA as INTERVALS
from flat.attacks import ledger as ledgers
from flat.data import vocabulary
from flat.files.artefacts import write_csv, write_json, write_table
from flat.interpretation import attributions, consistency
from flat.paper.catalogue import AA, SA
from flat.report.explorer.block import embedded, embedded_json, pack
from flat.report.explorer.content import Content
from flat.report.explorer.pairs import OF_PAIR
from flat.study import paths
from flat.study.grid import attacked_cells, explained_cells, importance_cells, shown_cells
from flat.study.load import parse

ROOT = Path(__file__).parents[2]
STRATEGIES = ("base", "adv", "FLAT")
MAIN = {"datasets": ["sst2"], "models": ["CNN"], "strategies": [*STRATEGIES], "train_attacks": ["textfooler"]}
PLAIN = ["a fine film", "a dull film", "so so", "once more with feeling", "the last one", "good good bad"]


def measuring_importance() -> dict:
    """Changes of the study, so that it measures the importance of words, with gamma and without."""
    values = yaml.safe_load((ROOT / "tests/data/tiny.yaml").read_text())
    return {
        "strategies": {name: values["strategies"][name] for name in (*STRATEGIES, "FLAT-nogamma")},
        "artefacts": {"main": MAIN, "importance": values["artefacts"]["importance"]},
    }


def study(folder: Path, **changes):
    values = yaml.safe_load((ROOT / "tests/data/tiny.yaml").read_text())
    for name in ("overrides", "tune", "guards"):
        del values[name]
    values["strategies"] = {name: values["strategies"][name] for name in STRATEGIES}
    values["attacks"] = {"textfooler": values["attacks"]["textfooler"]}
    return parse(values | {"artefacts": {"main": MAIN}, "results": str(folder / "results")} | changes)


def attacked(number: int, text: str, status: str, new: str, rng) -> dict:
    """A positive text; the attack put ``new`` for its last word, of every third text also in front of it."""
    right, wrong = rng.normal([0.0, 2.0], 0.1), rng.normal([2.0, 0.0], 0.1)
    words = text.split(" ")
    in_front = status != ledgers.SKIPPED and number % 3 == 2
    changed = [*([new] if in_front else []), *words[:-1], new]
    return ledgers.row(
        example_id=f"test-{number:06}",
        label=1,
        status=status,
        original=text,
        perturbed=text if status == ledgers.SKIPPED else " ".join(changed),
        aligned=[at + in_front for at in range(len(words))],
        logits=wrong if status == ledgers.SKIPPED else right,
        perturbed_logits=right if status == ledgers.FAILED else wrong,
        queries=int(rng.integers(1, 400)),
        victim_forwards=9,
        similarity_unchecked=False,
        attack_hash="f" * 64,
    )


def put(folder: Path, texts=PLAIN, new="indeed", seed=0, **changes):
    """Write the finished study and return it."""
    mine, rng = study(folder, **changes), np.random.default_rng(seed)
    of, measured, pairs = paths.of(mine), [], []
    for cell in attacked_cells(mine):
        outcomes = rng.choice([ledgers.SUCCEEDED, ledgers.FAILED, ledgers.SKIPPED], len(texts), p=[0.5, 0.4, 0.1])
        rows = [attacked(at, text, str(outcomes[at]), new, rng) for at, text in enumerate(texts)]
        ledgers.write(paths.test_ledger(mine, cell), ledgers.frame(rows))
        keys = {"strategy": cell.cell.strategy, "train_attack": cell.cell.train_attack}
        common = {"model": "CNN", "seed": cell.cell.seed, "round": 1, **keys}
        measured.append(row(AA, 100 * (outcomes == ledgers.FAILED).mean(), n=len(texts), attack="textfooler", **common))
        measured.append(row(SA, 80.0, n=200, **common))
        for one in rows:
            for source in ("own", "shared"):
                values = dict.fromkeys(consistency.SCHEMA.names, 0.5) | {"kendall_tau": rng.uniform(-1, 1)}
                where = {"attack": "textfooler", "seed": cell.cell.seed, "source": source, "tau_dropped": 0}
                where |= {"n_words": 3, "tau_absolute_dropped": 0}
                pairs.append(values | keys | where | {"example_id": one["example_id"], "changed": True} | _status(one))
        for method in mine.interpretation.methods:
            if cell in explained_cells(mine, method) + shown_cells(mine, method):
                frame = pd.DataFrame(list(_explained(rows, rng)), columns=attributions.SCHEMA.names)
                place = of.attributions(method, "textfooler", **paths.coordinates(cell.cell))
                write_table(place, frame, attributions.SCHEMA)
    for method in mine.interpretation.methods:
        frame = pd.DataFrame(pairs)[consistency.SCHEMA.names]
        write_table(of.consistency(method, "sst2", "CNN"), frame, consistency.SCHEMA)
    _put_words(mine, texts, new, rng)
    write_table(of.measurements(), robustness.frame_of(measured), robustness.SCHEMA)
    write_table(of.intervals(), pd.DataFrame(columns=INTERVALS.names), INTERVALS)
    flag = ("sst2", "CNN", "FLAT", "textfooler", "textfooler", 0, "few_texts", new)
    write_table(of.top("flags.parquet"), pd.DataFrame([flag], columns=FLAGS_SCHEMA.names), FLAGS_SCHEMA)
    write_csv(of.claims(), [*_claims(new)], CLAIM_COLUMNS)
    write_json(of.top("provenance.json"), {})
    return mine


def _put_words(mine, texts, new: str, rng) -> None:
    """The vocabulary, and phi of its words: those of the texts but for their very last one, and what replaces them."""
    counts = Counter(word.lower() for text in texts for word in text.split(" "))
    counts[new.lower()] += 0
    del counts[texts[-1].split(" ")[-1].lower()]
    place = Path(paths.of(mine).data("sst2", "vocabulary.json"))
    vocabulary.save(place, [vocabulary.PAD, vocabulary.UNKNOWN, *counts], [0, 0, *counts.values()])
    for cell in importance_cells(mine):
        rows = [(word, rng.uniform(), count, 0) for word, count in counts.items()]
        frame = pd.DataFrame(rows, columns=importance.SCHEMA.names)
        place = paths.of(mine).importance("importance.parquet", **paths.coordinates(cell))
        write_table(place, frame, importance.SCHEMA)


def _claims(text: str):
    """Two claims that were run and one that was not."""
    nothing = dict.fromkeys(CLAIM_COLUMNS, "")
    said = {"statement": f"FLAT is above adv: {text}", "where": "Table 3", "estimand": f"AA, {text}", "margin": 0}
    run = {"verdict": "inconclusive", "value": 1.5, "low": -2.0, "high": 4.5, "printed": 7.66, "direction": "above"}
    yield nothing | said | run | {"claim": "a", "unit": "percentage points", "wins": 1, "cells_run": 1}
    on_sets = {"shared": "inconclusive", "all": "contradicted", "successful": "contradicted", "saved": "not run"}
    run |= {f"on_{name}": verdict for name, verdict in on_sets.items()}
    yield nothing | said | run | {"claim": "b", "unit": "rank correlation", "low": "", "high": "", "printed": ""}
    yield nothing | said | {"claim": "c", "verdict": "not run"}


def _status(one: dict) -> dict:
    return {"status": one["status"]}


def _explained(rows: list[dict], rng):
    for one in rows:
        for side in ("original", "adversarial", "shared"):
            words = one["original_words" if side == "original" else "perturbed_words"]
            for target in (0, 1):
                yield one["example_id"], side, target, words, rng.normal(size=len(words)), 0.0, 10


def opened(content: Content) -> tuple[dict, dict[str, np.ndarray]]:
    """What the page holds: names and numbers, and every column."""
    head, block = (zlib.decompress(base64.b64decode(text)) for text in (content.head, content.columns))
    facts = json.loads(head)
    columns = {
        name: np.frombuffer(block, np.dtype(kind).newbyteorder("<"), length, at)
        for name, (kind, at, length) in facts["columns"].items()
    }
    return facts, columns


def many(content: Content, pairs: int = 100_000, texts: int = 5000, words: int = 20) -> Content:
    """The page of a study with so many pairs of made-up words, half of them explained."""
    facts, _ = opened(content)
    rng, cells = np.random.default_rng(0), pairs // texts
    vocabulary = [f"word{at}" for at in range(20_000)]
    numbers = {
        "text_dataset": np.zeros(texts, np.uint8),
        "text_label": rng.integers(0, 2, texts, np.uint8),
        "text_length": np.full(texts, words, np.uint8),
        "text_words": (rng.zipf(1.3, texts * words) % len(vocabulary)).astype(np.uint16),
        "cell": np.repeat(np.arange(cells, dtype=np.uint8), texts),
        "text": np.tile(np.arange(texts, dtype=np.uint16), cells),
        "status": rng.integers(0, 3, pairs, np.uint8),
        "predicted": rng.integers(0, 2, pairs, np.uint8),
        "answer": rng.integers(0, 2, pairs, np.uint8),
        "before": rng.integers(0, 10_001, pairs, np.uint16),
        "after": rng.integers(0, 10_001, pairs, np.uint16),
        "queries": rng.integers(1, 900, pairs, np.uint16),
        "rewritten": np.zeros(pairs, np.uint8),
        "edited": np.full(pairs, 4, np.uint8),
    }
    assert set(OF_PAIR) <= set(numbers)
    places = np.tile([2, 0, 7, 0], pairs).astype(np.uint16)
    places[1::2] = rng.integers(0, len(vocabulary), 2 * pairs)
    numbers["edits"] = places
    for name in ("ig_kt_own", "ig_kt_shared", "ig_ti_own", "ig_ti_shared"):
        numbers[name] = rng.integers(-10_000, 10_000, pairs, np.int16)
    half = np.tile(np.repeat(np.array([words, 0], np.uint8), [2, 1]), pairs)
    half[3 * pairs // 2 :] = 0
    numbers |= {"ig_length": half, "ig_scale": np.ones(3 * pairs, np.float32)}
    numbers["ig_scores"] = rng.normal(0, 40, int(half.sum(dtype=np.int64))).clip(-127, 127).astype(np.int8)
    where, data = pack(numbers)
    of_strategy = {cell["strategy"]: cell for cell in facts["cells"]}
    made = [
        of_strategy[STRATEGIES[at % 3]] | {"seed": at // 3, "attacked": texts, "shown": texts, "ledger": f"ledger {at}"}
        for at in range(cells)
    ]
    head = facts | {"cells": made, "ids": [f"test-{at:06}" for at in range(texts)], "words": vocabulary}
    return Content(embedded_json(head | {"methods": ["ig"], "columns": where}), embedded(data))
