"""A study of some of its data sets and models: a part is run, packed and published by itself.

One seed of a large study may take longer than one loan of a machine lasts. Its parts do not need one another.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from flat.errors import StudyError
from flat.study.fields import Where
from flat.study.grid import trained_cells
from flat.study.load import parse
from flat.study.schema import Study


class Part(NamedTuple):
    """One model on one data set, under all strategies and attacks: the least that is compared in itself."""

    dataset: str
    model: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.model}"


def parts_of(study: Study) -> list[Part]:
    """The parts that the study's main tables consist of."""
    main = study.artefacts.main
    return [Part(dataset, model) for dataset in main.datasets for model in main.models]


def part_named(study: Study, name: str) -> Part:
    """The part that a user names ``DATASET/MODEL``.

    Raises:
        StudyError: the study has no such part.
    """
    found = {str(part): part for part in parts_of(study)}
    if name not in found:
        raise StudyError(f"study {study.name}", f"it has no part {name!r}", f"give one of {', '.join(found)}")
    return found[name]


def of_part(study: Study, part: Part) -> Study:
    """The study of one part alone: its cells are the same, with the same numbers, as in the whole study."""
    return of_cells(study, [part.dataset], [part.model])


def of_cells(study: Study, datasets: Sequence[str], models: Sequence[str]) -> Study:
    """The study of these data sets and models alone; settings of others are left out."""
    if (list(study.datasets), list(study.models)) == (list(datasets), list(models)):
        return study
    values = study.model_dump(mode="json")
    values["sharding"] = study.sharding
    for key, names in (("datasets", datasets), ("models", models)):
        values[key] = {name: value for name, value in values[key].items() if name in names}
    blocks = {name: _block(block, datasets, models) for name, block in values["artefacts"].items() if block}
    values["artefacts"] = {name: block for name, block in blocks.items() if block}
    replay = study.artefacts.replay
    if replay is not None and not set(replay.models) <= set(models):
        values["artefacts"].pop("replay", None)  # a model's file has a row for every other model
    kept = {"datasets": datasets, "models": models}
    if values["guards"]["calibration"]:
        values["guards"]["calibration"] = _narrowed(values["guards"]["calibration"], kept)
    values["tune"] = None  # it is of several cells, and has been done
    tuned = [one for one in values["tuned"] or () if tuple(one["cell"].split("/")[:2]) in _pairs(datasets, models)]
    values["tuned"] = tuned or None
    narrowed = [one for one in (_narrowed(override, kept) for override in values["overrides"]) if one]
    cells = trained_cells(Study.model_validate(values | {"overrides": []}))
    values["overrides"] = [one for one in narrowed if any(map(Where(**one["where"]).fits, cells))]
    return parse(values, f"the study {study.name} of {', '.join(datasets)} and {', '.join(models)}")


def _pairs(datasets: Sequence[str], models: Sequence[str]) -> set[tuple[str, str]]:
    return {(dataset, model) for dataset in datasets for model in models}


def _block(block: Mapping, datasets: Collection[str], models: Collection[str]) -> dict | None:
    """A block of ``artefacts`` of these data sets and models alone; None if nothing of it is left."""
    if "rows" in block:  # the table of readings, which compares rows
        rows = [row for row in block["rows"] if row["dataset"] in datasets and row["model"] in models]
        return {**block, "rows": rows} if len(rows) > 1 else None
    if block.get("dataset", next(iter(datasets))) not in datasets:
        return None
    if block.get("model", next(iter(models))) not in models:
        return None
    own = {key: [name for name in block[key] if name in names] for key, names in _lists(block, datasets, models)}
    return {**block, **own} if all(own.values()) else None


def _lists(block: Mapping, datasets: Collection[str], models: Collection[str]) -> list[tuple[str, Collection[str]]]:
    return [(key, names) for key, names in (("datasets", datasets), ("models", models)) if key in block]


def _narrowed(one: Mapping, kept: Mapping[str, Collection[str]]) -> dict | None:
    """Something with a ``where`` that names no other data sets and models; None if it named those alone."""
    where = dict(one["where"])
    for key, names in kept.items():
        if where.get(key) is not None:
            where[key] = [name for name in where[key] if name in names]
            if not where[key]:
                return None
    return {**one, "where": where}
