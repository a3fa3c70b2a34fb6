"""The sentences about pairs below Tables 3 and 8, worked out by hand."""

import pandas as pd

from flat.report.tables import pair_notes

FRAME = pd.DataFrame(
    [
        ("shared", "kendall_tau", 0.4, 3),
        ("shared", "kendall_tau", 0.6, 3),
        ("shared", "kendall_tau_absolute", 0.7, 3),
        ("shared", "kendall_tau_absolute", 0.9, 3),
        ("shared", "topk_intersection_absolute", 0.25, 3),
        ("shared", "left_out_unchanged_percent", 25.0, 4),
        ("shared", "left_out_unchanged_percent", 50.0, 12),
        ("successful", "left_out_skipped_percent", 25.0, 4),
        ("successful", "left_out_failed_percent", float("nan"), 0),
        ("floor", "kendall_tau", 0.3, 2),
    ],
    columns=["pair_set", "metric", "ours", "ours_n"],
)


def test_examples_without_a_pair_are_counted_by_reason():
    # (1 of 4 and 6 of 12) = 7 of 16
    assert pair_notes.left_out(FRAME, ["shared", "saved", "successful"]) == [
        "Explained examples without a pair in “shared”: 43.8 % because the attack changed no word.",
        "Explained examples without a pair in “successful”: 25.0 % because the model errs on the original.",
    ]


def test_ranks_by_size_stand_beside_the_signed_ones():
    text = pair_notes.by_size(FRAME, "shared")
    assert "KT 0.80 (signed 0.50), TI@5 0.25" in text
    assert pair_notes.by_size(FRAME, "saved") == ""


def test_the_floor_is_said_where_it_was_measured():
    assert "KT 0.30" in pair_notes.floor(FRAME)
    assert pair_notes.floor(FRAME[FRAME["pair_set"] != "floor"]) == ""
