"""The tables of a study by key: each entry is a builder ``(study, index, extras) -> Table``."""

from collections.abc import Callable

from flat.errors import StudyError
from flat.report import (
    table_accuracy,
    table_data,
    table_grim,
    table_guards,
    table_readings,
    table_replay,
    table_robustness,
    table_single,
    table_validity,
)
from flat.report.flag_marks import Flags, marked
from flat.report.table_grid import Extras, named
from flat.report.table_index import Index
from flat.report.table_layout import Entry, Table, Wide, WideRow, wide
from flat.study_grid import table_keys

__all__ = ["TABLES", "Entry", "Extras", "Table", "Wide", "WideRow", "build", "wide"]

# the paper's tables by number, then those that it does not have by name
TABLES: dict[str, Callable[..., Table]] = {
    "1": table_data.data_statistics,
    "2": table_accuracy.test_accuracy,
    "3": table_robustness.robustness,
    "4": table_robustness.transfer,
    "5": table_single.ablation,
    "6": table_data.preprocessing,
    "7": table_accuracy.dev_accuracy,
    "8": table_robustness.robustness_lime,
    "9": table_single.correlations,
    "10": table_single.group_masks,
    "guards": table_guards.guards,
    "validity": table_validity.validity,
    "readings": table_readings.readings,
    "replay": table_replay.replay,
    "grim": table_grim.grim_check,
}


def build(key: str, study, measurements, extras: Extras) -> Table:
    """The table of a study with this key, one of ``flat.study_grid.table_keys``.

    Entries of flagged cells (``extras.flags``) are marked, and notes say why. Rows and columns of the paper's grid that
    the study file does not name are in the csv only.

    Args:
        study: flat.study.Study.
        measurements: frame of flat.analysis.robustness.SCHEMA; or its Index, where several tables share one.

    Raises:
        StudyError: the study has no such table.
        ArtefactError: a measurement, a summary or a correlation that does not fit.
    """
    if key not in table_keys(study):
        raise StudyError(f"table {key}", "the study has no such table", f"ask for one of {table_keys(study)}")
    index = measurements if isinstance(measurements, Index) else Index(measurements, extras.intervals)
    return marked(study, named(study, TABLES[key](study, index, extras)), Flags(extras.flags))
