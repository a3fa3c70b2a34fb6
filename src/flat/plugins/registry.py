"""Where names of a study find their plugins: FLAT's own, those of the study's modules, those of installed packages."""

import importlib
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points, packages_distributions, version
from typing import Annotated, Generic, TypeVar

from pydantic import Field, create_model

from flat.errors import StudyError
from flat.plugins import modules, recipe_classes
from flat.plugins.kinds import KINDS, Attack, Explainer, Metric, Model, Objective, Plugin, Source
from flat.plugins.modules import Loaded
from flat.plugins.recipe_classes import NoRecipe
from flat.plugins.values import MOST, Options

OWN = "flat.plugins.own"  # a module a kind; imported by name, so that a script imports no kind that it has no use for
Kind = TypeVar("Kind", bound=Plugin)


@dataclass(frozen=True)
class Found:
    """A plugin and where it comes from.

    Attributes:
        plugin: its declaration.
        module: the module that declares it, as it was loaded.
        variable: its name there.
        given: "" for FLAT's own; a line of the study's ``plugins``; or "PACKAGE VERSION" of an entry point.
        installed: whether it lies in an installed package and was named without a line of ``plugins``.
        release: "PACKAGE VERSION" that stands for its code, where the environment fixes that; "": the code is read.
    """

    plugin: Plugin
    module: Loaded
    variable: str
    given: str = ""
    installed: bool = False
    release: str = ""


class Registry(Mapping[str, Kind], Generic[Kind]):
    """The plugins of a kind by name. Those of installed packages are loaded when they are asked for."""

    def __init__(self, kind: type[Kind]):
        self.kind = kind
        self._study: dict[str, Found] = {}

    def found(self, name: str) -> Found:
        """A plugin and where it comes from.

        Raises:
            KeyError: there is no such plugin.
            StudyError: its package cannot be loaded, or two packages have one of this name.
        """
        own = own_of(self.kind.group)
        return own[name] if name in own else self._study[name] if name in self._study else self._installed(name)

    def __getitem__(self, name: str) -> Kind:
        return self.found(name).plugin

    def __contains__(self, name: object) -> bool:
        return name in own_of(self.kind.group) or name in self._study or name in _points(self.kind.group)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*own_of(self.kind.group), *self._study, *_points(self.kind.group))))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _installed(self, name: str) -> Found:
        points = _points(self.kind.group)[name]
        if len(points) > 1:
            raise StudyError(
                f"{self.kind.called} {name}",
                "two packages have one of this name: " + " and ".join(map(_package, points)),
                "remove one of the packages, or name the module that you mean under plugins: in the study",
            )
        return _of_point(self.kind.group, points[0])

    def refusal(self, name: str) -> str:
        """What to say to somebody who named what there is not: the nearest names, all names."""
        near = get_close_matches(name, list(self), 1)
        return (f"did you mean {near[0]}? " if near else "") + (
            f"known: {', '.join(self)}; bring others with plugins: (docs/plugins.md)"
        )

    def use(self, plugins: Mapping[str, Found]) -> None:
        """Know these plugins of a study, and no other study's."""
        self._study = dict(plugins)


class Attacks(Registry[Attack]):
    """The attacks: by name, and any recipe written like TextAttack's by the path of its class."""

    def found(self, name: str) -> Found:
        if not recipe_classes.is_path(name):
            return super().found(name)
        try:
            return _of_class(name)
        except NoRecipe as error:
            raise KeyError(f"{name}: {error}") from None

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or not recipe_classes.is_path(name):
            return super().__contains__(name)
        return not _problem_of(name)

    def refusal(self, name: str) -> str:
        path = name if recipe_classes.is_path(name) else NOT_TO_BE_HAD.get(name, "")
        return _problem_of(path) or super().refusal(name)


NOT_TO_BE_HAD = {"checklist": "textattack.attack_recipes.CheckList2020"}
"""Attacks that people look for by a name, and the recipe that says why there are none."""
MODELS: Registry[Model] = Registry(Model)
ATTACKS: Registry[Attack] = Attacks(Attack)
OBJECTIVES: Registry[Objective] = Registry(Objective)
EXPLAINERS: Registry[Explainer] = Registry(Explainer)
METRICS: Registry[Metric] = Registry(Metric)
SOURCES: Registry[Source] = Registry(Source)
REGISTRIES: dict[str, Registry] = {
    registry.kind.group: registry for registry in (MODELS, ATTACKS, OBJECTIVES, EXPLAINERS, METRICS, SOURCES)
}


def activate(given: Sequence[str], where: str = "plugins") -> None:
    """Load the modules that a study names, and forget those of an earlier study.

    Args:
        given: paths of Python files (with a / or ending in .py), names of importable modules.

    Raises:
        StudyError: a module is absent or cannot be run (file and line are named), declares no plugin, or a name twice.
    """
    found: dict[str, dict[str, Found]] = {group: {} for group in KINDS}
    modules.forget_neighbours()
    for number, one in enumerate(given):
        place = f"{where}.{number}"
        declared = declarations(modules.load(one, place), one)
        if not declared:
            raise StudyError(
                f"{place}: {one}",
                "declares no plugin at its top",
                "give a module with flat.plugins objects: MINE = Explainer(name=..., make=...) (docs/plugins.md)",
            )
        for each in declared:
            group, name = each.plugin.group, each.plugin.name
            before = found[group].get(name) or own_of(group).get(name)
            if before:
                raise StudyError(
                    f"{place}: {one}",
                    f"the {each.plugin.called} {name} is declared already, in {before.given or 'FLAT itself'}",
                    "give it another name",
                )
            found[group][name] = each
    for group, plugins in found.items():
        REGISTRIES[group].use(plugins)


def declarations(module: Loaded, given: str = "") -> list[Found]:
    """The plugins at the top of a module, in their order; one that a module only imports is that module's own."""
    return [
        Found(value, module, variable, given)
        for variable, value in vars(module.module).items()
        if isinstance(value, Plugin) and variable in module.assigned
    ]


@cache
def own_of(group: str) -> dict[str, Found]:
    """FLAT's own plugins of a kind, by name."""
    name = f"{OWN}.{group}"
    loaded = modules.imported(importlib.import_module(name))
    return {each.plugin.name: each for each in declarations(loaded)}


def _problem_of(path: str) -> str:
    """Why a class's path leads to no recipe that can be run; "": it does."""
    if not path:
        return ""
    try:
        recipe_classes.read(path)
    except NoRecipe as error:
        return str(error)
    return ""


@cache
def _of_class(path: str) -> Found:
    """A recipe's class as an attack; its module is not imported."""
    recipe = recipe_classes.read(path)
    source = recipe.source
    top = source.module.split(".")[0]
    own = top == recipe_classes.LIBRARY  # the environment fixes its version
    package = top if own else next(iter(packages_distributions().get(top, [])), "")
    given = f"{package} {version(package)}" if package else source.module
    fields = {name: (_like(value), None) for name, value in recipe.defaults.items()}
    plugin = Attack(
        name=recipe.name.replace("_", "-")[:40],
        title=recipe.name,
        make=partial(_build, source.module, recipe.name),
        options=create_model(recipe.name, __base__=Options, **fields),
        roles=recipe.roles,
        gradients=recipe.gradients,
        reference=f"{source.module}.{recipe.name}",
    )
    shell = types.ModuleType(source.module)
    loaded = Loaded(shell, source.path, source.text, source.package or source.module, modules.assigned(source.tree))
    return Found(plugin, loaded, recipe.name, given, installed=True, release=given if own else "")


def _like(value: bool | int | float | str):
    """The type of an option whose default is such a value."""
    if isinstance(value, bool | str):
        return type(value)
    return Annotated[type(value), Field(ge=-MOST, le=MOST)]


def _build(module: str, name: str, victim, resources, **options):
    builder = importlib.import_module("flat.attacks.textattack_adapter.recipe_classes")
    return builder.build(module, name, victim, resources, options)


@cache
def _points(group: str) -> dict[str, list[EntryPoint]]:
    """Entry points of installed packages by name; a package that is found twice on the path counts once."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=f"flat.{group}"):
        if point.name not in own_of(group):
            found.setdefault(point.name, {}).setdefault(f"{_package(point)} {point.value}", point)
    return {name: list(points.values()) for name, points in found.items()}


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


@cache
def _of_point(group: str, point: EntryPoint) -> Found:
    given, place = _package(point), f"the entry point {point.name} of {_package(point)}"
    loaded = modules.load(point.module, place)
    plugin = getattr(loaded.module, point.attr, None)
    if not isinstance(plugin, KINDS[group]) or plugin.name != point.name:
        raise StudyError(
            place,
            f"{point.value} is no {KINDS[group].called} named {point.name}",
            f"the package's entry point in flat.{group} must name such an object of flat.plugins",
        )
    return Found(plugin, loaded, point.attr, given, installed=True)
