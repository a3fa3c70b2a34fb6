"""From the files of a run to what tables and figures are built from. Scripts and the report page both come here."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from flat.errors import StudyError
from flat.files.artefacts import read_json, read_table
from flat.paper.catalogue import figure_keys, table_keys
from flat.report.tables import accuracy as table_accuracy
from flat.report.tables import data as table_data
from flat.report.tables import grim as table_grim
from flat.report.tables import guards as table_guards
from flat.report.tables import readings as table_readings
from flat.report.tables import replay as table_replay
from flat.report.tables import robustness as table_robustness
from flat.report.tables import single as table_single
from flat.report.tables import validity as table_validity
from flat.report.tables.flag_marks import Flags, marked
from flat.report.tables.grid import Extras, named
from flat.report.tables.index import Index
from flat.report.tables.layout import Entry, Table, Wide, WideRow, wide
from flat.resources.places import ROOT, shown
from flat.study.load import parse
from flat.study.schema import Study

PAPER = shown(ROOT / "config" / "paper")  # the printed tables, in the repository


def table_of(key: str, study_values: dict, files: Mapping):
    """Build the table of a study with this key.

    Args:
        study_values: the study as plain data.
        files: what the table reads: measurements and intervals, or summaries (Tables 1 and 6), importance (Table 9),
            replays, guards, or validity and antonyms; and flags; nothing but the printed tables for "grim".
    """
    return tables_of(study_values, {key: files})[0]


def tables_of(study_values: dict, files: Mapping[str, Mapping]) -> list:
    """As ``table_of``, of several tables with their files by key: what tables share is read and indexed once."""
    from flat.paper import printed as paper

    study, read = parse(study_values), cache(_read)
    index = cache(lambda measurements, intervals: Index(read(measurements), read(intervals)))
    tables = []
    for key, own in files.items():
        extras = Extras(
            paper.load(PAPER) if key == "grim" else paper.load(PAPER, [key]),
            {Path(path).parent.name: read_json(path) for path in own.get("summaries", [])},
            correlations_of(own["importance"]) if own.get("importance") else (),
            replays_of(own.get("replays", [])),
            intervals=read(own.get("intervals")),
            flags=read(own.get("flags")),
            guards=read(own.get("guards")),
            validity=validity_of(study, own.get("validity", []), own.get("antonyms")),
        )
        tables.append(build(key, study, index(own.get("measurements"), own.get("intervals")), extras))
    return tables


def _read(path: str | None):
    return read_table(path) if path else None


def validity_of(study: Study, paths: Sequence[str], antonyms: str | None):
    """The summary of every adversarial text of a study; None of no file."""
    import pandas as pd

    from flat.analysis.validity import Thresholds, summarise

    if not paths:
        return None
    texts = pd.concat(map(read_table, paths), ignore_index=True)
    return summarise(texts, read_table(antonyms), Thresholds(**study.validity.model_dump()))


def correlations_of(importance: str) -> tuple[dict, ...]:
    """The rows of Table 9, from an importance.parquet."""
    from flat.analysis.importance import correlations

    return tuple(correlations(read_table(importance)))


def replays_of(paths: Sequence[str]):
    """What every model of the transfer matrix answered, as one frame; None of no file."""
    import pandas as pd

    return pd.concat(map(read_table, paths), ignore_index=True) if paths else None


def drawing_of(number: int | str, study_values: dict, files: Mapping, cells: Sequence[dict]):
    """Draw a figure by its key; ``cells``: the coordinates of Figure 3's models or of the curves' attacked cells, in
    order of their files.

    Raises:
        StudyError: the study has no such figure.
    """
    from flat.report.figures.files import draw
    from flat.report.figures.flags import marked

    study = parse(study_values)
    if number not in figure_keys(study):
        raise StudyError(f"figure {number}", "the study has no such figure", f"ask for one of {figure_keys(study)}")
    return marked(study, draw(number, **INPUTS[number](study, files, cells)), _read(files.get("flags")))


def _saliency(study: Study, files: Mapping, cells: Sequence[dict]) -> dict:
    chosen = study.artefacts.saliency
    names = [cell["strategy"] for cell in cells]
    return {
        "attributions": {n: read_table(path) for n, path in zip(names, files["attributions"], strict=True)},
        "ledgers": {n: read_table(path) for n, path in zip(names, files["ledgers"], strict=True)},
        "classes": study.datasets[chosen.dataset].classes,
        "strategies": {n: study.strategies[n].title for n in study.artefacts.main.strategies if n in names},
        "examples": chosen.examples,
        "where": _where(study, chosen),
    }


def _scatter(study: Study, files: Mapping, cells: Sequence[dict]) -> dict:
    chosen = study.artefacts.importance
    return {
        "importance": read_table(files["importance"]),
        "correlations": correlations_of(files["importance"]),
        "where": f"{study.strategies[chosen.strategy].title}, {_where(study, chosen)}",
    }


def _boxes(study: Study, files: Mapping, cells: Sequence[dict]) -> dict:
    with_gamma, without = map(read_table, files["synonyms"])
    return {"with_gamma": with_gamma, "without_gamma": without, "where": _where(study, study.artefacts.importance)}


def _curves(study: Study, files: Mapping, cells: Sequence[dict]) -> dict:
    from flat.paper.printed import DATASETS, MODELS
    from flat.report.tables.grid import shown_names

    main = study.artefacts.main
    attack = "textfooler" if "textfooler" in main.train_attacks else main.train_attacks[0]  # as the paper's Fig. 6
    return {
        "measurements": read_table(files["measurements"]),
        "models": {n: study.models[n].title for n in shown_names(MODELS, study.models, main.models)},
        "datasets": {n: study.datasets[n].title for n in shown_names(DATASETS, study.datasets, main.datasets)},
        "strategies": {n: study.strategies[n].title for n in main.strategies},
        "attack": attack,
        "attack_title": study.attacks[attack].title,
        "stand_ins": {n: d.stand_in for n, d in study.datasets.items() if d.stand_in},
        "model_stand_ins": {n: m.stand_in for n, m in study.models.items() if m.stand_in and n in main.models},
    }


def _budgets(study: Study, files: Mapping, cells: Sequence[dict]) -> dict:
    ledgers = [read_table(path, ["example_id", "status", "queries"]) for path in files["ledgers"]]
    return {"study": study, "cells": list(zip(cells, ledgers, strict=True))}


def _where(study: Study, cell) -> str:
    shown = [
        f"{item.title} ({item.stand_in})" if item.stand_in else item.title
        for item in (study.models[cell.model], study.datasets[cell.dataset])
    ]
    return f"{' on '.join(shown)}, {study.attacks[cell.attack].title}"


INPUTS = {3: _saliency, 4: _scatter, 5: _boxes, 6: _curves, "curves": _budgets}


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
    """The table of a study with this key, one of ``flat.paper.catalogue.table_keys``.

    Entries of flagged cells (``extras.flags``) are marked, and notes say why. Rows and columns of the paper's grid that
    the study file does not name are in the csv only.

    Args:
        study: flat.study.schema.Study.
        measurements: frame of flat.analysis.measurements.SCHEMA; or its Index, where several tables share one.

    Raises:
        StudyError: the study has no such table.
        ArtefactError: a measurement, a summary or a correlation that does not fit.
    """
    if key not in table_keys(study):
        raise StudyError(f"table {key}", "the study has no such table", f"ask for one of {table_keys(study)}")
    index = measurements if isinstance(measurements, Index) else Index(measurements, extras.intervals)
    return marked(study, named(study, TABLES[key](study, index, extras)), Flags(extras.flags))
