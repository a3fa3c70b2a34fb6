"""Interrupted attacks: kills, dead workers and torn or foreign journals change no ledger and drop no example."""

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
from attack_runs import as_bytes, run
from attack_toys import SENTENCES, BagOfWords, toy_examples

from flat.errors import AttackError


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
    finished = {json.loads(line.rpartition(b"\t")[0])["original"] for line in lines[1 : 1 + kept]}
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


SLOW = """
import sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from attack_toys import BagOfWords, spec, toy_examples, toy_resources
from flat.attacks.attack import attack_examples

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
    tests = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(tests.parent / "src")}
    job = subprocess.Popen(
        [sys.executable, "-c", SLOW.format(tests=str(tests / "toys"), folder=str(tmp_path), workers=workers)],
        env=environment,
    )
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 4):
        assert job.poll() is None, "the job did not get going"
        time.sleep(0.01)
    job.send_signal(number)
    assert job.wait(600) == code
    done = journal.read_bytes().count(b"\n") - 1
    assert 3 <= done < len(examples)
    if number == signal.SIGTERM:
        assert journal.read_bytes().endswith(b"\n")  # the example in hand was finished and noted
    asked_again = BagOfWords().eval()
    resumed = run(tmp_path, "pwws", examples, asked_again, journal=journal)
    assert as_bytes(resumed, tmp_path) == as_bytes(run(tmp_path, "pwws", examples), tmp_path)
