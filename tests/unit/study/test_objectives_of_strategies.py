"""The objective of a strategy: what a study may say of it, and what reaches training, cost and the guard of compute."""

from pathlib import Path

import pytest
import yaml

from flat.cost.facts import DataFacts
from flat.cost.jobs import jobs_of
from flat.errors import StudyError
from flat.study.cells import Cell
from flat.study.grid import compared_strategies, trained_cells
from flat.study.load import parse
from flat.study.settings import objective_of, passes_of, plugin_of, searched

STUDY = Path(__file__).parents[2] / "data" / "tiny.yaml"
FACTS = {"sst2": DataFacts(1200, 150, 150, 18.0, 3000, "the test")}


def study(strategy=None, **others):
    """The tiny study; a strategy ``own`` among those of its main tables."""
    values = yaml.safe_load(STUDY.read_text())
    if strategy is not None:
        values["strategies"]["own"] = {"title": "own"} | strategy
        values["artefacts"]["main"]["strategies"].append("own")
    for name, more in others.items():
        values["strategies"][name] |= more
    return parse(values)


def test_a_strategy_that_names_none_has_flats_own_and_no_new_key():
    plain = study()
    assert plain.strategies["adv"].objective == "flat" and plugin_of(plain, "adv") == {}
    keys = {key for one in plain.model_dump(mode="json")["strategies"].values() for key in one}
    assert not keys & {"objective", "options", "resources"}
    assert plain.model_dump(mode="json") == study(adv={"objective": "flat"}).model_dump(mode="json")
    assert passes_of(plain, "FLAT") == 1.0


def test_objective_and_options_reach_the_training_with_their_defaults():
    given = study({"objective": "freelb", "options": {"steps": 5}})
    options = {"steps": 5, "step_size": 0.1, "initial": 0.05, "largest_norm": 0.15}
    assert plugin_of(given, "own") == {"name": "freelb", "options": options}
    assert passes_of(given, "own") == 5.0
    unbound = study({"objective": "freelb", "options": {"largest_norm": None}})
    assert plugin_of(unbound, "own")["options"]["largest_norm"] is None


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ({"objective": "freelbs"}, r"strategies\.own\.objective: there is no objective freelbs: did you mean freelb\?"),
        ({"objective": "freelb", "options": {"step": 3}}, r"strategies\.own\.options.*did you mean steps\?"),
        ({"objective": "freelb", "options": {"steps": 0}}, r"options\.steps: 0 cannot be used"),
        ({"objective": "r-drop", "options": {"weight": "1"}}, r"options\.weight: '1' cannot be used"),
        ({"options": {"steps": 3}}, r"strategies\.own\.options"),
        (
            {"objective": "r-drop", "mask": "variational", "beta": 0.1},
            r"strategies\.own\.beta: the objective r-drop has no term that it weighs",
        ),
        (
            {"objective": "r-drop", "resources": {"synonyms": "synonyms-standin"}},
            r"strategies\.own\.resources: synonyms is not among the roles of the objective r-drop",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_any_job(strategy, said):
    with pytest.raises(StudyError, match=f"(?s){said}"):
        study(strategy)


def test_the_base_model_keeps_the_plain_cross_entropy():
    with pytest.raises(StudyError, match=r"(?s)strategies\.base\.objective.*adversarial: false, the objective r-drop"):
        study(base={"objective": "r-drop"})


def test_weights_of_masks_are_searched_where_the_objective_has_them():
    masked = study({"objective": "r-drop", "mask": "variational"})
    assert set(searched(masked, "own")) == {"learning_rate"} < set(searched(masked, "FLAT-nogamma"))


def test_overrides_set_no_weight_that_the_objective_lacks():
    values = yaml.safe_load(STUDY.read_text())
    values["strategies"]["own"] = {"title": "own", "mask": "variational", "objective": "r-drop"}
    values["artefacts"]["main"]["strategies"].append("own")
    values["overrides"].append({"where": {"models": ["CNN"]}, "objective": {"beta": 0.3}})
    given = parse(values)
    found = [objective_of(given, Cell("sst2", "CNN", name, "textfooler", 0))["beta"] for name in ("FLAT", "own", "adv")]
    assert found == [0.3, 0.0, 0.0]


def test_resources_are_the_strategys_or_those_of_the_first_attack_that_names_them():
    given = study({"objective": "augmentation"})
    assert plugin_of(given, "own")["resources"] == {"synonyms": "synonyms-standin", "stopwords": "stopwords"}
    chosen = study({"objective": "augmentation", "resources": {"synonyms": "counter-fitted"}})
    assert plugin_of(chosen, "own")["resources"] == {"synonyms": "counter-fitted", "stopwords": "stopwords"}
    with pytest.raises(StudyError, match=r"strategies\.own\.resources\.synonyms: nowhere is not in the resource"):
        study({"objective": "augmentation", "resources": {"synonyms": "nowhere"}})
    with pytest.raises(StudyError, match=r"(?s)strategies\.own\.resources\.synonyms.*is not expanded"):
        study({"objective": "augmentation", "resources": {"synonyms": "~/mine/"}})


def test_a_role_that_nothing_names_is_asked_for():
    values = yaml.safe_load(STUDY.read_text())
    del values["attacks"]["pwws"], values["artefacts"]["transfer"]
    values["strategies"]["own"] = {"title": "own", "objective": "augmentation"}
    with pytest.raises(StudyError, match=r"(?s)strategies\.own\.resources: the objective augmentation needs stopwords"):
        parse(values)


def test_an_objective_that_cannot_train_a_model_is_refused():
    values = yaml.safe_load(STUDY.read_text())
    values["models"]["BERT"] = {"title": "BERT", "kind": "encoder", "checkpoint": "bert-base-uncased"}
    values["strategies"]["own"] = {"title": "own", "objective": "ascc"}
    values["artefacts"]["main"]["strategies"].append("own")
    parse(values)  # BERT is in no artefact
    values["artefacts"]["main"]["models"].append("BERT")
    with pytest.raises(StudyError, match=r"(?s)strategies\.own\.objective: ascc trains models built from vectors"):
        parse(values)


def test_a_training_costs_its_passes():
    def texts(strategy):
        given = study(strategy)
        return {(job.rule, *job.at): job.texts for job in jobs_of(given, FACTS) if job.work == "train"}

    once, thrice = (texts({"objective": name}) for name in ("flat", "freelb"))
    at = ("train_round", "sst2", "CNN", "own", "textfooler", "seed0", "round1")
    judged = (2 * 150 + 150) / 3  # dev after each epoch, test at the end: forward alone
    assert once[at] == 2 * (1200 + 0.6 * 24) + judged and thrice[at] == 3 * 2 * (1200 + 0.6 * 24) + judged
    assert {key: value for key, value in thrice.items() if key != at} == {k: v for k, v in once.items() if k != at}


def test_a_strategy_on_the_original_texts_alone_is_trained_once_and_compared_with_base():
    given = study({"objective": "freelb", "adversarial": False})
    jobs = [(job.rule, job.at) for job in jobs_of(given, FACTS) if job.work == "train" and "own" in job.at]
    assert jobs == [("train_start", ("sst2", "CNN", "own", "none", "seed0"))]
    assert [cell.train_attack for cell in trained_cells(given) if cell.strategy == "own"] == ["none"]
    groups = [[cell.strategy for cell in group] for group in compared_strategies(given)]
    assert ["base", "own"] in groups and all(group[0] in ("adv", "base") for group in groups)
    assert [group for group in groups if group != ["base", "own"]] == [
        [cell.strategy for cell in group] for group in compared_strategies(study())
    ]
