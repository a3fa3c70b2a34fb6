"""An opened model answers raw text as the library answers its words, and leaves the process as it was."""

import random
from pathlib import Path

import numpy as np
import opened_toys as toys
import pytest
import torch
import worked_examples
from attack_toys import ToyResources, spec, toy_examples, toy_resources

from flat.attacks.attack import attack_examples
from flat.errors import AttackError, DataError, StudyError
from flat.interpretation import integrated_gradients, lime_words
from flat.models import checkpoint
from flat.plugins.registry import activate
from flat.study.seeds import seed_of
from flat.use import open_model

CELL = "models/toy/{}/base/none/seed0/round0"
RAW = "A <i>great</i> film, and a decent plot!"
WORDS = ["a", "great", "film", ",", "and", "a", "decent", "plot", "!"]


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    return toys.write(tmp_path_factory.mktemp("results") / "mini")


@pytest.fixture(scope="module")
def model(results):
    return open_model(results / CELL.format("CNN"))


@pytest.fixture(scope="module")
def network(results):
    return checkpoint.load(results / CELL.format("CNN"))


@pytest.fixture
def resources(monkeypatch, tmp_path):
    """Toys in the place of every resource; the names that an attack asked for."""
    asked = []

    def given(names=None, tables=None, folders=None, device="cpu"):
        asked.append((dict(names or {}), dict(tables or {}), device))
        return ToyResources(tmp_path)

    monkeypatch.setattr("flat.attacks.lexicon.resources.AttackResources", given)
    return asked


# --- predictions


def test_a_prediction_is_the_softmax_of_the_logits(model, network):
    logits = network.logits([WORDS])[0].astype(float)
    found = model.predict(RAW)
    assert found.words == tuple(WORDS) and found.text == " ".join(WORDS)
    wanted = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose([found.probabilities[name] for name in ("bad", "good")], wanted, rtol=1e-12)
    assert found.label == ("bad", "good")[logits.argmax()] and found.probability == max(found.probabilities.values())
    assert repr(found).startswith(f"{found.label} {found.probability:.3f}, ") and repr(found).endswith(found.text)


def test_of_a_list_one_a_text_in_its_order(model):
    texts = ["a bad film", RAW, "a bad film"]
    found = model.predict(texts)
    assert [one.text for one in found] == ["a bad film", " ".join(WORDS), "a bad film"]
    assert found[0].probabilities == pytest.approx(model.predict(texts[0]).probabilities)
    assert model.predict([]) == []
    with pytest.raises(DataError, match=r"^text 2: is empty"):
        model.predict(["fine", ""])


def test_what_the_model_does_not_see_is_noted(model):
    assert model.predict("a good film").notes == ()
    long = model.predict("Strange " + "good " * 12)
    assert long.notes == (
        "The model reads the first 12 of the 13 words.",
        'Not in the model\'s vocabulary: "strange".',
    )


# --- explanations


def test_ig_is_that_of_the_interpretation_jobs(model, network):
    wanted = integrated_gradients.explain(network, [WORDS])[0]
    for number, name in enumerate(model.classes):
        found = model.explain(RAW, target=name)
        np.testing.assert_array_equal(np.float32(found.scores), wanted[number].scores)
        assert (found.target, found.method, found.words) == (name, "ig", tuple(WORDS))
        assert found.completeness == pytest.approx(wanted[number].completeness) and found.steps == wanted[number].steps
    assert model.explain(RAW).target == model.predict(RAW).label == model.explain(RAW).prediction.label
    assert model.explain(RAW, target=1).scores == model.explain(RAW, target="good").scores


def test_limes_draws_are_the_texts_own(model, network):
    found = model.explain(RAW, "lime", "good", samples=60, exact_below=3)
    seed = seed_of(seed_of(0, "explain", "toy"), f"text {' '.join(WORDS)}", 0)
    wanted = lime_words.explain(network, [WORDS], [[0, 1]], samples=60, seeds=[seed], exact_below=3)[0][1]
    np.testing.assert_array_equal(np.float32(found.scores), wanted.scores)
    assert found.completeness is None and found.steps == 60
    assert model.explain(RAW, "lime", "good", samples=60, exact_below=3) == found


def test_an_explanation_is_easily_read(model):
    found = model.explain(RAW, "occlusion")
    assert [word for word, _ in found] == WORDS
    scores = dict(zip(range(len(WORDS)), found.scores, strict=True))
    best = sorted(scores, key=lambda place: -scores[place])[:2]
    assert found.top(2) == [(WORDS[place], scores[place]) for place in best]
    assert found.frame()["word"].tolist() == WORDS and found.frame()["score"].tolist() == list(found.scores)
    lines = repr(found).splitlines()
    assert lines[0].startswith(f"occlusion for {found.target}") and len(lines) == 1 + len(WORDS)
    largest = max(range(len(WORDS)), key=lambda place: abs(scores[place]))
    assert lines[1 + largest].endswith("█" * 20) and f"{scores[largest]:+.4f}" in lines[1 + largest]


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"method": "shap"}, "no such method"),
        ({"method": "attention-rollout"}, "cannot explain a cnn.*\n.*choose of ig, lime"),
        ({"target": "fine"}, "class fine: toy has no such class.*\n.*choose of bad, good"),
        ({"target": 2}, "class 2"),
        ({"target": True}, "class True"),
        ({"step": 10}, "step is not among the options of ig"),
        ({"steps": 0}, "steps: 0 cannot be used"),
        ({"steps": "10"}, "steps: '10' cannot be used"),
    ],
)
def test_questions_that_cannot_be_answered(model, arguments, said):
    with pytest.raises(StudyError, match=said):
        model.explain(RAW, **arguments)


def test_a_text_or_an_example(model):
    with pytest.raises(DataError, match="neither a text nor an example"):
        model.explain()
    with pytest.raises(DataError, match="a text and an example"):
        model.attack(RAW, example="test-000000")
    with pytest.raises(StudyError, match="seeds are not known here"):
        model.explain(example="test-000000")


# --- attacks


def test_an_attack_is_the_engines_own(model, network, resources, tmp_path):
    found = model.attack("a good film with a decent plot", "textfooler")
    example = toys.example(0).to_dict() | {"label": model.classes.index(found.label)}
    engine = attack_examples(network, toy_examples().iloc[:0], spec("textfooler"), 0, resources=toy_resources(tmp_path))
    assert found.row["attack_hash"] == attack_hash_of(engine.lock)
    assert found.row["original"] == example["text"] and found.row["label"] == example["label"]
    assert found.label == found.before.label == model.predict(example["text"]).label
    assert found.after == model.predict(found.perturbed) or found.after.probabilities == pytest.approx(
        model.predict(found.perturbed).probabilities
    )
    assert found.succeeded == (found.after.label != found.label) == (found.status == "succeeded")
    assert [word for _, word, _ in found.swaps] == [found.before.words[place] for place, _, _ in found.swaps]
    assert found.changed == ({place for place, _, _ in found.swaps},) * 2
    assert resources[0][0] == {} and resources[0][2] == "cpu"


def attack_hash_of(lock):
    from flat.files.digests import attack_hash

    return attack_hash(lock)


def test_a_label_that_the_model_does_not_answer_is_skipped(model, resources):
    wrong = next(name for name in model.classes if name != model.predict(RAW).label)
    found = model.attack(RAW, "pwws", wrong)
    assert found.status == "skipped" and found.swaps == () and found.after is found.before
    assert found.changed == (set(), set()) and found.line == "pwws skipped after 1 query"
    assert "before" in repr(found) and not found.succeeded


def test_limits_and_parameters_reach_the_attack(model, resources):
    free = model.attack("a good film with a decent plot", "textfooler")
    bounded = model.attack("a good film with a decent plot", "textfooler", query_budget=3)
    assert bounded.queries <= 3 < free.queries and bounded.row["attack_hash"] != free.row["attack_hash"]
    other = model.attack("a good film with a decent plot", "textfooler", max_candidates=1)
    assert other.row["attack_hash"] != free.row["attack_hash"]


@pytest.mark.parametrize("recipe", ["clare", "gene"])
def test_insertions_drops_and_draws(model, resources, recipe):
    """CLARE inserts and merges; a genetic search draws: once and once more it is the same."""
    names = {"masked_language_model": "toy"} if recipe == "clare" else {"language_model": "toy"}
    small = {"max_candidates": 6} if recipe == "clare" else {"pop_size": 6, "max_iters": 3}
    once, again = (model.attack(RAW, recipe, resources=names, **small) for _ in range(2))
    assert once == again and resources[0][0] == names
    here, there = once.changed
    kept = [word for place, word in enumerate(once.before.words) if place not in here]
    assert kept == [word for place, word in enumerate(once.after.words) if place not in there]


@pytest.mark.parametrize(
    "arguments, error, said",
    [
        ({"recipe": "textfoler"}, StudyError, "no such attack.*\n.*did you mean textfooler"),
        ({"recipe": "checklist"}, StudyError, "no such attack"),
        ({"label": "fine"}, StudyError, "class fine"),
        ({"query_budget": 0}, StudyError, "query_budget: 0 is no limit"),
        ({"time_limit": -1.0}, StudyError, "time_limit: -1.0 is no limit"),
        ({"max_candidate": 3}, StudyError, "max_candidate is not among the parameters"),
        ({"resources": {"words": "x"}}, StudyError, "words is not among the roles of textfooler"),
        ({"recipe": "bae"}, AttackError, "needs a masked_language_model, and the study names none"),
        (
            {"recipe": "gene", "resources": {"language_model": "bigrams@train"}},
            AttackError,
            "is made of the texts of toy, and .*bigrams.npz is not there",
        ),
    ],
)
def test_attacks_that_cannot_be_run(model, arguments, error, said):
    with pytest.raises(error, match=said):
        model.attack("a good film", **arguments)


# --- the process


def test_threads_and_generators_are_left_as_they_were(model, resources):
    def state():
        return (
            torch.get_num_threads(),
            random.getstate(),
            [part.tolist() if hasattr(part, "tolist") else part for part in np.random.get_state()],
            torch.get_rng_state().tolist(),
        )

    before = state()
    model.attack(RAW, "deepwordbug")
    model.explain(RAW, "lime")
    assert state() == before


def test_an_interrupt_is_one(model, monkeypatch):
    def stopped(*_, **__):
        raise SystemExit(130)

    monkeypatch.setattr("flat.use.model.answer", stopped)
    with pytest.raises(KeyboardInterrupt):
        model.explain(RAW)


# --- a black box


def test_a_black_box_is_explained_and_attacked_without_gradients(repository, tmp_path, resources):
    worked_examples.write_files(repository / "docs/add-a-model.md", tmp_path)
    activate([str(tmp_path / "my_lexicon.py")])
    try:
        results = toys.write(tmp_path / "boxed", [], toys.CLEANING)
        folder = results / CELL.format("Lexicon")
        config = {"kind": "lexicon", "options": {}, "classes": 2, "max_length": 40}
        checkpoint.save(checkpoint.registry.build(**config), folder, config)
        model = open_model(folder)
        assert model.predict("a good film").probabilities.keys() == {"bad", "good"}
        assert model.predict("good " * 60).notes == ()  # it reads texts whole
        assert len(model.explain("a good film", "occlusion").scores) == 3
        with pytest.raises(StudyError, match=r"ig: needs gradients, and Lexicon is a black box.*\n.*lime, occlusion"):
            model.explain("a good film")
        with pytest.raises(AttackError, match=r"a2t: needs gradients, and the model is a black box"):
            model.attack("a good film", "a2t")
        with pytest.raises(AttackError, match="needs gradients"):
            model.attack("a good film", "textfooler", ranking="gradient")
        assert model.attack("a good film", "textfooler").status in ("succeeded", "failed")
    finally:
        activate([])
