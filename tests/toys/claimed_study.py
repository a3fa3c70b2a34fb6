"""SST2's LSTM as a study of five seeds leaves it, with drawn outcomes, and claims about it."""

from pathlib import Path

import numpy as np
import pandas as pd
from table_examples import row, study

from flat.analysis import measurements as robustness
from flat.analysis.claims.claim import Claim
from flat.interpretation import consistency
from flat.study import paths
from flat.study.grid import attacked_cells, explained_cells, trained_cells
from flat.study.settings import last_round

SEEDS = [0, 1, 2, 3, 4]
RATES = {"base": 0.10, "adv": 0.30, "FLAT": 0.55}
EXAMPLES = [f"test-{i:03d}" for i in range(60)]
AA = "after_attack_accuracy_percent"


def make_ledger(path: Path, rate: float, rng) -> pd.DataFrame:
    status = np.where(
        rng.random(len(EXAMPLES)) < rate, "failed", np.where(rng.random(len(EXAMPLES)) < 0.8, "succeeded", "skipped")
    )
    path.parent.mkdir(parents=True)
    frame = pd.DataFrame({"example_id": EXAMPLES, "status": status, "queries": rng.integers(1, 99, len(EXAMPLES))})
    frame.sample(frac=1, random_state=1).to_parquet(path)  # order must not matter
    return frame


def make_consistency(path: Path, cells, rng) -> None:
    path.parent.mkdir(parents=True)
    rows = []
    for a in cells:
        for i, example in enumerate(EXAMPLES[:20]):
            for source in ("own", "shared"):
                values = {
                    name: rng.random() for name in consistency.SCHEMA.names if name.startswith(("ti_", "chance_"))
                }
                values |= {"kendall_tau": rng.normal(RATES[a.cell.strategy], 0.1) if i else float("nan")}
                values |= {"kendall_tau_absolute": values["kendall_tau"], "tau_absolute_dropped": 0}
                cell = (a.cell.strategy, a.cell.train_attack, a.attack, a.cell.seed)
                keys = dict(zip(consistency.CELL, cell, strict=True)) | {"example_id": example, "source": source}
                rows.append(
                    keys | {"status": "succeeded", "changed": i % 5 > 0, "n_words": 9, "tau_dropped": 0} | values
                )
    pd.DataFrame(rows)[consistency.SCHEMA.names].to_parquet(path)


def claimed_study(root: Path):
    """Ledgers, consistency and accuracies below ``root``, FLAT far above adv and adv above base: the study and its
    measurements."""
    rng = np.random.default_rng(4)
    values = study(seeds=SEEDS).model_dump()["artefacts"]
    values["main"] |= {"datasets": ["sst2"], "models": ["LSTM"], "train_attacks": ["textfooler"]}
    values |= {"replay": None, "readings": None}
    mine = study(seeds=SEEDS, artefacts=values)
    for a in attacked_cells(mine):
        if a.cell.strategy in RATES and a.attack == "textfooler":
            make_ledger(root / paths.test_ledger(mine, a), RATES[a.cell.strategy] + 0.02 * rng.normal(), rng)
    cells = [a for a in explained_cells(mine, "ig") if a.cell.strategy in RATES]
    make_consistency(root / paths.of(mine).consistency("ig", "sst2", "LSTM"), cells, rng)
    rows = []
    for cell in trained_cells(mine):
        keys = {"strategy": cell.strategy, "train_attack": cell.train_attack, "seed": cell.seed, "model": cell.model}
        keys |= {"dataset": cell.dataset, "round": last_round(mine, cell)}
        rows.append(row("test_accuracy_percent", float(rng.integers(80, 86)), n=200, **keys))
        metrics = root / paths.final_model(mine, cell, "metrics.json")
        metrics.parent.mkdir(parents=True, exist_ok=True)
        metrics.write_text("{}")
    for a in cells:
        keys = {
            "strategy": a.cell.strategy,
            "train_attack": a.cell.train_attack,
            "seed": a.cell.seed,
            "attack": a.attack,
        }
        keys |= {"round": last_round(mine, a.cell)}
        ledger = pd.read_parquet(root / paths.test_ledger(mine, a))
        rows.append(row(AA, 100 * (ledger["status"] == "failed").mean(), n=60, **keys))
        rows.append(row("kendall_tau", 0.5, method="ig", pair_set="shared", n=16, **keys))
    return mine, robustness.frame_of(rows)


def one_claim(name="aa", of="FLAT", minus="adv", metric=AA, models=("LSTM",), tables=("3",), **more) -> Claim:
    estimand = {"kind": "contrast", "metric": metric, "of": of, "minus": [minus]}
    estimand |= {"method": "ig", "pair_set": "shared"} if metric == "kendall_tau" else {}
    values = {"name": name, "statement": "A statement to judge.", "where": "Table 3", "tables": tables, "family": "AA"}
    cells = {"datasets": ["sst2"], "models": list(models), "attacks": ["textfooler"]}
    return Claim.model_validate(values | {"estimand": estimand, "direction": "above", "cells": cells} | more)
