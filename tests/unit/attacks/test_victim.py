"""The victim: deterministic logits, or no attack."""

import numpy as np
import pytest
import torch
from attack_toys import SENTENCES, BagOfWords

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
