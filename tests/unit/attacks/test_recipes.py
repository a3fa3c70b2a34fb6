"""Recipes are TextAttack's own; the lock records every parameter of them."""

import copy
import importlib
import json
import math

import pytest
from attack_toys import ALL, BUILT, BagOfWords, spec, stock_recipe, toy_resources

from flat.attacks.lock import component, plain, resolve
from flat.attacks.textattack_adapter import build as recipes
from flat.attacks.textattack_adapter.limits import LimitedAttack
from flat.attacks.victim import Victim
from flat.errors import AttackError, StudyError
from flat.files.digests import digest_of as lock_hash


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


# what our components have and the stock ones do not: where a resource comes from
OURS_ALONE = [
    ("tagger", "resource:tagger"),
    ("encoder", "resource:sentence_encoder"),
    ("synonyms", "resource:wordnet"),
]
# of what both have, what stands in: the bank of sememes and the language model are "resource:..." in either lock, the
# masked language model shows by the name of its class, here the same toy's


def without_stand_ins(value):
    if isinstance(value, dict):
        return {name: without_stand_ins(item) for name, item in value.items() if (name, item) not in OURS_ALONE}
    return [without_stand_ins(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("recipe", ALL)
def test_a_lock_is_that_of_textattack_s_own_recipe(recipe, victim, toys, resources, monkeypatch, tmp_path):
    """Class by class and parameter by parameter, in the same order; only where resources come from differs."""
    import nltk

    monkeypatch.setattr(nltk.data, "path", [str(resources / name) for name in ("stopwords", "wordnet")])
    stock = stock_recipe(recipe, victim, monkeypatch, tmp_path)
    toys.stopwords = frozenset((resources / "stopwords" / "corpora" / "stopwords" / "english").read_text().split())
    ours = locked(recipe, victim, toys, parameters={})
    theirs = resolve(stock, spec(recipe), toys)
    assert without_stand_ins(ours) == theirs
    assert without_stand_ins(parts(recipes.build(spec(recipe, parameters={}), victim, toys))) == parts(stock)


@pytest.mark.parametrize("recipe", ALL)
def test_a_lock_is_plain_json_without_addresses(recipe, victim, toys):
    text = json.dumps(locked(recipe, victim, toys), allow_nan=False)
    assert json.loads(text) == locked(recipe, victim, toys)
    assert " object at 0x" not in text and "<" not in text.replace('"<"', "")


@pytest.mark.parametrize(
    ("recipe", "component_", "expected"),
    [
        ("gene", "search_method", {"pop_size": 60, "max_iters": 20, "post_crossover_check": False}),
        ("iga", "search_method", {"pop_size": 60, "max_iters": 20, "max_replace_times_per_index": 5}),
        ("pso", "search_method", {"pop_size": 60, "max_iters": 20, "omega_1": 0.8, "omega_2": 0.2, "v_max": 3.0}),
        ("gene", "transformation", {"max_candidates": 8}),
        ("iga", "transformation", {"max_candidates": 50}),
        ("bae", "transformation", {"max_candidates": 50, "min_confidence": 0.0, "method": "bae"}),
        ("bae", "search_method", {"wir_method": "delete"}),
    ],
)
def test_parameters_of_the_papers_by_hand(victim, toys, recipe, component_, expected):
    found = locked(recipe, victim, toys, parameters={})[component_]["parameters"]
    assert {name: found[name] for name in expected} == expected


def test_clare_by_hand(victim, toys):
    lock = locked("clare", victim, toys, parameters={})
    kinds = [part["class"].rpartition(".")[2] for part in lock["transformation"]["parameters"]["transformations"]]
    assert kinds == ["WordSwapMaskedLM", "WordInsertionMaskedLM", "WordMergeMaskedLM"]
    confidences = [p["parameters"]["min_confidence"] for p in lock["transformation"]["parameters"]["transformations"]]
    assert confidences == [5e-4, 0.0, 5e-3]
    (similarity,) = (part["parameters"] for part in lock["constraints"])
    assert (similarity["threshold"], similarity["window_size"]) == (0.7, 15)
    assert similarity["sim_metric"]["class"].endswith("CosineSimilarity")


@pytest.mark.parametrize("recipe", ALL)
def test_every_parameter_of_a_recipe_reaches_the_lock(recipe, victim, toys):
    """Each override changes the lock, and is found in the components where the registry says it is."""
    other = {"ranking": "random"}
    for name, (targets, attribute) in BUILT[recipe].parameters.items():
        before = getattr(targets(recipes.build(spec(recipe), victim, toys))[0], attribute)
        if name not in other:
            other[name] = (not before) if isinstance(before, bool) else before + 1
        value = other[name]
        values = spec(recipe)["parameters"] | {name: value}
        changed = recipes.build(spec(recipe, parameters=values), victim, toys)
        assert all(getattr(part, attribute) == value for part in targets(changed))
        assert lock_hash(locked(recipe, victim, toys, parameters=values)) != lock_hash(locked(recipe, victim, toys))


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


@pytest.mark.parametrize("recipe", ALL)
def test_building_leaves_textattack_as_it_was(recipe, victim, toys):
    module = importlib.import_module(f"textattack.attack_recipes.{BUILT[recipe].module}")
    before = dict(vars(module))
    recipes.build(spec(recipe), victim, toys)
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
    with pytest.raises(StudyError, match=r"textbuger(.|\n)*did you mean textbugger\? (.|\n)*pwws"):
        recipes.build(spec("textbuger"), victim, toys)
    with pytest.raises(StudyError, match=r"parameters\.max_candidate(.|\n)*max_candidates"):
        recipes.build(spec("textfooler", parameters={"max_candidate": 3}), victim, toys)


@pytest.mark.parametrize("recipe", ALL)
def test_lock_is_stable(recipe, victim, toys):
    first, again = (locked(recipe, victim, toys) for _ in range(2))
    assert first == again
    assert lock_hash(first) == lock_hash(dict(reversed(first.items())))


@pytest.mark.parametrize("recipe", ALL)
def test_lock_does_not_change_by_attacking(recipe, victim, toys):
    attack = recipes.build(spec(recipe), victim, toys)
    before = resolve(attack, spec(recipe), toys)
    LimitedAttack(attack, 30.0)("a good film with a decent plot", 1)
    assert resolve(attack, spec(recipe), toys) == before


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
    assert set(BUILT["textfooler"].parameters) >= {name}
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


def test_lock_changes_with_limits_mode_resource_and_stop_words(victim, toys):
    original = lock_hash(locked("pwws", victim, toys))
    assert lock_hash(locked("pwws", victim, toys, query_budget=100)) != original
    assert lock_hash(locked("pwws", victim, toys, time_limit=100.0)) != original
    in_train_mode = resolve(recipes.build(spec("pwws"), victim, toys), spec("pwws"), toys, "train")
    assert lock_hash(in_train_mode) != original
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
    from flat.attacks.lexicon.resources import AttackResources

    with pytest.raises(AttackError, match="synonym_space"):
        AttackResources({"synonym_space": "counter-fitted"})
