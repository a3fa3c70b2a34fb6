"""The draw of attacked examples: exact stratification, independent of row order."""

import numpy as np
import pandas as pd
import pytest

from flat.attacks.examples import draw_examples, quotas
from flat.errors import DataError


def made(sizes):
    labels = [label for label, size in sizes.items() for _ in range(size)]
    return pd.DataFrame({"example_id": [f"t-{i:04d}" for i in range(len(labels))], "label": labels})


def test_quotas_by_hand():
    # 10 of 60, 30, 10: exactly 6, 3, 1; 7 of them: 4.2, 2.1, 0.7 -> the one left goes to the remainder .7
    assert quotas({0: 60, 1: 30, 2: 10}, 10) == {0: 6, 1: 3, 2: 1}
    assert quotas({0: 60, 1: 30, 2: 10}, 7) == {0: 4, 1: 2, 2: 1}
    assert quotas({0: 5, 1: 5}, 3) == {0: 2, 1: 1}  # a tie goes to the lower label


@pytest.mark.parametrize("n", [0, 1, 7, 50, 99])
def test_draw_is_stratified_sorted_and_of_the_wanted_size(n):
    frame = made({0: 60, 1: 30, 2: 10})
    ids = draw_examples(frame, n, seed=5)
    assert len(ids) == len(set(ids)) == n
    assert ids == sorted(ids)
    counts = frame.set_index("example_id").loc[ids, "label"].value_counts().to_dict()
    assert counts == {label: share for label, share in quotas({0: 60, 1: 30, 2: 10}, n).items() if share}


def test_draw_depends_on_the_seed_and_not_on_the_order_of_rows():
    frame = made({0: 40, 1: 60})
    shuffled = frame.iloc[np.random.default_rng(0).permutation(len(frame))]
    assert draw_examples(frame, 20, seed=1) == draw_examples(shuffled, 20, seed=1)
    assert draw_examples(frame, 20, seed=1) != draw_examples(frame, 20, seed=2)


def test_all_are_drawn_where_there_are_not_more():
    frame = made({0: 3, 1: 2})
    assert draw_examples(frame, None, seed=0) == draw_examples(frame, 99, seed=0) == sorted(frame["example_id"])


def test_draw_refuses_ids_that_are_not_unique_and_negative_sizes():
    frame = made({0: 3})
    with pytest.raises(DataError, match="not unique"):
        draw_examples(pd.concat([frame, frame]), 2, seed=0)
    with pytest.raises(DataError, match="-1 examples"):
        draw_examples(frame, -1, seed=0)
