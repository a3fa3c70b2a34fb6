"""The tables of the paper by number: each entry is a builder ``(study, measurements, extras) -> Table``."""

from collections.abc import Callable

from flat.errors import StudyError
from flat.report import table_accuracy, table_data, table_robustness, table_single
from flat.report.table_grid import Extras
from flat.report.table_layout import Entry, Table, Wide, WideRow, wide

__all__ = ["TABLES", "Entry", "Extras", "Table", "Wide", "WideRow", "build", "wide"]

TABLES: dict[int, Callable[..., Table]] = {
    1: table_data.data_statistics,
    2: table_accuracy.test_accuracy,
    3: table_robustness.robustness,
    4: table_robustness.transfer,
    5: table_single.ablation,
    6: table_data.preprocessing,
    7: table_accuracy.dev_accuracy,
    8: table_robustness.robustness_lime,
    9: table_single.correlations,
    10: table_single.group_masks,
}


def build(number: int, study, measurements, extras: Extras) -> Table:
    """Table ``number`` of the paper for a study.

    Args:
        study: flat.study.Study.
        measurements: frame of flat.analysis.robustness.SCHEMA.

    Raises:
        StudyError: the paper has no such table.
        ArtefactError: a measurement, a summary or a correlation that does not fit.
    """
    if number not in TABLES:
        raise StudyError(f"table {number}", "no such table", f"ask for one of {sorted(TABLES)}")
    return TABLES[number](study, measurements, extras)
