"""The victim: deterministic logits, or no attack."""

import numpy as np
import pandas as pd
import pytest
import torch
from attack_toys import ALL, SENTENCES, WEIGHTS, BagOfWords, spec, toy_resources

from flat.attacks.attack import attack_examples
from flat.attacks.calibrated import Calibrated
from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.victim import Victim, probe
from flat.errors import AttackError

TEXTS = [text for text, _ in SENTENCES]


def test_a_deterministic_victim_passes_the_probe():
    probe(Victim(BagOfWords().eval()), TEXTS)


def test_the_probe_names_a_part_left_in_training_mode():
    model = BagOfWords(dropout=0.5).eval()
    model.dropout.train()
    with pytest.raises(AttackError, match=r"training mode \(dropout\)"):
        probe(Victim(model), TEXTS)


def test_the_probe_catches_dropout_that_stays_on_in_evaluation():
    class AlwaysDropping(BagOfWords):
        def logits(self, texts, batch_size=64):
            self.dropout.training = True
            try:
                return super().logits(texts, batch_size)
            finally:
                self.dropout.training = False

    with pytest.raises(AttackError, match="differ by"):
        probe(Victim(AlwaysDropping(dropout=0.5).eval()), TEXTS)


def test_the_probe_catches_answers_that_depend_on_the_batch():
    class OfBatch(BagOfWords):
        def logits(self, texts, batch_size=64):
            return super().logits(texts) + np.float32(1e-3 if batch_size == 1 else 0)

    with pytest.raises(AttackError, match="batches of 1"):
        probe(Victim(OfBatch().eval()), TEXTS)


def test_the_probe_refuses_answers_that_are_no_numbers():
    with pytest.raises(AttackError, match="infinite"):
        probe(Victim(BagOfWords({"good": float("nan")}).eval()), TEXTS)


def test_the_probe_allows_for_the_steps_of_large_logits():
    """float32 steps are 4e-6 at 50 and 3e-5 at 500; a tenth of a logit is no rounding."""

    class Saturated(BagOfWords):
        apart = 3e-5

        def logits(self, texts, batch_size=64):
            return 500 * np.sign(super().logits(texts)) + np.float32(self.apart if batch_size == 1 else 0)

    probe(Victim(Saturated().eval()), TEXTS)
    Saturated.apart = 0.1
    with pytest.raises(AttackError, match="batches of 1"):
        probe(Victim(Saturated().eval()), TEXTS)


def test_each_text_of_an_example_is_forwarded_once():
    model = BagOfWords().eval()
    victim = Victim(model)
    victim(["a good film", "a bad film", "a good film"])
    victim(["a bad film", "fine"])
    assert victim.forwards == 3
    assert model.asked == ["a good film", "a bad film", "fine"]
    victim.start_example()
    assert victim.forwards == 0
    victim(["fine"])
    assert victim.forwards == 1


def test_texts_are_read_as_our_tokens():
    model = BagOfWords().eval()
    Victim(model)(["it 's  a film", ""])
    assert model.asked == ["it 's a film", ""]


@pytest.mark.parametrize("logits", [[0.25, 0.75], [3.0, -2.0], [0.5, 0.5]])
def test_logits_that_sum_to_one_are_not_taken_for_probabilities(logits):
    """TextAttack leaves rows that sum to 1 as they are; the score must be 1 - softmax all the same."""

    class Fixed:
        def logits(self, texts, batch_size=64):
            return np.tile(np.asarray(logits, dtype=np.float32), (len(texts), 1))

    goal = textattack.goal_functions.UntargetedClassification(Victim(Fixed()))
    result, _ = goal.init_attack_example(textattack.shared.AttackedText("a film"), 1)
    expected = 1 - torch.softmax(torch.tensor(logits), 0)[1]
    assert float(result.score) == pytest.approx(float(expected), abs=1e-6)


# --- gradients


@pytest.mark.parametrize("label", [None, 0, 1])
def test_gradients_of_words_by_hand(label):
    """Of a bag of words: cross entropy of logits (-s, s), s the sum of the roots' signed squares."""
    words = ["a", "good", "film", "with", "bad", "acting"]
    rows = Victim(BagOfWords().eval()).gradients(words, label)
    score = sum(WEIGHTS.get(word, 0.0) for word in words)
    wrong = 1 / (1 + np.exp(2 * abs(score)))  # probability of the class that is not answered
    answered = int(score > 0)
    by_score = 2 * (wrong if label in (None, answered) else 1 - wrong)
    direction = -1 if (answered if label is None else label) else 1
    expected = [direction * by_score * 2 * np.sqrt(abs(WEIGHTS.get(word, 0.0))) for word in words]
    np.testing.assert_allclose(rows[:, 0], expected, rtol=1e-5)


def test_a_text_beyond_what_is_read_has_gradients_of_what_is(monkeypatch):
    monkeypatch.setattr(BagOfWords, "max_length", 3)
    victim = Victim(BagOfWords().eval())
    assert victim.max_length == 3
    assert victim.gradients(["good", "bad", "film", "plot", "awful"]).shape == (3, 1)
    assert victim.tokenize(["it 's good , bad"]) == [["it", "s", "good"]]
    assert victim.get_grad("it 's good , bad")["gradient"].shape == (3, 1)
    assert victim.gradients([]).shape == (0, 1)
    assert victim.tokenize([", good film bad"]) == [["good", "film"]]


@pytest.mark.parametrize("text", ["the plot is very dull", "warmly good film", "a baddeed film the plot", "dull"])
def test_gradients_of_an_encoder_are_those_of_textattacks_own_wrapper(tmp_path, text):
    """TextAttack's wrapper asks the network of transformers that ours wraps: a mean of the rows of a word's pieces.

    The network has no dropout, for TextAttack's wrapper puts it into training mode.
    """
    import encoder_toys
    from transformers import AutoModelForSequenceClassification

    folder = encoder_toys.write(tmp_path / "bert", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    model = encoder_toys.make(folder, max_length=64)
    network = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3)
    theirs, ours = network.state_dict(), model.state_dict()
    for name in theirs:  # the classifiers, which a checkpoint has not, must be one
        (own,) = [key for key in ours if key == name or key.endswith(f".{name}")]
        assert ours[own].shape == theirs[name].shape
        theirs[name] = ours[own]
    network.load_state_dict(theirs)
    wrapper = textattack.models.wrappers.HuggingFaceModelWrapper(network.eval(), encoder_toys.tokenizer())
    victim = Victim(model)
    np.testing.assert_allclose(victim([text]), wrapper([text]).numpy(), atol=1e-5)
    by_piece = wrapper.get_grad(text)["gradient"]
    pieces = textattack.shared.AttackedText(text).align_with_model_tokens(wrapper)
    stock = np.stack([by_piece[pieces[n]].mean(0) for n in range(len(text.split()))])
    found = victim.get_grad(text)["gradient"]
    aligned = textattack.shared.AttackedText(text).align_with_model_tokens(victim)
    assert aligned == {n: [n] for n in range(len(text.split()))}
    np.testing.assert_allclose(found, stock, atol=1e-5)
    assert not model.training and np.abs(stock).max() > 1e-3


def test_a_calibrated_victim_s_gradients_are_of_its_own_answers():
    """Logits over a temperature: the slope by the score, and the probabilities, are those of a score so divided."""
    words = ["a", "good", "film", "with", "bad", "acting"]
    victim = Victim(Calibrated(BagOfWords().eval(), 4.0))
    score = sum(WEIGHTS.get(word, 0.0) for word in words)
    wrong = 1 / (1 + np.exp(2 * abs(score) / 4))
    expected = [(-1 if score > 0 else 1) * 2 * wrong / 4 * 2 * np.sqrt(abs(WEIGHTS.get(w, 0.0))) for w in words]
    np.testing.assert_allclose(victim.gradients(words)[:, 0], expected, rtol=1e-5)
    assert victim.max_length == 50


class OnTheBorder(BagOfWords):
    """Its words weigh whole numbers, so that many texts have two equal logits, but for which way a batch rounds: a
    text alone is read as class 0, one among others as class 1."""

    def __init__(self):
        super().__init__({word: float(round(weight)) for word, weight in WEIGHTS.items()})

    def logits(self, texts, batch_size: int = 64) -> np.ndarray:
        way = -1 if len(texts) == 1 else 1
        return super().logits(texts, batch_size) + np.asarray([-way, way], dtype=np.float32) * np.float32(2e-7)


@pytest.mark.parametrize("recipe, search", [*((recipe, "exact") for recipe in ALL), ("textfooler", "lazy")])
def test_a_text_between_two_classes_is_noted_as_it_was_decided(tmp_path, recipe, search):
    """A job of 3,000 texts once ended on one whose logits were -0.09149564 and -0.09149559, in a batch of 32 the other
    way round: the attack had succeeded, and its ledger's answers said that it had failed."""
    texts = [(text, label) for text, _ in SENTENCES for label in (0, 1)]
    frame = pd.DataFrame(
        [(f"e{n:02}", text, label, text.split(" ")) for n, (text, label) in enumerate(texts)],
        columns=["example_id", "text", "label", "words"],
    )
    model = OnTheBorder().eval()
    ours = attack_examples(model, frame, spec(recipe, search=search), 1, resources=toy_resources(tmp_path)).ledger
    stock = attack_examples(model, frame, spec(recipe, search="textattack"), 1, resources=toy_resources(tmp_path))
    shown = ["status", "perturbed", "perturbed_predicted", *(["queries"] if search == "exact" else [])]
    assert ours[shown].to_dict("records") == stock.ledger[shown].to_dict("records")
    if recipe in ("textfooler", "pwws"):  # for them some text was such a one: alone it is read otherwise
        alone = [int(model.logits([list(words)])[0].argmax()) for words in ours["perturbed_words"]]
        assert alone != ours["perturbed_predicted"].tolist()
