"""Recipes are TextAttack's own; the lock records every parameter of them."""

import copy
import math

import pytest
from attack_toys import BagOfWords, Neighbours, spec, toy_resources

from flat.attacks import recipes
from flat.attacks.lock import component, lock_hash, plain, resolve
from flat.attacks.textattack_environment import textattack
from flat.attacks.victim import Victim
from flat.attacks.word_embedding import NeighbourEmbedding
from flat.errors import AttackError, StudyError


@pytest.fixture
def victim():
    return Victim(BagOfWords().eval())


@pytest.fixture
def toys(tmp_path):
    return toy_resources(tmp_path)


def locked(recipe, victim, toys, **values):
    return resolve(recipes.build(spec(recipe, **values), victim, toys), spec(recipe, **values), toys)


def parts(attack):
    return [
        component(part)
        for part in (
            attack.search_method,
            attack.goal_function,
            attack.transformation,
            *attack.pre_transformation_constraints,
            *attack.constraints,
        )
    ]


def test_textfooler_has_the_parameters_of_the_stock_recipe(victim, toys, monkeypatch):
    """The stock recipe builds here once its vectors are put where it looks for them; its encoder loads lazily."""
    own = NeighbourEmbedding(Neighbours())
    monkeypatch.setattr(textattack.shared.WordEmbedding, "counterfitted_GLOVE_embedding", lambda: own)
    stock = textattack.attack_recipes.TextFoolerJin2019.build(victim)
    ours = parts(recipes.build(spec("textfooler"), victim, toys))
    for part in ours:  # what only ours has: where the resource comes from
        for name in ("tagger", "encoder"):
            part["parameters"].pop(name, None)
    assert ours == parts(stock)


def test_textfooler_s_parameters_by_hand(victim, toys):
    lock = locked("textfooler", victim, toys)
    distance, tags, similarity = (part["parameters"] for part in lock["constraints"])
    assert lock["transformation"]["parameters"]["max_candidates"] == 50
    assert distance["min_cos_sim"] == 0.5
    assert tags["allow_verb_noun_swap"] is True
    assert (similarity["threshold"], similarity["metric"].rpartition(".")[2]) == (0.840845057, "angular")
    assert (similarity["window_size"], similarity["compare_against_original"]) == (15, False)
    assert similarity["skip_text_shorter_than_window"] is True
    assert lock["search_method"]["parameters"]["wir_method"] == "delete"
    stop = lock["pre_transformation_constraints"][1]
    assert stop["parameters"]["stopwords"]["count"] == 266  # the list in TextAttack's source


def test_pwws_has_the_parameters_of_the_stock_recipe(victim, toys, resources, monkeypatch):
    import nltk

    monkeypatch.setattr(nltk.data, "path", [str(resources / name) for name in ("stopwords", "wordnet")])
    stock = textattack.attack_recipes.PWWSRen2019.build(victim)
    toys.stopwords = frozenset(nltk.corpus.stopwords.words("english"))
    ours = parts(recipes.build(spec("pwws"), victim, toys))
    ours[2]["parameters"].pop("synonyms")
    assert ours == parts(stock)


def test_building_leaves_textattack_as_it_was(victim, toys):
    import textattack.attack_recipes.textfooler_jin_2019 as module

    before = dict(vars(module))
    recipes.build(spec("textfooler"), victim, toys)
    assert dict(vars(module)) == before


def test_overrides_reach_the_components(victim, toys):
    attack = recipes.build(
        spec("textfooler", query_budget=7, parameters={"max_candidates": 3, "min_cos_sim": 0.75}), victim, toys
    )
    assert attack.transformation.max_candidates == 3
    assert attack.constraints[0].min_cos_sim == 0.75
    assert attack.goal_function.query_budget == 7
    assert recipes.build(spec("textfooler"), victim, toys).goal_function.query_budget == math.inf


def test_unknown_recipes_and_parameters_are_refused(victim, toys):
    with pytest.raises(StudyError, match=r"textbugger(.|\n)*pwws, textfooler"):
        recipes.build(spec("textbugger"), victim, toys)
    with pytest.raises(StudyError, match=r"parameters\.max_candidate(.|\n)*max_candidates"):
        recipes.build(spec("textfooler", parameters={"max_candidate": 3}), victim, toys)


def test_lock_is_stable(victim, toys):
    first, again = (locked("textfooler", victim, toys) for _ in range(2))
    assert first == again
    assert lock_hash(first) == lock_hash(dict(reversed(first.items())))


def test_lock_does_not_change_by_attacking(victim, toys):
    attack = recipes.build(spec("textfooler"), victim, toys)
    before = resolve(attack, spec("textfooler"), toys)
    attack.attack("a good film with a decent plot", 1)
    assert resolve(attack, spec("textfooler"), toys) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_candidates", 49),
        ("min_cos_sim", 0.51),
        ("allow_verb_noun_swap", False),
        ("similarity_threshold", 0.85),
        ("similarity_window", 14),
        ("skip_short_texts", False),
        ("compare_against_original", True),
        ("ranking", "unk"),
    ],
)
def test_lock_changes_with_every_parameter(victim, toys, name, value):
    assert set(recipes.RECIPES["textfooler"].parameters) >= {name}
    changed = locked("textfooler", victim, toys, parameters={name: value})
    assert lock_hash(changed) != lock_hash(locked("textfooler", victim, toys))


def test_lock_changes_with_every_attribute_of_every_component(victim, toys):
    """Not only what a study may override: anything that a component holds."""
    attack = recipes.build(spec("textfooler"), victim, toys)
    original = lock_hash(resolve(attack, spec("textfooler"), toys))
    changed = 0
    for part in (attack.search_method, attack.goal_function, attack.transformation, *attack.constraints):
        for name, value in list(vars(part).items()):
            if isinstance(value, bool | int | float | str) and not name.startswith("_"):
                other = (
                    copy.copy(value) * 2 + 1
                    if not isinstance(value, str | bool)
                    else (f"{value}!", not value)[isinstance(value, bool)]
                )
                if other == value:  # infinity
                    other = 17
                setattr(part, name, other)
                assert lock_hash(resolve(attack, spec("textfooler"), toys)) != original, name
                setattr(part, name, value)
                changed += 1
    assert changed >= 20


def test_lock_changes_with_budget_resource_and_stop_words(victim, toys):
    original = lock_hash(locked("pwws", victim, toys))
    assert lock_hash(locked("pwws", victim, toys, query_budget=100)) != original
    stopwords = toys.stopwords
    toys.stopwords = stopwords | {"film"}
    assert lock_hash(locked("pwws", victim, toys)) != original
    toys.stopwords = stopwords
    (toys.folder("wordnet") / "data").write_text("another edition")
    assert lock_hash(locked("pwws", victim, toys)) != original


def test_locks_of_two_recipes_differ_and_name_their_resources(victim, toys):
    textfooler, pwws = (locked(name, victim, toys) for name in ("textfooler", "pwws"))
    assert set(textfooler["resources"]) == {"synonyms", "sentence_encoder", "tagger"}
    assert set(pwws["resources"]) == {"wordnet", "stopwords"}
    assert lock_hash(textfooler) != lock_hash(pwws)


def test_plain_values():
    assert plain({"b", "a"}) == ["a", "b"]
    assert plain(math.inf) == "inf"
    assert plain(tuple(range(17))) == plain(list(range(17))) != plain(list(range(1, 18)))


def test_an_unknown_role_is_refused(tmp_path):
    from flat.attacks.resources import AttackResources

    with pytest.raises(AttackError, match="synonym_space"):
        AttackResources({"synonym_space": "counter-fitted"})
