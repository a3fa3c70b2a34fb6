"""Attacks of one's own: the victim counts, the budget ends them, and what they say is held against its answers."""

import pandas as pd
import pytest
from attack_plugins import active, own, printed
from attack_runs import as_bytes
from attack_toys import SENTENCES, BagOfWords, spec, toy_examples, toy_resources

from flat.attacks.attack import attack_examples
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
