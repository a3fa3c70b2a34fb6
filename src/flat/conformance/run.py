"""All promises of all plugins of a module or package."""

import pkgutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from flat.conformance import of_explanations, of_models
from flat.conformance.material import scratch
from flat.conformance.promises import Promise, Verdict, judge
from flat.errors import StudyError
from flat.plugins import modules, registry
from flat.plugins.registry import REGISTRIES, Found

PROMISES: dict[str, Callable[..., list[Promise]]] = {
    "models": of_models.promises,
    "explainers": of_explanations.of_explainer,
    "metrics": of_explanations.of_metric,
}


def plugins_of(given: str) -> list[Found]:
    """The plugins of a file, a module, a package with all its modules, or "flat" for FLAT's own.

    Raises:
        StudyError: it cannot be loaded, or declares none.
    """
    if given == "flat":
        return [REGISTRIES[group].found(name) for group in REGISTRIES for name in registry._own(group)]
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


def verdicts(given: Sequence[str], only: str | None = None) -> Iterator[Verdict]:
    """The verdict on each promise of each plugin, as they come.

    Args:
        given: as ``plugins_of``.
        only: the name of one plugin.
    """
    found = [each for one in given for each in plugins_of(one)]
    wanted = [each for each in found if only in (None, each.plugin.name)]
    if not wanted:
        names = ", ".join(each.plugin.name for each in found)
        raise StudyError(f"--only {only}", "there is no such plugin here", f"choose of {names}")
    for group, own in REGISTRIES.items():
        others = {each.plugin.name: each for each in found if each.plugin.group == group}
        own.use({name: each for name, each in others.items() if name not in registry._own(group)})
    for each in wanted:
        yield from of_plugin(each)


def of_plugin(found: Found) -> Iterator[Verdict]:
    """The verdict on each promise of a plugin. The first is about its options: without defaults none can be tried."""
    plugin = found.plugin
    options = Promise(
        "options", "every option has a default, so that it can be tried", [()], lambda _: _options(plugin)
    )
    yield (first := judge(found, options))
    if not first.kept or plugin.group not in PROMISES:
        return
    with scratch() as folder:
        for promise in PROMISES[plugin.group](plugin, Path(folder)):
            yield judge(found, promise)


def _options(plugin) -> str | None:
    needed = [name for name, field in plugin.options.model_fields.items() if field.is_required()]
    return f"{', '.join(needed)} must be given" if needed else None
