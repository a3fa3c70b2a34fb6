"""A whole report of the demo, as large as a real one: every table and figure, of numbers that are made up."""

import csv
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from page_examples import PASSPORT
from table_examples import row

from flat.analysis import intervals
from flat.analysis import measurements as robustness
from flat.analysis.claims.rows import CLAIM_COLUMNS
from flat.analysis.guards.flags import METRICS as OF_GUARDS
from flat.paper import printed as paper
from flat.paper.catalogue import AA, DEV, FIGURES, KT, SA, figure_keys, table_keys
from flat.report import build as tables
from flat.report.figures.files import PAGE_WIDTH_PX, FigureFile
from flat.report.page import claims, page
from flat.report.tables.grid import Extras
from flat.study.grid import attacked_cells, explained_cells, trained_cells
from flat.study.load import load

ROOT = Path(__file__).parents[2]
LEFT_OUT = ("replay", "validity")  # they need every text
SUMMARY = {"classes": ["negative", "positive"], "mean_words": 18.96, "vocabulary_size": 9000, "min_count": 0}
SUMMARY |= {"sizes": {"train": 4000, "dev": 400, "test": 800}, "max_length": 50}
TI = "topk_intersection"


def write(folder: Path) -> Path:
    """report.html of the demo in a folder."""
    study, rng = load(ROOT / "config/demo.yaml"), np.random.default_rng(0)
    measured = robustness.frame_of(list(_measured(study, rng)))
    extras = Extras(
        paper.load(ROOT / "config/paper"),
        dict.fromkeys(study.datasets, SUMMARY),
        ({"correlation": "word_importance-word_frequency", "r": -0.0002, "p": 0.704, "n": 70},),
        intervals=_intervals(measured),
        guards=pd.DataFrame(_guards(study, rng)),
    )
    made = [tables.build(key, study, measured, extras) for key in table_keys(study) if key not in LEFT_OUT]
    figures = [FigureFile(key, FIGURES[key].title, FIGURES[key].title, (), _png()) for key in figure_keys(study)]
    file = folder / "report.html"
    file.write_text(page.build(study, made, figures, PASSPORT, claims.read(_claims(folder))), "utf-8")
    return file


def _measured(study, rng):
    for cell in trained_cells(study):
        of = _of(cell)
        yield row(SA, rng.uniform(50, 99), **of)
        yield row(DEV, rng.uniform(50, 99), **of)
    for attacked in attacked_cells(study):
        yield row(AA, rng.uniform(0, 80), attack=attacked.attack, **_of(attacked.cell))
    for method in study.interpretation.methods:
        for attacked in explained_cells(study, method):
            of = {"attack": attacked.attack, "method": method, **_of(attacked.cell)}
            for pair_set in ("shared", "saved"):
                yield row(KT, rng.uniform(-0.2, 0.9), pair_set=pair_set, **of)
                for k in range(1, 11):
                    yield row(TI, rng.uniform(), pair_set=pair_set, k=k, **of)


def _guards(study, rng):
    for attacked in attacked_cells(study):
        for name in OF_GUARDS:
            yield row(name, rng.uniform(1, 90), attack=attacked.attack, **_of(attacked.cell))


def _of(cell) -> dict[str, object]:
    return {name: getattr(cell, name) for name in ("dataset", "model", "strategy", "train_attack", "seed")}


def _intervals(measured) -> pd.DataFrame:
    chosen = measured[measured["metric"].isin([AA, SA, KT]) | measured["k"].eq(5)]
    first = chosen.drop_duplicates(list(intervals.KEYS))
    spread = np.where(first["metric"].isin([AA, SA]), 9.0, 0.15)
    found = first.assign(low=first["value"] - spread, high=first["value"] + spread, seeds=1)
    return found[intervals.SCHEMA.names]


def _claims(folder: Path) -> Path:
    """claims.csv with a line of each verdict."""
    said = {"statement": "Under every attack that was not trained on, FLAT's after-attack accuracy lies above adv's"}
    said |= {"where": "Table 4, Section 5.2", "estimand": "TI@5, ig, pair set shared, FLAT − adv, base", "margin": "0"}
    said |= {"value": "0.075", "low": "-0.02", "high": "0.45", "printed": "0.066", "direction": "above", "mark": ""}
    said |= {"cells_run": "12", "cells": "32", "wins": "9", "printed_wins": "30", "printed_cells": "32", "p": "0.01"}
    said |= {"holm_wins": "3", "reversals": "0", "minimum_detectable": "0.032", "tables": "tables/table4.csv"}
    said |= {"flags": "few_texts;saturated", "unit": "share", "claimed_by": "paper", "mark": "descriptive"}
    path = folder / "claims.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, CLAIM_COLUMNS, restval="")
        lines.writeheader()
        for verdict in claims.VERDICTS:
            for at in range(5):
                lines.writerow(said | {"verdict": verdict, "claim": f"{verdict} {at}"})
    return path


def _png() -> bytes:
    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (PAGE_WIDTH_PX, 600), "white").save(file, "png")
    return file.getvalue()
