"""What others bring to a study without a fork: models, attacks, objectives, explainers, metrics, sources of texts.

A plugin is an object of one of the six kinds below, at the top of a module. A study finds it by its name, in a module
that ``plugins:`` of the study names, or through an entry point of an installed package. What FLAT brings itself is
declared in the same way (``flat.plugins.own``). docs/plugins.md tells how to write one.
"""

from flat.plugins.findings import Example, Found, Over
from flat.plugins.kinds import Attack, Explainer, Metric, Model, Objective, Plugin, Source
from flat.plugins.values import Options

__all__ = [
    "Attack",
    "Example",
    "Explainer",
    "Found",
    "Metric",
    "Model",
    "Objective",
    "Options",
    "Over",
    "Plugin",
    "Source",
]
