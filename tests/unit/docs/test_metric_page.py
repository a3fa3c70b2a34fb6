"""docs/add-a-metric.md: the plugin runs as it is printed, from a study's file to measurements."""

import math
import re

import numpy as np
import pytest
import yaml
from interpretation_toys import OWN, PAIR_CELL, SHARED, Additive, attributions, ledger, value

from flat.analysis.measurements import declared, faithfulness_rows, frame_of
from flat.interpretation import consistency, faithfulness
from flat.interpretation.asking import measure
from flat.plugins import modules
from flat.plugins.registry import METRICS
from flat.study.cells import Cell
from flat.study.load import parse
from flat.study.settings import metrics_of


def printed(page: str, language: str) -> str:
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return block


@pytest.fixture
def study(repository, tmp_path, monkeypatch):
    """The tests' study with what the page says, read where the page's file lies."""
    page = (repository / "docs/add-a-metric.md").read_text()
    source = printed(page, "python")
    assert 30 <= len([line for line in source.splitlines() if line.strip()]) <= 60
    (tmp_path / "my_metrics.py").write_text(source)
    tiny = yaml.safe_load((repository / "tests/data/tiny.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    yield parse(tiny | yaml.safe_load(printed(page, "yaml")))
    parse(tiny)  # forgets the page's plugins


def test_a_study_names_them_with_their_options(study):
    assert metrics_of(study, "pairs") == {"sign-agreement": {"k": 3}}
    assert metrics_of(study, "explanations") == {"decision-flip": {}}
    assert METRICS.found("decision-flip").given == "./my_metrics.py"


def test_the_metric_of_pairs_is_measured(study):
    further = metrics_of(study, "pairs")
    frame = consistency.measure(attributions(), ledger(OWN), ledger(SHARED), **PAIR_CELL, further=further)
    # e2 of two words, both of them compared, all scores positive; e3 of three: class 1 has no score but 0
    assert value(frame, "e2", "own", "metric_sign-agreement") == 1
    assert value(frame, "e3", "own", "metric_sign-agreement") == 1
    found = consistency.summarise(frame).query("metric == 'sign-agreement'").set_index("pair_set")
    assert found.loc["saved", "value"] == 1 and found.loc["saved", "n"] == 4
    assert declared("sign-agreement").unit == "share"


def test_signs_and_top_words_count_by_hand(study):
    compute, top = METRICS["sign-agreement"].load(), METRICS["sign-agreement"].options
    before, after = np.array([3.0, -2.0, 1.0, 0.5]), np.array([3.0, 2.0, 0.1, 1.0])
    assert compute(before, after, top(k=1)) == 1  # the first word leads both
    assert compute(before, after, top(k=2)) == 0.5  # the second is in both, with another sign
    assert compute(before, after, top(k=3)) == pytest.approx(1 / 3)  # the third is in one of them alone
    assert math.isnan(compute(np.array([]), np.array([]), top()))


def test_the_metric_of_explanations_is_asked_of_the_model(study):
    model, words = Additive(), ["good", "plot", "very", "dull"]
    answers = model.logits([words])[0]
    target = int(answers.argmax())
    adds = [model.term(w, target) - model.term(w, 1 - target) for w in (*words, model.unknown_word)]
    scores = np.array(adds[:-1]) - adds[-1]
    order, odds = np.argsort(-scores), sum(adds[:-1])
    flips = [k for k in range(5) if odds - scores[order[:k]].sum() < 0]
    frame = attributions().iloc[:1].assign(target=target, words=[words], scores=[scores])
    found = measure(frame, model, metrics_of(study, "explanations"), **PAIR_CELL)
    assert flips and found["value"].item() == flips[0] / 4
    assert math.isnan(measure(frame.assign(target=1 - target), model, study.metrics, **PAIR_CELL)["value"].item())
    cell = Cell("sst2", "CNN", "adv", "pwws", 3)
    rows = frame_of(faithfulness_rows(faithfulness.summarise(found), cell, 1, "pwws", "ig"))
    assert rows[["metric", "method", "n", "dropped"]].values.tolist() == [["decision-flip", "ig", 1, 0]]


def test_the_page_s_file_is_a_module_with_two_plugins_alone(study, tmp_path):
    loaded = modules.load(str(tmp_path / "my_metrics.py"), "here")
    assert {name for name, found in vars(loaded.module).items() if isinstance(found, METRICS.kind)} == {
        "SIGN_AGREEMENT", "DECISION_FLIP"
    }  # fmt: skip
