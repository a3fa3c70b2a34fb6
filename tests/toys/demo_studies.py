"""The demo study, to be changed by a test: as plain data, and with the paper's tables alone."""

import copy
from pathlib import Path

import yaml

from flat.study.load import load
from flat.study.schema import Study

ROOT = Path(__file__).resolve().parents[2]
DEMO = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
DEMO["overrides"] = [override for override in DEMO["overrides"] if "seeds" not in override]  # tests give their own


def change(path: str, value=...):
    """The demo study with one key changed, added, or (without a value) removed."""
    study = copy.deepcopy(DEMO)
    *parents, last = path.split(".")
    place = study
    for key in parents:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return study


def with_blocks(*names: str):
    """The demo study with the main tables and these blocks of artefacts alone."""
    return change("artefacts", copy.deepcopy({name: DEMO["artefacts"][name] for name in ("main", *names)}))


def with_paper_tables() -> Study:
    """The demo with the paper's tables alone."""
    study = load(ROOT / "config" / "demo.yaml")
    paper = study.artefacts.model_copy(update={"replay": None, "readings": None})
    return study.model_copy(update={"artefacts": paper})


def with_draw(path: str, value, explained: int = 5):
    """As ``change``, of a demo that explains a draw of each data set instead of all that it attacks."""
    study = change(path, value)
    study["overrides"] = [override for override in study["overrides"] if "explained" not in override]
    for dataset in study["datasets"].values():
        dataset.setdefault("explained", explained)
    return study


CNN = {"models": ["CNN"]}
REPLAY = {
    "dataset": "sst2",
    "attack": "textfooler",
    "train_attack": "pwws",
    "models": ["LSTM", "CNN"],
    "strategies": ["base", "adv"],
}


def with_override(**override):
    return change("overrides", [*DEMO["overrides"], override])
