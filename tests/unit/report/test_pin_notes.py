"""Tables name the resources behind them that no checksum known before was compared with."""

import json

import pytest
from table_examples import build, make_extras, row, study

from flat.resources.catalogue import load_catalogue
from flat.resources.places import PROVENANCE
from flat.study.load import load

SAID = "Not pinned by their publishers, so bound at first use: "
DIGEST = "ab" * 32


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("FLAT_RESOURCES", str(tmp_path))
    return tmp_path


def record(root, name, **changes):
    (root / name).mkdir()
    known = {"content_sha256": DIGEST, "recipe": load_catalogue()[name].recipe_digest()} | changes
    (root / name / PROVENANCE).write_text(json.dumps(known))


def noted(vectors="glove-6b-50d", rows=(), **resources):
    values = study().model_dump()
    values["models"]["LSTM"]["vectors"] = vectors
    values["attacks"]["pwws"]["resources"] = resources
    changes = {part: values[part] for part in ("models", "attacks")}
    table = build("3", [row("after_attack_accuracy_percent", 12.5, attack="pwws"), *rows], make_extras(), **changes)
    return [note for note in table.notes if note.startswith(SAID)]


def test_a_resource_that_the_first_use_bound_is_named_with_its_digest(root):
    record(root, "word2vec-googlenews")
    assert noted("word2vec-googlenews") == [f"{SAID}word2vec-googlenews (sha256 {DIGEST})."]


def test_attacks_count_too_and_a_record_of_another_recipe_does_not(root):
    record(root, "nltk-wordnet", recipe="of another catalogue")
    assert noted(wordnet="nltk-wordnet", stopwords="stopwords") == [f"{SAID}nltk-wordnet (no record here)."]
    assert noted(wordnet="wordnet", language_model="bigrams@train") == []
    assert noted(masked_language_model="distilroberta-base@train") == [f"{SAID}distilroberta-base (no record here)."]


def test_what_is_pinned_joined_or_the_users_own_is_not_named(root):
    assert noted("glove-6b-50d") == noted("meta-300") == noted("my/vectors") == []


def test_what_is_behind_no_entry_is_not_named(root):
    values = study().model_dump()["models"]
    values["CNN"]["vectors"] = "word2vec-googlenews"
    rows = [row("test_accuracy_percent", 80.0)]  # of LSTM
    table = build("2", rows, make_extras(), models=values)
    assert not [note for note in table.notes if note.startswith(SAID)]
    table = build("2", [*rows, row("test_accuracy_percent", 80.0, model="CNN")], make_extras(), models=values)
    assert [note for note in table.notes if note.startswith(SAID)] == [f"{SAID}word2vec-googlenews (no record here)."]


def test_the_demo_rests_on_pinned_resources_alone(root, repository):
    from flat.report.tables import pin_notes

    demo = load(repository / "config/demo.yaml")
    assert pin_notes.note(demo, demo.datasets, demo.models, demo.attacks) == []
    full = load(repository / "config/config.yaml")
    [said] = pin_notes.note(full, full.datasets, full.models, full.attacks)
    assert "bert-base-uncased (no record here)" in said and "glove" not in said
