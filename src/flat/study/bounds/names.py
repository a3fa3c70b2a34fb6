"""Names that a study's blocks use and its parts must have; what every other check takes for granted."""

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher, get_close_matches

from flat.errors import StudyError
from flat.plugins.values import Strict
from flat.study.schema import Study

# part of a study -> the fields whose names must be in it
NAMED_IN = {
    "datasets": ("dataset", "datasets"),
    "models": ("model", "models"),
    "strategies": ("strategy", "strategies", "without_gamma", "of", "minus"),
    "attacks": ("attack", "attacks", "train_attack", "train_attacks"),
}


OTHER_LENGTH = 0.1  # what a letter more or less takes from the likeness of two names


def misfits(study: Study, where: str) -> Iterator[StudyError]:
    """Every reference that names nothing; a study without the strategy that all start from."""
    for place, block in _blocks(study):
        yield from _of_block(study, block, f"{where}: {place}")
    if study.strategies.get("base") is None or study.strategies["base"].adversarial:
        yield StudyError(
            f"{where}: strategies.base", "there is no strategy base with adversarial: false", "add it: all start there"
        )


def _blocks(study: Study) -> Iterator[tuple[str, Strict]]:
    """Every part of a study that names others, with its place."""
    yield from ((f"artefacts.{part}", block) for part, block in study.artefacts.present().items())
    readings = study.artefacts.readings
    for number, row in enumerate(readings.rows if readings else ()):
        yield f"artefacts.readings.rows.{number}", row
    yield from ((f"claims.{number}", claim) for number, claim in enumerate(study.claims or ()))
    yield from ((f"overrides.{number}.where", override.where) for number, override in enumerate(study.overrides))
    if study.guards.calibration is not None:
        yield "guards.calibration.where", study.guards.calibration.where
    if study.tune is not None:
        yield "tune", study.tune


def _of_block(study: Study, block: Strict, place: str) -> Iterator[StudyError]:
    for part, fields in NAMED_IN.items():
        for field in fields:
            value = getattr(block, field, None)
            names = [value] if isinstance(value, str) else value or []
            yield from unknown(names, getattr(study, part), f"{place}.{field}", part)


def unknown(names: Iterable[str], known: Iterable[str], place: str, kind: str) -> Iterator[StudyError]:
    """The names that are not among the known ones, which are of a ``kind`` (in words, plural), as one error."""
    absent = [name for name in names if name not in known]
    if absent:
        near = nearest(absent[0], known)
        hint = f"did you mean {near}? " if near else ""
        yield StudyError(place, f"{', '.join(absent)} is not among the {kind}", f"{hint}use one of {', '.join(known)}")


def refuse_unknown(names: Iterable[str], known: Iterable[str], place: str, kind: str) -> None:
    """Raise StudyError for ``unknown`` names."""
    for error in unknown(names, known, place, kind):
        raise error


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like one, whatever the case of its letters; None where none is like it.

    A wrong letter is likelier than a letter too many: seedz is seeds, and not seed.
    """
    names = {str(each).lower(): str(each) for each in known}
    near = get_close_matches(name.lower(), names, n=3)
    return names[max(near, key=lambda each: _likeness(name.lower(), each))] if near else None


def _likeness(a: str, b: str) -> float:
    return SequenceMatcher(None, a, b).ratio() - OTHER_LENGTH * abs(len(a) - len(b))
