"""Options of plugins that a study names: names that exist, values that can be meant, as plugins declare them."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from flat.errors import StudyError
from flat.plugins.own.metrics import ALWAYS
from flat.plugins.registry import ATTACKS, METRICS, MODELS, OBJECTIVES
from flat.plugins.values import Options, called
from flat.study.bounds.names import refuse_unknown, unknown
from flat.study.fields import MASK_WEIGHTS, OWN_OBJECTIVE
from flat.study.grid import trained_cells
from flat.study.known.recipes import is_made
from flat.study.schema import Study
from flat.study.settings import resources_of


def misfits(study: Study, where: str) -> Iterator[StudyError]:
    """Every one that no model, attack, objective or metric of its name can be made with."""
    for name, model in study.models.items():
        kind = f"options of a {model.kind}"
        yield from _options(model.options, MODELS[model.kind].options, f"{where}: models.{name}.options", kind)
    for name, attack in study.attacks.items():
        kind = f"parameters of {attack.recipe}"
        yield from _options(
            attack.parameters, ATTACKS[attack.recipe].options, f"{where}: attacks.{name}.parameters", kind
        )
    always = {metric.name: metric for metric in ALWAYS.values()}
    for name, given in study.metrics.items():
        if name in always:
            yield StudyError(
                f"{where}: metrics.{name}", f"every study measures {always[name].shown} already", "leave it out"
            )
            continue
        yield from _options(given, METRICS[name].options, f"{where}: metrics.{name}", f"options of {name}")

    for name, strategy in study.strategies.items():
        kind = f"options of the objective {strategy.objective}"
        yield from _options(
            strategy.options, OBJECTIVES[strategy.objective].options, f"{where}: strategies.{name}.options", kind
        )
        yield from _objective(study, name, f"{where}: strategies.{name}")


def _objective(study: Study, name: str, place: str) -> Iterator[StudyError]:
    """Where a strategy and its objective do not fit."""
    strategy = study.strategies[name]
    objective, plugin = strategy.objective, OBJECTIVES[strategy.objective]
    if name == "base" and objective != OWN_OBJECTIVE:
        yield StudyError(
            f"{place}.objective",
            "base is trained with the plain cross entropy: the others start from it and are compared with it",
            f"leave it out, and give a strategy of its own, with adversarial: false, the objective {objective}",
        )
    if plugin.masked and strategy.mask != "variational":
        yield StudyError(
            f"{place}.mask", f"the objective {objective} needs a variational mask", "set mask: variational"
        )
    for weight in MASK_WEIGHTS:
        if getattr(strategy, weight) and weight not in plugin.weights:
            yield StudyError(
                f"{place}.{weight}", f"the objective {objective} has no term that it weighs", "leave it out"
            )
    yield from unknown(strategy.resources, plugin.roles, f"{place}.resources", f"roles of the objective {objective}")
    given = resources_of(study, name)
    for role in plugin.roles:
        if role not in given:
            yield StudyError(
                f"{place}.resources", f"the objective {objective} needs {role}", f"name a resource: {role}: NAME"
            )
        elif is_made(role, given[role]):
            yield StudyError(
                f"{place}.resources.{role}",
                f"{given[role]} is made for attacks, of each data set",
                f"name a resource of the catalogue or a folder: {role}: NAME",
            )
    for cell in trained_cells(study) if plugin.built_from else ():
        kind = study.models[cell.model].kind
        if cell.strategy == name and MODELS[kind].built_from not in plugin.built_from:
            yield StudyError(
                f"{place}.objective",
                f"{objective} trains models built from {' or '.join(plugin.built_from)}, and {cell.model} is {kind}",
                "leave this model out of the artefacts that name the strategy, or take another objective",
            )


def _options(given: Mapping[str, object], options: type[Options], place: str, kind: str) -> Iterator[StudyError]:
    """What ``check_options`` refuses."""
    try:
        check_options(given, options, place, kind)
    except StudyError as error:
        yield error


def check_options(given: Mapping[str, object], options: type[Options], place: str, kind: str) -> Options:
    """The options that were given, as an instance of their model.

    Raises:
        StudyError: a name that there is not, a value out of its bounds, or one that is missing.
    """
    refuse_unknown(given, options.model_fields, place, kind)
    try:
        return options.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        schema = options.model_json_schema()
        allowed = called(_field(schema, name)) if name else ""
        found = "is missing" if first["type"] == "missing" else f"{given.get(name)!r} cannot be used"
        why = first["msg"] if first["type"] in ("value_error", "assertion_error") else ""
        raise StudyError(
            f"{place}.{name}" if name else place,
            found if name and not why else why.removeprefix("Value error, "),
            f"give {allowed}" if allowed else f"correct it: {first['msg']}",
        ) from None


def _field(schema: dict, name: str) -> dict:
    found = schema.get("properties", {}).get(name, {})
    reference = found.get("$ref", "").rpartition("/")[2]
    return schema["$defs"][reference] if reference else found
