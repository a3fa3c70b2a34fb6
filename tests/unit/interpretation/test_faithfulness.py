"""Metrics of single explanations: closed forms on an additive model, what is asked of it, the file of a cell."""

import math
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from interpretation_toys import WORDS, Additive, Pieces, real_model
from plugin_toys import wrapped

from flat.errors import ArtefactError, FlatError
from flat.files.artefacts import read_table, write_table
from flat.interpretation import faithfulness
from flat.interpretation.asking import Ask, measure
from flat.interpretation.metrics import chosen
from flat.interpretation.ranking import kendall_tau, ranks
from flat.plugins.registry import METRICS

TEXT = ["good", "plot", "very", "dull"]
CELL = {"strategy": "adv", "train_attack": "pwws", "attack": "pwws", "seed": 3}
MODELS = [real_model("cnn"), real_model("lstm", "none"), Pieces()]
NAMES = [name for name in METRICS if METRICS[name].of == "explanations"]


def judge(name, model, words, target, scores, **options) -> float:
    (metric,) = chosen({name: options}, "explanations")
    return metric.value("e", Ask(model), words, target, np.asarray(scores, float))


def evidence(model, words, target) -> np.ndarray:
    """What each word of a text adds to the log odds of one of two classes, beyond the unknown word."""
    odds = [model.term(w, target) - model.term(w, 1 - target) for w in (*words, model.unknown_word)]
    return np.array(odds[:-1]) - odds[-1]


def probability(model, words, target, kept) -> float:
    """Closed form: the sigmoid of the log odds of the words that are kept, the others unknown."""
    unknown = model.term(model.unknown_word, target) - model.term(model.unknown_word, 1 - target)
    odds = len(words) * unknown + evidence(model, words, target)[np.asarray(kept, bool)].sum()
    return 1 / (1 + math.exp(-odds))


def test_comprehensiveness_and_sufficiency_of_an_additive_model():
    model, scores = Additive(), [0.1, 0.4, -0.2, 0.3]  # plot, dull, good, very
    for target in (0, 1):
        whole = probability(model, TEXT, target, [1, 1, 1, 1])
        without = [[1, 0, 1, 1], [1, 0, 1, 0], [0, 0, 1, 0]]  # of 4 words: 25 %, 50 %, 75 %
        for percent, kept in zip((25, 50, 75), without, strict=True):
            dropped = whole - probability(model, TEXT, target, kept)
            assert judge("comprehensiveness", model, TEXT, target, scores, percent=[percent]) == pytest.approx(dropped)
            left = whole - probability(model, TEXT, target, 1 - np.array(kept))
            assert judge("sufficiency", model, TEXT, target, scores, percent=[percent]) == pytest.approx(left)
        # 1, 5, 10 and 20 % of four words are one word, 50 % two: the mean over the bins
        one, two = (whole - probability(model, TEXT, target, kept) for kept in without[:2])
        assert judge("comprehensiveness", model, TEXT, target, scores) == pytest.approx((4 * one + two) / 5)


def test_insertion_and_deletion_are_areas_under_the_curve_of_an_additive_model():
    model, scores = Additive(), [0.1, 0.4, -0.2, 0.3]
    for target in (0, 1):
        curve = [probability(model, TEXT, target, ranks(scores) < k) for k in range(5)]
        area = np.trapezoid(curve, np.linspace(0, 1, 5))
        assert judge("insertion", model, TEXT, target, scores) == pytest.approx(area, abs=1e-6)
        curve = [probability(model, TEXT, target, ranks(scores) >= k) for k in range(5)]
        area = np.trapezoid(curve, np.linspace(0, 1, 5))
        assert judge("deletion", model, TEXT, target, scores) == pytest.approx(area, abs=1e-6)
        ends = [probability(model, TEXT, target, [k] * 4) for k in (0, 1)]  # one step: from no word to all
        assert judge("deletion", model, TEXT, target, scores, steps=1) == pytest.approx(sum(ends) / 2, abs=1e-6)
        half = [probability(model, TEXT, target, ranks(scores) < k) for k in (0, 2, 4)]
        steps = (half[0] + 2 * half[1] + half[2]) / 4
        assert judge("insertion", model, TEXT, target, scores, steps=2) == pytest.approx(steps, abs=1e-6)


def test_no_ranking_is_more_faithful_than_what_the_words_of_an_additive_model_add():
    """Each order of four words, against that of what they really add to the log odds."""
    model = Additive()
    for target in (0, 1):
        true = evidence(model, TEXT, target)
        for name, best in (("comprehensiveness", max), ("sufficiency", min), ("insertion", max), ("deletion", min)):
            assert METRICS[name].better == {max: "higher", min: "lower"}[best]
            found = [judge(name, model, TEXT, target, order) for order in permutations(range(4))]
            assert judge(name, model, TEXT, target, true) == pytest.approx(best(found), abs=1e-6)
            assert max(found) - min(found) > 0.01


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("model", MODELS, ids=["cnn", "lstm", "pieces"])
def test_every_metric_stays_in_its_range_whatever_the_model(name, model):
    rng = np.random.default_rng(4)
    for words in (["good"], TEXT, ["bad", "film"] * 10):
        judge(name, model, words, 1, rng.normal(size=len(words)))  # raises outside of the range
    assert math.isnan(judge(name, model, [], 1, []))


def test_the_most_consistent_explanation_may_be_the_least_faithful():
    """Words ranked by their place, whatever the model: every pair agrees, and what they name matters less."""
    model, rng, words = Additive(max_length=6), np.random.default_rng(6), WORDS[2:]
    agreement, found = {"place": [], "true": []}, {"place": [], "true": []}
    for _ in range(30):
        text = list(rng.choice(words, 6, replace=False))
        changed = [rng.choice([w for w in words if w not in text]), *text[1:]]  # as an attack does
        place = -np.arange(6.0)
        explained = {"place": (place, place), "true": (evidence(model, text, 1), evidence(model, changed, 1))}
        for name, (before, after) in explained.items():
            agreement[name].append(kendall_tau(before, after))
            found[name].append(judge("comprehensiveness", model, text, 1, before))
    assert min(agreement["place"]) == 1 > np.mean(agreement["true"])
    assert np.mean(found["place"]) < np.mean(found["true"]) - 0.1


# --- what is asked


def test_answers_are_probabilities_and_each_text_is_asked_once(monkeypatch):
    model, seen = Additive(), []
    logits = model.logits
    monkeypatch.setattr(model, "logits", lambda texts, *more: seen.extend(map(tuple, texts)) or logits(texts, *more))
    ask = Ask(model)
    answers = ask([TEXT, ["good"], TEXT])
    assert answers.shape == (3, 2) and answers.dtype == np.float64
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    assert (
        answers[0, 1] == pytest.approx(probability(model, TEXT, 1, [1, 1, 1, 1])) and (answers[0] == answers[2]).all()
    )
    assert ask([["good"]])[0].tolist() == answers[1].tolist() and seen == [tuple(TEXT), ("good",)]
    assert (ask([[]]) == ask([[model.unknown_word]])).all() and ask([]).shape == (0, 2)
    ask.forget()
    ask([TEXT])
    assert seen.count(tuple(TEXT)) == 2


# --- the file of a cell


def explained(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["example_id", "side", "target", "words", "scores"])


ROWS = [
    ("e2", "original", 1, TEXT, np.float32([1, 2, 3, 4])),
    ("e2", "original", 0, TEXT, np.float32([4, 3, 2, 1])),
    ("e1", "original", 0, ["bad", "film"], np.float32([1, 0])),
    ("e1", "original", 1, ["bad", "film"], np.float32([0, 1])),
    ("e1", "adversarial", 1, ["dull", "film"], np.float32([0, 1])),
    ("e1", "repeat", 1, ["bad", "film"], np.float32([1, 0])),
]


def test_a_cell_has_a_row_for_each_original_class_and_metric(tmp_path):
    model = Additive()
    frame = measure(explained(ROWS), model, {"rbo": {}, "sufficiency": {"percent": [50]}, "deletion": {}}, **CELL)
    assert frame[["example_id", "target", "metric"]].values.tolist() == [
        [example, target, metric]
        for example in ("e1", "e2")
        for target in (0, 1)
        for metric in ("deletion", "sufficiency")
    ]
    assert set(map(tuple, frame[list(CELL)].values)) == {tuple(CELL.values())}
    by_hand = probability(model, TEXT, 0, [1] * 4) - probability(model, TEXT, 0, [1, 1, 0, 0])
    row = frame.query("example_id == 'e2' and target == 0 and metric == 'sufficiency'")
    assert row["value"].item() == pytest.approx(by_hand)
    write_table(tmp_path / "f.parquet", frame, faithfulness.SCHEMA)
    assert faithfulness.summarise(read_table(tmp_path / "f.parquet")) == faithfulness.summarise(frame)


def test_a_text_s_value_is_the_mean_over_the_classes_where_there_is_one():
    values = {("e1", 0): 0.25, ("e1", 1): 0.75, ("e2", 0): math.nan, ("e2", 1): 1.0, ("e3", 0): math.nan}
    rows = [(*CELL.values(), *key, "deletion", value) for key, value in values.items()]
    frame = pd.DataFrame(rows, columns=faithfulness.SCHEMA.names)
    found = faithfulness.values(frame, "deletion")
    assert found["e1"] == (0.5, 0) and found["e2"] == (1.0, 1) and math.isnan(found["e3"][0])
    assert faithfulness.summarise(frame) == {"deletion": (0.75, 2, 2)}
    with pytest.raises(ArtefactError, match="twice"):
        faithfulness.values(pd.concat([frame, frame]), "deletion")


def test_what_does_not_belong_to_a_text_or_a_range_is_refused(monkeypatch):
    short = [("e9", "original", 1, TEXT, np.float32([1, 2]))]
    broken = [("e9", "original", 1, ["bad"], np.float32([np.nan]))]
    for rows in (short, broken):
        with pytest.raises(ArtefactError, match="example e9"):
            measure(explained(rows), Additive(), {"deletion": {}}, **CELL)
    wrapped(monkeypatch, "metrics", "deletion", lambda make: lambda *given: 7.0)
    with pytest.raises(FlatError, match=r"metric deletion, example e1: returned 7.0, outside of its declared range"):
        measure(explained(ROWS), Additive(), {"deletion": {}}, **CELL)
