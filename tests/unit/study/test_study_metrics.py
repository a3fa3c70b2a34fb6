"""The metrics that a study names: checked before any job, and absent from a study that names none."""

import copy
import json

import pytest
import yaml

from flat.errors import StudyError
from flat.paper.catalogue import figure_keys, table_keys
from flat.study.bounds.plan_size import jobs_at_most
from flat.study.load import parse
from flat.study.settings import metrics_of


@pytest.fixture(scope="module")
def tiny(repository):
    return yaml.safe_load((repository / "tests/data/tiny.yaml").read_text())


def named(tiny, metrics):
    return parse(copy.deepcopy(tiny) | {"metrics": metrics})


def test_a_study_without_metrics_is_the_plain_data_that_it_was_before_there_were_any(tiny):
    for study in (parse(copy.deepcopy(tiny)), named(tiny, {})):
        assert "metrics" not in study.model_dump(mode="json") and "metrics" not in study.model_dump()
        assert "faithfulness" not in [*table_keys(study), *figure_keys(study)]


def test_options_are_those_that_each_metric_declares_with_its_defaults(tiny):
    study = named(tiny, {"rbo": {"p": 0.5}, "insertion": {}, "spearman": {}})
    assert metrics_of(study, "pairs") == {"rbo": {"p": 0.5}, "spearman": {}}
    assert metrics_of(study, "explanations") == {"insertion": {"steps": 50}}
    again = parse(json.loads(json.dumps(study.model_dump(mode="json"))))  # as a job gets it
    assert again.metrics == study.metrics == {"rbo": {"p": 0.5}, "insertion": {}, "spearman": {}}


def test_the_table_needs_a_metric_and_the_figure_one_of_single_explanations(tiny):
    for metrics, tables, figures in (({"rbo": {}}, 1, 0), ({"deletion": {}}, 1, 1)):
        study = named(tiny, metrics)
        assert (table_keys(study).count("faithfulness"), figure_keys(study).count("faithfulness")) == (tables, figures)


def test_a_plan_with_metrics_of_explanations_may_be_larger(tiny):
    plain, of_pairs, of_explanations = (
        jobs_at_most(named(tiny, metrics))[0] for metrics in ({}, {"rbo": {}}, {"deletion": {}})
    )
    assert plain == of_pairs < of_explanations


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        ({"rb": {}}, "there is no metric rb: did you mean rbo"),
        ({"rbo": {"q": 1}}, "metrics.rbo: q is not among the options of rbo"),
        ({"rbo": {"p": 1.0}}, r"metrics.rbo.p: 1.0 cannot be used\n.*a number above 0 and below 1"),
        ({"insertion": {"steps": "3"}}, r"metrics.insertion.steps: '3' cannot be used\n.*whole number from 1 to 10000"),
        ({"sufficiency": {"percent": []}}, r"metrics.sufficiency.percent: \[\] cannot be used"),
        ({"kendall-tau": {}}, "metrics.kendall-tau: every study measures KT already"),
        ({"rbo": 3}, "metrics.rbo: Input should be a valid dictionary"),
    ],
)
def test_what_no_metric_can_be_made_with_is_refused(tiny, metrics, says):
    with pytest.raises(StudyError, match=says):
        named(tiny, metrics)
