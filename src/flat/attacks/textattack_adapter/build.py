"""Building an attack of a study: what its plugin makes, with the parameters and the limit that the study sets."""

from collections.abc import Mapping

from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.own import OwnAttack
from flat.attacks.textattack_adapter.environment import textattack
from flat.attacks.textattack_adapter.recipes import Recipe
from flat.errors import AttackError, StudyError
from flat.plugins.kinds import Attack
from flat.plugins.registry import ATTACKS


def build(spec: dict, victim, resources: AttackResources):
    """The attack that ``spec`` describes, against ``victim`` (a ``flat.attacks.victim.Victim``).

    It is a ``textattack.Attack``, or an ``OwnAttack`` of a plugin that searches itself.

    Args:
        spec: ``recipe``, ``query_budget`` (None: no limit), ``time_limit`` (the same), ``parameters`` (those that the
            study sets).

    Raises:
        StudyError: an unknown recipe or parameter.
        AttackError: a plugin's code broke, or made something else than it promises.
        ResourceError: a resource it needs is absent.
    """
    name, given = spec["recipe"], spec.get("parameters") or {}
    if name not in ATTACKS:
        raise StudyError(
            f"attacks.*.recipe: {name}", "this version cannot build that attack", f"{ATTACKS.refusal(name)}"
        )
    plugin = ATTACKS[name]
    fields = plugin.options.model_fields
    unknown = sorted(set(given) - set(fields))
    if unknown:
        raise StudyError(
            f"attacks.{name}.parameters.{unknown[0]}",
            "the recipe has no such parameter",
            f"choose of {', '.join(sorted(fields))}" if fields else "it has none: remove it",
        )
    defaults = {key: field.get_default(call_default_factory=True) for key, field in fields.items()}
    options = {key: value for key, value in defaults.items() if value is not None and not fields[key].is_required()}
    options |= given
    if plugin.own:
        held = {"resources": resources} if plugin.roles else {}
        made = plugin.load()(**held, **options)
        return OwnAttack(made, plugin, victim, options, spec.get("query_budget"), spec.get("time_limit"))
    attack = plugin.load()(victim, resources, **options)
    _check(attack, plugin, victim)
    limit(attack, spec.get("query_budget"))
    return attack


def _check(attack, plugin: Attack, victim) -> None:
    """Raise AttackError unless this is an attack whose results a ledger can hold."""
    goal = getattr(attack, "goal_function", None)
    problem = ""
    if not isinstance(attack, textattack.Attack):
        problem = f"made a {type(attack).__name__}, no textattack.Attack"
    elif not isinstance(goal, textattack.goal_functions.UntargetedClassification):
        problem = f"has the goal {type(goal).__name__}; a ledger tells of untargeted misclassification"
    elif goal.target_max_score is not None or goal.maximizable or not goal.allow_skip:
        problem = "has a goal that counts other texts as fooled than the victim's answers do"
    elif goal.model is not victim:
        problem = "asks another model than the victim that it was given"
    if problem:
        raise AttackError(
            f"attacks.*.recipe: {plugin.name}",
            problem,
            "give textattack.Attack(UntargetedClassification(victim), ...) (docs/add-an-attack.md)",
        )


def override(attack, recipe: Recipe, parameters: Mapping[str, object], query_budget: int | None) -> None:
    """Set parameters of a built attack (names of ``recipe.parameters``), and its limit of queries a text."""
    recipe.override(attack, parameters)
    limit(attack, query_budget)


def limit(attack, query_budget: int | None) -> None:
    """Set a built attack's limit of queries a text; None leaves it as it is."""
    if query_budget is not None:
        attack.goal_function.query_budget = int(query_budget)
