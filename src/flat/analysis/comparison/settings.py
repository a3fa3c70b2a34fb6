"""What differs between two studies besides their numbers: the study's keys, data, attacks, code and versions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flat.analysis.comparison.opened import Opened
from flat.files.artefacts import read_json
from flat.files.digests import attack_hash, sha256_of
from flat.study import paths
from flat.study.datasets import SPLITS

ABSENT = "(not there)"
NAMES = ("name", "title", "results", "mirror")  # of a study: they say who ran it, and where
SETTINGS, DATA, LOCKS, SOFTWARE = "settings", "data", "attack locks", "software"


@dataclass(frozen=True)
class Difference:
    """A key with another value in each study. kind: settings | data | attack locks | software."""

    kind: str
    key: str
    a: str
    b: str


def differences(a: Opened, b: Opened) -> list[Difference]:
    """Everything that differs, the kinds in this order, each sorted by key."""
    values = [{k: v for k, v in side.study.model_dump(mode="json").items() if k not in NAMES} for side in (a, b)]
    return [
        *_of(SETTINGS, *values),
        *_of(DATA, *(_digests(side, _common(a.study.datasets, b.study.datasets)) for side in (a, b))),
        *_of(LOCKS, *_locks(a, b)),
        *_of(SOFTWARE, *map(_software, (a, b))),
    ]


def _common(a: Iterable[str], b: Iterable[str]) -> list[str]:
    return sorted(set(a) & set(b))


def flattened(value: object, key: str = "") -> dict[str, str]:
    """Plain data as text by dotted key: {"a": {"b": [1]}} is {"a.b.0": "1"}; an empty list or mapping is a value."""
    inside = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if inside is None or not value:
        return {key: _shown(value)}
    found = {}
    for name, of in inside:
        found |= flattened(of, f"{key}.{name}".removeprefix("."))
    return found


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _of(kind: str, a: object, b: object) -> list[Difference]:
    mine, other = flattened(a), flattened(b)
    keys = sorted(key for key in mine.keys() | other.keys() if key and mine.get(key) != other.get(key))
    return [Difference(kind, key, mine.get(key, ABSENT), other.get(key, ABSENT)) for key in keys]


def _digests(side: Opened, datasets: Iterable[str]) -> dict[str, str]:
    """SHA-256 of each prepared split, by data set and split."""
    files = {f"{name}.{split}": paths.of(side.study).split(name, split) for name in datasets for split in SPLITS}
    return {key: sha256_of(path) for key, path in files.items() if Path(path).is_file()}


def _locks(a: Opened, b: Opened) -> tuple[dict, dict]:
    """Locks by data set and attack, of the first common cell that has one; those that differ, whole."""
    found: tuple[dict, dict] = ({}, {})
    for attacked in sorted(a.attacked & b.attacked):
        key = f"{attacked.cell.dataset}.{attacked.attack}"
        files = [Path(paths.test_ledger(side.study, attacked, "lock.json")) for side in (a, b)]
        if key in found[0] or not all(file.is_file() for file in files):
            continue
        locks = [read_json(file) for file in files]
        for side, lock in zip(found, locks, strict=True):
            side[key] = {name: part for name, part in lock.items() if name != "screening"}
            side[key]["hash"] = attack_hash(lock)
    return found


def _software(side: Opened) -> dict:
    """Versions, commit and plugins that the passport names."""
    about = side.passport.get("environment", {})
    facts = {"python": about.get("python"), "packages": about.get("packages"), "code": about.get("code")}
    return {name: fact for name, fact in facts.items() if fact} | {"plugins": side.passport.get("plugins", {})}
