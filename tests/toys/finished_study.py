"""The files of a small finished study, written by hand: ledgers, explanations and numbers that are known."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from table_examples import row

from flat.analysis import intervals
from flat.analysis import measurements as robustness
from flat.analysis.guards.flags import FLAGS_SCHEMA
from flat.attacks import ledger as ledgers
from flat.files.artefacts import read_table, write_json, write_table
from flat.interpretation import consistency
from flat.paper.catalogue import AA, SA
from flat.study import paths
from flat.study.cells import AttackedCell, Cell
from flat.study.datasets import SPLITS
from flat.study.load import parse
from flat.study.schema import Study
from flat.study.settings import last_round

ROOT = Path(__file__).parents[2]
TEXTS = {"e1": "a fine film", "e2": "a dull film", "e3": "so so", "e4": "once more", "e5": "the last"}
BASE = ("sst2", "CNN", "base", "none")


def study(**changes) -> Study:
    """The tiny study with nothing but the base model under TextFooler."""
    values = yaml.safe_load((ROOT / "tests/data/tiny.yaml").read_text())
    main = {"datasets": ["sst2"], "models": ["CNN"], "strategies": ["base"], "train_attacks": ["textfooler"]}
    for name in ("overrides", "tune", "guards"):
        del values[name]
    values["strategies"] = {"base": values["strategies"]["base"]}
    values["attacks"] = {"textfooler": values["attacks"]["textfooler"]}
    return parse(values | {"artefacts": {"main": main}} | changes)


def attacked_row(example: str, text: str, status: str) -> dict:
    """A positive text, of which the attack changed the last word if the model had it right."""
    right, wrong = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    changed = " ".join([*text.split(" ")[:-1], "indeed"])
    return ledgers.row(
        example_id=example,
        label=1,
        status=status,
        original=text,
        perturbed=text if status == ledgers.SKIPPED else changed,
        logits=wrong if status == ledgers.SKIPPED else right,
        perturbed_logits=right if status == ledgers.FAILED else wrong,
        queries=9,
        victim_forwards=9,
        similarity_unchecked=False,
        attack_hash="f" * 64,
    )


def put(folder: Path, failed: dict, taus: dict, texts=TEXTS, accuracy=80.0, wrong=(), **changes) -> Path:
    """The study file of a finished study.

    failed: by seed the examples that the attack failed on; wrong: those that every model errs on; all others succeeded.
    taus: by seed the tau of each example.
    """
    mine = study(seeds=sorted(failed), results=str(folder / "results"), **changes)
    rows, pairs = [], []
    for seed in sorted(failed):
        attacked = AttackedCell(Cell(*BASE, seed), "textfooler")
        outcome = {e: ledgers.FAILED if e in failed[seed] else ledgers.SUCCEEDED for e in texts}
        outcome |= dict.fromkeys(wrong, ledgers.SKIPPED)
        ledger = ledgers.frame([attacked_row(e, text, outcome[e]) for e, text in texts.items()])
        path = Path(paths.test_ledger(mine, attacked))
        path.parent.mkdir(parents=True)
        ledger.sample(frac=1, random_state=seed).to_parquet(path)
        write_json(path.with_name("lock.json"), {"recipe": "textfooler", "limits": {"query_budget": None}})
        for example, tau in taus[seed].items():
            values = {name: 0.5 for name in consistency.SCHEMA.names} | {"kendall_tau": tau, "source": "shared"}
            keys = dict(zip(consistency.CELL, ("base", "none", "textfooler", seed), strict=True))
            pairs.append(values | keys | {"example_id": example, "status": "succeeded", "changed": True})
        of_cell = {"seed": seed, "round": last_round(mine, attacked.cell)}
        rows.append(row(SA, accuracy, n=200, model="CNN", **of_cell))
        withstood = 100 * (ledger["status"] == ledgers.FAILED).mean()
        rows.append(row(AA, withstood, n=len(ledger), model="CNN", attack="textfooler", **of_cell))
    of = paths.of(mine)
    for method in mine.interpretation.methods:
        place = Path(of.consistency(method, "sst2", "CNN"))
        place.parent.mkdir(parents=True)
        pd.DataFrame(pairs)[consistency.SCHEMA.names].to_parquet(place)
    robustness.frame_of(rows).to_parquet(of.measurements())
    file = folder / "study.yaml"
    file.write_text(yaml.safe_dump(mine.model_dump(mode="json")))
    return file


SUMMARY = {
    "sizes": dict.fromkeys(SPLITS, len(TEXTS)),
    "splits": {split: {"origin": "given"} for split in SPLITS},
    "cleaning": {"style": "none"},
    "dropped": {},
    "warnings": ["two texts are alike"],
    "source": {
        "kind": "package",
        "corpus": "rotten-tomatoes",
        "resources": {
            "snippets": {"version": "1.2", "licence": "terms of others", "upstream": "https://example.org/snippets"}
        },
    },
}
PASSPORT = {
    "written": "2026-01-02T03:04:05Z",
    "environment": {"packages": {"flat-robustness": "9.9", "torch": "2", "textattack": None}, "code": {"commit": None}},
}


def complete(file: Path, summary=SUMMARY) -> Study:
    """Write beside what ``put`` wrote the rest of what exports read: splits, what models and data say, flags."""
    mine = parse(yaml.safe_load(file.read_text()))
    of = paths.of(mine)
    for split in SPLITS:
        texts = [*TEXTS.values()]
        frame = pd.DataFrame({"example_id": [f"{split}-{name}" for name in TEXTS], "text": texts, "label": 1})
        write_table(of.split("sst2", split), frame.assign(words=[text.split(" ") for text in texts]))
    write_json(of.data("sst2", "summary.json"), summary)
    write_json(of.top("provenance.json"), PASSPORT)
    for seed in mine.seeds:
        cell = Cell(*BASE, seed)
        metrics = {"training": {"epochs": 3, "clip_norm": None}, "objective": {"beta": 0.0}, "parameters": 12}
        write_json(paths.final_model(mine, cell, "metrics.json"), metrics)
        write_json(paths.final_model(mine, cell, "config.json"), {"kind": "cnn", "options": {"filters": 20}})
    flag = dict(zip(FLAGS_SCHEMA.names, (*BASE, "textfooler", 0, "saturated", "median margin 9"), strict=False))
    flags = pd.DataFrame([flag | {"seed": 0, "attack": "textfooler", "flag": "saturated", "detail": "margin 9"}])
    write_table(of.top("flags.parquet"), flags, FLAGS_SCHEMA)
    found = intervals.estimate(mine, read_table(of.measurements()), draws=200)
    write_table(of.intervals(), found, intervals.SCHEMA)
    return mine
