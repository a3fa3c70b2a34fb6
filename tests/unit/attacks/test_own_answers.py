"""What an attack of one's own may answer, and how its word is held to the victim's answers."""

import numpy as np
import pandas as pd
import pytest
from attack_plugins import active, own, printed
from attack_toys import BagOfWords, spec, toy_examples, toy_resources

from flat.attacks.attack import attack_examples
from flat.attacks.own import matched
from flat.errors import AttackError


@pytest.fixture
def scrambled(tmp_path):
    with active(tmp_path / "scrambled.py", printed("scrambled.py")) as path:
        yield path


def run(tmp_path, name, examples=None, model=None, values=None, **options):
    examples = toy_examples() if examples is None else examples
    described = spec(name, **(values or {}))
    model = model or BagOfWords().eval()
    return attack_examples(model, examples, described, 7, resources=toy_resources(tmp_path), **options)


def attacked(tmp_path, body, more="", examples=None, model=None, **values):
    with active(tmp_path / "mine.py", own(body, more=more)):
        return run(tmp_path, "mine", examples, model, values)


def test_texts_of_another_length_are_aligned_by_what_they_share(tmp_path):
    body = """
words = [word for word in example.words if word != "good"]
return Found(words, bool(victim.probabilities([words])[0].argmax() != example.label))
"""
    examples = toy_examples().iloc[[0]]
    (row,) = attacked(tmp_path, body, examples=examples).ledger.itertuples()
    assert row.perturbed == "a film with a decent plot"
    assert list(row.aligned) == [0, -1, 1, 2, 3, 4, 5]
    assert row.swaps == [{"position": 1, "from": "good", "to": ""}]


def test_an_alignment_is_taken_as_it_is_given(tmp_path):
    body = """
words = ["bad", *example.words]
return Found(words, bool(victim.logits([words])[0].argmax() != example.label), [-1, *range(2, len(words))])
"""
    (row,) = attacked(tmp_path, body, examples=toy_examples().iloc[[0]]).ledger.itertuples()
    assert list(row.aligned) == [-1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("original", "perturbed", "expected"),
    [
        ("a b c", "x y z", [0, 1, 2]),
        ("a b c", "a c", [0, -1, 1]),
        ("a b", "a new b", [0, 2]),
        ("a b c d", "a x d", [0, 1, -1, 2]),
    ],
)
def test_matching_by_hand(original, perturbed, expected):
    assert matched(original.split(), perturbed.split()) == expected


def test_repeated_questions_count_and_the_model_answers_once(tmp_path):
    body = """
for _ in range(3):
    victim.probabilities([example.words, list(example.words)])
return Found(example.words, False)
"""
    (row,) = attacked(tmp_path, body, examples=toy_examples().iloc[[0]]).ledger.itertuples()
    assert (row.queries, row.victim_forwards, row.status) == (7, 1, "failed")


def test_a_text_that_was_not_asked_about_is_asked_and_counted(tmp_path):
    (row,) = attacked(tmp_path, 'return Found(["bad"], True)', examples=toy_examples().iloc[[0]]).ledger.itertuples()
    assert (row.queries, row.status, row.perturbed) == (2, "succeeded", "bad")
    body = 'return Found(["bad"], True)'  # no question is left for it: what was asked last stands
    (row,) = attacked(tmp_path, body, examples=toy_examples().iloc[[0]], query_budget=1).ledger.itertuples()
    assert (row.queries, row.status, row.perturbed) == (1, "failed", row.original)


def test_an_attack_may_catch_the_end_and_sees_what_is_left(tmp_path):
    body = """
assert victim.left == 3 and victim.queries == 1 and victim.classes == 2
try:
    victim.probabilities([["bad", str(n)] for n in range(9)])
except Over:
    assert victim.left == 0
return Found(["bad", "2"], True)
"""
    (row,) = attacked(tmp_path, body, examples=toy_examples().iloc[[0]], query_budget=4).ledger.itertuples()
    assert (row.queries, row.status, row.perturbed) == (4, "succeeded", "bad 2")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("return Found(example.words, True)", "says that it succeeded; by the victim's answer it failed"),
        ('return Found(["bad"], False)', "says that it failed; by the victim's answer it succeeded"),
        ('return Found("bad film", True)', "for the words of a text"),
        ('return Found(["bad film"], True)', "for the words of a text"),
        ("return Found([], True)", "for the words of a text"),
        ('victim.logits(["bad film"])', "for the words of a text"),
        ("return True", "answers bool"),
        ("return Found(example.words, False, [0, 0])", "aligns 7 words"),
        ("return Found(example.words, False, [0, 1, 2, 3, 5, 4, 6])", "aligns 7 words"),
        ("return Found(example.words, False, [0, 1, 2, 3, 4, 5, 7])", "aligns 7 words"),
        ("victim.gradients(example.words)", "asks for gradients undeclared"),
        ("return 1 / 0", "ZeroDivisionError"),
    ],
)
def test_an_attack_that_breaks_its_word_ends_the_job_and_names_the_example(tmp_path, body, problem):
    with pytest.raises(AttackError, match="example test-000000") as refused:
        attacked(tmp_path, body, examples=toy_examples().iloc[[0]])
    assert problem in str(refused.value)


def test_gradients_are_those_of_the_label_by_each_word(tmp_path):
    body = """
rows = victim.gradients(example.words)
assert rows.shape == (7, 1), rows.shape
assert victim.queries == 2
worst = int(abs(rows).sum(1).argmax())
words = [*example.words[:worst], "bad", *example.words[worst + 1 :]]
return Found(words, bool(victim.logits([words])[0].argmax() != example.label))
"""
    (row,) = attacked(tmp_path, body, ", gradients=True", toy_examples().iloc[[0]]).ledger.itertuples()
    assert row.perturbed == "a bad film with a decent plot"  # "good" has the largest weight


def test_a_black_box_has_no_gradients(tmp_path):
    class Box:
        classes = 2

        def logits(self, texts, batch_size=64):
            return np.asarray([[0.0, 1.0]] * len(texts), dtype=np.float32)

    with pytest.raises(AttackError, match="no gradients"):
        attacked(tmp_path, "victim.gradients(example.words)", ", gradients=True", toy_examples().iloc[[0]], Box())


def test_something_without_attack_is_refused(tmp_path):
    source = 'from flat.plugins import Attack\nMINE = Attack(name="mine", make=dict, own=True)\n'
    with active(tmp_path / "mine.py", source), pytest.raises(AttackError, match="made a dict without attack"):
        run(tmp_path, "mine")


def test_resources_are_given_to_those_that_declare_roles(tmp_path):
    source = """
from flat.plugins import Attack, Found

class Mine:
    def __init__(self, resources):
        self.near = resources.synonyms.table.neighbours

    def attack(self, victim, example, rng):
        words = [next((near for near, _ in self.near(word, 1)), word) for word in example.words]
        return Found(words, bool(victim.logits([words])[0].argmax() != example.label))

MINE = Attack(name="mine", make=Mine, own=True, roles=("synonyms",))
"""
    with active(tmp_path / "mine.py", source):
        result = run(tmp_path, "mine")
    assert result.ledger["perturbed"][0] == "a great movie with a decent story"
    assert set(result.lock["resources"]) == {"synonyms"}


def test_a_text_without_words_has_failed(tmp_path):
    examples = pd.DataFrame({"example_id": ["empty"], "text": [""], "label": [0], "words": [[""]]})
    (row,) = attacked(tmp_path, "return 1 / 0", examples=examples).ledger.itertuples()
    assert (row.status, row.queries, row.perturbed) == ("failed", 1, "")
