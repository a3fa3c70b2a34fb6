"""A prepared data set as Croissant metadata (https://docs.mlcommons.org/croissant/), by mlcroissant."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from flat.errors import FlatError
from flat.exports import origins
from flat.files.artefacts import write_json
from flat.files.digests import state_of
from flat.study import paths
from flat.study.datasets import SPLITS
from flat.study.schema import Study

FIELDS = {
    "example_id": "the example's id: the split of its source, and its place or id there",
    "text": "the text, cleaned as the study says",
    "label": "the number of the class, from 0",
    "words": "the words of the text",
}
# what a data set's users are told, and Croissant's own checker asks for
CITE = "Cite the publications of the origins that the licence notes name."


def write(study: Study, dataset: str, summary: Mapping, passport: Mapping, place: Path) -> None:
    """Write a data set's metadata, checked by mlcroissant.

    Args:
        summary: summary.json of the data set. passport: provenance.json of the study.

    Raises:
        FlatError: mlcroissant is not installed, or finds the metadata wrong.
    """
    try:
        import mlcroissant as mlc  # for cost: seconds
    except ImportError:
        remedy = "pip install mlcroissant: the extra `exports` of the package names the version"
        raise FlatError("snakemake croissant", "mlcroissant is not installed", remedy) from None
    try:
        found = _metadata(mlc, study, dataset, summary, passport, place).to_json()
    except mlc.ValidationError as error:
        raise FlatError(f"data set {dataset}", f"no valid Croissant metadata: {error}", "report it") from None
    write_json(place, json.loads(json.dumps(found, default=str)))


def _metadata(mlc, study: Study, dataset: str, summary: Mapping, passport: Mapping, place: Path):
    chosen, found = study.datasets[dataset], origins.of_data(study, summary)
    files = {split: paths.of(study).split(dataset, split) for split in SPLITS}
    licences = [f"{one.name}: {one.licence}" for one in found]
    stand_in = f" It stands in for {chosen.title}: {chosen.stand_in}." if chosen.stand_in else ""
    return mlc.Metadata(
        name=f"{study.name}-{dataset}",
        description=f"{chosen.title} as the study “{study.title}” prepared it: {_sizes(summary)}.{stand_in} "
        f"{origins.NOTE}",
        cite_as=CITE,
        license=licences,
        url=next((one.where for one in found if one.where), None),
        version="1.0.0",
        date_published=datetime.fromisoformat(passport["written"]).replace(tzinfo=None),
        data_collection="; ".join(f"{one.name} {one.version} {one.where}".strip() for one in found),
        data_preprocessing_protocol=[
            f"cleaning: {json.dumps(summary['cleaning'], sort_keys=True)}",
            f"left out: {json.dumps(summary['dropped'], sort_keys=True)}",
            *(f"{split}: {summary['splits'][split]['origin']}" for split in SPLITS),
        ],
        data_limitations=list(summary["warnings"]) or None,
        distribution=[_file(mlc, split, path, place) for split, path in files.items()],
        record_sets=[_classes(mlc, chosen.classes), *(_records(mlc, split, summary) for split in SPLITS)],
    )


def _sizes(summary: Mapping) -> str:
    return ", ".join(f"{summary['sizes'][split]} texts in {split}" for split in SPLITS)


def _file(mlc, split: str, path: str, place: Path):
    state = state_of(path)
    return mlc.FileObject(
        id=f"{split}.parquet",
        name=f"{split}.parquet",
        description=f"the {split} split, one row an example",
        content_url=os.path.relpath(path, place.parent),
        content_size=f"{state['bytes']} B",
        encoding_formats=[mlc.EncodingFormat.PARQUET],
        sha256=state["sha256"],
    )


def _classes(mlc, classes: list[str]):
    fields = [("label", mlc.DataType.INTEGER, "its number"), ("name", mlc.DataType.TEXT, "its name")]
    return mlc.RecordSet(
        id="classes",
        name="classes",
        description="the classes by their numbers",
        key=["classes/label"],
        fields=[
            mlc.Field(id=f"classes/{name}", name=name, description=about, data_types=[kind])
            for name, kind, about in fields
        ],
        data=[{"classes/label": number, "classes/name": name} for number, name in enumerate(classes)],
    )


def _records(mlc, split: str, summary: Mapping):
    kinds = {"label": mlc.DataType.INTEGER}
    return mlc.RecordSet(
        id=split,
        name=split,
        description=f"{summary['sizes'][split]} examples, {summary['splits'][split]['origin']}",
        key=[f"{split}/example_id"],
        fields=[
            mlc.Field(
                id=f"{split}/{name}",
                name=name,
                description=about,
                data_types=[kinds.get(name, mlc.DataType.TEXT)],
                repeated=name == "words" or None,
                references=mlc.Source(field="classes/label") if name == "label" else mlc.Source(),
                source=mlc.Source(file_object=f"{split}.parquet", extract=mlc.Extract(column=name)),
            )
            for name, about in FIELDS.items()
        ],
    )
