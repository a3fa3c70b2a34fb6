"""Building an attack of a study: TextAttack's own recipe with local resources.

``build`` calls the unmodified ``Recipe.build`` of TextAttack, so that every default parameter is TextAttack's; only the
names of components that would download something are bound, while it runs, to those that
``flat.attacks.textattack_adapter.recipes`` names.
"""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.textattack_adapter.recipes import RECIPES, Recipe
from flat.errors import StudyError


@contextmanager
def _bound(module, names: dict[str, object]) -> Iterator[None]:
    before = {name: getattr(module, name) for name in names}
    vars(module).update(names)
    try:
        yield
    finally:
        vars(module).update(before)


def build(spec: dict, victim, resources: AttackResources):
    """The TextAttack attack that ``spec`` describes, against ``victim`` (a ``flat.attacks.victim.Victim``).

    Args:
        spec: ``recipe``, ``query_budget`` (None: no limit), ``parameters`` (overrides of the recipe's defaults).

    Raises:
        StudyError: an unknown recipe or parameter.
        ResourceError: a resource it needs is absent.
    """
    if spec["recipe"] not in RECIPES:
        raise StudyError(
            f"attacks.*.recipe: {spec['recipe']}",
            "this version cannot build that attack",
            f"choose one of {', '.join(sorted(RECIPES))}",
        )
    recipe = RECIPES[spec["recipe"]]
    overrides = spec.get("parameters") or {}
    unknown = sorted(set(overrides) - set(recipe.parameters))
    if unknown:
        raise StudyError(
            f"attacks.{spec['recipe']}.parameters.{unknown[0]}",
            "the recipe has no such parameter",
            f"choose of {', '.join(sorted(recipe.parameters))}",
        )
    module = importlib.import_module(f"textattack.attack_recipes.{recipe.module}")
    with _bound(module, {name: make(resources) for name, make in recipe.replace.items()}):
        attack = getattr(module, recipe.name).build(victim)
    override(attack, recipe, overrides, spec.get("query_budget"))
    return attack


def override(attack, recipe: Recipe, parameters: Mapping[str, object], query_budget: int | None) -> None:
    """Set parameters of a built attack (names of ``recipe.parameters``), and its limit of queries a text."""
    for name, value in parameters.items():
        targets, attribute = recipe.parameters[name]
        for part in targets(attack):
            setattr(part, attribute, value)
    if query_budget is not None:
        attack.goal_function.query_budget = int(query_budget)
