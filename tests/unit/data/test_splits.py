"""Splits: exact stratification, seeds, independence of row order, and what is refused."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flat.data.splits import allocate, draw, make_splits
from flat.errors import DataError


def frame(counts, name="train"):
    """One row a text, classes interleaved as the counts allow."""
    rows = [(label, i) for label, count in enumerate(counts) for i in range(count)]
    rows.sort(key=lambda row: (row[1], row[0]))
    return pd.DataFrame(
        {
            "example_id": [f"{name}-{i:06d}" for i in range(len(rows))],
            "text": [f"{name} text {i} of class {label}" for label, i in rows],
            "label": [label for label, _ in rows],
            "row": range(len(rows)),
        }
    )


@pytest.mark.parametrize(
    ("counts", "size", "drawn"),
    [
        ([5, 3, 2], 5, [3, 1, 1]),  # 2.5, 1.5, 1.0: of the equal remainders the first wins
        ([4265, 4265], 400, [200, 200]),
        ([86, 1151, 1245, 1214, 824, 856], 500, [8, 107, 116, 113, 77, 79]),  # 8.0 107.05 115.8 112.9 76.6 79.6
        ([1, 1], 2, [1, 1]),
        ([7, 0, 3], 10, [7, 0, 3]),
    ],
)
def test_allocation_by_hand(counts, size, drawn):
    assert allocate(counts, size) == drawn


@given(st.lists(st.integers(0, 400), min_size=1, max_size=8).filter(any), st.data())
def test_allocation_is_exact_and_never_more_than_there_is(counts, data):
    size = data.draw(st.integers(0, sum(counts)))
    drawn = allocate(counts, size)
    assert sum(drawn) == size
    for count, taken in zip(counts, drawn, strict=True):
        assert 0 <= taken <= count
        assert abs(taken - size * count / sum(counts)) < 1


def test_a_draw_is_seeded_and_does_not_depend_on_the_order_of_rows():
    rows = frame([30, 20])
    texts = set(rows[draw(rows, 10, seed=1)]["text"])
    shuffled = rows.sample(frac=1, random_state=3).reset_index(drop=True)
    assert set(shuffled[draw(shuffled, 10, seed=1)]["text"]) == texts
    assert set(rows[draw(rows, 10, seed=2)]["text"]) != texts


def test_a_larger_draw_holds_the_smaller_one():
    rows = frame([30, 30])
    assert set(rows[draw(rows, 10, 1)]["text"]) < set(rows[draw(rows, 20, 1)]["text"])


def test_copies_of_one_text_are_drawn_one_by_one():
    rows = frame([6, 6])
    rows["text"] = "the same"
    assert rows[draw(rows, 4, 1)]["label"].tolist().count(0) == 2
    rows = frame([40])
    rows.loc[:19, "text"] = "the same"
    for seed in range(8):  # 20 of 40, half of them copies: about 10, not all of the copies before or after the rest
        assert 5 <= (rows[draw(rows, 20, seed)]["text"] == "the same").sum() <= 15


def test_missing_splits_are_carved_from_train_without_overlap():
    splits, origins = make_splits({"train": frame([60, 40])}, {"train": None, "dev": 10, "test": 0.2}, 1, "x")
    assert {name: len(part) for name, part in splits.items()} == {"train": 70, "dev": 10, "test": 20}
    assert splits["test"]["label"].value_counts().to_dict() == {0: 12, 1: 8}
    assert splits["dev"]["label"].value_counts().to_dict() == {0: 6, 1: 4}
    ids = [name for part in splits.values() for name in part["example_id"]]
    assert len(set(ids)) == 100
    for part in splits.values():
        assert part["row"].is_monotonic_increasing  # in the order of the source
    assert origins == {"train": "what carving left", "dev": "carved from train", "test": "carved from train"}


def test_null_means_all_of_a_given_split_and_a_tenth_of_train_for_a_missing_one():
    given_test = frame([5, 5], "test")
    splits, origins = make_splits({"train": frame([50, 50]), "test": given_test}, {}, 1, "x")
    assert splits["test"].equals(given_test)
    assert len(splits["dev"]) == 10
    assert len(splits["train"]) == 90
    assert origins["test"] == "given"


def test_given_splits_are_drawn_from_by_class():
    frames = {"train": frame([60, 40]), "dev": frame([20, 20], "dev"), "test": frame([9, 21], "test")}
    splits, _ = make_splits(frames, {"train": 50, "dev": 0.5, "test": 10}, 1, "x")
    assert splits["train"]["label"].value_counts().to_dict() == {0: 30, 1: 20}
    assert len(splits["dev"]) == 20
    assert splits["test"]["label"].value_counts().to_dict() == {1: 7, 0: 3}


def test_another_dev_size_leaves_the_test_split_as_it_is():
    small, _ = make_splits({"train": frame([50, 50])}, {"dev": 10, "test": 10}, 1, "x")
    large, _ = make_splits({"train": frame([50, 50])}, {"dev": 20, "test": 10}, 1, "x")
    assert small["test"].equals(large["test"])
    assert set(small["dev"]["text"]) < set(large["dev"]["text"])


@pytest.mark.parametrize(
    ("sizes", "named", "there"),
    [
        ({"train": 95, "dev": 10, "test": 5}, "splits.train", "85"),
        ({"dev": 200}, "splits.dev", "90"),  # a tenth went to test
        ({"test": 100}, "splits.test", "100"),  # would leave nothing to train on
        ({"test": 0.001}, "splits.test", "0 examples"),
    ],
)
def test_more_than_there_is_is_refused(sizes, named, there):
    with pytest.raises(DataError) as caught:
        make_splits({"train": frame([50, 50])}, sizes, 1, "data set x")
    assert named in str(caught.value)
    assert there in str(caught.value)
    assert "ask for fewer" in str(caught.value)
