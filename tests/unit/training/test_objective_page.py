"""The plugin of docs/add-an-objective.md, as it is printed there: loaded, chosen by a study, trained with."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from objective_toys import LABELS, OTHERS, ROWS, TEXTS, gradients, linear, softmax, step, sums
from training_toys import data, make

from flat.errors import StudyError
from flat.plugins.registry import OBJECTIVES, activate
from flat.study.load import parse
from flat.study.settings import passes_of, plugin_of
from flat.training.objective import Weights
from flat.training.pairs import Pairs
from flat.training.strategy import chosen
from flat.training.trainer import Options, train

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/add-an-objective.md").read_text()


def block(language):
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "fast_gradient.py"
    path.write_text(block("python"))
    activate([str(path)])
    yield path
    activate([])


def study(plugin, **options):
    values = yaml.safe_load((ROOT / "tests/data/tiny.yaml").read_text())
    own = yaml.safe_load(block("yaml"))
    values["plugins"] = [str(plugin)]
    values["strategies"] |= own["strategies"]
    values["strategies"]["fast"]["options"] |= options
    values["artefacts"]["main"]["strategies"] += list(own["strategies"])
    return parse(values)


def test_a_study_chooses_it(plugin):
    given = study(plugin)
    assert plugin_of(given, "fast") == {"name": "fast-gradient", "options": {"distance": 0.5}}
    assert passes_of(given, "fast-clean") == 2.0
    with pytest.raises(StudyError, match=r"strategies\.fast\.options\.distance: 0 cannot be used"):
        study(plugin, distance=0)


def test_it_takes_the_step_of_its_formula(plugin):
    """On a linear model: the gradient along each embedding is W^T (p - y), so the sum moves by sqrt(words) of it."""
    model = linear()
    weight, _, terms = gradients(chosen("fast-gradient", {"distance": 2.0}).objective, step(model, True))
    w, b = model.output.weight.detach().numpy(), model.output.bias.detach().numpy()
    plain, moved, by_hand = 0.0, 0.0, 0.0
    for texts, labels, share in ((TEXTS, LABELS, 1.0), (OTHERS, LABELS[ROWS], 2 / 3)):
        gold, seen = np.eye(2)[labels], sums(model, texts)
        slope = (softmax(seen @ w.T + b) - gold) @ w
        words = np.array([len(text) for text in texts])[:, None]
        uphill = seen + 2.0 * np.sqrt(words) * slope / np.linalg.norm(slope, axis=1, keepdims=True)
        losses = []
        for one in (seen, uphill):
            p = softmax(one @ w.T + b)
            losses.append(-share * np.log((p * gold).sum(1)).mean())
            by_hand = by_hand + share * (p - gold).T @ one / len(texts)
        plain, moved = plain + losses[0], moved + losses[1]
    assert (terms["ce_plain"], terms["ce_moved"]) == pytest.approx((plain, moved), abs=1e-9) and moved > plain
    assert terms["total"] == pytest.approx(plain + moved, abs=1e-9)
    np.testing.assert_allclose(weight, by_hand, atol=1e-9)


def test_a_model_learns_with_it(plugin):
    texts, labels = data()
    pairs = Pairs([0, 3], [[*texts[i][:-1], "w1"] for i in (0, 3)])
    states = []
    for _ in range(2):
        model = make()
        options = Options(epochs=8, batch_size=16)
        strategy = chosen("fast-gradient")
        outcome = train(model, texts, labels, data(60, 1), options, Weights(), 7, pairs, strategy=strategy)
        states.append(model.state_dict())
    assert outcome.dev_accuracy > 0.9
    assert list(outcome.history[0]) == ["epoch", "total", "ce_plain", "ce_moved", "dev_accuracy"]
    assert all(torch.equal(a, b) for a, b in zip(*(state.values() for state in states), strict=True))


def test_the_page_names_every_objective_and_its_length_is_a_plugins():
    table = PAGE[: PAGE.index("## The interface")]
    assert re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE) == list(OBJECTIVES)
    assert 30 <= len(block("python").strip().splitlines()) <= 60
