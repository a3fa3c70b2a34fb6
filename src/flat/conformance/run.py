"""All promises of all plugins of a module or package."""

import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import Field, create_model

from flat.conformance import of_attacks, of_explanations, of_models, of_objectives, of_sources
from flat.conformance.material import scratch
from flat.conformance.promises import NotTried, Promise, Verdict, judge
from flat.errors import StudyError
from flat.plugins import modules, registry
from flat.plugins.registry import REGISTRIES, Found
from flat.study.bounds.options import check_options

PROMISES: dict[str, Callable[..., list[Promise]]] = {
    "models": of_models.promises,
    "attacks": of_attacks.promises,
    "objectives": of_objectives.promises,
    "explainers": of_explanations.of_explainer,
    "metrics": of_explanations.of_metric,
    "sources": of_sources.promises,
}


def plugins_of(given: str) -> list[Found]:
    """The plugins of a file, a module, a package with all its modules, or "flat" for FLAT's own.

    Raises:
        StudyError: it cannot be loaded, or declares none.
    """
    if given == "flat":
        return [REGISTRIES[group].found(name) for group in REGISTRIES for name in registry.own_of(group)]
    loaded = modules.load(given, "flat.conformance")
    found = registry.declarations(loaded, given)
    for name in _inner(loaded.module):
        found += registry.declarations(modules.load(name, "flat.conformance"), name)
    if not found:
        raise StudyError(given, "declares no plugin at the top of a module", "name a file, module or package that does")
    return found


def _inner(module) -> Iterator[str]:
    """The modules within a package."""
    if hasattr(module, "__path__"):
        for inner in pkgutil.walk_packages(module.__path__, f"{module.__name__}."):
            yield inner.name


def verdicts(given: Sequence[str], only: str | None = None, options: dict | None = None) -> Iterator[Verdict]:
    """The verdict on each promise of each plugin, as they come.

    Args:
        given: as ``plugins_of``.
        only: the name of one plugin.
        options: of that one, by name.
    """
    found = [each for one in given for each in plugins_of(one)]
    wanted = [each for each in found if only in (None, each.plugin.name)]
    if not wanted:
        names = ", ".join(each.plugin.name for each in found)
        raise StudyError(f"--only {only}", "there is no such plugin here", f"choose of {names}")
    for group, own in REGISTRIES.items():
        others = {each.plugin.name: each for each in found if each.plugin.group == group}
        own.use({name: each for name, each in others.items() if name not in registry.own_of(group)})
    for each in wanted:
        yield from of_plugin(with_options(each, options) if options else each)


def of_plugin(found: Found) -> Iterator[Verdict]:
    """The verdict on each promise of a plugin; a single one, that it was not tried, where it cannot be."""
    plugin = found.plugin
    needed = [name for name, field in plugin.options.model_fields.items() if field.is_required()]
    called = f"{plugin.called} {plugin.name}"
    if needed:
        yield Verdict(called, "", "", untried=f"{', '.join(needed)} must be given: --options '{{...}}'")
        return
    with scratch() as folder:
        try:
            for promise in PROMISES[plugin.group](plugin, Path(folder)):
                yield judge(found, promise)
        except NotTried as why:
            yield Verdict(called, "", "", untried=str(why))


def with_options(found: Found, given: dict) -> Found:
    """A plugin whose options are these where nothing else is said.

    Raises:
        StudyError: an option that there is not, or a value out of its bounds.
    """
    plugin, fields = found.plugin, found.plugin.options.model_fields
    checked = check_options(given, plugin.options, f"--options of {plugin.name}", f"options of {plugin.name}")
    defaults = {name: (fields[name].annotation, Field(getattr(checked, name))) for name in given}
    options = create_model(plugin.options.__name__, __base__=plugin.options, **defaults)
    return replace(found, plugin=replace(plugin, options=options))
