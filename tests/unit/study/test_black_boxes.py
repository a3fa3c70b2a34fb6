"""Studies with a black box: what they need not say, and what is refused of them, before any job."""

from copy import deepcopy
from pathlib import Path

import pytest
import worked_examples
import yaml

from flat.cost.facts import DataFacts
from flat.cost.jobs import jobs_of
from flat.cost.predict import predict
from flat.cost.rates import Rates
from flat.cost.recorded import Recorded
from flat.errors import StudyError
from flat.plugins.registry import activate
from flat.study.grid import all_explained_cells, explained_cells, trained_cells
from flat.study.load import parse
from flat.study.readings import switches_of
from flat.study.settings import device_of

ROOT = Path(__file__).parents[3]
TINY = yaml.safe_load((ROOT / "tests/data/tiny.yaml").read_text())
OF_CNN = {"dataset": "sst2", "model": "CNN", "attack": "textfooler"}


@pytest.fixture
def values(tmp_path):
    """The tiny study with the black box of docs/add-a-model.md alone, trained models and their tables left out."""
    written = worked_examples.write_files(ROOT / "docs/add-a-model.md", tmp_path)
    (file,) = [path for path in written if path.stem == "my_lexicon"]
    found = deepcopy(TINY)
    found |= {"plugins": [str(file)], "models": {"Lexicon": {"title": "word counts", "kind": "lexicon"}}}
    asking = ("ig", "lime", "occlusion", "kernel-shap")
    found |= {"overrides": [], "interpretation": {name: {} for name in asking}}
    del found["tune"]
    found["guards"]["calibration"]["where"] = {}
    main = {"datasets": ["sst2"], "models": ["Lexicon"], "strategies": ["base"], "train_attacks": ["pwws"]}
    found["artefacts"] = {"main": main}
    yield found
    activate([])


def test_it_needs_neither_vectors_nor_checkpoint_and_runs_on_the_processor(values):
    study = parse(values | {"device": "cuda"})
    model = study.models["Lexicon"]
    assert model.is_black_box and not model.is_encoder and not model.looks_up
    assert device_of(study, "Lexicon") == "cpu"
    assert parse(study.model_dump(mode="json")).model_dump() == study.model_dump()
    values["models"]["Lexicon"]["device"] = "cuda"
    assert device_of(parse(values), "Lexicon") == "cuda"


def test_methods_that_need_gradients_skip_it(values):
    study = parse(values)
    assert {m for m in study.interpretation.methods if explained_cells(study, m)} == {
        "lime",
        "occlusion",
        "kernel-shap",
    }
    with pytest.raises(StudyError, match="input-x-gradient: it can explain none of the study's models"):
        parse(values | {"interpretation": {"input-x-gradient": {}}})
    assert {a.cell for a in all_explained_cells(study)} == set(trained_cells(study)) and len(trained_cells(study)) == 1


def test_beside_a_network_gradients_explain_the_network_alone(values):
    values["models"]["CNN"] = TINY["models"]["CNN"]
    values["artefacts"]["main"]["models"].append("CNN")
    values["interpretation"]["sequential-ig"] = {}
    study = parse(values)
    assert {a.cell.model for a in explained_cells(study, "ig")} == {"CNN"}
    assert {a.cell.model for a in explained_cells(study, "sequential-ig")} == {"CNN"}
    assert {a.cell.model for a in explained_cells(study, "lime")} == {"CNN", "Lexicon"}


def test_the_authors_reading_changes_nothing_of_it(values):
    values["method"] = {"reading": "authors"}
    assert switches_of(parse(values), "Lexicon", "base")["double_softmax"] is False


def test_the_cost_model_counts_its_jobs_and_knows_no_seconds(values):
    study = parse(values)
    data = {"sst2": DataFacts(1200, 150, 150, 18.0, 3000, "a test")}
    jobs = jobs_of(study, data)
    assert not [job for job in jobs if job.rule in ("look_up_vectors", "interpret_ig", "train_round")]
    costs = {cost.rule: cost for cost in predict(study, data, jobs, Recorded([Rates("a machine", "a test", [])]))}
    assert costs["train_base"].unknown == costs["train_base"].jobs == 1 and costs["interpret_lime"].jobs == 1


GIVEN = {
    "vectors": ("models.Lexicon.vectors", "glove-6b-50d", r"models\.Lexicon: vectors: a black box \(lexicon\)"),
    "checkpoint": ("models.Lexicon.checkpoint", "./bert", "checkpoint: a black box"),
    "training": ("models.Lexicon.training", {"epochs": 3}, "training: a black box"),
    "adversarial training": (
        "artefacts.main.strategies",
        ["base", "adv"],
        r"main\.strategies: adv trains on adversarial texts, and Lexicon is a black box(.|\n)*a study of its own",
    ),
    "transfer": (
        "artefacts.transfer",
        TINY["artefacts"]["transfer"] | {"models": ["Lexicon"]},
        r"transfer\.strategies: adv trains",
    ),
    "replay": ("artefacts.replay", TINY["artefacts"]["replay"] | {"models": ["Lexicon"]}, r"replay\.strategies: adv"),
    "readings": (
        "artefacts.readings",
        {"attack": "pwws", "rows": [{"dataset": "sst2", "model": "Lexicon", "strategy": s} for s in ("base", "FLAT")]},
        r"readings\.rows\.1: FLAT trains",
    ),
    "importance": (
        "artefacts.importance",
        TINY["artefacts"]["importance"] | {"model": "Lexicon"},
        r"importance\.model: Lexicon is a black box, and word importance is learnt",
    ),
    "saliency": ("artefacts.saliency", OF_CNN | {"model": "Lexicon"}, r"saliency\.model: .*integrated gradients"),
    "ablation": (
        "artefacts.ablation",
        OF_CNN | {"model": "Lexicon", "strategies": ["FLAT"]},
        r"ablation\.model: .*ways of training",
    ),
    "groups": (
        "artefacts.groups",
        OF_CNN | {"model": "Lexicon", "strategies": ["group10"]},
        r"groups\.model: .*group masks",
    ),
    "tuning": (
        "tune",
        TINY["tune"] | {"models": ["Lexicon"], "strategies": ["base"]},
        r"tune\.models: Lexicon is a black",
    ),
    "gradients to attack by": (
        "attacks.pwws.parameters",
        {"ranking": "gradient"},
        r"attacks\.pwws\.parameters\.ranking: gradient, and Lexicon is a black box",
    ),
    "unknown option": ("models.Lexicon.options", {"strenth": 2.0}, r"strenth is not among the options of a lexicon"),
    "option of another type": (
        "models.Lexicon.options",
        {"strength": "big"},
        r"options\.strength: 'big' cannot be used",
    ),
}


@pytest.mark.parametrize("what", GIVEN)
def test_what_it_has_not_is_refused(values, what):
    path, value, problem = GIVEN[what]
    place = values
    *parents, last = path.split(".")
    for key in parents:
        place = place[key]
    place[last] = value
    with pytest.raises(StudyError, match=problem):
        parse(values)
