"""The JSON schema of study files, for editors and readers.

``python -m flat.study.json_schema`` writes config/schema/study.json. With the path of a study it prints the schema of
that study instead: with the names of its own plugins, and the options of its explainers and metrics.
"""

import json
import sys

from flat.errors import command
from flat.files.artefacts import write_json
from flat.plugins.own.metrics import ALWAYS
from flat.plugins.registry import ATTACKS, EXPLAINERS, METRICS, MODELS, SOURCES
from flat.study.datasets import source_of
from flat.study.known.plugins import Interpretation
from flat.study.load import load
from flat.study.schema import Study

NAMED = {("Model", "kind"): MODELS, ("Attack", "recipe"): ATTACKS}


def schema() -> dict:
    """The schema, with the plugins that this process knows."""
    found = Study.model_json_schema()
    parts = found["$defs"]
    for (part, field), registry in NAMED.items():
        # an editor offers these; another one may be a plugin's
        parts[part]["properties"][field] = {
            "title": field.capitalize(),
            "anyOf": [{"enum": list(registry)}, {"type": "string"}],
        }
    for name in EXPLAINERS:
        if name not in Interpretation.model_fields:
            options = EXPLAINERS[name].options.model_json_schema()
            parts |= options.pop("$defs", {})
            parts["Interpretation"]["properties"][name] = options
    always = {metric.name for metric in ALWAYS.values()}
    named = {name: METRICS[name].options.model_json_schema() for name in METRICS if name not in always}
    for options in named.values():
        parts |= options.pop("$defs", {})
    found["properties"]["metrics"]["properties"] = named
    parts["Dataset"]["properties"]["source"] = {"oneOf": _sources(parts), "title": "Source"}
    return found


def _sources(parts: dict) -> list[dict]:
    """What may stand under ``source``, by kind; the definitions are put among the ``parts``."""
    del parts["Source"]
    found = []
    for name in SOURCES:
        source = source_of(name).model_json_schema()
        part = f"Source-{name}" if SOURCES.found(name).given else SOURCES[name].options.__name__
        parts |= source.pop("$defs", {}) | {part: source}
        found.append({"$ref": f"#/$defs/{part}"})
    others = {"kind": {"type": "string", "not": {"enum": list(SOURCES)}}}
    return [*found, {"type": "object", "required": ["kind"], "properties": others}]


@command
def main(arguments: list[str]) -> int:
    if arguments:
        load(arguments[0])
        print(json.dumps(schema(), indent=1))
    else:
        write_json("config/schema/study.json", schema())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
