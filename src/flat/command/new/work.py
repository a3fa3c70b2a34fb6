"""What ``flat new`` does: read, say what is there, choose sizes, write, and load what was written."""

import logging
import re
from pathlib import Path

import yaml

from flat.command.new import parts, show
from flat.command.new.made import Made, Wishes
from flat.command.new.sizes import Sizes, candidates, mean_words
from flat.command.new.text import study_text
from flat.cost.facts import DataFacts
from flat.cost.jobs import jobs_of
from flat.cost.left import RATES, sized
from flat.cost.predict import seconds_of
from flat.cost.recorded import load
from flat.data import overlap
from flat.data.prepare import prepare
from flat.data.survey import Survey, survey
from flat.errors import StudyError
from flat.files.artefacts import write_text
from flat.study.load import load as load_study
from flat.study.load import parse
from flat.study.schema import Study

CORES = 2  # of the time that is predicted
OVERLAP = 0.02  # of dev or test that may stand in train: as studies have it by default


def make(wishes: Wishes) -> None:
    """Write the study.

    Raises:
        FlatError: a file cannot be read or split, or the study is there already.
    """
    parts.check(wishes.models, wishes.attacks)
    name = wishes.name or _name(wishes.files["train"])
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9-]{0,39}", name):  # as studies have it
        raise StudyError(
            f"--name: {name}", "no name of a study", "up to 40 letters, digits and hyphens, a hyphen not first"
        )
    target = wishes.output or Path("config" if Path("config").is_dir() else ".") / f"{name}.yaml"
    if target.exists() and not wishes.force:
        raise StudyError(
            str(target), "it is there already", "give another --output or --name, or --force to replace it"
        )
    found = survey(wishes.files, wishes.text, wishes.label)
    show.found(wishes.files, found)
    made = _fitting(name, wishes, found)
    data, shares = _prepared(made.study, name)
    if max(shares) > OVERLAP:
        made = _written(name, wishes, found, made.sizes, overlap.enough(shares))
        data, _ = _prepared(made.study, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, made.text)
    load_study(target)
    show.written(target, made, data, wishes.minutes)


def _name(path: Path) -> str:
    """A study's name, of a file's."""
    words = re.findall(r"[A-Za-z0-9]+", path.name.split(".")[0])
    return "-".join(words)[:40].strip("-").lower() or "mine"


def _fitting(name: str, wishes: Wishes, found: Survey) -> Made:
    """The largest sizes that take no longer than wished; the smallest, where none does."""
    made = None
    for sizes in candidates(found, ", ".join(map(str, wishes.files.values()))):
        made = _written(name, wishes, found, sizes)
        if made.minutes <= wishes.minutes:
            break
    assert made is not None
    return made


def _written(name: str, wishes: Wishes, found: Survey, sizes: Sizes, max_overlap: float | None = None) -> Made:
    text = study_text(name, wishes.files, found, sizes, wishes.models, wishes.attacks, max_overlap)
    study = parse(yaml.safe_load(text), f"the study {name}")
    given = {split: sizes.splits[split] or found.rows.get(split, 0) for split in ("dev", "test")}
    train = sizes.splits["train"] or found.rows["train"]
    data = {name: DataFacts(train, given["dev"], given["test"], mean_words(found, sizes), 5000, "the file")}
    jobs = jobs_of(study, data)
    recorded = load(RATES)
    asked = [(job, *sized(study, data, job)) for job in jobs]
    seconds = sum(seconds_of(*one, recorded.best(*one, study.name)).seconds or 0.0 for one in asked)
    return Made(text, study, sizes, len(jobs), (seconds + len(jobs) * (recorded.main.beside_s or 0.0)) / CORES / 60)


def _prepared(study: Study, name: str) -> tuple[dict, list[float]]:
    """The facts of the data set, read as a job will read it, and the shares of dev and test that stand in train.

    Raises:
        DataError: the job would refuse it.
    """
    options = study.datasets[name].model_dump()
    log = logging.getLogger("flat.data")
    log.disabled, before = True, log.disabled  # what it warns of is told beside the splits
    try:
        summary = prepare(options | {"max_overlap": 1.0}, name, study.seed).summary
    finally:
        log.disabled = before
    return summary, list(summary["overlap_with_train"].values())
