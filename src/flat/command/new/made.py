"""What ``flat new`` is asked for, and what it makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flat.command.new.sizes import Sizes
from flat.study.schema import Study


@dataclass(frozen=True)
class Wishes:
    """What the user says; ``files``: split -> file."""

    files: Mapping[str, Path]
    text: list[str]
    label: str | None
    models: list[str]
    attacks: list[str]
    minutes: float
    name: str | None
    output: Path | None
    force: bool


@dataclass(frozen=True)
class Made:
    """A study, its file's text, and the minutes that it is predicted to take."""

    text: str
    study: Study
    sizes: Sizes
    jobs: int
    minutes: float
