"""The search over beta, gamma and learning rate: Optuna's tree-structured Parzen estimator on a journal file.

Each trial's draw has its own seed and sees the finished trials alone, so that an interrupted search goes on to the same
trials, and a longer one keeps those it has.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from flat.errors import FlatError
from flat.files.digests import checksums, digest_of
from flat.study.seeds import seed_of
from flat.tuning.trial import Score

STARTUP = 8  # trials drawn at random before finished ones guide the draw
log = logging.getLogger("flat")


@dataclass(frozen=True)
class Trial:
    """A finished trial: its number in the order of finishing, the values tried, and their score."""

    number: int
    values: Mapping[str, float]
    score: Score


def search(
    evaluate: Callable[[Mapping[str, float]], Score],
    ranges: Mapping[str, tuple[float, float]],
    present: Mapping[str, float],
    trials: int,
    journal: Path,
    name: str,
    seed: int,
) -> list[Trial]:
    """Run trials until ``trials`` are finished; all of them, in the order of finishing.

    Args:
        evaluate: the score of values.
        ranges: name -> (low, high), searched on a logarithmic scale.
        present: the study's own values: the first trial, where they lie within the ranges.
        journal: Optuna's journal file; finished trials of the same ``name`` in it are kept.
        name: identifies everything that decides a trial's score.

    Raises:
        FlatError: Optuna is not installed.
    """
    try:
        import optuna  # for cost
        from optuna.storages import JournalStorage  # for cost
        from optuna.storages.journal import JournalFileBackend  # for cost
        from optuna.trial import TrialState  # for cost
    except ImportError:
        raise FlatError(
            "tune", "it needs Optuna, which is not installed", "pip install optuna, or make setup from the lock files"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.parent.mkdir(parents=True, exist_ok=True)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(left.number, state=TrialState.FAIL)  # of a run that was killed
    while len(done := _finished(study, TrialState.COMPLETE)) < trials:
        n = len(done)
        own = seed_of(seed, "trial", n) % 2**32
        study.sampler = optuna.samplers.TPESampler(seed=own, n_startup_trials=STARTUP, constant_liar=False)
        if n == 0 and all(low <= present[key] <= high for key, (low, high) in ranges.items()):
            study.enqueue_trial({key: float(present[key]) for key in ranges}, skip_if_exists=True)
        trial = study.ask()
        values = {key: trial.suggest_float(key, low, high, log=True) for key, (low, high) in ranges.items()}
        found = evaluate(values)
        trial.set_user_attr("score", asdict(found))
        study.tell(trial, found.total)
        shown = ", ".join(f"{key} {value:.3g}" for key, value in values.items())
        log.info("trial %d of %d: %s: score %.4f", n + 1, trials, shown, found.total)
    return done[:trials]


def identity(setting: object, files: Iterable[str]) -> str:
    """A name for everything that decides a trial's score: plain data, and the contents of files."""
    return digest_of([setting, checksums(files)])[:16]


def _finished(study, state) -> list[Trial]:
    found = study.get_trials(deepcopy=False, states=(state,))
    return [Trial(n, dict(trial.params), Score(**trial.user_attrs["score"])) for n, trial in enumerate(found)]


def best_of(trials: list[Trial]) -> Trial:
    """The trial of the highest score; the earliest of equal ones."""
    return max(trials, key=lambda trial: (trial.score.total, -trial.number))
