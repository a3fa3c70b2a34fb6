"""Too little memory, no GPU, a loss that is no number, a study that would run code: refused or mended, and said so."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from interpretation_toys import Additive
from training_toys import data, make

from flat.errors import FlatError, StudyError
from flat.files.failures import of_machine
from flat.interpretation import integrated_gradients
from flat.jobs import script as job
from flat.models.gpu_memory import Parts
from flat.resume.checkpoints import Checkpoints
from flat.study.load import load
from flat.training import trainer
from flat.training.objective import Weights
from flat.training.objectives import flat as flat_objective
from flat.training.trainer import Options, train

pytestmark = pytest.mark.fault


def out_of_memory_above(limit: int, count):
    """Raises as CUDA does when more than ``limit`` are asked for at once; ``count`` says how many an argument holds."""

    def guard(argument):
        if count(argument) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    return guard


# --- memory


def test_parts_are_halved_until_they_fit(caplog):
    asked = []
    guard = out_of_memory_above(5, int)
    parts = Parts(32)

    def work(size):
        asked.append(size)
        guard(size)
        return size

    assert parts.run(work, "a test") == 4
    assert asked == [32, 16, 8, 4]
    assert parts.run(work, "a test") == 4 and asked[-1] == 4  # it remembers
    assert "a test: CUDA is out of memory; going on with 4 at a time" in caplog.text


def test_one_at_a_time_too_much_is_an_error_with_a_remedy():
    with pytest.raises(FlatError, match=r"a test: one at a time is too much(?s:.)*remedy: free the GPU"):
        Parts(2).run(lambda size: out_of_memory_above(0, int)(size), "a test")


def test_a_model_is_asked_in_smaller_batches(monkeypatch):
    model = make().eval()
    texts, _ = data()
    whole = model.logits(texts, 64)
    forward, sizes = model.forward, []
    guard = out_of_memory_above(10, len)

    def limited(batch, *rest):
        sizes.append(len(batch))
        guard(batch)
        return forward(batch, *rest)

    monkeypatch.setattr(model, "forward", limited)
    np.testing.assert_allclose(model.logits(texts, 64), whole, rtol=1e-6, atol=1e-6)
    sizes.clear()
    model.logits(texts, 64)
    assert max(sizes) == 8  # not tried again


def test_integrated_gradients_take_fewer_steps_at_once(monkeypatch):
    model = Additive()
    texts = [["a", "good", "film"]]
    whole = integrated_gradients.explain(model, texts)
    encode, guard, sizes = model.encode_embeddings, out_of_memory_above(20, len), []

    def limited(embeddings, batch):
        sizes.append(len(embeddings))
        guard(embeddings)
        return encode(embeddings, batch)

    monkeypatch.setattr(model, "encode_embeddings", limited)
    found = integrated_gradients.explain(model, texts)
    for one, other in zip(whole[0], found[0], strict=True):
        np.testing.assert_allclose(one.scores, other.scores, rtol=1e-5)
    assert max(sizes) > 20


def test_training_goes_on_with_half_a_batch_and_the_same_gradient(monkeypatch, caplog):
    texts, labels = data()
    options = Options(epochs=2, batch_size=16)
    whole = make()
    train(whole, texts, labels, data(60, 1), options, Weights(), 7)
    loss, guard = flat_objective.flat_loss, out_of_memory_above(9, len)

    def limited(model, original, *rest):
        guard(original)
        return loss(model, original, *rest)

    monkeypatch.setattr(flat_objective, "flat_loss", limited)
    monkeypatch.setattr("torch.nn.functional.dropout", lambda x, *_, **__: x)
    halved, same = make(), make()
    train(halved, texts, labels, data(60, 1), options, Weights(), 7)
    monkeypatch.setattr(flat_objective, "flat_loss", loss)
    train(same, texts, labels, data(60, 1), options, Weights(), 7)
    for one, other in zip(same.parameters(), halved.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
    assert "going on with 8 at a time" in caplog.text


def test_a_failed_step_leaves_the_generators_as_they_were():
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state(), torch.get_rng_state()
    weight = torch.nn.Parameter(torch.ones(1))

    def loss_of(rows):
        torch.rand(3, generator=generator)
        torch.rand(3)
        (weight * 2).sum().backward()
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(torch.OutOfMemoryError):
        trainer._gradients(torch.optim.SGD([weight], lr=1.0), generator, loss_of, "fp32", [np.arange(4)], 4)
    assert torch.equal(generator.get_state(), before[0]) and torch.equal(torch.get_rng_state(), before[1])
    assert weight.grad is None


SCRIPT = """
import resource, sys
from types import SimpleNamespace
from flat.jobs.script import running

class Named(dict):
    def __iter__(self):
        return iter(self.values())

job = SimpleNamespace(rule="attack_test", log=[sys.argv[1]], output=Named(), input=Named(), wildcards={}, params={},
    resources={})
with running(job):
    BODY
"""


def run_job(tmp_path, body: str, **keywords):
    """A script under ``flat.jobs.script.running``; what it says, and its log."""
    log = tmp_path / "logs" / "job.log"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("BODY", body), log],
        capture_output=True,
        text=True,
        env=os.environ,
        **keywords,
    )
    return done, log.read_text() if log.exists() else ""


@pytest.mark.parametrize(
    "body",
    [
        "import numpy; resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32)); numpy.ones(2**30)",
        "import torch; resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33)); torch.ones(2**31)",
        "x = bytearray(2**60)",
    ],
    ids=["numpy", "torch", "python"],
)
def test_a_job_that_gets_no_memory_says_that_the_next_asks_for_more(tmp_path, body):
    done, log = run_job(tmp_path, body)
    assert done.returncode == 1
    assert "error in attack_test: this job: it got no more memory" in done.stderr
    assert "its next attempt asks for more" in done.stderr and "Traceback" not in done.stderr
    assert "Traceback" in log  # where it happened


def test_cuda_out_of_memory_that_nothing_halves_is_still_told():
    told = of_machine(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"))
    assert "CUDA is out of memory" in str(told) and "remedy" in str(told)
    assert of_machine(KeyError("x")) is None and of_machine(FileNotFoundError("x")) is None


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "logs").write_text("a file where the folder should be")
    done, _ = run_job(tmp_path, "pass")
    assert done.returncode == 1 and "job.log" in done.stderr


# --- devices


def test_a_missing_gpu_is_said_before_the_work(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(FlatError, match=r"device: cuda(?s:.)*no CUDA device(?s:.)*remedy: run on a GPU"):
        job.tensor_device("cuda", 1)
    assert job.tensor_device("auto", 1) == job.tensor_device("cpu", 1) == "cpu"


# --- training


def test_a_loss_that_is_no_number_stops_and_leaves_its_batch(tmp_path):
    texts, labels = data()
    checkpoints = Checkpoints(tmp_path / "round0.safetensors", "digest")
    options = Options(learning_rate=1e30, batch_size=16)
    said = r"epoch 1: the loss is (nan|inf)(?s:.)*failed-batch\.json(?s:.)*remedy: lower"
    with pytest.raises(FlatError, match=said) as found:
        train(make(), texts, labels, data(60, 1), options, Weights(), 7, None, checkpoints)
    checkpoints.close()
    file = tmp_path / "round0.failed-batch.json"
    assert str(file) in str(found.value)
    batch = json.loads(file.read_text())
    assert batch["terms"]["total"] in ("nan", "inf")
    assert [" ".join(texts[row]) for row in batch["rows"]] == batch["texts"]
    assert [int(labels[row]) for row in batch["rows"]] == batch["labels"]


# --- studies


def test_a_study_cannot_run_code(tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text(f"name: !!python/object/apply:os.mkdir ['{tmp_path / 'run'}']\ndatasets: {{}}\n")
    with pytest.raises(StudyError, match=r"study\.yaml: not a YAML file(?s:.)*python/object(?s:.)*remedy"):
        load(study)
    assert not (tmp_path / "run").exists()


def test_a_stopped_job_says_so_without_a_traceback(tmp_path):
    done, log = run_job(tmp_path, "raise SystemExit(143)")
    assert done.returncode == 143
    assert "attack_test was asked to stop; the next run goes on" in log and "Traceback" not in log


def test_a_job_s_error_names_place_and_remedy_and_no_traceback(tmp_path):
    body = "from flat.errors import DataError; raise DataError('mine.csv: row 3', 'no label', 'give one')"
    done, log = run_job(tmp_path, body)
    assert done.returncode == 1
    for text in (done.stderr, log):
        assert "error in attack_test" in text and "mine.csv: row 3: no label\n  remedy: give one" in text
        assert "Traceback" not in text
