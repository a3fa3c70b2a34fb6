"""What is wrong with the keys and values of a study file, each problem with the known name that is nearest."""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from types import UnionType
from typing import Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from flat.plugins.registry import SOURCES
from flat.study.bounds.names import nearest
from flat.study.schema import Study

LONGEST = 80  # characters shown of a value
NO_KEY = "extra_forbidden"
OF_CHOICES = ("literal_error", "enum")


def problems(values: object, error: ValidationError) -> list[tuple[str, str]]:
    """(place, what is wrong there) of every error: “Extra inputs are not permitted, did you mean seeds?, found [1]”."""
    found = []
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"]) or "(top)"
        problem = item["msg"].removeprefix("Value error, ")
        if near := _near(values, item):
            problem += f"; did you mean {near}?"
        if "missing" not in item["type"]:
            shown = repr(item["input"])
            problem += f", found {shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + '...'}"
        found.append((place, problem))
    return found


def mended(values: object, error: ValidationError) -> Study | None:
    """The study with each unknown key called by the name that is nearest, or left out where none is.

    None where something else is wrong too, so that nothing can be said of the rest.
    """
    errors = error.errors()
    if not isinstance(values, dict) or any(item["type"] != NO_KEY for item in errors):
        return None
    copy = deepcopy(values)
    for item in errors:
        holder, key = _holder(copy, item["loc"]), item["loc"][-1]
        if not isinstance(holder, dict) or key not in holder:
            return None
        value, near = holder.pop(key), _near(values, item)
        if near is not None:
            holder.setdefault(near, value)
    try:
        return Study.model_validate(copy)
    except ValidationError:
        return None


def _near(values: object, item: Mapping) -> str | None:
    """The known key or choice that is nearest to what an error is about."""
    if item["type"] == NO_KEY:
        return nearest(str(item["loc"][-1]), _keys(values, item["loc"][:-1]))
    if item["type"] in OF_CHOICES and isinstance(item["input"], str):
        return nearest(item["input"], re.findall(r"'([^']*)'", item["ctx"]["expected"]))
    return None


def _holder(values: object, place: Iterable) -> object:
    """The mapping that the last key of a place stands in; what is no key or number of it (a union's tag) is passed."""
    found = values
    for part in list(place)[:-1]:
        of_list = isinstance(found, list) and isinstance(part, int) and part < len(found)
        if of_list or (isinstance(found, dict) and part in found):
            found = found[part]
    return found


def _keys(values: object, place: Iterable) -> list[str]:
    """The keys that the model at a place has."""
    place = list(place)
    if "source" in place:
        kind = _holder(values, [*place, ""])
        kind = kind.get("kind") if isinstance(kind, dict) else None
        return [*SOURCES[kind].options.model_fields, "kind"] if kind in SOURCES else []
    models: list[type[BaseModel]] = [Study]
    for part in place:
        annotations = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        models = [model for annotation in annotations for model in _models(annotation)] or models
    return [name for model in models for name in model.model_fields]


def _models(annotation: object) -> list[type[BaseModel]]:
    """The models within a type: of a field, of a mapping's values, of a list's items."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return [annotation] if issubclass(annotation, BaseModel) else []
    if get_origin(annotation) in (dict, list, tuple, Union, UnionType) or get_args(annotation):
        return [model for each in get_args(annotation) for model in _models(each)]
    return []
