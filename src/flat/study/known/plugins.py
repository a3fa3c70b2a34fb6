"""Names and options of plugins, where a part of a study says them; which plugins a study uses."""

from typing import Literal

from pydantic import ConfigDict, ValidationError, model_validator

from flat.plugins.own.explainers import IntegratedGradients, Lime
from flat.plugins.registry import EXPLAINERS, Registry
from flat.plugins.values import Options, Strict


def known(registry: Registry):
    """A check that a name is one of a registry's plugins."""

    def check(name: str) -> str:
        if name not in registry:
            raise ValueError(f"there is no {registry.kind.called} {name}: {registry.refusal(name)}")
        return name

    return check


def options_at(key: str, options: type[Options], given: object) -> Options:
    """Options as their model checks them; an error's place begins with their key. null: all as they are declared."""
    try:
        return options.model_validate({} if given is None else given)
    except ValidationError as error:
        kept = ("type", "input", "ctx")
        placed = [{name: e[name] for name in kept if name in e} | {"loc": (key, *e["loc"])} for e in error.errors()]
        raise ValidationError.from_exception_data(options.__name__, placed) from None


class Interpretation(Strict):
    """The explanation methods that are run, each with its options; one beside ``ig`` and ``lime`` is a key more."""

    model_config = ConfigDict(extra="allow")

    ig: IntegratedGradients = IntegratedGradients()
    lime: Lime = Lime()
    classes: Literal["all", "gold"] = "all"

    @model_validator(mode="before")
    @classmethod
    def _options_of_methods(cls, values):
        """The options of methods that have no field here, as their own declarations say."""
        if not isinstance(values, dict):
            return values
        found = dict(values)
        for name, given in values.items():
            if name in cls.model_fields:
                continue
            if name not in EXPLAINERS:
                raise ValueError(f"there is no explainer {name}: {EXPLAINERS.refusal(name)}")
            found[name] = options_at(name, EXPLAINERS[name].options, given)
        return found

    @property
    def methods(self) -> list[str]:
        """The explanation methods that a study runs: those that have options."""
        return [name for name in EXPLAINERS if getattr(self, name, None) is not None]


def plugins_used(study) -> list[tuple[str, str]]:
    """(kind, name) of each plugin that a study uses, whoever brought it, sorted: as ``REGISTRIES`` finds it."""
    found = {("models", model.kind) for model in study.models.values()}
    found |= {("attacks", attack.recipe) for attack in study.attacks.values()}
    found |= {("objectives", strategy.objective) for strategy in study.strategies.values()}
    found |= {("explainers", name) for name in study.interpretation.methods}
    found |= {("metrics", name) for name in study.metrics}
    found |= {("sources", dataset.source.kind) for dataset in study.datasets.values()}
    return sorted(found)
