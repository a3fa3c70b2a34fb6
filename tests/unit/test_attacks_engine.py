"""A ledger depends on examples, attack, victim and seed alone: not on kills, shards, order or processes."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from attack_toys import SENTENCES, BagOfWords, spec, toy_examples, toy_resources

from flat.artefacts import write_table
from flat.attacks.engine import attack_examples
from flat.attacks.ledger import SCHEMA, merge, status_counts
from flat.errors import AttackError, DataError

RECIPES = ["textfooler", "pwws"]


def run(tmp_path, recipe="textfooler", examples=None, model=None, **options):
    examples = toy_examples() if examples is None else examples
    options = {"seed": 7, "resources": toy_resources(tmp_path), **options}
    return attack_examples(model or BagOfWords().eval(), examples, spec(recipe), **options)


def as_bytes(run_, tmp_path) -> bytes:
    write_table(tmp_path / "ledger.parquet", run_.ledger, SCHEMA)
    return (tmp_path / "ledger.parquet").read_bytes()


@pytest.mark.parametrize("recipe", RECIPES)
def test_outcomes_by_hand(tmp_path, recipe):
    result = run(tmp_path, recipe)
    ledger = result.ledger.set_index("original")
    assert len(ledger) == len(SENTENCES)
    assert ledger.loc["awful", "status"] == "skipped"  # labelled 1, the victim says 0
    assert ledger.loc["awful", "perturbed"] == "awful"
    assert ledger.loc["awful", "queries"] == 1
    assert ledger.loc["the plot", "status"] == "skipped"  # a score of 0: the lower class
    assert ledger.loc["a good film with a decent plot", "perturbed"].split()[1] != "good"
    counts = status_counts(result.ledger)
    assert counts.attacked == counts.succeeded + counts.failed + counts.skipped == len(SENTENCES)
    assert counts.failed >= 1
    for row in result.ledger.itertuples():
        assert row.original.split(" ") == list(row.original_words)
        assert len(row.perturbed_words) == len(row.original_words)
        changed = [i for i, (a, b) in enumerate(zip(row.original_words, row.perturbed_words, strict=True)) if a != b]
        assert [swap["position"] for swap in row.swaps] == changed
        assert 1 <= row.victim_forwards <= row.queries
    assert list(result.seconds["example_id"]) == list(result.ledger["example_id"])


def test_textfooler_marks_the_texts_that_no_encoder_checked(tmp_path):
    unchecked = run(tmp_path).ledger.set_index("original")["similarity_unchecked"]
    assert unchecked["a good film with a decent plot"]  # 7 words, the window is 15
    assert not unchecked[SENTENCES[3][0]]
    assert run(tmp_path, "pwws").ledger["similarity_unchecked"].all()  # PWWS has no such constraint


@pytest.mark.parametrize("recipe", RECIPES)
def test_order_and_shards_change_nothing(tmp_path, recipe):
    examples = toy_examples(2)
    whole = as_bytes(run(tmp_path, recipe, examples), tmp_path)
    assert as_bytes(run(tmp_path, recipe, examples.iloc[::-1]), tmp_path) == whole
    shards = [run(tmp_path, recipe, examples.iloc[i::3]) for i in range(3)]
    write_table(tmp_path / "merged.parquet", merge([s.ledger for s in shards], list(examples["example_id"])), SCHEMA)
    assert (tmp_path / "merged.parquet").read_bytes() == whole


@pytest.mark.parametrize("recipe", RECIPES)
def test_two_processes_give_the_same_bytes_as_one(tmp_path, recipe):
    examples = toy_examples(2)
    one = as_bytes(run(tmp_path, recipe, examples), tmp_path)
    for workers in (2, 3):
        assert as_bytes(run(tmp_path, recipe, examples, workers=workers), tmp_path) == one


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("budget", [1, 2, 5, 9])
def test_a_query_budget_is_kept(tmp_path, recipe, budget):
    values = {**spec(recipe), "query_budget": budget}
    result = attack_examples(BagOfWords().eval(), toy_examples(), values, 7, resources=toy_resources(tmp_path))
    free = run(tmp_path, recipe).ledger
    assert result.ledger["queries"].max() <= budget < free["queries"].max()
    same = free["queries"] < budget  # those that needed less came to the same end
    assert list(result.ledger["perturbed"][same]) == list(free["perturbed"][same])


def test_progress_counts_up_to_all(tmp_path):
    seen = []
    run(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i + 1, len(SENTENCES)) for i in range(len(SENTENCES))]


def test_no_examples_give_an_empty_ledger(tmp_path):
    result = run(tmp_path, examples=toy_examples().iloc[:0])
    write_table(tmp_path / "empty.parquet", result.ledger, SCHEMA)
    assert status_counts(result.ledger).attacked == 0


@pytest.mark.parametrize("kept", [0, 1, 4, len(SENTENCES)])
@pytest.mark.parametrize("torn", [b"", b'{"example_id": "test-00', b"\xff\xfe"])
def test_resume_from_any_point_gives_the_same_ledger(tmp_path, kept, torn):
    journal = tmp_path / "attack.journal"
    whole = as_bytes(run(tmp_path, journal=journal), tmp_path)
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) == 1 + len(SENTENCES)
    journal.write_bytes(b"".join(lines[: 1 + kept]) + torn)
    model = BagOfWords().eval()
    assert as_bytes(run(tmp_path, model=model, journal=journal), tmp_path) == whole
    finished = {json.loads(line)["original"] for line in lines[1 : 1 + kept]}
    probes = [text for text, _ in SENTENCES] * 4
    attacked_again = list(model.asked)
    for text in probes:
        attacked_again.remove(text)
    assert not finished & set(attacked_again)
    assert not (tmp_path / "attack.journal.stale").exists()
    assert len(journal.read_bytes().splitlines()) == 1 + len(SENTENCES)


@pytest.mark.parametrize("change", ["seed", "weights", "spec", "text"])
def test_a_journal_of_another_attack_is_set_aside(tmp_path, change):
    journal = tmp_path / "attack.journal"
    run(tmp_path, journal=journal)
    before = journal.read_bytes()
    model, examples, options = BagOfWords().eval(), toy_examples(), {"seed": 7}
    if change == "seed":
        options["seed"] = 8
    if change == "weights":
        model.weight.data[0] += 0.01
    if change == "text":
        examples.loc[0, "text"] += " indeed"
        examples.at[0, "words"] = examples.loc[0, "text"].split(" ")
    recipe = "pwws" if change == "spec" else "textfooler"
    again = run(tmp_path, recipe, examples, model, journal=journal, **options)
    assert (tmp_path / "attack.journal.stale").read_bytes() == before
    assert again.ledger["attack_hash"].nunique() == 1
    assert as_bytes(again, tmp_path) == as_bytes(run(tmp_path, recipe, examples, model, **options), tmp_path)


@pytest.mark.parametrize("content", [b"", b"not json\n", b'{"format": 1}\n', b"[]\n{}\n"])
def test_a_file_that_is_no_journal_is_set_aside(tmp_path, content):
    journal = tmp_path / "attack.journal"
    journal.write_bytes(content)
    run(tmp_path, journal=journal)
    assert (tmp_path / "attack.journal.stale").read_bytes() == content
    assert len(journal.read_bytes().splitlines()) == 1 + len(SENTENCES)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_names_the_example_and_drops_none(tmp_path, workers):
    journal = tmp_path / "attack.journal"
    examples = toy_examples()
    examples.loc[len(examples)] = ["test-broken", "a good cursed film", 1, ["a", "good", "cursed", "film"]]
    model = BagOfWords(break_on="cursed").eval()
    # the probe asks the first examples; this one comes later
    examples = pd.concat([toy_examples(2), examples.iloc[[-1]]], ignore_index=True)
    with pytest.raises(AttackError, match=r"test-broken(.|\n)*cannot read cursed"):
        run(tmp_path, examples=examples, model=model, workers=workers, journal=journal)
    assert "test-broken" not in journal.read_text()
    assert multiprocessing.active_children() == []


def test_a_worker_that_dies_is_an_error_and_leaves_none_behind(tmp_path):
    class Dying(BagOfWords):
        def logits(self, texts, batch_size=64):
            if len(self.asked) > 80:  # past the probe
                os._exit(9)
            return super().logits(texts, batch_size)

    with pytest.raises(AttackError, match=r"worker process died \(exit code 9\)"):
        run(tmp_path, examples=toy_examples(4), model=Dying().eval(), workers=2)
    assert multiprocessing.active_children() == []


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


SLOW = """
import sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from attack_toys import BagOfWords, spec, toy_examples, toy_resources
from flat.attacks.engine import attack_examples

class Slow(BagOfWords):
    def logits(self, texts, batch_size=64):
        time.sleep(0.02)
        return super().logits(texts, batch_size)

folder = Path({folder!r})
attack_examples(
    Slow().eval(), toy_examples(3), spec("pwws"), 7, journal=folder / "attack.journal", workers={workers},
    resources=toy_resources(folder),
)
"""


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_killed_job_resumes_to_the_same_ledger(tmp_path, workers, number, code):
    examples = toy_examples(3)
    journal = tmp_path / "attack.journal"
    here = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": str(here.parents[1] / "src")}
    job = subprocess.Popen(
        [sys.executable, "-c", SLOW.format(tests=str(here), folder=str(tmp_path), workers=workers)], env=environment
    )
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 4):
        assert time.monotonic() < deadline and job.poll() is None, "the job did not get going"
        time.sleep(0.01)
    job.send_signal(number)
    assert job.wait(30) == code
    done = journal.read_bytes().count(b"\n") - 1
    assert 3 <= done < len(examples)
    if number == signal.SIGTERM:
        assert journal.read_bytes().endswith(b"\n")  # the example in hand was finished and noted
    asked_again = BagOfWords().eval()
    resumed = run(tmp_path, "pwws", examples, asked_again, journal=journal)
    assert as_bytes(resumed, tmp_path) == as_bytes(run(tmp_path, "pwws", examples), tmp_path)
