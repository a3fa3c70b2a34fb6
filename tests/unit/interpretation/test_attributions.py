"""The attributions of a cell: sides, seeds, each distinct text once, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from interpretation_toys import Additive, ledger, real_model

from flat.errors import ArtefactError, StudyError
from flat.files.artefacts import read_table, write_table
from flat.interpretation import integrated_gradients, lime_words
from flat.interpretation.attributions import SCHEMA, explain_cell

OWN = {
    "e1": ("succeeded", "a good film", "a warm film"),
    "e2": ("skipped", "bad plot", "bad plot"),
    "e3": ("failed", "a very dull plot", "a very bad plot"),
}
SHARED = {
    "e1": ("succeeded", "a good film", "a warm film"),
    "e2": ("failed", "bad plot", "bad film"),
    "e3": ("skipped", "a very dull plot", "a very dull plot"),
}
LIME = {"samples": 40, "exact_below": 0, "repeats": 0}


def sides(frame):
    return {example: list(dict.fromkeys(rows["side"])) for example, rows in frame.groupby("example_id")}


def test_sides_of_each_example():
    frame = explain_cell("ig", Additive(), ledger(OWN), ledger(SHARED), seed=1)
    assert sides(frame) == {
        "e1": ["original", "adversarial", "shared"],
        "e2": ["original", "adversarial", "shared"],
        "e3": ["original", "adversarial"],  # the base model's attack changed nothing
    }
    assert (frame.groupby(["example_id", "side"])["target"].apply(list).map(tuple) == (0, 1)).all()
    row = frame[(frame["example_id"] == "e2") & (frame["side"] == "shared")].iloc[0]
    assert list(row["words"]) == ["bad", "film"]


def test_scores_belong_to_their_words_and_class():
    model = Additive()
    for row in explain_cell("ig", model, ledger(OWN), seed=1).itertuples():
        np.testing.assert_allclose(row.scores, [model.term(w, row.target) for w in row.words], rtol=1e-4)
        assert row.steps == 50
        assert row.completeness < 1e-3


def test_each_distinct_text_is_asked_once(monkeypatch):
    asked = []
    explain = integrated_gradients.explain
    monkeypatch.setattr(
        integrated_gradients,
        "explain",
        lambda model, texts, *rest, **options: (
            asked.extend(map(tuple, texts)) or explain(model, texts, *rest, **options)
        ),
    )
    rows = OWN | {"e4": OWN["e1"]}  # a duplicate example is the same text
    explain_cell("ig", Additive(), ledger(rows), ledger(SHARED | {"e4": SHARED["e1"]}), seed=1)
    texts = ["a good film", "a warm film", "bad plot", "bad film", "a very dull plot", "a very bad plot"]
    assert sorted(asked) == sorted(tuple(text.split(" ")) for text in texts)


def test_only_the_explained_examples_and_the_gold_class():
    frame = explain_cell("ig", Additive(), ledger(OWN, label=1), explained=["e3", "e1"], classes="gold", seed=1)
    assert list(sides(frame)) == ["e1", "e3"]
    assert set(frame["target"]) == {1}


def test_lime_asks_both_texts_of_an_example_with_its_own_seed(monkeypatch):
    seed_by_text = {}
    explain = lime_words.explain

    def spy(model, texts, targets, seeds, **options):
        seed_by_text.update(zip(map(" ".join, texts), seeds, strict=True))
        return explain(model, texts, targets, seeds=seeds, **options)

    monkeypatch.setattr(lime_words, "explain", spy)
    explain_cell("lime", Additive(), ledger(OWN), options=LIME, seed=1)
    assert seed_by_text["a good film"] == seed_by_text["a warm film"]
    assert seed_by_text["a very dull plot"] == seed_by_text["a very bad plot"]
    assert len(set(seed_by_text.values())) == 3


def test_repeats_are_other_answers_for_the_same_text_of_a_stable_subsample():
    model, options = real_model("cnn", classes=2), LIME | {"repeats": 2}
    frame = explain_cell("lime", model, ledger(OWN), options=options, seed=1)
    repeated = frame[frame["side"] == "repeat"]
    assert repeated["example_id"].nunique() == 2
    for row in repeated.itertuples():
        own = frame[(frame["example_id"] == row.example_id) & (frame["target"] == row.target)]
        original = own[own["side"] == "original"].iloc[0]
        assert list(original["words"]) == list(row.words)
        assert not np.array_equal(original["scores"], row.scores)
    fewer = explain_cell("lime", model, ledger(OWN), options=LIME | {"repeats": 1}, seed=1)
    assert set(fewer[fewer["side"] == "repeat"]["example_id"]) < set(repeated["example_id"])
    # integrated gradients draw nothing: they have no second answer
    assert "repeat" not in set(explain_cell("ig", model, ledger(OWN), options={"steps": 4}, seed=1)["side"])


@pytest.mark.parametrize(("method", "options"), [("ig", {"steps": 8}), ("lime", LIME | {"repeats": 1})])
def test_order_of_rows_and_other_examples_change_nothing(method, options, tmp_path):
    model = real_model("cnn", classes=2)
    frame = explain_cell(method, model, ledger(OWN), ledger(SHARED), options=options, seed=7)
    shuffled = explain_cell(
        method, model, ledger(OWN).iloc[::-1], ledger(SHARED).iloc[[1, 0, 2]], options=options, seed=7
    )
    write_table(tmp_path / "a.parquet", frame, SCHEMA)
    write_table(tmp_path / "b.parquet", shuffled, SCHEMA)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    one = explain_cell(method, model, ledger(OWN), explained=["e3"], options=options, seed=7)
    same = frame[(frame["example_id"] == "e3") & (frame["side"] == "adversarial")]
    for a, b in zip(one[one["side"] == "adversarial"]["scores"], same["scores"], strict=True):
        assert np.array_equal(a, b)


def test_the_seed_matters_to_lime_only():
    model = real_model("cnn", classes=2)
    for method, options, equal in (("ig", {"steps": 8}, True), ("lime", LIME, False)):
        first, second = (explain_cell(method, model, ledger(OWN), options=options, seed=s)["scores"] for s in (1, 2))
        assert np.array_equal(np.concatenate(list(first)), np.concatenate(list(second))) == equal


def test_written_and_read_back(tmp_path):
    frame = explain_cell("ig", Additive(), ledger(OWN), seed=1)
    write_table(tmp_path / "a.parquet", frame, SCHEMA)
    back = read_table(tmp_path / "a.parquet")
    assert list(back.columns) == SCHEMA.names
    assert [list(w) for w in back["words"]] == [list(w) for w in frame["words"]]
    assert back["scores"].iloc[0].dtype == np.float32


def test_refusals():
    model = Additive()
    with pytest.raises(ArtefactError, match="e9 is explained but was not attacked"):
        explain_cell("ig", model, ledger(OWN), explained=["e9"], seed=1)
    with pytest.raises(ArtefactError, match="base model's ledger: example e3 is explained"):
        explain_cell("ig", model, ledger(OWN), ledger(SHARED).iloc[:2], seed=1)
    with pytest.raises(ArtefactError, match="example e2: two ledgers hold different original texts"):
        explain_cell("ig", model, ledger(OWN), ledger(SHARED | {"e2": ("skipped", "bad film", "bad film")}), seed=1)
    with pytest.raises(ArtefactError, match="example e1 has two rows"):
        explain_cell("ig", model, pd.concat([ledger(OWN), ledger(OWN)]), seed=1)
    with pytest.raises(StudyError, match="known: ig, lime"):
        explain_cell("shap", model, ledger(OWN), seed=1)
