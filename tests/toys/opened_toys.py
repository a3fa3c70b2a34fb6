"""A results folder in small, without a study: one data set, checkpoints of untrained models, records of jobs."""

import json
from pathlib import Path

import attack_toys
import pandas as pd
import torch

from flat.files.artefacts import write_json, write_table
from flat.files.digests import state_of
from flat.models import checkpoint, registry

CLASSES = ["bad", "good"]
WORDS = ["<pad>", "<unk>", *attack_toys.WEIGHTS, "a", "with", "and", "the", ","]
CLEANING = {"style": "sst", "lower": True, "strip_html": True, "max_words": None, "mask_unknown": False}
LENGTH = 12


def write(root: Path, cells=("CNN/base/none/seed0",), cleaning=CLEANING, kind="cnn") -> Path:
    """Results whose models are named by ``cells``, below the data set ``toy``; the results folder."""
    folder = root / "data/toy"
    folder.mkdir(parents=True)
    write_json(folder / "summary.json", {"classes": CLASSES, "cleaning": cleaning, "max_length": LENGTH})
    write_json(folder / "vocabulary.json", {"words": WORDS, "counts": [0] * len(WORDS)})
    write_table(folder / "test.parquet", attack_toys.toy_examples())
    for number, cell in enumerate(cells):
        place = root / f"models/toy/{cell}/round0"
        config = {"kind": kind, "options": {"filters": 6}, "classes": 2, "max_length": LENGTH}
        config |= {"mask": "none", "mask_hidden": 8, "switches": {}}
        torch.manual_seed(number + 1)
        vectors = torch.randn(len(WORDS), 6)
        vectors[0] = 0
        checkpoint.save(registry.build(**config, words=WORDS, vectors=vectors).eval(), place, config)
    return root


def record(root: Path, *files: Path, run_in: Path | None = None) -> None:
    """Note that one job made these files; ``run_in``: the folder that names count from."""
    run_in = run_in or root.parents[1]
    outputs = {file.relative_to(run_in).as_posix(): state_of(file) for file in files}
    place = root / "provenance" / f"{files[0].relative_to(root)}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"format": 1, "rule": "toy", "outputs": outputs, "inputs": {}}))


def example(number: int) -> pd.Series:
    """A row of the toy test split."""
    return attack_toys.toy_examples().iloc[number]
