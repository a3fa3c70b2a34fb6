"""One text under an attack: as the study names it, or as its recipe declares it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flat.attacks.ledger import SCHEMA
from flat.attacks.lexicon.resources import DEFAULTS
from flat.attacks.spec import spec_of, tables_of
from flat.errors import AttackError, StudyError
from flat.models.black_box import BlackBox
from flat.models.interface import Classifier
from flat.plugins.registry import ATTACKS
from flat.study.bounds.names import refuse_unknown
from flat.study.bounds.options import check_options
from flat.study.known.recipes import is_made
from flat.study.paths import Paths
from flat.study.schema import Study


@dataclass(frozen=True)
class Plan:
    """An attack as ``flat.attacks.attack.attack_examples`` takes it. ``name``: of the study, or the recipe's own."""

    name: str
    spec: dict


@dataclass(frozen=True)
class Asked:
    """A text to attack. ``seed``: the attack's; the text's own derives from it and ``example_id``."""

    example_id: str
    text: str
    label: int
    seed: int


def spec_for(
    study: Study | None,
    recipe: str,
    limits: Mapping[str, float | None],
    resources: dict[str, str],
    parameters: Mapping[str, object],
    model: Classifier,
) -> Plan:
    """The attack that a name means, with what was said otherwise of it.

    Args:
        recipe: an attack of the study, or a recipe.
        limits: query_budget and time_limit; None: as the study has it.
        resources, parameters: that take the place of the study's.

    Raises:
        StudyError: no such attack, or a parameter or limit that it cannot be run with.
        AttackError: it needs gradients, and the model is a black box.
    """
    name = _named(study, recipe)
    if name is None:
        if recipe not in ATTACKS:
            own = f"attacks of the study: {', '.join(study.attacks)}; " if study else ""
            raise StudyError(f"attack: {recipe}", "no such attack", own + ATTACKS.refusal(recipe))
        spec = {"recipe": recipe, "resources": _borrowed(study, ATTACKS[recipe].roles), "parameters": {}}
        spec |= {"query_budget": None, "time_limit": None, "search": "exact", "screening": "auto"}
    else:
        spec = spec_of(study, name)
    plugin = ATTACKS[spec["recipe"]]
    refuse_unknown(resources, plugin.roles, f"attack: {recipe}: resources", f"roles of {plugin.name}")
    spec |= {key: _above_0(key, value) for key, value in limits.items() if value is not None}
    spec["resources"] = spec["resources"] | resources
    spec["parameters"] = spec["parameters"] | dict(parameters)
    absent = [role for role in plugin.roles if role not in {*DEFAULTS, *spec["resources"]}]
    if absent:
        raise AttackError(
            f"attack: {recipe}",
            f"needs a {absent[0]}, and the study names none",
            f"name one: resources={{'{absent[0]}': NAME}}, or --resource {absent[0]}=NAME (flat resources list)",
        )
    check_options(spec["parameters"], plugin.options, f"attack: {recipe}", f"parameters of {plugin.name}")
    if isinstance(model, BlackBox) and (plugin.gradients or spec["parameters"].get("ranking") == "gradient"):
        gentle = ", ".join(each for each in ATTACKS if not ATTACKS[each].gradients)
        raise AttackError(f"attack: {recipe}", "needs gradients, and the model is a black box", f"choose of {gentle}")
    return Plan(name or recipe, spec)


def _named(study: Study | None, recipe: str) -> str | None:
    """The study's attack of this name, or else the one that it runs of this recipe; None: the study has neither."""
    if study is None:
        return None
    if recipe in study.attacks:
        return recipe
    return next((name for name, attack in study.attacks.items() if attack.recipe == recipe), None)


def _borrowed(study: Study | None, roles: tuple[str, ...]) -> dict[str, str]:
    """Role -> resource, of the study's other attacks that name one; other roles are left to the defaults."""
    attacks = reversed(study.attacks.values()) if study else ()
    named = {role: name for attack in attacks for role, name in attack.resources.items()}
    return {role: named[role] for role in roles if role in named}


def _above_0(key: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise StudyError(f"attack: {key}", f"{value!r} is no limit", "give a number above 0, or leave it out")
    return value


def attack_one(model: Classifier, plan: Plan, asked: Asked, paths: Paths, dataset: str) -> dict:
    """The row of the ledger (``flat.attacks.ledger.SCHEMA``) of one text.

    Args:
        paths: of the study, whose tables of the data set serve the attack as far as they are there.

    Raises:
        AttackError: what the attack needs is made of the data set's texts, and was not made.
    """
    import pandas as pd  # for cost

    from flat.attacks.attack import attack_examples  # for cost: TextAttack
    from flat.attacks.lexicon.resources import AttackResources  # for cost

    spec = plan.spec
    wanted = tables_of(paths, dataset, spec["recipe"], spec["resources"])
    tables = {role: path for role, path in wanted.items() if Path(path).exists()}
    for role, name in spec["resources"].items():
        if role in ATTACKS[spec["recipe"]].roles and is_made(role, name) and role not in tables:
            raise AttackError(
                f"attack: {plan.name}: {role}: {name}",
                f"is made of the texts of {dataset}, and {wanted[role]} is not there",
                f"make it: snakemake --configfile STUDY {wanted[role]}; or name another resource for the role",
            )
    row = {"example_id": asked.example_id, "text": asked.text, "label": asked.label}
    row["words"] = asked.text.split(" ")
    run = attack_examples(
        model,
        pd.DataFrame([row]),
        spec,
        asked.seed,
        resources=AttackResources(spec["resources"], tables, device=model.device.type),
    )
    (found,) = run.rows()
    return {name: found[name] for name in SCHEMA.names}
