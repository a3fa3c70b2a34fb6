"""Plugins for tests: another function in the place of one of FLAT's own."""

from dataclasses import replace

from flat.plugins import registry


def wrapped(monkeypatch, group: str, name: str, wrap) -> None:
    """``wrap(what a plugin's make is)`` in its place, until the test ends."""
    own = registry._own(group)
    found = own[name]
    changed = replace(found, plugin=replace(found.plugin, make=wrap(found.plugin.load())))
    monkeypatch.setitem(own, name, changed)
