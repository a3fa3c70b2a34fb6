"""Ledgers: swaps, statuses and counts by hand; what merging refuses."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from flat.attacks.ledger import SCHEMA, Counts, count, frame, merge, row, swaps
from flat.errors import ArtefactError
from flat.files.artefacts import read_table, write_table


def made(example_id, label=1, status="failed", perturbed_right=True, attack_hash="h", **values):
    """A row whose logits agree with its status."""
    right, wrong = ([0.0, 1.0], [1.0, 0.0]) if label == 1 else ([1.0, 0.0], [0.0, 1.0])
    logits = {"skipped": (wrong, wrong), "failed": (right, right), "succeeded": (right, wrong)}[status]
    fields = {
        "original": "a good film",
        "perturbed": "a fine film",
        "queries": 3,
        "victim_forwards": 2,
        "similarity_unchecked": True,
        **values,
    }
    return row(
        example_id=example_id,
        label=label,
        status=status,
        logits=logits[0],
        perturbed_logits=logits[1],
        attack_hash=attack_hash,
        **fields,
    )


def test_swaps_are_the_replaced_tokens_by_position():
    original, perturbed = ["it", "'s", "a", "good", "film", "."], ["it", "'s", "a", "fine", "movie", "."]
    assert swaps(original, perturbed, range(6)) == [
        {"position": 3, "from": "good", "to": "fine"},
        {"position": 4, "from": "film", "to": "movie"},
    ]
    assert swaps(original, original, range(6)) == []


def test_swaps_see_a_change_inside_a_token():
    # TextAttack swaps the word "s" of our token "'s"
    assert swaps(["it", "'s", "bad"], ["it", "'mho", "bad"], [0, 1, 2]) == [{"position": 1, "from": "'s", "to": "'mho"}]


def test_row_derives_words_predictions_and_swaps():
    found = made("x", status="succeeded")
    assert (found["predicted"], found["perturbed_predicted"]) == (1, 0)
    assert found["original_words"] == ["a", "good", "film"]
    assert found["swaps"] == [{"position": 1, "from": "good", "to": "fine"}]
    assert found["aligned"] == [0, 1, 2]


def test_row_takes_swaps_from_the_alignment():
    found = made("x", perturbed="a classic", aligned=[0, 1, -1])
    assert found["aligned"] == [0, 1, -1]
    assert found["swaps"] == [
        {"position": 1, "from": "good", "to": "classic"},
        {"position": 2, "from": "film", "to": ""},
    ]
    with pytest.raises(ArtefactError, match="2 alignments of 3 words"):
        made("x", perturbed="a classic")


def test_row_refuses_a_status_that_the_logits_contradict():
    with pytest.raises(ArtefactError, match=r"example x.*\n?.*"):
        row(
            example_id="x",
            label=1,
            status="succeeded",
            original="a",
            perturbed="b",
            logits=[0.0, 1.0],
            perturbed_logits=[0.0, 1.0],
            queries=1,
            victim_forwards=1,
            similarity_unchecked=False,
            attack_hash="h",
        )


def test_counts_by_hand():
    counts = count(["succeeded"] * 3 + ["failed"] * 2 + ["skipped"] * 5)
    assert counts == Counts(attacked=10, succeeded=3, failed=2, skipped=5)
    assert count({"failed": 2, "skipped": 5, "succeeded": 3}) == counts
    assert counts.after_attack_accuracy() == 20.0  # 2 of 10: skipped examples count as wrong
    assert counts.after_attack_accuracy(whole=1) == 0.2
    assert counts.after_attack_accuracy(spared=1) == 30.0
    assert counts.after_attack_accuracy(np.array([3, 0])).tolist() == [50.0, 20.0]
    assert counts.tried == 5 and counts.success_percent == 60.0  # 3 of the 5 that were right


def test_counts_where_nothing_could_be_attacked():
    counts = count(["skipped", "skipped"])
    assert dataclasses.astuple(counts) == (2, 0, 0, 2)
    assert counts.after_attack_accuracy() == 0.0
    assert math.isnan(counts.success_percent) and math.isnan(count([]).after_attack_accuracy())


def test_counts_refuse_an_unknown_status():
    with pytest.raises(ArtefactError, match=r"a.parquet: unknown status 'maximized'"):
        count(pd.Series(["failed", "maximized"]), "a.parquet")


def test_frame_is_sorted_and_written_with_the_contract_s_schema(tmp_path):
    rows = [made("b"), made("a", status="succeeded"), made("c", status="skipped", perturbed="a good film")]
    write_table(tmp_path / "one.parquet", frame(rows), SCHEMA)
    write_table(tmp_path / "two.parquet", frame(rows[::-1]), SCHEMA)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    back = read_table(tmp_path / "one.parquet")
    assert list(back["example_id"]) == ["a", "b", "c"]
    assert back["swaps"][0][0] == {"position": 1, "from": "good", "to": "fine"}
    assert not any("second" in name for name in SCHEMA.names)  # wall times would differ between two runs


def test_merge_of_shards_is_the_whole():
    rows = [made(f"e{i}") for i in range(7)]
    shards = [frame(rows[i::3]) for i in range(3)]
    pd.testing.assert_frame_equal(merge(shards[::-1], [f"e{i}" for i in range(7)]), frame(rows))


@pytest.mark.parametrize(
    ("shards", "ids", "match"),
    [
        ([["a"], ["a"]], None, "example a is in two shards"),
        ([["a"], ["b"]], ["a", "b", "c"], "1 examples missing"),
        ([["a"], ["b"]], ["a"], "1 unexpected"),
    ],
)
def test_merge_refuses(shards, ids, match):
    with pytest.raises(ArtefactError, match=match):
        merge([frame([made(name) for name in names]) for names in shards], ids)


def test_merge_refuses_shards_of_different_attacks():
    with pytest.raises(ArtefactError, match="2 different attacks"):
        merge([frame([made("a", attack_hash="one")]), frame([made("b", attack_hash="two")])])
