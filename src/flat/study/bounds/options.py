"""Options of models and parameters of attacks: names that exist, values that can be meant (flat.study.known)."""

from collections.abc import Mapping

from flat.errors import StudyError
from flat.study.checks import refuse_unknown
from flat.study.known.models import MODELS
from flat.study.known.options import Value
from flat.study.known.recipes import PARAMETERS
from flat.study.schema import Study


def check(study: Study, where: str) -> None:
    """Raise StudyError for the first that no model of this kind, or no attack of this recipe, can be built with."""
    for name, model in study.models.items():
        _check(
            model.options, MODELS[model.kind].options, f"{where}: models.{name}.options", f"options of a {model.kind}"
        )
    for name, attack in study.attacks.items():
        place, kind = f"{where}: attacks.{name}.parameters", f"parameters of {attack.recipe}"
        _check(attack.parameters, PARAMETERS[attack.recipe], place, kind)


def _check(given: Mapping[str, object], known: Mapping[str, Value], place: str, kind: str) -> None:
    refuse_unknown(given, known, place, kind)
    for name, value in given.items():
        if not known[name].fits(value):
            raise StudyError(f"{place}.{name}", f"{value!r} cannot be used", f"give {known[name].called}")
