"""Word importance: which words count, how often they were replaced, synonyms and Table 9's correlations."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from interpretation_toys import WORDS, Additive, Pieces, ledger, real_model
from scipy.stats import pearsonr

from flat.analysis.importance import (
    SCHEMA,
    SYNONYMS_SCHEMA,
    correlations,
    distances,
    importance,
    substitutions,
    synonym_pairs,
    word_phi,
)
from flat.errors import ArtefactError
from flat.files.artefacts import write_table
from flat.models.masks import GroupMask, VariationalWordMask

COUNTS = [0, 0, 7, 5, 3, 9, 4, 2, 1, 0]


def test_phi_of_a_word_is_what_it_is_in_any_text():
    model = real_model("cnn")
    text = ["good", "film", "very", "dull"]
    in_text = model.phi(model.encode([text]))[0].detach().numpy()
    np.testing.assert_allclose(word_phi(model, text), in_text, atol=1e-6)
    np.testing.assert_allclose(word_phi(model, text, batch_size=3), in_text, atol=1e-6)
    assert np.ptp(in_text) > 0.01
    assert word_phi(model, []).shape == (0,)


def test_phi_of_a_word_is_the_largest_of_its_pieces():
    model = Pieces()
    model.mask = VariationalWordMask(1, hidden=3)
    torch.nn.init.normal_(model.mask.network[0].weight, std=0.02)
    letters = model.phi(model.encode([["a", "d", "b"]]))[0, 1:-1].detach()
    assert word_phi(model, ["adb"])[0] == pytest.approx(float(letters.max()), abs=1e-6)
    assert letters.max() > letters.min()


def test_the_frame_holds_the_words_of_train(tmp_path):
    first = ledger({"e1": ("succeeded", "a Good film", "a warm film"), "e2": ("failed", "good plot", "good film")})
    second = ledger({"e1": ("succeeded", "a Good film", "a bad plot"), "e2": ("skipped", "dull plot", "dull plot")})
    frame = importance(real_model("cnn"), {"words": WORDS, "counts": COUNTS}, [first, second])
    assert frame["word"].tolist() == WORDS[2:9]  # "a" is counted in dev only; no padding, no unknown word
    assert frame["frequency"].tolist() == COUNTS[2:9]
    replaced = dict(zip(frame["word"], frame["substitution_frequency"], strict=True))
    assert replaced == {"good": 2, "bad": 0, "plot": 1, "film": 1, "very": 0, "dull": 0, "warm": 0}
    write_table(tmp_path / "importance.parquet", frame, SCHEMA)


def test_substitutions_are_counted_as_the_model_reads_words():
    rows = ledger({"e": ("succeeded", "Good GOOD Film", "x y z")})
    assert substitutions([rows], {"good", "Film"}) == {"good": 2, "Film": 1}
    assert substitutions([], {"good"}) == {}


def test_correlations_by_hand_and_by_scipy():
    frame = pd.DataFrame(
        {"phi": [0.1, 0.2, 0.3, 0.4], "frequency": [4, 3, 2, 1], "substitution_frequency": [0, 2, 0, 2]}
    )
    rows = {row["correlation"]: row for row in correlations(frame)}
    assert rows["word_importance-word_frequency"]["r"] == pytest.approx(-1)
    # deviations of 1, 2, 3, 4 and 0, 2, 0, 2: 2 / sqrt(5 * 4)
    assert rows["word_importance-substitution_frequency"]["r"] == pytest.approx(2 / math.sqrt(20))
    third = rows["word_frequency-substitution_frequency"]
    assert third["r"] == pytest.approx(-2 / math.sqrt(20))
    assert third["p"] == pytest.approx(pearsonr([4, 3, 2, 1], [0, 2, 0, 2]).pvalue)
    assert {row["n"] for row in rows.values()} == {4}


def test_an_undefined_correlation_is_nan():
    frame = pd.DataFrame({"phi": [0.1, 0.2, 0.3], "frequency": [4, 3, 1], "substitution_frequency": [0, 0, 0]})
    r = {row["correlation"]: row["r"] for row in correlations(frame)}
    assert math.isnan(r["word_importance-substitution_frequency"])
    assert not math.isnan(r["word_importance-word_frequency"])
    assert all(math.isnan(row["r"]) and math.isnan(row["p"]) for row in correlations(frame.iloc[:2]))


class Space:
    """A synonym space of given neighbours, nearest first."""

    def __init__(self, near):
        self.near = near
        self.index = {word: i for i, word in enumerate(near)}

    def neighbours(self, word, k):
        return [(other, 0.9) for other in self.near[word][:k]]


SPACE = Space({"good": ["fine", "warm", "bad"], "dull": ["boring"], "film": ["film", "plot"], "warm": ["good"]})


def test_synonyms_come_from_the_words_nearest_first():
    pairs = synonym_pairs(["good", "bad", "plot", "film", "dull", "warm"], SPACE)
    by_word = {word: [b for a, b in pairs if a == word] for word, _ in pairs}
    assert by_word == {"good": ["warm", "bad"], "film": ["plot"], "warm": ["good"]}  # dull has none among the words
    assert [b for a, b in synonym_pairs(["good", "warm", "bad"], SPACE, n_synonyms=1) if a == "good"] == ["warm"]


def test_the_draw_depends_on_the_set_and_the_seed_only():
    words = [f"w{i}" for i in range(60)]
    space = Space({word: [words[i - 1]] for i, word in enumerate(words)})
    first = synonym_pairs(words, space, n_words=20, seed=1)
    assert len(first) == len({word for word, _ in first}) == 20
    assert synonym_pairs(words[::-1], space, n_words=20, seed=1) == first
    assert synonym_pairs(words, space, n_words=20, seed=2) != first
    assert synonym_pairs(words, space, n_words=99, seed=1)[:20] == first


def test_words_without_a_synonym_do_not_use_up_the_draw():
    words = [f"w{i}" for i in range(40)]
    space = Space({word: [words[i - 1]] if i % 2 else [] for i, word in enumerate(words)})
    pairs = synonym_pairs(words, space, n_words=15, seed=1)
    assert len({word for word, _ in pairs}) == 15


def test_distances(tmp_path):
    frame = pd.DataFrame({"word": ["good", "bad", "warm"], "phi": [0.9, 0.25, 0.5]})
    found = distances(frame, [("good", "warm"), ("bad", "good")])
    np.testing.assert_allclose(found["distance"], [0.4, 0.65])
    assert found["phi_synonym"].tolist() == [0.5, 0.9]
    write_table(tmp_path / "synonyms.parquet", found, SYNONYMS_SCHEMA)
    with pytest.raises(ArtefactError, match="no importance of 'dull'"):
        distances(frame, [("good", "dull")])
    write_table(tmp_path / "none.parquet", distances(frame, []), SYNONYMS_SCHEMA)


def test_refusals():
    with pytest.raises(ValueError, match="no word mask"):
        word_phi(Additive(), ["good"])
    with pytest.raises(RuntimeError, match="training mode"):
        word_phi(real_model("cnn").train(), ["good"])
    with pytest.raises(ArtefactError, match="10 words but 2 counts"):
        importance(real_model("cnn"), {"words": WORDS, "counts": [0, 0]}, [])


def test_group_masks_have_an_importance_too():
    mask = GroupMask(torch.arange(len(WORDS)) % 2)
    with torch.no_grad():
        mask.weights.copy_(torch.tensor([0.25, 0.75]))
    np.testing.assert_allclose(word_phi(Additive(mask), ["good", "bad"]), [0.25, 0.75])
