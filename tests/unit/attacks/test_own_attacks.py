"""Attacks of one's own: the victim counts, the budget ends them, and what they say is held against its answers."""

import numpy as np
import pandas as pd
import pytest
from attack_plugins import active, own, printed
from attack_runs import as_bytes
from attack_toys import SENTENCES, BagOfWords, spec, toy_examples, toy_resources

from flat.attacks.attack import attack_examples
from flat.attacks.own import matched
from flat.errors import AttackError, StudyError
from flat.files.digests import attack_hash


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


# --- the page's plugin, as printed


def test_the_printed_attack_shuffles_letters_until_the_model_is_fooled(tmp_path, scrambled):
    result = run(tmp_path, "scrambled")
    ledger = result.ledger.set_index("original")
    assert ledger.loc["awful", "status"] == ledger.loc["the plot", "status"] == "skipped"
    assert ledger.loc["awful", "queries"] == 1
    assert ledger.loc["great acting and a superb story in this movie", "status"] == "succeeded"
    assert ledger.loc["good", "status"] == "failed"  # its inner letters are one
    changed = 0
    for row in result.ledger.itertuples():
        assert list(row.aligned) == list(range(len(row.original_words)))
        assert 1 <= row.victim_forwards <= row.queries
        for before, after in zip(row.original_words, row.perturbed_words, strict=True):
            assert sorted(before) == sorted(after) and before[0] == after[0] and before[-1] == after[-1]
            changed += before != after
    assert changed >= 5
    assert set(result.ledger["status"]) >= {"succeeded", "skipped"}


def test_order_shards_and_processes_change_nothing(tmp_path, scrambled):
    examples = toy_examples(2)
    whole = as_bytes(run(tmp_path, "scrambled", examples), tmp_path)
    assert as_bytes(run(tmp_path, "scrambled", examples.iloc[::-1]), tmp_path) == whole
    assert as_bytes(run(tmp_path, "scrambled", examples, workers=3), tmp_path) == whole
    half = run(tmp_path, "scrambled", examples.iloc[::2]).ledger
    rows = run(tmp_path, "scrambled", examples).ledger
    pd.testing.assert_frame_equal(half, rows[rows["example_id"].isin(half["example_id"])].reset_index(drop=True))


def test_the_lock_holds_options_limits_and_code(tmp_path, scrambled):
    first = run(tmp_path, "scrambled").lock
    assert first["parameters"] == {"tries": 5}  # the declared default
    assert first["plugin"]["module"] == "scrambled.py" and len(first["plugin"]["digest"]) == 16
    hashes = {attack_hash(first)}
    hashes.add(attack_hash(run(tmp_path, "scrambled", values={"parameters": {"tries": 6}}).lock))
    hashes.add(attack_hash(run(tmp_path, "scrambled", values={"query_budget": 50}).lock))
    assert len(hashes) == 3
    edited = scrambled.read_text().replace("len(words[i]) < 4", "len(words[i]) < 5")
    with active(scrambled, edited):
        hashes.add(attack_hash(run(tmp_path, "scrambled").lock))
    assert len(hashes) == 4
    with active(tmp_path / "scrambled.py", printed("scrambled.py").replace("# (tries, classes)", "# a remark")):
        assert attack_hash(run(tmp_path, "scrambled").lock) == attack_hash(first)


def test_flats_own_attacks_have_no_such_key(tmp_path):
    for recipe in ("pwws", "deepwordbug"):
        assert "plugin" not in run(tmp_path, recipe).lock


def test_unknown_parameters_are_refused(tmp_path, scrambled):
    with pytest.raises(StudyError, match=r"parameters\.try(.|\n)*tries"):
        run(tmp_path, "scrambled", values={"parameters": {"try": 3}})


@pytest.mark.parametrize("budget", [1, 2, 5, 9, 20])
def test_a_budget_is_kept_and_the_nearest_text_is_the_result(tmp_path, scrambled, budget):
    ledger = run(tmp_path, "scrambled", values={"query_budget": budget}).ledger
    assert ledger["queries"].max() == budget
    model = BagOfWords()
    for row in ledger[ledger["status"] == "failed"].itertuples():
        before, after = model.logits([row.original_words, row.perturbed_words])
        assert after[row.label] <= before[row.label]


def test_a_journal_is_gone_on_from(tmp_path, scrambled):
    examples = toy_examples()
    whole = run(tmp_path, "scrambled").ledger

    class Breaking(BagOfWords):
        def logits(self, texts, batch_size=64):
            if any({"train", "[UNK]"} <= {*text} for text in texts):  # the ninth text with a word hidden
                raise MemoryError("no more")
            return super().logits(texts, batch_size)

    with pytest.raises(AttackError, match="example test-000008"):
        run(tmp_path, "scrambled", examples, Breaking().eval(), journal=tmp_path / "journal")
    done = (tmp_path / "journal").read_text().count("\n") - 1
    assert done == 8
    asked = BagOfWords().eval()
    rest = run(tmp_path, "scrambled", examples, asked, journal=tmp_path / "journal").ledger
    pd.testing.assert_frame_equal(rest, whole)
    hidden = [text for text in asked.asked if "[UNK]" in text]
    assert any("train" in text for text in hidden) and not any("plot" in text for text in hidden)


def test_time_ends_an_attack_as_the_budget_does(tmp_path, scrambled, monkeypatch):
    clock = {"now": 0.0}

    class Timed(BagOfWords):
        def logits(self, texts, batch_size=64):
            clock["now"] += 1.0
            return super().logits(texts, batch_size)

    monkeypatch.setattr("flat.attacks.own.time.monotonic", lambda: clock["now"])
    limited = run(tmp_path, "scrambled", model=Timed().eval(), values={"time_limit": 2.5})
    free = run(tmp_path, "scrambled").ledger
    assert limited.lock["limits"] == {"query_budget": None, "time_limit": 2.5}
    assert (limited.ledger["queries"] <= free["queries"]).all() and limited.ledger["queries"].sum() < free[
        "queries"
    ].sum()


def test_a_time_that_is_over_at_once_lets_the_text_itself_be_asked(tmp_path, scrambled):
    ledger = run(tmp_path, "scrambled", values={"time_limit": 1e-9}).ledger
    assert (ledger["queries"] == 1).all() and set(ledger["status"]) == {"failed", "skipped"}
    assert (ledger["perturbed"] == ledger["original"]).all()


# --- what an attack may answer


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


# --- of TextAttack's components, as printed


def test_the_printed_attack_of_components_runs_on_textattacks_search(tmp_path):
    with active(tmp_path / "near.py", printed("near.py")):
        result = run(tmp_path, "near")
        again = run(tmp_path, "near", workers=2)
        limited = run(tmp_path, "near", values={"query_budget": 4})
    ledger = result.ledger.set_index("original")
    assert ledger.loc["a bad film", "perturbed"] == "a poor film"
    assert set(ledger["status"]) == {"succeeded", "failed", "skipped"}
    assert result.lock["search_method"]["class"].endswith("GreedySearch")
    assert result.lock["plugin"]["module"] == "near.py" and set(result.lock["resources"]) == {"synonyms"}
    assert as_bytes(again, tmp_path) == as_bytes(result, tmp_path)
    assert limited.ledger["queries"].max() == 4
    assert len(SENTENCES) == len(ledger)


@pytest.mark.parametrize(
    ("goal", "problem"),
    [
        ("TargetedClassification(victim, target_class=0)", "the goal TargetedClassification"),
        ("UntargetedClassification(victim, target_max_score=0.1)", "counts other texts as fooled"),
        ("UntargetedClassification(type(victim)(victim.model))", "asks another model"),
    ],
)
def test_an_attack_that_no_ledger_could_tell_of_is_refused(tmp_path, goal, problem):
    changed = printed("near.py").replace("UntargetedClassification(victim)", goal)
    with active(tmp_path / "near.py", changed), pytest.raises(AttackError, match=problem):
        run(tmp_path, "near")


def test_something_else_than_an_attack_is_refused(tmp_path):
    source = 'from flat.plugins import Attack\nMINE = Attack(name="mine", make=lambda victim, resources: 3)\n'
    with active(tmp_path / "mine.py", source), pytest.raises(AttackError, match="made a int"):
        run(tmp_path, "mine")
