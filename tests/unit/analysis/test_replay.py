"""The transfer matrix: answers, shares and the table by hand; what contradicts a ledger is refused."""

import numpy as np
import pandas as pd
import pytest
from table_examples import build, entry, make_extras

from flat.analysis.replay import SCHEMA, replay, summarise
from flat.errors import ArtefactError
from flat.files.artefacts import write_table
from flat.report.build import Extras
from flat.study.cells import Cell

BASE = Cell("sst2", "LSTM", "base", "none", 0)
FLAT = Cell("sst2", "LSTM", "FLAT", "textfooler", 0)
# what each model says of a text: the logit of class 1, that of class 0 being 0; gold labels are 1
SAYS = {
    BASE: {"a": 2, "b": 2, "c": 2, "d": -1, "a1": -1, "b1": -2, "c1": 1, "a2": 1, "c2": -1, "d2": -1},
    FLAT: {"a": 2, "b": -1, "c": 2, "d": 2, "a1": 1, "b1": -1, "c1": -1, "a2": -3, "c2": 2, "d2": 1},
}
# id -> (original, adversarial text): base is fooled on e1 and e2, withstands e3, had e4 wrong; FLAT is fooled on e1,
# withstands e3 and e4, had e2 wrong
TEXTS = {
    BASE: {"e1": ("a", "a1"), "e2": ("b", "b1"), "e3": ("c", "c1"), "e4": ("d", "d")},
    FLAT: {"e1": ("a", "a2"), "e2": ("b", "b"), "e3": ("c", "c2"), "e4": ("d", "d2")},
}


class Says:
    """A model that answers texts of one word from a list."""

    def __init__(self, logits):
        self.of_word, self.asked = logits, []

    def logits(self, texts):
        self.asked += [tuple(text) for text in texts]
        return np.array([[0.0, self.of_word[text[0]]] for text in texts], dtype=np.float32)


def ledger(cell, **changes):
    rows = []
    for example, (original, perturbed) in TEXTS[cell].items():
        before, after = SAYS[cell][original], SAYS[cell][perturbed]
        status = "skipped" if before < 0 else ("succeeded" if after < 0 else "failed")
        rows.append(
            {"example_id": example, "label": 1, "status": status, "original_words": [original]}
            | {"perturbed_words": [perturbed], "predicted": int(before > 0), "perturbed_predicted": int(after > 0)}
            | {"logits": [0.0, before], "perturbed_logits": [0.0, after]}
            | changes.get(example, {})
        )
    return pd.DataFrame(rows)


LEDGERS = {BASE: ledger(BASE), FLAT: ledger(FLAT)}


def replayed(cell=BASE, ledgers=LEDGERS, says=None):
    return replay(Says(says or SAYS[cell]), cell, ledgers)


@pytest.fixture(scope="module")
def frame():
    return pd.concat([replayed(BASE), replayed(FLAT)], ignore_index=True)


def values(frame, metric):
    rows = summarise(frame)
    rows = rows[rows["metric"] == metric]
    return {(r.source_strategy, r.strategy): (pytest.approx(r.value), r.n) for r in rows.itertuples()}


def test_answers_are_sorted_and_of_the_schema(frame, tmp_path):
    write_table(tmp_path / "replay.parquet", frame, SCHEMA)
    first = replayed(BASE)
    assert list(first["source_strategy"]) == ["FLAT"] * 4 + ["base"] * 4
    assert list(first["example_id"]) == ["e1", "e2", "e3", "e4"] * 2
    # base reads FLAT's texts a2 b c2 d2
    assert list(first["predicted"])[:4] == [1, 1, 0, 0]
    assert list(first["source_status"])[:4] == ["succeeded", "skipped", "failed", "failed"]
    assert list(first["original_correct"])[:4] == [True, True, True, False]
    shuffled = {cell: LEDGERS[cell].iloc[::-1] for cell in (FLAT, BASE)}
    pd.testing.assert_frame_equal(first, replayed(BASE, shuffled))


def test_each_text_is_asked_once():
    model = Says(SAYS[BASE])
    replay(model, BASE, LEDGERS)
    assert sorted(model.asked) == [(word,) for word in sorted(SAYS[BASE])]  # c and d are read twice, asked once


def test_accuracy_counts_every_attacked_example(frame):
    assert values(frame, "replayed_accuracy_percent") == {
        ("base", "base"): (25.0, 4),  # e3 alone withstood: its after-attack accuracy
        ("FLAT", "base"): (50.0, 4),  # a2 and b right; c2 and d2 wrong
        ("base", "FLAT"): (50.0, 4),  # a1 and the unchanged d right
        ("FLAT", "FLAT"): (50.0, 4),  # e3 and e4 withstood
    }
    assert values(frame, "original_accuracy_percent") == {("", "base"): (75.0, 4), ("", "FLAT"): (75.0, 4)}


def test_transfer_counts_successful_texts_whose_original_is_read_right(frame):
    assert values(frame, "transfer_percent") == {
        ("base", "base"): (100.0, 2),
        ("FLAT", "base"): (0.0, 1),  # a2 does not fool base
        ("base", "FLAT"): (0.0, 1),  # of a1 and b1 only a1 counts: FLAT had b wrong anyway; a1 does not fool it
        ("FLAT", "FLAT"): (100.0, 1),
    }


def test_a_model_that_contradicts_its_ledger_is_refused():
    with pytest.raises(ArtefactError, match=r"LSTM/base/none/0, example e1: the model answers 1, its attack noted 0"):
        replayed(BASE, says=SAYS[BASE] | {"a1": 1})
    with pytest.raises(ArtefactError, match=r"example e4: .*answers 1, its attack noted 0"):  # an original
        replayed(BASE, says=SAYS[BASE] | {"d": 1})
    with pytest.raises(ArtefactError, match=r"example e3: the attack skipped, but its text is read as 1 of 1"):
        replayed(BASE, {BASE: ledger(BASE, e3={"status": "skipped"})})


def test_a_tie_is_what_the_attack_noted():
    tied = ledger(BASE, e1={"perturbed_logits": [0.0, -0.001]})
    kept = replayed(BASE, {BASE: tied}, says=SAYS[BASE] | {"a1": 0.002})
    assert list(kept["correct"]) == [False, False, True, False]


@pytest.mark.parametrize(
    "change", [{"e2": {"original_words": ["x"]}}, {"e2": {"label": 0}}, {"e2": {"example_id": "e9"}}]
)
def test_other_examples_are_refused(change):
    with pytest.raises(ArtefactError, match=r"sst2/LSTM/base/none/0: it holds other examples than that of .*FLAT"):
        replayed(BASE, {BASE: ledger(BASE, **change), FLAT: LEDGERS[FLAT]}, says=SAYS[BASE] | {"x": 1})


def test_models_attacked_on_fewer_examples_are_compared_on_those():
    fewer = LEDGERS[FLAT][LEDGERS[FLAT]["example_id"].isin(["e1", "e3"])]
    found = replayed(BASE, {BASE: LEDGERS[BASE], FLAT: fewer})
    assert set(found["example_id"]) == {"e1", "e3"} and len(found) == 4
    whole = replayed(BASE)
    own = whole["source_strategy"].eq("base") & whole["example_id"].isin(["e1", "e3"])
    assert list(found[found["source_strategy"].eq("base")]["correct"]) == list(whole[own]["correct"])
    none = fewer.assign(example_id=["e8", "e9"])
    with pytest.raises(ArtefactError, match="holds other examples"):
        replayed(BASE, {BASE: LEDGERS[BASE], FLAT: none})


def test_the_table_of_the_matrix(frame):
    plain = make_extras()
    second = frame.assign(seed=1, source_seed=1, correct=True, original_correct=True)
    one = build("replay", [], Extras(plain.printed, replays=frame))
    assert entry(one, ("Accuracy", "no model (originals)"), "LSTM FLAT").text == "75.0ᶜ"
    assert entry(one, ("Accuracy", "LSTM-base"), "LSTM FLAT").text == "50.0ᶜ"
    assert entry(one, ("Transfer rate", "LSTM-FLAT"), "LSTM base").text == "0.0ᶜ"
    assert entry(one, ("Accuracy", "CNN-base"), "LSTM base").text == "not run"
    assert set(one.frame["printed"]) == {"–"}
    assert any(note == "Attacked test examples, the same for every model: SST2 4." for note in one.notes)
    assert any(note == "Texts behind a transfer rate: 1 to 2." for note in one.notes)
    two = build("replay", [], Extras(plain.printed, replays=pd.concat([frame, second])), seeds=[0, 1])
    assert entry(two, ("Accuracy", "LSTM-base"), "LSTM FLAT").text == "75.0 ± 35.4ᵈ"  # of 50 and 100
