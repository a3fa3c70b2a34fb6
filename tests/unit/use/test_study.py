"""What is read of a study is what its files say: ledgers with the meaning of their columns, pairs with their scores."""

import numpy as np
import opened_toys as toys
import pytest
from attack_toys import BagOfWords, spec, toy_examples, toy_resources
from interpretation_toys import OWN, PAIR_CELL, SHARED, attributions, ledger

from flat.analysis.measurements import SCHEMA as MEASURED
from flat.attacks import ledger as ledgers
from flat.attacks.attack import attack_examples
from flat.errors import ArtefactError, StudyError
from flat.files.artefacts import write_table
from flat.interpretation.consistency import measure, schema
from flat.study.cells import Cell
from flat.use import columns, open_study
from flat.use.pairs import pairs_of

CELL = Cell("toy", "CNN", "adv", "pwws", 3)


# --- ledgers and measurements


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    results = toys.write(folder / "mini")
    run = attack_examples(
        BagOfWords().eval(), toy_examples(), spec("textfooler"), 7, resources=toy_resources(folder / "toys")
    )
    for attack in ("textfooler", "pwws"):
        ledgers.write(results / f"attacks/test/toy/CNN/base/none/seed0/{attack}/ledger.parquet", run.rows())
    return open_study(results)


def test_every_column_has_a_meaning(study):
    assert list(columns.LEDGER) == ledgers.SCHEMA.names and list(columns.MEASUREMENTS) == MEASURED.names
    frame = study.ledger("toy/CNN/base", "pwws")
    assert list(frame.columns) == list(frame.attrs["columns"]) and len(frame) == len(toy_examples())


def test_a_ledger_is_that_of_the_cell_and_attack(study):
    assert study.attacks("toy/CNN") == ["pwws", "textfooler"]
    assert study.ledger(study.cells[0], "pwws")["status"].value_counts()["skipped"] >= 1
    with pytest.raises(StudyError, match=r"say which attack.*\n.*pwws, textfooler"):
        study.ledger("toy/CNN/base")
    with pytest.raises(StudyError, match=r"was not attacked by bae.*\n.*pwws, textfooler"):
        study.ledger("toy/CNN/base", "bae")


def test_a_changed_ledger_is_refused(study):
    path = study.root / "attacks/test/toy/CNN/base/none/seed0/pwws/ledger.parquet"
    before = path.read_bytes()
    toys.record(study.root, path)
    assert len(study.ledger("toy/CNN/base", "pwws"))
    path.write_bytes(before + b" ")
    with pytest.raises(ArtefactError, match=r"ledger.parquet: is not as its job made it"):
        study.ledger("toy/CNN/base", "pwws")
    path.write_bytes(before)


def test_what_is_not_there_is_told(study):
    with pytest.raises(ArtefactError, match=r"measurements.parquet: no such file"):
        study.measurements()
    with pytest.raises(StudyError, match=r"explained by ig: was not explained so.*\n.*none"):
        study.pairs("toy/CNN/base", "pwws")


def test_measurements_say_what_they_are(study):
    import pandas as pd

    row = {name: "" for name in MEASURED.names} | {"metric": "kendall_tau", "value": 0.5}
    row |= dict.fromkeys(("seed", "round", "k", "n", "dropped"), 0)
    write_table(study.root / "measurements.parquet", pd.DataFrame([row]), MEASURED)
    frame = study.measurements()
    assert frame.attrs["metrics"] == {"kendall_tau": "KT (rank correlation)"}
    assert list(frame.attrs["columns"]) == list(frame.columns)


# --- pairs


@pytest.fixture(scope="module")
def measured():
    texts = attributions()
    texts["completeness"], texts["steps"] = np.nan, 1
    own, shared = ledger(OWN), ledger(SHARED)
    frame = measure(texts, own, shared, **PAIR_CELL, further={"rbo": {}})
    assert set(frame.columns) == set(schema(["rbo"]).names)
    return texts, frame, {"own": own, "shared": shared}


def pairs(measured, pair_set):
    return pairs_of(*measured, CELL, "pwws", "ig", pair_set, ["bad", "good"])


@pytest.mark.parametrize(
    "pair_set, examples",
    [
        ("successful", ["e1"]),
        ("saved", ["e1", "e2", "e3", "e4"]),
        ("all", ["e1", "e3"]),
        ("shared", ["e1", "e2"]),
        ("floor", ["e1"]),
    ],
)
def test_pair_sets(measured, pair_set, examples):
    assert [pair.example for pair in pairs(measured, pair_set)] == examples


def test_a_pair_has_both_texts_their_scores_and_what_was_measured(measured):
    (pair,) = pairs(measured, "successful")
    assert (pair.words, pair.other_words) == (("a", "good", "film"), ("a", "warm", "film"))
    assert pair.kendall_tau == pytest.approx((1 / 3 + 1) / 2) and pair.topk_intersection[3] == 1
    assert set(pair.metrics) == {"rbo"} and 0 < pair.metrics["rbo"] < 1
    assert pair.scores["bad"].tolist() == [1, 2, 3] and pair.other_scores["bad"].tolist() == [1, 3, 2]
    assert pair.label == "good" and pair.status == "succeeded"
    frame = pair.frame("bad")
    assert frame.columns.tolist() == ["word", "score", "other_word", "other_score", "changed"]
    assert frame.iloc[1].tolist() == ["good", 2.0, "warm", 3.0, True] and frame["changed"].sum() == 1
    assert pair.frame()["score"].tolist() == pair.scores["good"].tolist()
    assert repr(pair).splitlines() == ["e1 (good, succeeded): KT 0.667, TI@5 1.00", "  a good film", "  a warm film"]
    with pytest.raises(StudyError, match="class fine: was not explained"):
        pair.frame("fine")


def test_shared_and_repeated_texts(measured):
    shared = pairs(measured, "shared")[0]
    assert shared.other_words == ("a", "good", "plot") and shared.kendall_tau == -1
    floor = pairs(measured, "floor")[0]
    assert floor.other_words == floor.words and not floor.frame()["changed"].any()


def test_inserted_and_dropped_words_have_no_counterpart():
    texts = attributions({("e1", "original"): ([1, 2, 3],) * 2, ("e1", "adversarial"): ([1, 2, 3],) * 2},
                         {"e1": ("succeeded", "a good film", "very a film")})  # fmt: skip
    texts["completeness"], texts["steps"] = np.nan, 1
    own = ledger({"e1": ("succeeded", "a good film", "very a film")})
    swaps = [{"position": 0, "from": "", "to": "very"}, {"position": 1, "from": "good", "to": ""}]
    own["aligned"], own["swaps"] = [[1, -1, 2]], [swaps]
    frame = measure(texts, own, **PAIR_CELL)
    (pair,) = pairs_of(texts, frame, {"own": own}, CELL, "pwws", "ig", "successful", ["bad", "good"])
    assert pair.counterparts == (1, None, 2)
    shown = pair.frame()
    assert shown["word"].tolist() == ["a", "good", "film", ""]
    assert shown["other_word"].tolist() == ["a", "", "film", "very"]
    assert shown["changed"].tolist() == [False, True, False, True]


def test_files_that_do_not_fit_are_refused(measured):
    texts, frame, both = measured
    changed = texts.copy()
    changed["words"] = [["other"] * len(words) for words in texts["words"]]
    with pytest.raises(ArtefactError, match="e1: its original text is not the one that ig explained"):
        pairs((changed, frame, both), "successful")
    with pytest.raises(StudyError, match=r"pair_set: some: there is no such.*\n.*saved, all, successful"):
        pairs(measured, "some")
