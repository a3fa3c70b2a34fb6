"""Recipes by the path of their class: read without an import, refused by name, built with local resources."""

import subprocess
import sys

import pandas as pd
import pytest
from attack_runs import as_bytes
from attack_toys import ALL, BUILT, BagOfWords, spec, toy_examples, toy_resources

from flat.attacks.attack import attack_examples
from flat.attacks.ledger import SCHEMA
from flat.attacks.lock import resolve
from flat.attacks.textattack_adapter import build as recipes
from flat.attacks.textattack_adapter.recipe_classes import REPLACE
from flat.attacks.victim import Victim
from flat.errors import AttackError, StudyError
from flat.plugins.code import made_of
from flat.plugins.recipe_classes import CANNOT, ROLES_OF, is_path
from flat.plugins.registry import ATTACKS

THEIRS = "textattack.attack_recipes."


def path_of(recipe: str) -> str:
    return THEIRS + BUILT[recipe].name


def run(tmp_path, recipe, **values):
    options = {"parameters": {}, **values}
    return attack_examples(
        BagOfWords().eval(), toy_examples(), spec(recipe, **options), 7, resources=toy_resources(tmp_path)
    )


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package; ``package(name, source)`` writes a module of it."""
    folder = tmp_path / "lent" / "lent_recipes"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(folder.parent))

    def write(name: str, source: str) -> str:
        (folder / f"{name}.py").write_text(source)
        return f"lent_recipes.{name}"

    yield write
    for name in [name for name in sys.modules if name.split(".")[0] == "lent_recipes"]:
        del sys.modules[name]


RESTRICTED = """
from textattack.attack_recipes import TextFoolerJin2019
from textattack.constraints.overlap import MaxWordsPerturbed


class Restricted(TextFoolerJin2019):
    @staticmethod
    def build(model_wrapper, most=1, name="x"):
        attack = TextFoolerJin2019.build(model_wrapper)
        attack.constraints.append(MaxWordsPerturbed(max_num_words=most))
        return attack
"""


# --- what is read of a class


@pytest.mark.parametrize("recipe", ALL)
def test_the_roles_are_those_that_the_named_attack_declares(recipe):
    """But for A2T, of which the class may also be built with a masked language model."""
    found = ATTACKS[path_of(recipe)]
    extra = {"masked_language_model"} if recipe == "a2t" else set()
    assert {*found.roles} == {*ATTACKS[recipe].roles} | extra
    assert found.gradients == ATTACKS[recipe].gradients
    assert set(found.options.model_fields) == {*BUILT[recipe].arguments} | (
        {"pruthi": {"max_num_word_swaps"}, "a2t": {"mlm"}}.get(recipe, set())
    )


def test_every_role_has_its_stand_in():
    assert set(REPLACE) == set(ROLES_OF)
    assert not set(CANNOT) & set(ROLES_OF)


@pytest.mark.parametrize("name", sorted({*ROLES_OF, *CANNOT}))
def test_every_component_is_one_of_textattacks(name):
    """So that a name misspelt here, or changed by another release, is found."""
    from pathlib import Path

    import textattack

    home = Path(textattack.__path__[0])
    sources = [file.read_text(encoding="utf-8") for file in home.rglob("*.py")]
    assert any(f"class {name}(" in source or f"as {name}," in source for source in sources)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (THEIRS + "CheckList2020", "WordSwapChangeName needs Flair's tagger of named entities"),
        (THEIRS + "FasterGeneticAlgorithmJia2019", "LearningToWriteLanguageModel needs the language models of"),
        (THEIRS + "Kuleshov2017", "needs"),
        (THEIRS + "HotFlipEbrahimi2017", "WordSwapGradientBased needs a model of TextAttack's own"),
        (THEIRS + "InputReductionFeng2018", "another goal than the ledger's"),
        (THEIRS + "MorpheusTan2020", "needs"),
        (THEIRS + "ChineseRecipe", "a Chinese lexicon"),
        (THEIRS + "DeepWordBugGao", "textattack.attack_recipes has no class DeepWordBugGao"),
        (THEIRS + "AttackRecipe", "has no build"),
        ("textattack.transformations.WordSwapQWERTY", "has no build"),
        ("textattack.no_such_module.X", "there is no module textattack.no_such_module"),
        ("nobody_has_this.X", "there is no module nobody_has_this"),
        ("json.decoder:JSONDecoder", "has no build"),
        ("textattack.attack_recipes:", "write package.module.Class"),
        ("../x.Y", "write package.module.Class"),
        ("a b.c", "write package.module.Class"),
    ],
)
def test_a_class_that_cannot_be_run_is_refused_by_what_is_wrong(path, problem, tmp_path):
    assert is_path(path) and path not in ATTACKS
    assert problem in ATTACKS.refusal(path)
    with pytest.raises(KeyError):
        ATTACKS[path]
    with pytest.raises(StudyError, match="cannot build"):
        recipes.build(spec(path), Victim(BagOfWords().eval()), toy_resources(tmp_path))


def test_checklist_is_refused_by_its_own_name_too():
    assert "Flair's tagger" in ATTACKS.refusal("checklist") and "checklist" not in ATTACKS


def test_nothing_heavy_is_imported_to_read_a_class():
    code = (
        "import sys\nfrom flat.plugins.registry import ATTACKS\nfrom flat.plugins.code import made_of\n"
        f"made_of('attacks', '{THEIRS}TextFoolerJin2019')\nATTACKS['{THEIRS}CLARE2020'].roles\n"
        "print([name for name in ('torch', 'numpy', 'textattack', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_options_are_the_arguments_of_build():
    options = ATTACKS[THEIRS + "DeepWordBugGao2018"].options
    assert options.model_validate({"use_all_transformations": False}).use_all_transformations is False
    with pytest.raises(ValueError):
        options.model_validate({"use_all_transformations": 3})
    with pytest.raises(ValueError):
        options.model_validate({"use_all": True})


# --- what is built of it


@pytest.mark.parametrize("recipe", ALL)
def test_a_class_by_its_path_is_the_attack_by_its_name(recipe, tmp_path):
    """Component by component; only recipe, plugin and the resources that are named differ."""
    toys, victim = toy_resources(tmp_path), Victim(BagOfWords().eval())
    described = spec(path_of(recipe), parameters={})
    lock = resolve(recipes.build(described, victim, toys), described, toys)
    own = spec(recipe, parameters={})
    expected = resolve(recipes.build(own, victim, toys), own, toys)
    release = lock.pop("plugin")
    assert (release["module"], release["version"]) == (f"{THEIRS}{BUILT[recipe].module}", "0.3.11")
    for each in (lock, expected):
        del each["recipe"], each["resources"], each["versions"]
    assert lock == expected


@pytest.mark.parametrize("recipe", ["textfooler", "pruthi", "textbugger", "bert-attack"])
def test_and_it_gives_the_same_ledger(recipe, tmp_path):
    columns = [name for name in SCHEMA.names if name not in ("attack_hash", "victim_forwards")]
    by_path, by_name = run(tmp_path, path_of(recipe)), run(tmp_path, recipe, search="textattack")
    pd.testing.assert_frame_equal(by_path.ledger[columns], by_name.ledger[columns])


def test_its_parameters_reach_its_build(tmp_path):
    free = run(tmp_path, THEIRS + "Pruthi2019")
    more = run(tmp_path, THEIRS + "Pruthi2019", parameters={"max_num_word_swaps": 3})
    changed = more.ledger["swaps"].map(len)
    assert free.ledger["swaps"].map(len).max() == 1 and 1 < changed.max() <= 3
    assert free.ledger["attack_hash"][0] != more.ledger["attack_hash"][0]


def test_textattacks_modules_are_left_as_they_were(tmp_path):
    import importlib

    module = importlib.import_module(THEIRS + BUILT["textfooler"].module)
    before = dict(vars(module))
    recipes.build(
        spec(path_of("textfooler"), parameters={}), Victim(BagOfWords().eval()), toy_resources(tmp_path / "toys")
    )
    assert dict(vars(module)) == before


def test_a_class_of_another_package_may_build_on_textattacks(tmp_path, package):
    module = package("restricted", RESTRICTED)
    path = f"{module}:Restricted"
    assert {*ATTACKS[path].roles} == {*ATTACKS["textfooler"].roles}
    assert set(ATTACKS[path].options.model_fields) == {"most", "name"}
    one, more = (run(tmp_path, path, parameters={"most": most}) for most in (1, 5))
    assert one.ledger["swaps"].map(len).max() == 1 and more.ledger["swaps"].map(len).max() > 1
    assert (one.lock["plugin"]["module"], one.lock["plugin"]["version"]) == (module, None)  # on the path, not installed
    again = run(tmp_path, path, parameters={"most": 1})
    assert as_bytes(again, tmp_path) == as_bytes(one, tmp_path)


def test_an_edit_of_it_is_another_attack(tmp_path, package):
    from flat.plugins import code, recipe_classes, registry

    path = f"{package('restricted', RESTRICTED)}.Restricted"
    before = made_of("attacks", path)["digest"]
    package("restricted", RESTRICTED.replace("most=1", "most=2"))
    for known in (recipe_classes.read, recipe_classes._source, registry._of_class, code.parsed):
        known.cache_clear()  # as a new process has none
    assert made_of("attacks", path)["digest"] != before


def test_what_its_code_needs_is_found_before_a_job(package):
    module = package(
        "named", "from textattack.transformations import WordSwapChangeName as Names\n"
        "class Mine:\n    @staticmethod\n    def build(model):\n        return Names()\n",
    )  # fmt: skip
    assert "WordSwapChangeName needs Flair's tagger" in ATTACKS.refusal(f"{module}.Mine")


def test_a_class_of_its_own_by_the_name_of_one_of_textattacks_is_left_alone(package):
    module = package(
        "alike", "class PartOfSpeech:\n    pass\nclass Mine:\n    @staticmethod\n    def build(model):\n"
        "        return PartOfSpeech()\n",
    )  # fmt: skip
    assert ATTACKS[f"{module}.Mine"].roles == ()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("raise ValueError('what now')", "ValueError: what now"),
        ("return 3", "made a int"),
        ("import textattack; return textattack.shared.WordEmbedding.counterfitted_GLOVE_embedding()", "to download"),
    ],
)
def test_a_class_that_breaks_is_told_before_the_first_example(package, tmp_path, body, problem):
    module = package("broken", f"class Mine:\n    @staticmethod\n    def build(model):\n        {body}\n")
    with pytest.raises(AttackError) as refused:
        run(tmp_path, f"{module}.Mine")
    assert problem in str(refused.value) and "example" not in str(refused.value)
