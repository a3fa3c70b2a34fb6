"""Two studies side by side: differences and intervals by hand, shared examples, settings that differ."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from finished_study import BASE, TEXTS, put
from scipy.stats import binom

from flat.analysis.comparison import cells, settings
from flat.analysis.comparison.opened import open_study
from flat.errors import ArtefactError, StudyError
from flat.files.artefacts import write_json
from flat.paper.catalogue import MAIN_PAIR_SET
from flat.study import paths
from flat.study.cells import AttackedCell, Cell

ATTACKED = "attacked_accuracy_percent"
AA, KT, SA = "after_attack_accuracy_percent", "kendall_tau", "test_accuracy_percent"


@pytest.fixture(autouse=True)
def forget_ledgers():
    yield
    cells._texts.cache_clear()


def one(found, metric, seeds, method=""):
    (chosen,) = [c for c in found if (c.metric, c.seeds, c.method) == (metric, tuple(seeds), method)]
    return chosen


TAUS = {0: {"e1": 0.1, "e2": 0.2, "e3": 0.3, "e4": 0.4}}


def test_a_paired_difference_has_the_interval_of_every_resample_of_the_shared_examples(tmp_path):
    """Four examples: all 256 resamples can be written down."""
    a = put(tmp_path / "a", {0: {"e1", "e2"}}, TAUS, {e: TEXTS[e] for e in TAUS[0]})
    taus = {0: {"e1": 0.2, "e2": 0.1, "e3": 0.9, "e4": 0.4}}
    b = put(tmp_path / "b", {0: {"e2", "e3", "e4"}}, taus, {e: TEXTS[e] for e in TAUS[0]})
    found = cells.compare(open_study(a), open_study(b))
    for metric, method, apart in ((AA, "", [-100, 0, 100, 100]), (KT, "ig", [0.1, -0.1, 0.6, 0.0])):
        line = one(found, metric, [0], method)
        every = [np.mean(drawn) for drawn in itertools.product(apart, repeat=4)]
        assert line.difference == pytest.approx(np.mean(apart))
        assert (line.low, line.high) == pytest.approx(tuple(np.quantile(every, [0.025, 0.975])), abs=1e-9)
        assert (line.pairing, line.shared, line.only_a, line.only_b) == (cells.PAIRED, 4, 0, 0)
    assert (one(found, AA, [0]).a, one(found, AA, [0]).b) == (50.0, 75.0)
    assert one(found, AA, [0]).permits == "checkpoint-level"


def test_accuracies_of_the_attacked_examples_are_paired(tmp_path):
    a = put(tmp_path / "a", {0: {"e1"}}, TAUS, wrong=["e2", "e3"])
    b = put(tmp_path / "b", {0: {"e1"}}, TAUS, wrong=["e3"])
    line = one(cells.compare(open_study(a), open_study(b)), ATTACKED, [0])
    assert (line.a, line.b, line.difference, line.pairing) == (60.0, 80.0, pytest.approx(20.0), cells.PAIRED)
    # one of five differs: a resample holds it k times with the chance of a binomial
    assert (line.low, line.high) == pytest.approx((0.0, 20 * binom.ppf(0.975, 5, 0.2)))


def test_another_text_under_the_same_id_is_not_shared(tmp_path):
    taus = {0: dict.fromkeys(TEXTS, 0.5)}
    a = put(tmp_path / "a", {0: {"e1", "e5"}}, taus)
    b = put(tmp_path / "b", {0: {"e2", "e5"}}, taus, TEXTS | {"e5": "another text"})
    line = one(cells.compare(open_study(a), open_study(b)), AA, [0])
    assert (line.a, line.b, line.difference) == (40.0, 40.0, 0.0)  # e1 lost, e2 won; e5 is no pair
    assert (line.shared, line.only_a, line.only_b, line.pairing) == (4, 1, 1, cells.PAIRED)
    c = put(tmp_path / "c", {0: {"e5"}}, taus, {e: f"not {text}" for e, text in TEXTS.items()} | {"e5": TEXTS["e5"]})
    alone = one(cells.compare(open_study(a), open_study(c)), AA, [0])
    assert (alone.difference, alone.shared, alone.pairing) == (-20.0, 1, cells.UNPAIRED)
    # each side by itself: differences of two independent binomial shares of five
    chances = {(j - i) * 20: 0.0 for i in range(6) for j in range(6)}
    for i, j in itertools.product(range(6), repeat=2):
        chances[(j - i) * 20] += binom.pmf(i, 5, 0.4) * binom.pmf(j, 5, 0.2)
    upto = dict(zip(sorted(chances), np.cumsum([chances[at] for at in sorted(chances)]), strict=True))
    expected = [min(at for at, share in upto.items() if share >= level) for level in (0.025, 0.975)]
    assert [alone.low, alone.high] == pytest.approx(expected)


def test_ledgers_without_texts_are_not_taken_for_the_same(tmp_path):
    taus = {0: dict.fromkeys(TEXTS, 0.5)}
    sides = [put(tmp_path / name, {0: {name}}, taus, dict.fromkeys(TEXTS, "")) for name in ("e1", "e2")]
    assert one(cells.compare(*map(open_study, sides)), AA, [0]).pairing == cells.UNPAIRED


def test_a_study_compared_with_itself_differs_by_nothing(tmp_path):
    rng = np.random.default_rng(5)
    failed = {seed: set(rng.choice([*TEXTS], seed + 1, replace=False)) for seed in (0, 1, 2)}
    taus = {seed: dict(zip(TEXTS, rng.random(5), strict=True)) for seed in failed}
    file = put(tmp_path, failed, taus)
    found = cells.compare(open_study(file), open_study(file))
    assert {(c.difference, c.low, c.high, c.pairing) for c in found} == {(0.0, 0.0, 0.0, cells.SAME)}
    assert sorted({c.seeds for c in found}) == [(0,), (0, 1, 2), (1,), (2,)]
    assert {c.metric for c in found} == {SA, ATTACKED, AA, KT, "topk_intersection"}
    assert settings.differences(open_study(file), open_study(file)) == []
    assert one(found, AA, [0, 1, 2]).permits == "descriptive"


def test_several_seeds_are_resampled_beside_the_examples(tmp_path):
    """Two seeds whose differences lie far apart have an interval that spans both, which one seed's does not."""
    taus = {seed: dict.fromkeys(TEXTS, 0.5) for seed in (0, 1)}
    a = put(tmp_path / "a", {0: set(), 1: set()}, taus)
    b = put(tmp_path / "b", {0: {"e1"}, 1: {"e1", "e2", "e3", "e4"}}, taus)
    found = cells.compare(open_study(a), open_study(b))
    both, first = one(found, AA, [0, 1]), one(found, AA, [0])
    assert both.difference == pytest.approx((20 + 80) / 2) and first.difference == 20.0
    assert both.low < 20 and both.high > 80
    swapped = one(cells.compare(open_study(b), open_study(a)), AA, [0, 1])
    assert (swapped.difference, swapped.low, swapped.high) == pytest.approx((-both.difference, -both.high, -both.low))


def test_equal_numbers_of_other_models_have_no_interval_of_width_nothing(tmp_path):
    """An AA of 0 on both sides says nothing of the spread of the difference; counts are resampled all the same."""
    taus = {0: dict.fromkeys(TEXTS, 0.5)}
    a, b = (put(tmp_path / name, {0: set()}, taus, accuracy=80.0, title=name) for name in "ab")
    Path(paths.test_ledger(open_study(b).study, AttackedCell(Cell(*BASE, 0), "textfooler"))).write_bytes(
        pd.DataFrame(
            {"example_id": [*TEXTS], "original": [*TEXTS.values()], "status": "succeeded", "x": 1}
        ).to_parquet()
    )
    found = cells.compare(open_study(a), open_study(b))
    assert one(found, AA, [0]).difference == 0 and np.isnan(one(found, AA, [0]).low)
    counted = one(found, SA, [0])
    assert counted.pairing == cells.UNPAIRED and counted.low < 0 < counted.high
    # two shares of 80 % of 200: the standard error of the difference is 4
    assert (counted.low, counted.high) == pytest.approx((-1.96 * 4, 1.96 * 4), abs=0.6)


def test_studies_without_a_common_cell_are_refused_by_name(tmp_path):
    taus = {0: dict.fromkeys(TEXTS, 0.5)}
    a = put(tmp_path / "a", {0: set()}, taus, name="first")
    b = put(tmp_path / "b", {1: set()}, {1: taus[0]}, name="second")
    with pytest.raises(StudyError, match=r"first and second: no cell in common: .*CNN.* x 0; second .* x 1"):
        cells.compare(open_study(a), open_study(b))


def test_what_differs_is_named_by_key_data_and_lock(tmp_path):
    taus = {0: dict.fromkeys(TEXTS, 0.5)}
    a, b = put(tmp_path / "a", {0: set()}, taus), put(tmp_path / "b", {0: set()}, taus, seed=5, torch_threads=2)
    one_side, other = open_study(a), open_study(b)
    for side, text in ((one_side, "x"), (other, "y")):
        split = Path(paths.of(side.study).split("sst2", "test"))
        split.parent.mkdir(parents=True)
        split.write_text(text)
    lock = Path(paths.test_ledger(other.study, AttackedCell(Cell(*BASE, 0), "textfooler"), "lock.json"))
    write_json(lock, {"recipe": "textfooler", "limits": {"query_budget": 9}})
    other = replace(other, passport={"environment": {"packages": {"torch": "9"}}})
    found = {(d.kind, d.key): (d.a, d.b) for d in settings.differences(one_side, other)}
    assert found["settings", "seed"] == ("7", "5") and found["settings", "torch_threads"] == ("1", "2")
    assert found["attack locks", "sst2.textfooler.limits.query_budget"] == ("null", "9")
    assert found["software", "packages.torch"] == (settings.ABSENT, "9")
    assert ("data", "sst2.test") in found and ("settings", "results") not in found
    assert ("attack locks", "sst2.textfooler.hash") in found and len(found) == 6


def test_a_folder_of_results_is_opened_by_the_study_file_beside_it(tmp_path):
    file = put(tmp_path, {0: set()}, {0: dict.fromkeys(TEXTS, 0.5)})
    folder = tmp_path / "results" / "tiny"
    with pytest.raises(StudyError, match="no study file of these results"):
        open_study(folder)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "broken.yaml").write_text("datasets: 3")
    file.rename(tmp_path / "config" / "mine.yaml")
    opened = open_study(folder)
    assert (opened.root, opened.called, opened.outdated) == (folder, "tiny", False)
    write_json(folder / "provenance.json", {"study": {"digest": "another"}})
    assert open_study(folder).outdated
    Path(paths.of(opened.study).measurements()).unlink()
    with pytest.raises(ArtefactError, match="not run to its numbers"):
        open_study(folder)


def test_the_pair_set_is_that_of_the_main_tables():
    assert MAIN_PAIR_SET == "shared"  # what `flat compare` says in its help
