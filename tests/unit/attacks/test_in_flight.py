"""Many examples in flight, one process asking the device for all: the ledger of one process, byte for byte."""

import os
from copy import copy

import numpy as np
import pytest
from attack_runs import as_bytes
from attack_toys import BagOfWords, spec, toy_resources
from encoder_toys import TEXTS, make, write
from low_precision import RoundedProducts, counts, examples
from model_toys import make as word_model

from flat.attacks import attack as attack_module
from flat.attacks import screened
from flat.attacks.attack import attack_examples
from flat.attacks.in_flight import Device, Edits, ask_through, can_fly
from flat.attacks.victim import Victim
from flat.errors import AttackError
from flat.models.edits import screening
from flat.models.edits.editor import Editor


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return make(write(tmp_path_factory.mktemp("encoder")), mask="variational")


def flown(tmp_path, encoder, recipe="pwws", workers=4, search="exact", **options):
    about = spec(recipe) | {"search": search}
    given = {"resources": toy_resources(tmp_path), "workers": workers, "queued": True, **options}
    return attack_examples(encoder, examples(encoder), about, 7, **given)


@pytest.fixture
def asked(monkeypatch):
    """The questions that the device was asked, by the call."""
    found, own = [], Device.answer

    def answer(self, questions):
        found.append((os.getpid(), questions))
        return own(self, questions)

    monkeypatch.setattr(Device, "answer", answer)
    return found


@pytest.mark.parametrize(("recipe", "search"), [("pwws", "exact"), ("textfooler", "exact"), ("textfooler", "lazy")])
def test_a_ledger_does_not_depend_on_what_is_in_flight(tmp_path, encoder, asked, recipe, search):
    one = as_bytes(flown(tmp_path, encoder, recipe, 1, search), tmp_path)
    assert not asked
    assert as_bytes(flown(tmp_path, encoder, recipe, 4, search), tmp_path) == one
    assert {process for process, _ in asked} == {os.getpid()}
    assert any(isinstance(question, Edits) for _, questions in asked for question in questions)


def test_what_waits_is_asked_together(tmp_path, encoder, asked):
    flown(tmp_path, encoder, workers=4)
    assert max(len(questions) for _, questions in asked) > 1


def test_a_screened_job_in_flight(tmp_path, encoder, monkeypatch, asked):
    monkeypatch.setattr(screening, "precisions", lambda device: {"bf16": RoundedProducts})
    monkeypatch.setattr(screened, "FEWEST", 1)
    monkeypatch.setattr(screening, "PAYS", float("inf"))
    one = flown(tmp_path, encoder, workers=1)
    four = flown(tmp_path, encoder, workers=4)
    assert as_bytes(four, tmp_path) == as_bytes(one, tmp_path)
    assert any(question.low for _, questions in asked for question in questions if isinstance(question, Edits))
    assert counts(four)["screened"] == counts(one)["screened"] > 0


def test_an_answer_of_the_device_is_that_of_the_editor(encoder):
    device, victim = Device(Victim(encoder)), Victim(copy(encoder))  # as a forked process has it
    own, alone = Editor(encoder).whole(TEXTS), encoder.logits(TEXTS)
    ask_through(victim, lambda question: device.answer([question])[0])
    assert np.abs(victim.editor.whole(TEXTS) - own).max() < 1e-5
    assert (victim.logits([" ".join(text) for text in TEXTS]) == alone).all()


@pytest.mark.parametrize("kind", ["cnn", "lstm"])
def test_texts_as_ids_are_answered_as_texts(kind):
    model = word_model(kind).eval()
    texts = [model.words[2:7], model.words[3:5], [], [model.words[4], "never-seen", model.words[2]]]
    expected = model.logits(texts)
    assert np.abs(Editor(model).of_ids([model.signature(text) for text in texts]) - expected).max() < 1e-5
    assert Editor(model).of_ids([]).shape == (0, model.classes)


def test_what_cannot_fly_is_searched_by_one(tmp_path, encoder, monkeypatch, asked):
    assert can_fly(Victim(encoder))
    assert not can_fly(Victim(encoder, stochastic=True))
    assert not can_fly(Victim(word_model("cnn").eval()))  # on a CPU it answers edits below the cost of whole texts
    assert not can_fly(Victim(BagOfWords().eval()))
    monkeypatch.setattr(attack_module._workers, "in_processes", lambda *_: pytest.fail("nothing may be forked"))
    attack_examples(
        encoder, examples(encoder, 3), spec("gene"), 7, resources=toy_resources(tmp_path), workers=3, queued=True
    )
    assert not asked


def test_a_question_that_the_device_cannot_answer_ends_the_job(tmp_path, encoder, monkeypatch):
    def broken(self, questions):
        raise AttackError("the device", "is gone", "put it back")

    monkeypatch.setattr(Device, "answer", broken)
    with pytest.raises(AttackError, match="is gone"):
        flown(tmp_path, encoder, workers=2)
