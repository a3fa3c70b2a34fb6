"""A black box is attacked and explained by its answers, and gives what a network with the same answers gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import worked_examples
from attack_runs import as_bytes, run
from attack_toys import BagOfWords
from interpretation_toys import ledger

from flat.attacks.calibrated import Calibrated
from flat.attacks.victim import Victim
from flat.errors import FlatError
from flat.interpretation import lime_package, lime_words
from flat.interpretation.attributions import explain_cell
from flat.interpretation.explainers import kernel_shap, occlusion
from flat.models.black_box import BlackBox
from flat.models.fingerprint import weights_digest
from flat.plugins.registry import EXPLAINERS, activate

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


def bag(texts):
    """The probabilities of the bag of words that the tests of attacks have for a network."""
    logits = BagOfWords().logits([text.split() for text in texts])
    return torch.from_numpy(logits).double().softmax(1).numpy()


@pytest.mark.parametrize("recipe", ["textfooler", "pwws", "iga"])
def test_a_black_box_is_attacked_as_the_network_with_its_probabilities(recipe, tmp_path):
    box, network = run(tmp_path, recipe, model=wrapped(bag)), run(tmp_path, recipe)
    columns = ["example_id", "status", "perturbed_words", "swaps", "aligned", "queries"]
    assert {"succeeded", "skipped"} <= set(box.ledger["status"])
    for column in columns:
        assert [str(v) for v in box.ledger[column]] == [str(v) for v in network.ledger[column]], column
    spread = lambda logits: np.diff(np.stack(logits), axis=1)  # noqa: E731
    np.testing.assert_allclose(spread(box.ledger["logits"]), spread(network.ledger["logits"]), atol=1e-4)


def test_a_ledger_hangs_neither_on_processes_nor_on_a_stop(tmp_path):
    whole = as_bytes(run(tmp_path, "pwws", model=wrapped(bag)), tmp_path)
    assert as_bytes(run(tmp_path, "pwws", model=wrapped(bag), workers=2), tmp_path) == whole
    journal = tmp_path / "journal"
    service = wrapped(bag)

    def breaks_down(texts):
        if len(service.box.asked) > 20:
            raise ConnectionError("nobody answers")
        return bag(texts)

    service.box.answer = breaks_down
    with pytest.raises(FlatError, match=r"it raised ConnectionError\('nobody answers'\)"):
        run(tmp_path, "pwws", model=service, journal=journal)
    resumed, fresh = wrapped(bag), wrapped(bag)
    assert as_bytes(run(tmp_path, "pwws", model=resumed, journal=journal), tmp_path) == whole
    run(tmp_path, "pwws", model=fresh)
    asked, anew = (sum(map(len, model.box.asked)) for model in (resumed, fresh))
    assert asked < anew  # what was noted was not asked again


def test_a_journal_of_an_edited_black_box_is_not_gone_on_from(tmp_path):
    journal = tmp_path / "journal"
    run(tmp_path, "pwws", model=wrapped(bag), journal=journal)
    same, edited, other = wrapped(bag), wrapped(bag, made_of="1" * 16), wrapped(bag, options={"strength": 2.0})
    asked = []
    for model in (same, edited, other):
        run(tmp_path, "pwws", model=model, journal=journal)
        asked.append(sum(map(len, model.box.asked)))
        run(tmp_path, "pwws", model=wrapped(bag), journal=journal)
    assert asked[0] < asked[1] == asked[2]
    assert len({weights_digest(model.state_dict()) for model in (same, edited, other)}) == 3


def test_a_calibrated_black_box_is_not_screened(tmp_path):
    model = Calibrated(wrapped(bag), 3.0)
    assert not Victim(model).editor.puts_whole_texts and not Victim(model.model).editor.puts_whole_texts
    np.testing.assert_allclose(model.logits([["good"]]), model.model.logits([["good"]]) / 3, rtol=1e-6)
    assert len(run(tmp_path, "pwws", model=model).ledger) == len(run(tmp_path, "pwws").ledger)


# --- explanations


WORDS = ["a", "good", "film", "good"]


def test_occlusion_is_what_the_answer_loses():
    options = EXPLAINERS["occlusion"].options
    for by, output in (("unknown", "probability"), ("deletion", "probability"), ("unknown", "logit")):
        ((found,),) = occlusion.explain(wrapped(), [WORDS], [[1]], [0], options(by=by, output=output))
        lost = 0.1 if output == "probability" else np.log(0.7) - np.log(0.6)
        np.testing.assert_allclose(found.scores, [0, lost, 0, lost], atol=1e-6)


def test_shapley_values_of_a_linear_box_are_its_weights():
    options = EXPLAINERS["kernel-shap"].options
    for chosen in (options(exact_below=9), options(exact_below=0, samples=200)):
        ((against, speaks),) = kernel_shap.explain(wrapped(), [WORDS], [[0, 1]], [3], chosen)
        np.testing.assert_allclose(speaks.scores, [0, 0.1, 0, 0.1], atol=2e-3)
        np.testing.assert_allclose(against.scores, [0, -0.1, 0, -0.1], atol=2e-3)
        assert speaks.completeness < 0.01


def test_a_cell_is_explained_by_lime_and_goes_on_from_its_journal(tmp_path):
    own = ledger({"e1": ("succeeded", "a good film", "a fine film"), "e2": ("failed", "good good", "good good")})
    given = {"explained": ["e1", "e2"], "options": {"samples": 50, "exact_below": 10, "repeats": 1}, "seed": 3}
    model = wrapped()
    frame = explain_cell("lime", model, own, **given, journal=tmp_path / "journal")
    scores = {tuple(row.words): row.scores for row in frame.itertuples() if row.target == 1}
    assert np.argmax(scores["a", "good", "film"]) == 1 and abs(scores["a", "fine", "film"]).max() < 1e-6
    again, edited = wrapped(), wrapped(made_of="1" * 16)
    pd.testing.assert_frame_equal(explain_cell("lime", again, own, **given, journal=tmp_path / "journal"), frame)
    assert again.box.asked == []
    explain_cell("lime", edited, own, **given, journal=tmp_path / "journal")
    assert edited.box.asked


@pytest.mark.parametrize(("samples", "exact_below"), [(60, 0), (60, 10)])
def test_lime_of_a_black_box_is_the_package_s_and_that_of_networks(samples, exact_below, monkeypatch):
    """Two ways to the same numbers: the lime package draws and fits, and FLAT's own code for networks does."""
    options = EXPLAINERS["lime"].options(samples=samples, exact_below=exact_below)
    texts = [["a", "good", "film", "and", "good"], ["dull"], []]
    fitted = []
    fit = lime_package.LimeBase.explain_instance_with_data

    def noted(self, *given, **more):
        fitted.append(given)
        return fit(self, *given, **more)

    monkeypatch.setattr(lime_package.LimeBase, "explain_instance_with_data", noted)
    found = EXPLAINERS["lime"].load()(wrapped(), texts, [[0, 1], [1], [0]], [5, 6, 7], options)
    given = {"samples": samples, "exact_below": exact_below, "seeds": [5, 6, 7]}
    own = lime_words.explain(wrapped(), texts, [[0, 1], [1], [0]], **given)
    for of_text, other in zip(found, own, strict=True):
        for one, two in zip(of_text, other, strict=True):
            np.testing.assert_allclose(one.scores, two.scores, atol=1e-5)
            assert one.scores.dtype == np.float32 and np.isnan(one.completeness)
    assert len(fitted) == 3  # a fit a class of each text that has words
    assert np.abs(found[0][1].scores[[1, 4]]).min() > 0.05 > np.abs(found[0][1].scores[[0, 2, 3]]).max()
