"""Refusals of a study that would select on test, or whose guards or tuning speak of cells that do not exist."""

from pathlib import PurePath

from flat.errors import StudyError
from flat.study.grid import calibrated_cells
from flat.study.schema import Study
from flat.study.settings import searched


def check(study: Study, where: str) -> None:
    """Raise StudyError for the first."""
    for name, dataset in study.datasets.items():
        _check_splits(dataset.source, f"{where}: datasets.{name}.source")
    if study.guards.calibration is not None:
        _check_calibration(study, f"{where}: guards.calibration.where")
    if study.tune is not None:
        _check_tune(study, f"{where}: tune")


def _check_splits(source, place: str) -> None:
    """No file may be both test and another split: a checkpoint chosen on such a dev split is chosen on test."""
    named = {split: getattr(source, split, None) for split in ("train", "dev", "test")}
    if source.kind == "hub":
        named, place = source.files, f"{place}.files"
    test = named.get("test")
    for split in ("train", "dev"):
        if test and named.get(split) and PurePath(named[split]) == PurePath(test):
            problem = {"train": "the model is trained on", "dev": "checkpoints and options are selected on"}[split]
            raise StudyError(
                f"{place}.{split}",
                f"{test} is test, so that {problem} test",
                f"name another file, or leave {split} out and have it carved from train (splits.{split})"
                if split == "dev"
                else "name the file of the train split",
            )


def _check_calibration(study: Study, place: str) -> None:
    known = {"datasets": study.datasets, "models": study.models, "strategies": study.strategies}
    for field, names in (known | {"train_attacks": study.attacks}).items():
        _known(getattr(study.guards.calibration.where, field) or [], names, f"{place}.{field}", field)
    if not calibrated_cells(study):
        raise StudyError(place, "it fits no cell of artefacts.main", "widen it, or set calibration: null")


def _check_tune(study: Study, place: str) -> None:
    tune = study.tune
    for field, known, kind in (
        ("dataset", study.datasets, "datasets"),
        ("model", study.models, "models"),
        ("strategy", study.strategies, "strategies"),
        ("train_attack", study.attacks, "attacks"),
    ):
        _known([getattr(tune, field)], known, f"{place}.{field}", kind)
    strategy = study.strategies[tune.strategy]
    if not strategy.adversarial:
        raise StudyError(
            f"{place}.strategy", f"{tune.strategy} trains on no adversarial texts", "name one with adversarial: true"
        )
    if not searched(study):
        raise StudyError(place, "nothing is left to search", "give a range of beta, gamma or learning_rate")


def _known(names, known, place: str, kind: str) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise StudyError(place, f"{', '.join(unknown)} is not among the {kind}", f"use one of {', '.join(known)}")
