"""Kendall's tau and top-k intersection of texts with inserted and merged words, by hand."""

import numpy as np
import pandas as pd
import pytest
from interpretation_toys import ledger, real_model

from flat.errors import ArtefactError
from flat.interpretation.attributions import explain_cell
from flat.interpretation.consistency import measure
from flat.interpretation.ranking import kendall_tau

CELL = {"strategy": "adv", "train_attack": "pwws", "attack": "clare", "seed": 3}


def aligned_pair(original, perturbed, aligned, swaps, before, after):
    """A ledger of one pair and the scores of its texts for one class."""
    own = ledger({"e1": ("succeeded", original, perturbed)})
    own["aligned"] = [np.array(aligned, dtype=np.int32)]
    own["swaps"] = [[dict(zip(("position", "from", "to"), swap, strict=True)) for swap in swaps]]
    sides = (("original", original, before), ("adversarial", perturbed, after))
    rows = [("e1", side, 1, text.split(" "), np.array(scores, np.float32)) for side, text, scores in sides]
    return own, pd.DataFrame(rows, columns=["example_id", "side", "target", "words", "scores"])


# very is inserted before good and good becomes fine; the words that both have are a, good/fine, film
INSERTION = ("a good film", "a very fine film", [0, 2, 3], [(1, "", "very"), (1, "good", "fine")])
# not and good are merged into bad; the words that both have are a, not/bad, film
MERGE = ("a not good film", "a bad film", [0, 1, -1, 2], [(1, "not", "bad"), (2, "good", "")])


def one_row(pair, before, after):
    own, scores = aligned_pair(*pair, before, after)
    (row,) = measure(scores, own, **CELL).to_dict("records")
    return row


def test_an_inserted_word_enters_neither_measure():
    row = one_row(INSERTION, [1, 3, 2], [1, 9, 2, 3])  # compared: [1, 3, 2] and [1, 2, 3]
    assert row["n_words"] == 3 and row["changed"]
    assert row["kendall_tau"] == pytest.approx(1 / 3)
    # top 1: good, but film; top 2: both {good, film}. The inserted word has the highest score and does not count
    assert [row[f"ti_{k}"] for k in (1, 2, 3, 10)] == [0.0, 1.0, 1.0, 1.0]
    assert row["chance_1"] == pytest.approx(1 / 3)


def test_a_word_merged_away_enters_neither_measure():
    row = one_row(MERGE, [1, 2, 9, 3], [3, 2, 1])  # compared: [1, 2, 3] and [3, 2, 1]
    assert row["n_words"] == 3 and row["kendall_tau"] == pytest.approx(-1)
    assert [row[f"ti_{k}"] for k in (1, 2)] == [0.0, 0.5]


def test_equal_lengths_may_hide_an_insertion_and_a_merge():
    pair = ("a not good film", "a bad old film", [0, 1, -1, 3], [(1, "not", "bad"), (2, "good", ""), (3, "", "old")])
    row = one_row(pair, [1, 2, 9, 3], [1, 2, 9, 3])
    assert row["n_words"] == 3 and row["kendall_tau"] == 1 and row["ti_1"] == 1


@pytest.mark.parametrize(
    ("pair", "problem"),
    [
        ((*INSERTION[:3], INSERTION[3][1:]), r"the texts show the insertions \['very'\], the ledger's swaps say \[\]"),
        ((*INSERTION[:3], [(1, "", "so"), INSERTION[3][1]]), r"swaps say \['so'\]"),
        ((*INSERTION[:2], [0, 1, 3], INSERTION[3]), r"word 1: the texts show \('good', 'very'\)"),
        ((*INSERTION[:2], [0, 2], INSERTION[3]), r"aligned \[0, 2\] does not fit 3 words against 4"),
        ((*INSERTION[:2], [0, 3, 2], INSERTION[3]), r"aligned \[0, 3, 2\] does not fit"),
        ((*INSERTION[:2], [0, 2, 4], INSERTION[3]), r"aligned \[0, 2, 4\] does not fit"),
        ((*MERGE[:3], MERGE[3][:1]), r"word 2: the texts show \('good', ''\), the ledger's swaps say None"),
        ((*MERGE[:2], [-1, -1, -1, -1], MERGE[3]), r"word 0: the texts show \('a', ''\)"),
    ],
)
def test_alignment_and_swaps_must_agree(pair, problem):
    scores = [1] * len(pair[0].split()), [1] * len(pair[1].split())
    with pytest.raises(ArtefactError, match=rf"example e1: .*{problem}"):
        one_row(pair, *scores)


def test_texts_of_other_lengths_are_explained_and_compared():
    """The whole way with a real model: explained text by text, compared over the words that both have."""
    own, _ = aligned_pair(*INSERTION, [0] * 3, [0] * 4)
    model = real_model("cnn")
    frame = explain_cell("ig", model, own, options={"steps": 8}, seed=1)
    row = measure(frame, own, **CELL).iloc[0]
    scores = {(r.side, r.target): np.asarray(r.scores) for r in frame.itertuples()}
    by_hand = [kendall_tau(scores["original", c], scores["adversarial", c][[0, 2, 3]]) for c in range(model.classes)]
    assert row["n_words"] == 3 and row["kendall_tau"] == pytest.approx(np.nanmean(by_hand))
