"""Refusals of a study that would select on test, or whose guards or tuning speak of cells that do not exist."""

from collections.abc import Iterator
from pathlib import PurePath

from flat.errors import StudyError
from flat.study.datasets import Source
from flat.study.grid import chosen_for_calibration, trained_cells, tuned_cells, tuned_where
from flat.study.schema import Study
from flat.study.settings import all_seeds, searched


def misfits(study: Study, where: str) -> Iterator[StudyError]:
    """Every one, of a study whose names are known (``bounds.names``)."""
    for name, dataset in study.datasets.items():
        yield from _check_splits(dataset.source, f"{where}: datasets.{name}.source")
    if study.guards.calibration is not None:
        yield from _check_calibration(study, f"{where}: guards.calibration.where")
    readings = study.artefacts.readings
    if readings is not None and readings.calibrated and study.guards.calibration is None:
        yield StudyError(
            f"{where}: artefacts.readings.calibrated",
            "it is true, but guards.calibration is null: on how many examples is not said",
            "set guards.calibration: {examples: 100}, or calibrated: false",
        )
    if study.tune is not None:
        yield from _check_tune(study, f"{where}: tune")


def _check_splits(source: Source, place: str) -> Iterator[StudyError]:
    """No file may be both test and another split: a checkpoint chosen on such a dev split is chosen on test."""
    key_of = {key.split(".")[-1]: key for key in source.named}
    test = source.named.get(key_of.get("test"))
    for split in ("train", "dev"):
        key = key_of.get(split)
        if test and key and PurePath(source.named[key]) == PurePath(test):
            problem = {"train": "the model is trained on", "dev": "checkpoints and options are selected on"}[split]
            yield StudyError(
                f"{place}.{key}",
                f"{test} is test, so that {problem} test",
                f"name another file, or leave {split} out and have it carved from train (splits.{split})"
                if split == "dev"
                else "name the file of the train split",
            )


def _check_calibration(study: Study, place: str) -> Iterator[StudyError]:
    if not chosen_for_calibration(study):
        yield StudyError(place, "it fits no cell of artefacts.main", "widen it, or set calibration: null")


def _check_tune(study: Study, place: str) -> Iterator[StudyError]:
    tune = study.tune
    for name in tune.strategies:
        strategy = study.strategies[name]
        if not strategy.adversarial and name != "base":
            yield StudyError(
                f"{place}.strategies",
                f"{name} trains on no adversarial texts",
                "name base, or strategies with adversarial: true",
            )
        if strategy.adversarial and tune.train_attack is None:
            yield StudyError(
                f"{place}.train_attack", f"{name} trains on adversarial texts", "name the attack that makes them"
            )
        if not searched(study, name):
            yield StudyError(
                place, f"nothing is left to search for {name}", "give low and high, or choices, of learning_rate"
            )
    if tune.seed is not None and tune.seed not in all_seeds(study):
        known = ", ".join(map(str, all_seeds(study)))
        yield StudyError(
            f"{place}.seed", f"{tune.seed} is no seed of the study", f"use one of {known}, or leave it out"
        )
    trained = trained_cells(study)
    for cell in tuned_cells(study) if tune.train_attack is not None or set(tune.strategies) == {"base"} else ():
        if not any(tuned_where(study, cell).fits(known) for known in trained):
            yield StudyError(
                place,
                f"{cell.dataset}/{cell.model}/{cell.strategy} is trained for no artefact of the study: nothing to tune",
                "name data sets, models and strategies that its artefacts train together",
            )
