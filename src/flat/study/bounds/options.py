"""Options of models, attacks and metrics: names that exist, values that can be meant, as plugins declare them."""

from collections.abc import Mapping

from pydantic import ValidationError

from flat.errors import StudyError
from flat.plugins.own.metrics import ALWAYS
from flat.plugins.registry import ATTACKS, METRICS, MODELS
from flat.plugins.values import Options, called
from flat.study.checks import refuse_unknown
from flat.study.schema import Study


def check(study: Study, where: str) -> None:
    """Raise StudyError for the first that no model of this kind, attack of this recipe or metric can be made with."""
    for name, model in study.models.items():
        kind = f"options of a {model.kind}"
        check_options(model.options, MODELS[model.kind].options, f"{where}: models.{name}.options", kind)
    for name, attack in study.attacks.items():
        kind = f"parameters of {attack.recipe}"
        check_options(attack.parameters, ATTACKS[attack.recipe].options, f"{where}: attacks.{name}.parameters", kind)
    always = {metric.name: metric for metric in ALWAYS.values()}
    for name, given in study.metrics.items():
        if name in always:
            raise StudyError(
                f"{where}: metrics.{name}", f"every study measures {always[name].shown} already", "leave it out"
            )
        check_options(given, METRICS[name].options, f"{where}: metrics.{name}", f"options of {name}")


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
