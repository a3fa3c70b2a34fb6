"""Edits scored in low precision first: the same ledger, byte for byte, whatever the precision answers."""

import logging
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from attack_runs import as_bytes
from attack_toys import spec, toy_resources
from encoder_toys import make, write
from low_precision import RoundedProducts, counts, examples

from flat.attacks import screened
from flat.attacks.attack import attack_examples
from flat.attacks.job import screening_of
from flat.errors import AttackError
from flat.files.digests import attack_hash
from flat.models.batch import Batch
from flat.models.edits import screening
from flat.models.edits.counts import merged
from flat.models.edits.screening import BoundBroken, Screen, deviations, spread_of


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return make(write(tmp_path_factory.mktemp("encoder")), mask="variational")


@pytest.fixture
def low(monkeypatch):
    """Machines with rounded products for low precision, in jobs of any size, whatever the clock says."""
    monkeypatch.setattr(screening, "precisions", lambda device: {"bf16": RoundedProducts})
    monkeypatch.setattr(screened, "FEWEST", 1)
    monkeypatch.setattr(screening, "PAYS", float("inf"))
    return monkeypatch


def attacked(tmp_path, encoder, recipe="pwws", frame=None, search="exact", **options):
    about = spec(recipe) | {"search": search, "screening": options.pop("screening", "auto")}
    frame = examples(encoder) if frame is None else frame
    return attack_examples(encoder, frame, about, 7, resources=toy_resources(tmp_path), **options)


@pytest.mark.parametrize(("recipe", "search"), [("pwws", "exact"), ("textfooler", "exact"), ("textfooler", "lazy")])
def test_a_screened_attack_has_the_ledger_of_fp32(tmp_path, encoder, low, recipe, search):
    precise = attacked(tmp_path, encoder, recipe, search=search, screening="off")
    run = attacked(tmp_path, encoder, recipe, search=search)
    assert precise.screening is None
    assert run.screening["precision"] == "bf16"
    assert 0 < run.screening["bound"] < 1
    assert as_bytes(run, tmp_path) == as_bytes(precise, tmp_path)
    total = counts(run)
    assert 0 < total["confirmed"] < total["screened"]
    assert 0 < total["worst"] <= total["bound"]


@pytest.mark.parametrize("recipe", ["pwws", "textfooler"])
def test_answers_at_the_edge_of_the_bound_decide_nothing(tmp_path, encoder, low, recipe):
    """Noise as large as the bound allows, of the sign that does most harm: upside down for every second text."""
    bound = 0.4
    own = Screen.logits

    def noisy(self, text, positions, words):
        found = own(self, text, positions, words)
        sign = np.array([1 if hash((p, str(w))) % 2 else -1 for p, w in zip(positions, words, strict=True)])
        found[:, 0] += 0.98 * bound * sign
        return found

    precise = attacked(tmp_path, encoder, recipe, screening="off")
    low.setattr(screening, "precisions", lambda device: {"bf16": nullcontext})
    low.setattr(Screen, "logits", noisy)
    low.setattr(screening, "WORST", 0)
    low.setattr(screening, "deviations", lambda rough, exact: np.full(len(rough), bound / screening.DEVIATIONS))
    run = attacked(tmp_path, encoder, recipe)
    assert run.screening["bound"] == pytest.approx(bound)
    assert as_bytes(run, tmp_path) == as_bytes(precise, tmp_path)


def test_a_text_that_breaks_the_bound_is_searched_in_fp32(tmp_path, encoder, low, caplog):
    precise = attacked(tmp_path, encoder, screening="off")
    low.setattr(screening, "DEVIATIONS", 1e-3)
    low.setattr(screening, "WORST", 1e-3)
    with caplog.at_level(logging.WARNING, logger="flat"):
        run = attacked(tmp_path, encoder)
    assert as_bytes(run, tmp_path) == as_bytes(precise, tmp_path)
    assert counts(run)["beyond"] > 0
    assert "searched again in fp32" in caplog.text


def test_low_precision_that_overflows_leaves_the_text_to_fp32(tmp_path, encoder, low):
    precise = attacked(tmp_path, encoder, screening="off")
    calls = []

    class Overflowing(RoundedProducts):
        def _rounded(self, numbers):
            return super()._rounded(numbers) * (float("nan") if calls else 1.0)

    low.setattr(screening, "precisions", lambda device: {"bf16": Overflowing})
    calibrate = screening.calibrate
    low.setattr(screening, "calibrate", lambda *given: [calibrate(*given), calls.append(1)][0])
    run = attacked(tmp_path, encoder)
    assert as_bytes(run, tmp_path) == as_bytes(precise, tmp_path)
    assert counts(run)["beyond"] > 0


def test_a_victim_whose_logits_are_no_numbers_is_named(tmp_path, encoder, monkeypatch):
    """After the probe, at an edit: such answers could not be ranked."""
    monkeypatch.setattr(type(encoder.editor()), "whole", lambda self, texts: np.full((len(texts), 3), np.nan))
    with pytest.raises(AttackError, match="infinite or undefined logits"):
        attacked(tmp_path, encoder, screening="off")


def test_answers_that_are_no_numbers_break_the_bound():
    screen = Screen("bf16", RoundedProducts, 0.1)
    with pytest.raises(BoundBroken):
        screen.compare(np.array([[np.nan, 0.0]]), np.zeros((1, 2)))
    assert screen.counts.beyond == 1


def test_processes_order_and_an_interruption_change_nothing(tmp_path, encoder, low):
    frame = examples(encoder)
    journal = tmp_path / "attack.journal"
    whole = attacked(tmp_path, encoder, frame=frame, journal=journal)
    expected, total = as_bytes(whole, tmp_path), counts(whole)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:6]))
    low.setattr(screening, "calibrate", lambda *_: pytest.fail("the journal knows the bound"))
    again = attacked(tmp_path, encoder, frame=frame, journal=journal)
    assert as_bytes(again, tmp_path) == expected
    assert again.screening == whole.screening
    assert counts(again) == total
    low.undo()
    low.setattr(screening, "precisions", lambda device: {"bf16": RoundedProducts})
    low.setattr(screened, "FEWEST", 1)
    low.setattr(screening, "PAYS", float("inf"))
    two = attacked(tmp_path, encoder, frame=frame.iloc[::-1], workers=2)
    assert as_bytes(two, tmp_path) == expected
    assert counts(two) == total


def test_a_resumed_job_on_a_machine_without_low_precision_ends_in_fp32(tmp_path, encoder, low):
    journal = tmp_path / "attack.journal"
    whole = as_bytes(attacked(tmp_path, encoder, journal=journal), tmp_path)
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:6]))
    low.setattr(screening, "precisions", lambda device: {})
    assert as_bytes(attacked(tmp_path, encoder, journal=journal), tmp_path) == whole


@pytest.mark.parametrize("why", ["study", "few", "none offered", "does not pay", "train mode"])
def test_where_nothing_is_screened(tmp_path, encoder, low, why):
    options = {}
    if why == "study":
        options["screening"] = "off"
    elif why == "few":
        low.setattr(screened, "FEWEST", 100)
    elif why == "none offered":
        low.setattr(screening, "precisions", lambda device: {})
    elif why == "does not pay":
        low.setattr(screening, "PAYS", 0.0)
    else:
        options["train_mode"] = True
    run = attacked(tmp_path, encoder, frame=examples(encoder, 4), **options)
    assert run.screening is None
    assert all("screening" not in row for row in run.rows())
    assert "screening" not in run.lock


def test_the_hash_of_an_attack_does_not_depend_on_its_screening(tmp_path, encoder, low):
    run = attacked(tmp_path, encoder)
    lock = run.lock | screening_of(run.screening, [row["screening"] for row in run.rows()])
    assert attack_hash(lock) == attack_hash(run.lock) == run.ledger["attack_hash"][0]
    assert attack_hash(lock | {"victim_mode": "train"}) != attack_hash(lock)


def test_shards_add_up():
    one = {"precision": "bf16", "bound": 0.01, "screened": 10, "confirmed": 2, "beyond": 0, "worst": 0.003}
    two = {"precision": "bf16", "bound": 0.02, "screened": 5, "confirmed": 1, "beyond": 1, "worst": 0.025}
    both = {"precision": "bf16", "bound": 0.02, "screened": 15, "confirmed": 3, "beyond": 1, "worst": 0.025}
    assert merged([one, None, two]) == both
    assert merged([None, None]) is None


def test_a_probability_lies_within_its_spread():
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(0, 3, (4000, 4)).astype(np.float32))
    for bound in (0.001, 0.05, 0.3):
        off = torch.from_numpy(rng.choice([-bound / 2, bound / 2], logits.shape).astype(np.float32))
        assert deviations((logits + off).numpy(), logits.numpy()).max() <= bound * 1.001
        before, after = torch.softmax(logits, 1), torch.softmax(logits + off, 1)
        apart = (after - before).abs()
        assert (apart <= spread_of(before, bound) + 2e-7).all()
        assert (apart <= spread_of(after, bound) + 2e-7).all()
        assert apart.max() > 0.5 * spread_of(before, bound).max()  # a bound that is never nearly reached costs time


def test_rounded_products_round(encoder):
    exact = encoder.logits([["good", "film"]])
    with RoundedProducts():
        rough = encoder.logits([["good", "film"]])
    off = deviations(rough, exact).item()
    assert 1e-6 < off < 0.1
    assert isinstance(encoder.encode([["good"]]), Batch)


def test_the_processors_own_bf16_goes_through_every_pass(encoder):
    """What a job really enters where the processor multiplies bf16 itself; elsewhere the same numbers, slowly."""
    exact = encoder.editor().whole([["good", "film"], ["bad"]])
    with torch.autocast("cpu", torch.bfloat16):
        rough = encoder.editor().whole([["good", "film"], ["bad"]])
    assert rough.dtype == np.float32
    assert 1e-6 < deviations(rough, exact).max() < 0.2


def test_a_calibration_asks_about_the_jobs_own_texts(encoder, monkeypatch):
    texts = [["good", "film"], [], ["bad", "plot", "is", "bad"]]
    monkeypatch.setattr(screening, "PAYS", float("inf"))
    editor = encoder.editor()
    opened = []
    monkeypatch.setattr(editor, "open", lambda words: opened.append(words) or type(editor).open(editor, words))
    screen = screening.calibrate(editor, texts, {"bf16": RoundedProducts}, 10.0)
    assert {tuple(words) for words in opened} == {("good", "film"), ("bad", "plot", "is", "bad")}
    assert 1e-6 < screen.bound < 0.5
    assert screening.calibrate(editor, [[]], {"bf16": RoundedProducts}, 10.0) is None
    assert screening.calibrate(editor, texts, {}, 10.0) is None
