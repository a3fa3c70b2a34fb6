"""Counter-fitting on vectors small enough to follow by hand."""

import numpy as np

from flat.attacks.lexicon.synonym_space.counterfitting import Options, counter_fit, near_pairs

# four words in a plane: 0 and 1 nearly alike (opposites in meaning), 2 across (a synonym of 0), 3 beside 2
ANGLES = np.radians([0.0, 10.0, 70.0, 80.0])
VECTORS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)
NONE = np.empty((0, 2), dtype=int)


def pairs(*rows):
    return np.array(rows, dtype=int)


def cosine(vectors, a, b):
    return float(vectors[a] @ vectors[b])


def test_antonyms_are_pushed_apart_and_synonyms_pulled_together():
    fitted = counter_fit(VECTORS, pairs((0, 2)), pairs((0, 1)), NONE)
    assert cosine(VECTORS, 0, 1) > 0.98 and cosine(fitted, 0, 1) <= 0.05  # delta 1: distance 1 and no further
    assert cosine(VECTORS, 0, 2) < 0.35 and cosine(fitted, 0, 2) >= 0.69  # gamma 0.3
    np.testing.assert_allclose(np.linalg.norm(fitted, axis=1), 1, atol=1e-5)


def test_a_word_in_no_pair_stays_and_a_neighbour_follows():
    alone = counter_fit(VECTORS, pairs((0, 2)), NONE, NONE)
    np.testing.assert_allclose(alone[3], VECTORS[3], atol=1e-6)
    np.testing.assert_allclose(alone[1], VECTORS[1], atol=1e-6)
    followed = counter_fit(VECTORS, pairs((0, 2)), NONE, pairs((2, 3)))
    assert cosine(followed, 2, 3) > cosine(alone, 2, 3)


def test_pairs_within_the_margins_move_nothing():
    near = counter_fit(VECTORS, pairs((0, 1)), NONE, pairs((2, 3)))
    np.testing.assert_allclose(near, VECTORS, atol=1e-6)
    far = counter_fit(VECTORS, NONE, pairs((0, 3)), NONE, Options(delta=0.5))  # already at distance 0.83
    np.testing.assert_allclose(far, VECTORS, atol=1e-6)


def test_the_order_of_pairs_changes_nothing():
    one = counter_fit(VECTORS, pairs((0, 2), (1, 3)), pairs((0, 1)), pairs((2, 3)))
    two = counter_fit(VECTORS, pairs((1, 3), (2, 0)), pairs((1, 0)), pairs((3, 2)))
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_near_pairs_by_hand():
    found, cosines = near_pairs(VECTORS, 0.4, most=2)
    assert {tuple(p) for p in found.tolist()} == {(0, 1), (1, 0), (2, 3), (3, 2)}  # 10 degrees; 60 and more are too far
    assert found[0].tolist() == [0, 1] and abs(cosines[0] - VECTORS[0] @ VECTORS[1]) < 1e-6
    only, _ = near_pairs(VECTORS, 2.0, most=1)
    assert only.tolist() == [[0, 1], [1, 0], [2, 3], [3, 2]]
