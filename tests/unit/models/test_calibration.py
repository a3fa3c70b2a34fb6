"""Temperature, saturation and margins: values worked out by hand; the attack at a temperature."""

import numpy as np
import pytest
from attack_toys import BagOfWords, spec, toy_examples, toy_resources

from flat.attacks.attack import attack_examples
from flat.attacks.calibrated import Calibrated, fit_on
from flat.attacks.victim import Victim, probe
from flat.errors import AttackError
from flat.models.temperature import BOUNDS, fit_temperature, margins, negative_log_likelihood, saturated


def test_the_temperature_makes_certainty_as_large_as_accuracy():
    """Logits (2, 0) everywhere and three of four right: likeliest where sigmoid(2 / T) = 3/4, so T = 2 / ln 3."""
    logits = np.array([[2.0, 0.0]] * 4)
    fitted = fit_temperature(logits, np.array([0, 0, 0, 1]))
    assert fitted.value == pytest.approx(2 / np.log(3), abs=1e-4) and not fitted.at_bound and fitted.n == 4
    assert fitted.nll == pytest.approx(-(3 * np.log(0.75) + np.log(0.25)) / 4, abs=1e-8)
    assert fitted.nll_at_one == pytest.approx((3 * np.log1p(np.exp(-2)) + np.log1p(np.exp(2))) / 4)


@pytest.mark.parametrize("scale", [0.5, 50.0])
def test_scaled_logits_scale_the_temperature(scale):
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(400, 3)) * 2
    labels = np.array([generator.choice(3, p=np.exp(row) / np.exp(row).sum()) for row in logits])
    at_one = fit_temperature(logits, labels).value
    assert at_one == pytest.approx(1, abs=0.25)  # the labels were drawn from these very probabilities
    assert fit_temperature(scale * logits, labels).value == pytest.approx(scale * at_one, rel=1e-3)


def test_a_dev_split_without_an_error_ends_at_the_bound():
    fitted = fit_temperature(np.array([[3.0, 0.0], [0.0, 3.0]]), np.array([0, 1]))
    assert fitted.at_bound and fitted.value == pytest.approx(BOUNDS[0], rel=1e-3)
    with pytest.raises(ValueError, match="no text"):
        fit_temperature(np.empty((0, 2)), np.array([]))


def test_huge_logits_do_not_overflow():
    assert negative_log_likelihood(np.array([[1e4, 0.0]]), np.array([1])) == pytest.approx(1e4)


def test_saturation_and_margins_by_hand():
    logits = np.array([[np.log(999.0), 0.0], [np.log(1000.0), 0.0], [5.0, 4.5], [-1.0, 9.0]])
    assert saturated(logits, 0.999).tolist() == [False, True, False, True]  # 0.999 itself is not above 0.999
    assert margins(logits) == pytest.approx([np.log(999), np.log(1000), 0.5, 10.0])


def test_a_calibrated_victim_answers_the_same_labels_and_other_certainties():
    model = BagOfWords().eval()
    words = [text.split() for text in ("a good film", "bad", "")]
    assert Calibrated(model, 4.0).logits(words) == pytest.approx(model.logits(words) / 4)


def test_the_probe_sees_a_wrapped_model_in_training_mode():
    model = BagOfWords(dropout=0.5).eval()
    model.dropout.train()
    with pytest.raises(AttackError, match=r"training mode \(model.dropout\)"):
        probe(Victim(Calibrated(model, 2.0)), ["a good film"])


def test_temperature_one_is_the_attack_itself(tmp_path):
    """And another temperature is no other attack: the hashes are equal."""
    run = {"spec": spec("pwws"), "seed": 7, "resources": toy_resources(tmp_path)}
    plain = attack_examples(BagOfWords().eval(), toy_examples(), **run).ledger
    one = attack_examples(Calibrated(BagOfWords().eval(), 1.0), toy_examples(), **run).ledger
    assert plain.to_dict("records") == one.to_dict("records")
    hot = attack_examples(Calibrated(BagOfWords().eval(), 3.0), toy_examples(), **run).ledger
    assert set(hot["attack_hash"]) == set(plain["attack_hash"])
    assert hot["predicted"].tolist() == plain["predicted"].tolist()


def test_a_model_is_calibrated_on_what_it_answers():
    frame = toy_examples()
    model = BagOfWords().eval()
    found = fit_on(model, frame)
    wanted = fit_temperature(model.logits([list(words) for words in frame["words"]]), frame["label"].to_numpy())
    assert found == wanted
