"""From the files of a run to its tables and figures. Scripts and the report page both come here."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module

import pandas as pd

from flat.analysis.importance import correlations
from flat.analysis.validity import summarise
from flat.errors import StudyError
from flat.files.artefacts import read_json, read_table
from flat.files.installed import ROOT
from flat.paper import printed as paper
from flat.paper.catalogue import FIGURES, TABLES, figure_keys, table_keys
from flat.report.tables.flag_marks import Flags, marked
from flat.report.tables.grid import Extras, named
from flat.report.tables.index import Index
from flat.report.tables.layout import Table
from flat.resources.places import shown
from flat.study.load import parse
from flat.study.schema import Study

PAPER = shown(ROOT / "config" / "paper")  # the printed tables, in the repository


def table_of(key: str, study_values: dict, files: Mapping) -> Table:
    """Build the table of a study with this key.

    Args:
        study_values: the study as plain data.
        files: path or paths by name, as the table's entry in ``flat.paper.catalogue`` needs them.
    """
    return tables_of(study_values, {key: files})[0]


def tables_of(study_values: dict, files: Mapping[str, Mapping]) -> list[Table]:
    """As ``table_of``, of several tables with their files by key: what tables share is read and indexed once."""
    study, read = parse(study_values), cache(_read)
    index = cache(lambda measurements, intervals: Index(read(measurements), read(intervals)))
    tables = []
    for key, own in files.items():
        extras = Extras(
            paper.load(PAPER, paper.PRINTED if "paper" in TABLES[key].needs else [key]),
            {summary["dataset"]: summary for summary in map(read_json, own.get("summaries", ()))},
            tuple(correlations(read(own["importance"]))) if own.get("importance") else (),
            _joined(own.get("replays")),
            intervals=read(own.get("intervals")),
            flags=read(own.get("flags")),
            guards=read(own.get("guards")),
            validity=_validity(study, _joined(own.get("validity")), own.get("antonyms")),
        )
        tables.append(build(key, study, index(own.get("measurements"), own.get("intervals")), extras))
    return tables


def _read(path: str | None):
    return read_table(path) if path else None


def _joined(paths: Sequence[str] | None):
    """Files of the same columns as one frame; None of no file."""
    return pd.concat(map(read_table, paths), ignore_index=True) if paths else None


def _validity(study: Study, texts, antonyms: str | None):
    """The summary of every adversarial text of a study; None of none."""
    if texts is None:
        return None
    return summarise(texts, read_table(antonyms), study.validity)


def build(key: str, study: Study, measurements, extras: Extras) -> Table:
    """The table of a study with this key, one of ``flat.paper.catalogue.table_keys``.

    Entries of flagged cells (``extras.flags``) are marked, and notes say why. Rows and columns of the paper's grid that
    the study file does not name are in the csv only.

    Args:
        measurements: frame of flat.analysis.measurements.SCHEMA; or its Index, where several tables share one.

    Raises:
        StudyError: the study has no such table.
        ArtefactError: a measurement, a summary or a correlation that does not fit.
    """
    if key not in table_keys(study):
        raise StudyError(f"table {key}", "the study has no such table", f"ask for one of {table_keys(study)}")
    index = measurements if isinstance(measurements, Index) else Index(measurements, extras.intervals)
    builder = getattr(import_module(TABLES[key].module), TABLES[key].builder.partition(".")[2])
    return marked(study, named(study, builder(study, index, extras)), Flags(extras.flags))


def drawing_of(number: int | str, study_values: dict, files: Mapping, cells: Sequence[dict]):
    """Draw a figure by its key; ``cells``: the coordinates and attacks of the cells that it shows, in the order of
    files that there are one of for each cell.

    Raises:
        StudyError: the study has no such figure.
    """
    from flat.report.figures import flags, style  # for cost: matplotlib

    study = parse(study_values)
    if number not in figure_keys(study):
        raise StudyError(f"figure {number}", "the study has no such figure", f"ask for one of {figure_keys(study)}")
    figure = import_module(FIGURES[number].module)
    with style.asked(study.figures):
        drawing = figure.draw(**figure.inputs(study, files, cells))
    return flags.marked(study, drawing, _read(files.get("flags")))
