"""Plugins for tests: files that declare some, and another function in the place of one of FLAT's own."""

import textwrap
from dataclasses import replace

from flat.plugins import code, registry

MINE = """
    from flat.plugins import Explainer, Metric, Options


    class Scaled(Options):
        scale: float = 1.0


    def length(model, texts, targets, seeds, options):
        return [[of(words, options) for _ in wanted] for words, wanted in zip(texts, targets)]


    def of(words, options):
        return [options.scale * len(word) for word in words]


    def same(before, after, options):
        return float(shared(before) == shared(after))


    def shared(scores):
        return max(range(len(scores)), key=scores.__getitem__)


    LENGTH = Explainer(name="word-length", title="Length of words", options=Scaled, make=length)
    SAME_FIRST = Metric(name="same-first", of="pairs", low=0, high=1, make=same)
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip())
    return str(path)


def wrapped(monkeypatch, group: str, name: str, wrap) -> None:
    """``wrap(what a plugin's make is)`` in its place, until the test ends."""
    own = registry.own_of(group)
    found = own[name]
    changed = replace(found, plugin=replace(found.plugin, make=wrap(found.plugin.load())))
    monkeypatch.setitem(own, name, changed)


def again(found):
    """The digest of the same plugin as its files are now."""
    code.parsed.cache_clear()
    return code.digest(found)
