"""Metrics that a study names, from their files to measurements and intervals, with no code for any of them."""

import math

import numpy as np
import pandas as pd
import pytest
from table_examples import row, study

from flat.analysis import intervals
from flat.analysis import measurements as measured
from flat.analysis.outcomes import Outcomes
from flat.errors import ArtefactError
from flat.files.artefacts import write_table
from flat.interpretation import consistency, faithfulness
from flat.study import paths
from flat.study.cells import Cell
from flat.study.grid import explained_cells

SEEDS = [0, 1, 2]
EXAMPLES = [f"test-{i:02d}" for i in range(12)]
NAMED = {"rbo": {"p": 0.9}, "spearman": {}, "comprehensiveness": {}, "deletion": {}}
KEYS = {"dataset": "sst2", "model": "LSTM", "strategy": "FLAT", "train_attack": "textfooler", "attack": "textfooler"}
KEYS |= {"method": "lime", "k": 0}
LEVEL = {"base": 0.2, "adv": 0.5, "FLAT": 0.8}


def pairs(cells, rng) -> pd.DataFrame:
    """Own pairs, shared ones and, of two examples, a repeat; the first example has no Spearman."""
    rows = []
    for a in cells:
        keys = dict(zip(consistency.CELL, (a.cell.strategy, a.cell.train_attack, a.attack, a.cell.seed), strict=True))
        for i, example in enumerate(EXAMPLES):
            for source in ("own", "shared", "repeat")[: 3 if i < 2 else 2]:
                numbers = dict.fromkeys(consistency.schema(["rbo", "spearman"]).names, 0) | keys
                numbers |= {"example_id": example, "source": source, "status": "succeeded", "changed": True}
                numbers |= {"metric_rbo": np.clip(rng.normal(LEVEL[a.cell.strategy], 0.1), 0, 1), "n_words": 9}
                numbers |= {"metric_spearman": rng.uniform(-1, 1) if i else math.nan, "dropped_spearman": 2 * (not i)}
                rows.append(numbers)
    return pd.DataFrame(rows)


def explanations(a, rng) -> pd.DataFrame:
    keys = (a.cell.strategy, a.cell.train_attack, a.attack, a.cell.seed)
    rows = [
        (*keys, example, target, metric, np.clip(rng.normal(LEVEL[a.cell.strategy] / 2, 0.1), 0, 1))
        for example in EXAMPLES
        for target in (0, 1)
        for metric in ("comprehensiveness", "deletion")
    ]
    return pd.DataFrame(rows, columns=faithfulness.SCHEMA.names)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("run"), np.random.default_rng(5)
    main = {"datasets": ["sst2"], "models": ["LSTM"], "strategies": list(LEVEL), "train_attacks": ["textfooler"]}
    mine = study(seeds=SEEDS, metrics=NAMED, artefacts={"main": main})
    place, cells = paths.of(mine), explained_cells(mine, "lime")
    frame = pairs(cells, rng)
    write_table(root / place.consistency("lime", "sst2", "LSTM"), frame, consistency.schema(["rbo", "spearman"]))
    rows = measured.consistency_rows(consistency.summarise(frame), "sst2", "LSTM", "lime", lambda cell: 1)
    for a in cells:
        found = explanations(a, rng)
        file = place.faithfulness("lime", a.attack, **paths.coordinates(a.cell))
        write_table(root / file, found, faithfulness.SCHEMA)
        rows += measured.faithfulness_rows(faithfulness.summarise(found), a.cell, 1, a.attack, "lime")
    return mine, measured.frame_of(rows), root, frame


def by_hand(run, metric, pair_set="") -> np.ndarray:
    """(seeds,): means of FLAT, straight from the files."""
    mine, _, root, frame = run
    if pair_set:
        frame = frame[frame["strategy"].eq("FLAT") & consistency.belonging(frame, pair_set)]
        return frame.groupby("seed")[f"metric_{metric}"].mean().to_numpy()
    cells = [Cell("sst2", "LSTM", "FLAT", "textfooler", seed) for seed in SEEDS]
    files = [paths.of(mine).faithfulness("lime", "textfooler", **paths.coordinates(cell)) for cell in cells]
    frames = [pd.read_parquet(root / file) for file in files]
    return np.array([found.loc[found["metric"].eq(metric), "value"].mean() for found in frames])


@pytest.mark.parametrize(
    ("metric", "pair_set"),
    [("rbo", "shared"), ("rbo", "floor"), ("spearman", "shared"), ("comprehensiveness", ""), ("deletion", "")],
)
def test_a_metric_is_measured_and_has_an_interval_over_seeds_and_examples(run, metric, pair_set):
    mine, measurements, root, _ = run
    wanted = KEYS | {"metric": metric, "pair_set": pair_set}
    rows = measurements
    for name, value in wanted.items():
        rows = rows[rows[name] == value]
    means = by_hand(run, metric, pair_set)
    np.testing.assert_allclose(rows.sort_values("seed")["value"], means)
    size = {"floor": 2, "shared": 12 - (metric == "spearman"), "": 12}[pair_set]
    assert set(rows["n"]) == {size} and set(rows["dropped"]) == {2 * (metric == "spearman")}
    np.testing.assert_allclose(Outcomes(mine, measurements, root).find(wanted).means, means)
    found = intervals.estimate(mine, measurements, root, draws=2000)
    for name, value in wanted.items():
        found = found[found[name] == value]
    (line,) = found.to_dict("records")
    assert line["value"] == pytest.approx(means.mean()) and (line["seeds"], line["n"]) == (3, size)
    low, high = {"spearman": (-1, 1)}.get(metric, (0, 1))
    assert low <= line["low"] < line["value"] < line["high"] <= high


def test_intervals_of_other_numbers_do_not_depend_on_the_metrics_that_are_named(run):
    """A study that names none has none, and finds no outcome of one."""
    mine, measurements, root, _ = run
    plain = mine.model_copy(update={"metrics": {}})
    found = intervals.estimate(plain, measurements, root, draws=50)
    assert set(found["metric"]) == {"kendall_tau", "topk_intersection"}
    assert Outcomes(plain, measurements, root).find(KEYS | {"metric": "rbo", "pair_set": "shared"}) is None


def test_measurements_are_titled_by_what_declares_them():
    assert measured.declared("rbo") == measured.Metric("RBO", "share", 2)
    assert measured.declared("kendall_tau") == measured.METRICS["kendall_tau"]
    assert measured.METRICS["kendall_tau"] == measured.Metric("KT", "rank correlation", 2)
    assert measured.METRICS["topk_intersection"] == measured.Metric("TI", "share", 2)
    assert intervals.RANGES["kendall_tau"] == (-1.0, 1.0) and intervals.RANGES["topk_intersection"] == (0.0, 1.0)
    with pytest.raises(KeyError):
        measured.declared("rob")


def test_a_measurement_of_no_declared_metric_is_refused():
    assert len(measured.frame_of([row("rbo", 0.5), row("kendall_tau", 0.5)])) == 2
    with pytest.raises(ArtefactError, match="rob"):
        measured.frame_of([row("rob", 0.5)])
