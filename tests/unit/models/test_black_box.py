"""Black boxes: what a wrapped ``predict_proba`` answers, what is refused, and attacks and explanations of one."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
import worked_examples

from flat.attacks.calibrated import Calibrated
from flat.attacks.victim import Victim, probe
from flat.errors import ArtefactError, AttackError, FlatError
from flat.files.artefacts import read_json, write_table
from flat.interpretation.masked_texts import probabilities, words_read
from flat.models import black_box, checkpoint, registry
from flat.models.black_box import BlackBox
from flat.plugins.registry import activate
from flat.training import rounds

PAGE = Path(__file__).parents[3] / "docs/add-a-model.md"
NETWORK = {"kind": "lexicon", "options": {"strength": 2.0}, "classes": 2, "max_length": 4, "mask": "none"}
TEXTS = [["a", "good", "film"], ["dull", "and", "flat"], ["good"], []]


class Box:
    """Answers what ``answer`` makes of the texts, and notes what it was asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def predict_proba(self, texts):
        self.asked.append(list(texts))
        return self.answer(texts)


def share(texts, word="good"):
    """Half, and a tenth more for each of the first five words that are ``word``: linear in the words."""
    up = np.array([0.5 + 0.1 * text.split()[:5].count(word) for text in texts])
    return np.stack([1 - up, up], 1)


def wrapped(answer=share, classes=2, options=(), made_of="0" * 16):
    return BlackBox(Box(answer), classes, "toy", made_of, dict(options))


@pytest.fixture
def lexicon(tmp_path):
    """The plugin of the page, by its own file."""
    (file, *_) = [path for path in worked_examples.write_files(PAGE, tmp_path) if path.stem == "my_lexicon"]
    activate([str(file)])
    yield file
    activate([])


# --- answers


def test_logits_are_log_probabilities_of_the_joined_words():
    model = wrapped()
    logits = model.logits(TEXTS)
    assert model.box.asked == [["a good film", "dull and flat", "good", ""]]
    assert logits.dtype == np.float32 and logits.shape == (4, 2)
    np.testing.assert_allclose(np.exp(logits), share([" ".join(text) for text in TEXTS]), rtol=1e-6)
    np.testing.assert_allclose(torch.from_numpy(logits).softmax(1), np.exp(logits), rtol=1e-6)


def test_texts_are_asked_once_in_batches_until_they_are_forgotten():
    model = wrapped()
    texts = [[f"w{i % 5}"] for i in range(12)]
    model.logits(texts, batch_size=2)
    assert model.box.asked == [["w0", "w1"], ["w2", "w3"], ["w4"]]
    model.logits([["w4"], ["w5"]])
    assert model.box.asked[3:] == [["w5"]]
    model.forget()
    model.logits([["w4"]])
    assert model.box.asked[4:] == [["w4"]]


def test_what_is_kept_is_bounded_and_an_answer_is_whole_for_all_that(monkeypatch):
    monkeypatch.setattr(black_box, "KEPT", 3)
    model = wrapped()
    texts = [["good"] * i for i in range(5)] * 2
    np.testing.assert_allclose(np.exp(model.logits(texts))[:, 1], [0.5, 0.6, 0.7, 0.8, 0.9] * 2, rtol=1e-6)
    assert list(model._answers) == ["good good", "good good good", "good good good good"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (lambda texts: share(texts)[:, :1], r"text 'a good film': gives the shape \(4, 1\) for 4 texts and 2 classes"),
        (lambda texts: share(texts)[:3], r"gives the shape \(3, 2\)"),
        (lambda texts: [1 if "dull" in t else 0 for t in texts], r"gives the shape \(4,\)"),
        (lambda texts: share(texts) * [[1], [1.01], [1], [1]], r"text 'dull and flat': gives \[0.505, 0.505\]"),
        (lambda texts: share(texts) * [[1], [1], [np.nan], [1]], r"text 'good': gives \[nan, nan\]"),
        (lambda texts: np.array([[1.5, -0.5]] * len(texts)), "no probabilities of sum 1"),
        (lambda texts: [["positive", 1.0]] * len(texts), "gives no array of numbers"),
        (lambda texts: None, "gives the shape|no array of numbers"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_its_text(answer, problem):
    with pytest.raises(FlatError, match=problem) as refused:
        wrapped(answer).logits(TEXTS)
    assert "model toy" in str(refused.value) and "predict_proba(texts) must answer" in str(refused.value)


def test_rounded_probabilities_are_taken_and_zero_has_a_logarithm():
    logits = wrapped(lambda texts: np.array([[0.3333, 0.6663], [0.0, 1.0]])).logits([["a"], ["b"]])
    assert np.isfinite(logits).all() and logits[1, 0] == pytest.approx(-87.3365, abs=1e-3)


@pytest.mark.parametrize(
    ("box", "problem"),
    [
        (SimpleNamespace(predict=share), "without predict_proba"),
        (SimpleNamespace(predict_proba=share, unknown_word="two words"), "unknown_word is 'two words'"),
        (SimpleNamespace(predict_proba=share, unknown_word=""), "unknown_word is ''"),
    ],
)
def test_an_object_that_cannot_be_asked_is_refused(box, problem):
    with pytest.raises(FlatError, match=problem):
        BlackBox(box, 2, "toy", "0", {})


# --- as a classifier


def test_it_stays_in_evaluation_mode_on_the_processor_and_has_no_embeddings():
    model = wrapped()
    model.train()
    assert not any(module.training for module in model.modules()) and model.device.type == "cpu"
    assert not list(model.parameters())
    batch = model.encode(TEXTS)
    for ask in (model.embed, model.baseline, model.phi):
        with pytest.raises(FlatError, match="neither embeddings nor gradients"):
            ask(batch)


def test_a_box_that_is_a_network_of_torch_keeps_its_weights_to_itself():
    class Torch(torch.nn.Linear):
        def predict_proba(self, texts):
            return share(texts)

    model = BlackBox(Torch(3, 2), 2, "toy", "0", {})
    assert list(model.state_dict()) == ["made_of"] and not list(model.parameters())
    assert model.logits([["good"]]).shape == (1, 2)


def test_encoded_texts_are_answered_as_texts_are_and_padding_changes_nothing():
    model = wrapped()
    batch = model.encode(TEXTS)
    assert batch.word_index.tolist()[1:] == [[0, 1, 2], [0, -1, -1], [-1, -1, -1]]
    np.testing.assert_array_equal(model(batch).numpy(), model.logits(TEXTS))
    assert [words_read(model, text) for text in TEXTS] == [3, 3, 1, 0]
    assert model.signature(["good", "film"]) != model.signature(["film", "good"])
    assert model.signature(["good", "film"]) == model.signature(["good", "film"])


def test_masked_texts_are_asked_with_the_unknown_word():
    model = wrapped()
    masks = np.array([[True, True, True], [True, False, True], [False, True, False]])
    found = probabilities(model, TEXTS[0], masks, 128)
    np.testing.assert_allclose(found[:, 1], [0.6, 0.5, 0.6], rtol=1e-6)
    asked = {text for texts in model.box.asked for text in texts}
    assert asked == {"a good film", "a UNKWORDZ film", "UNKWORDZ good UNKWORDZ"}


def test_the_probe_asks_anew_and_finds_chance_and_batches():
    texts = ["a good film", "dull"]
    probe(Victim(wrapped()), texts)
    draw = np.random.default_rng(0)

    def by_chance(texts):
        up = draw.uniform(0.4, 0.6, len(texts))
        return np.stack([1 - up, up], 1)

    def by_batch(texts):
        return np.tile([1 - 1 / (1 + len(texts)), 1 / (1 + len(texts))], (len(texts), 1))

    for answer in (by_chance, by_batch):
        for victim in (Victim(wrapped(answer)), Victim(Calibrated(wrapped(answer), 2.0))):
            with pytest.raises(AttackError, match="gives one text logits that differ"):
                probe(victim, texts)


# --- the plugin of the page, from file to checkpoint


def split(path, texts, labels):
    schema = pa.schema([("example_id", pa.string()), ("label", pa.int64()), ("words", pa.list_(pa.string()))])
    ids = [f"e{i}" for i in range(len(texts))]
    write_table(path, pd.DataFrame({"example_id": ids, "label": labels, "words": texts}), schema)
    return str(path)


def judged(folder, network=NETWORK):
    folder.mkdir()
    texts = [text.split(" ") for text in ("a good film", "dull and flat", "the plot", "a great dull film")]
    splits = {name: split(folder / f"{name}.parquet", texts, [1, 0, 0, 1]) for name in ("train", "dev", "test")}
    files = {"weights": "model.safetensors", "config": "config.json", "words": "vocabulary.json"}
    files |= {"history": "history.csv", "metrics": "metrics.json"}
    outputs = {name: str(folder / file) for name, file in files.items()}
    return rounds.run(
        splits=splits,
        network=network | {"mask_hidden": 400, "switches": {}},
        inputs={},
        ledgers=[],
        keep="successful",
        training={},
        objective={},
        seed=1,
        device="cpu",
        outputs=outputs,
    )


def test_the_base_job_judges_it_and_later_jobs_read_its_checkpoint(lexicon, tmp_path):
    outcome = judged(tmp_path / "round0")
    # the odds are 2 x weight + 0.1: "the plot" counts as praise by its bias, and "great dull" as the bias alone
    assert outcome.dev_accuracy == 0.75
    metrics = read_json(tmp_path / "round0/metrics.json")
    assert metrics == {"test_accuracy": 0.75, "test_n": 4, "dev_accuracy": 0.75, "dev_n": 4}
    assert (tmp_path / "round0/history.csv").read_text() == "epoch,dev_accuracy\n0,0.750000\n"
    model = checkpoint.load(tmp_path / "round0")
    assert isinstance(model, BlackBox) and not model.training
    odds = np.diff(model.logits([["good"], ["dull", "best"]]), axis=1)[:, 0]
    np.testing.assert_allclose(odds, [2.1, 0.1 + 2 * (1.0 - 1.5)], rtol=1e-5)


def test_options_that_a_study_leaves_out_are_the_plugins(lexicon):
    model = registry.build(**NETWORK | {"options": {}})
    assert np.diff(model.logits([["good"]]))[0, 0] == pytest.approx(1.1, rel=1e-5)


def test_a_checkpoint_of_other_code_or_options_is_refused(lexicon, tmp_path):
    judged(tmp_path / "round0")
    lexicon.write_text(lexicon.read_text().replace('"""(texts, 2): of blame, of praise."""', "# a comment"))
    activate([str(lexicon)])
    checkpoint.load(tmp_path / "round0")  # neither docstring nor comment count
    lexicon.write_text(lexicon.read_text().replace('"dull": -1.5', '"dull": -2.5'))
    activate([str(lexicon)])
    with pytest.raises(ArtefactError, match="the code or the options of the model lexicon were other ones"):
        checkpoint.load(tmp_path / "round0")
