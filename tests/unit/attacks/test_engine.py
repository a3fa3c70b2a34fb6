"""A ledger depends on examples, attack, victim and seed alone: not on shards, order or processes; limits are kept."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pandas as pd
import pytest
from attack_runs import as_bytes, run
from attack_toys import ALL, RECIPES, SENTENCES, BagOfWords, spec, toy_examples, toy_resources

from flat.attacks.attack import attack_examples
from flat.attacks.ledger import SCHEMA, count, merge
from flat.errors import AttackError, DataError
from flat.files.artefacts import write_table
from flat.files.digests import digest_of as lock_hash

SUBSTITUTING = [recipe for recipe in RECIPES if recipe != "clare"]


@pytest.mark.parametrize("recipe", SUBSTITUTING)
def test_substitutions_keep_every_word_in_its_place(tmp_path, recipe):
    for row in run(tmp_path, recipe).ledger.itertuples():
        assert list(row.aligned) == list(range(len(row.original_words))) == list(range(len(row.perturbed_words)))
        changed = [i for i, (a, b) in enumerate(zip(row.original_words, row.perturbed_words, strict=True)) if a != b]
        assert [swap["position"] for swap in row.swaps] == changed


@pytest.mark.parametrize("recipe", RECIPES)
def test_outcomes_by_hand(tmp_path, recipe):
    result = run(tmp_path, recipe)
    ledger = result.ledger.set_index("original")
    assert len(ledger) == len(SENTENCES)
    assert ledger.loc["awful", "status"] == "skipped"  # labelled 1, the victim says 0
    assert ledger.loc["awful", "perturbed"] == "awful"
    assert ledger.loc["awful", "queries"] == 1
    assert ledger.loc["the plot", "status"] == "skipped"  # a score of 0: the lower class
    assert ledger.loc["a dire picture", "status"] == "succeeded"  # dire -> fine, by every recipe's means
    counts = count(result.ledger["status"])
    assert counts.attacked == counts.succeeded + counts.failed + counts.skipped == len(SENTENCES)
    assert counts.skipped == 2
    for row in result.ledger.itertuples():
        assert row.original.split(" ") == list(row.original_words)
        assert row.perturbed.split(" ") == list(row.perturbed_words)
        assert 1 <= row.victim_forwards <= row.queries
    assert all(row["seconds"] > 0 for row in result.rows())


def test_textfooler_marks_the_texts_that_no_encoder_checked(tmp_path):
    unchecked = run(tmp_path).ledger.set_index("original")["similarity_unchecked"]
    assert unchecked["a good film with a decent plot"]  # 7 words, the window is 15
    assert not unchecked[SENTENCES[3][0]]
    assert run(tmp_path, "pwws").ledger["similarity_unchecked"].all()  # PWWS has no such constraint


@pytest.mark.parametrize("recipe", ALL)
def test_order_and_shards_change_nothing(tmp_path, recipe):
    examples = toy_examples(2)
    whole = as_bytes(run(tmp_path, recipe, examples), tmp_path)
    assert as_bytes(run(tmp_path, recipe, examples.iloc[::-1]), tmp_path) == whole
    shards = [run(tmp_path, recipe, examples.iloc[i::3]) for i in range(3)]
    write_table(tmp_path / "merged.parquet", merge([s.ledger for s in shards], list(examples["example_id"])), SCHEMA)
    assert (tmp_path / "merged.parquet").read_bytes() == whole


@pytest.mark.parametrize("recipe", ALL)
def test_two_processes_give_the_same_bytes_as_one(tmp_path, recipe):
    examples = toy_examples(2)
    one = as_bytes(run(tmp_path, recipe, examples), tmp_path)
    shuffled = examples.sample(frac=1, random_state=3)
    for workers in (2, 3):
        assert as_bytes(run(tmp_path, recipe, shuffled, workers=workers), tmp_path) == one


HASHED = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from attack_toys import ALL, BagOfWords, spec, toy_examples, toy_resources
from flat.attacks.attack import attack_examples
from flat.files.digests import digest_of as lock_hash

for recipe in ALL:
    run = attack_examples(
        BagOfWords().eval(), toy_examples(), spec(recipe), 7, resources=toy_resources(Path({folder!r}))
    )
    rows = run.ledger[["example_id", "perturbed", "queries", "victim_forwards", "attack_hash"]]
    print(recipe, lock_hash(run.lock), rows.to_json(orient="values"))
"""


def test_the_hash_seed_of_strings_changes_nothing(tmp_path):
    """Sets of strings come in another order in each process; neither a result nor a lock may show it."""
    tests = Path(__file__).parents[2]
    code = HASHED.format(tests=str(tests / "toys"), folder=str(tmp_path))
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(tests.parent / "src"), "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    with redirect_stdout(io.StringIO()) as here:
        exec(code, {})
    assert here.getvalue() == elsewhere
    assert elsewhere.count("\n") == len(ALL)


@pytest.mark.parametrize("recipe", ALL)
def test_a_query_budget_is_kept(tmp_path, recipe):
    resources = toy_resources(tmp_path)
    free = run(tmp_path, recipe, resources=resources).ledger
    for budget in (1, 2, 5, 9, 20):
        values = spec(recipe, query_budget=budget)
        result = attack_examples(BagOfWords().eval(), toy_examples(), values, 7, resources=resources)
        assert result.ledger["queries"].max() <= budget
        assert budget == 20 or result.ledger["queries"].max() == min(budget, free["queries"].max())
        same = free["queries"] < budget  # those that needed less came to the same end
        assert list(result.ledger["perturbed"][same]) == list(free["perturbed"][same])
        assert result.lock["limits"] == {"query_budget": budget, "time_limit": None}


def test_progress_counts_up_to_all(tmp_path):
    seen = []
    run(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i + 1, len(SENTENCES)) for i in range(len(SENTENCES))]


def test_no_examples_give_an_empty_ledger(tmp_path):
    result = run(tmp_path, examples=toy_examples().iloc[:0])
    write_table(tmp_path / "empty.parquet", result.ledger, SCHEMA)
    assert count(result.ledger["status"]).attacked == 0


class Clock:
    """Time that passes with each text that the victim is asked."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr("flat.attacks.textattack_adapter.limits.time.monotonic", lambda: self.now)

    def victim(self):
        clock = self

        class Timed(BagOfWords):
            def logits(self, texts, batch_size=64):
                clock.now += len(texts)
                return super().logits(texts, batch_size)

        return Timed().eval()


@pytest.mark.parametrize("recipe", ALL)
@pytest.mark.parametrize("seconds", [0.5, 3.0, 12.0])
def test_a_time_limit_ends_a_search_as_a_budget_does(tmp_path, recipe, seconds, monkeypatch):
    """The victim's texts take a second each: the batch in which the time ends is answered, and no other."""
    clock = Clock(monkeypatch)
    resources = toy_resources(tmp_path)
    values = spec(recipe, time_limit=seconds)
    limited = attack_examples(clock.victim(), toy_examples(), values, 7, resources=resources)
    free = run(tmp_path, recipe, resources=resources)
    assert limited.lock["limits"] == {"query_budget": None, "time_limit": seconds}
    assert lock_hash(limited.lock) != lock_hash(free.lock)
    for one, other in zip(limited.ledger.itertuples(), free.ledger.itertuples(), strict=True):
        assert one.victim_forwards <= 1 + seconds + 32  # the text itself, and at most one batch too many
        assert one.victim_forwards <= other.victim_forwards
        if other.victim_forwards < seconds:
            assert (one.status, one.perturbed, one.queries) == (other.status, other.perturbed, other.queries)


def test_a_time_limit_that_nothing_reaches_changes_only_the_lock(tmp_path):
    resources = toy_resources(tmp_path)
    for recipe in ALL:
        limited = attack_examples(
            BagOfWords().eval(), toy_examples(), spec(recipe, time_limit=600.0), 7, resources=resources
        )
        free = run(tmp_path, recipe, resources=resources)
        columns = [name for name in SCHEMA.names if name != "attack_hash"]
        pd.testing.assert_frame_equal(limited.ledger[columns], free.ledger[columns])


@pytest.mark.parametrize("recipe", ALL)
def test_texts_that_stump_a_search_have_failed_and_are_kept(tmp_path, recipe):
    """No word at all as TextAttack counts them; stop words alone; one word that nobody knows."""
    texts = ["? !", "'", "the a", "zzz", "film"]
    examples = pd.DataFrame(
        {
            "example_id": [f"odd-{i}" for i in range(len(texts))],
            "text": texts,
            "label": [0, 0, 0, 0, 1],
            "words": [text.split(" ") for text in texts],
        }
    )
    ledger = run(tmp_path, recipe, examples).ledger
    assert list(ledger["original"]) == texts
    assert list(ledger["status"][:2]) == ["failed", "failed"]
    assert list(ledger["perturbed"][:2]) == texts[:2]
    assert list(ledger["queries"][:2]) == [1, 1]


def test_a_model_may_be_attacked_in_training_mode_where_that_is_asked_for(tmp_path):
    class Stochastic(BagOfWords):
        def logits(self, texts, batch_size=64, stochastic=False):
            assert stochastic == self.training
            return super().logits(texts, batch_size)

    resources, examples = toy_resources(tmp_path), toy_examples(2)
    model = Stochastic(dropout=0.3).eval()
    fixed = run(tmp_path, "pwws", examples, model, resources=resources)
    first = run(tmp_path, "pwws", examples, model, resources=resources, train_mode=True)
    assert not model.training
    assert (fixed.lock["victim_mode"], first.lock["victim_mode"]) == ("eval", "train")
    assert first.ledger["attack_hash"][0] != fixed.ledger["attack_hash"][0]
    logits = dict(zip(first.ledger["example_id"], map(tuple, first.ledger["logits"]), strict=True))
    assert len(set(logits.values())) > len({tuple(row) for row in fixed.ledger["logits"]})  # dropout is on
    for options in ({"workers": 2}, {"examples": examples.iloc[::-1]}, {"examples": examples.iloc[5:]}):
        again = run(
            tmp_path, "pwws", model=model, resources=resources, train_mode=True, **{"examples": examples, **options}
        )
        whole = first.ledger[first.ledger["example_id"].isin(again.ledger["example_id"])]
        pd.testing.assert_frame_equal(again.ledger, whole.reset_index(drop=True))
    other = run(tmp_path, "pwws", examples, model, resources=resources, train_mode=True, seed=8)
    assert not other.ledger["logits"].equals(first.ledger["logits"])


def test_a_model_in_training_mode_is_refused(tmp_path):
    with pytest.raises(AttackError, match="training mode"):
        run(tmp_path, model=BagOfWords().train())


def test_texts_that_are_not_their_words_are_refused(tmp_path):
    examples = toy_examples()
    examples.loc[2, "text"] = "a  bad film"
    with pytest.raises(DataError, match="test-000002"):
        run(tmp_path, examples=examples)
    with pytest.raises(DataError, match="not unique"):
        run(tmp_path, examples=pd.concat([toy_examples(), toy_examples()]))
