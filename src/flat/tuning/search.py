"""The search over beta, gamma and learning rate: Optuna's tree-structured Parzen estimator, journal as for other jobs.

Each trial's draw has its own seed and sees the finished trials alone, so that an interrupted search goes on to the same
trials, and a longer one keeps those it has. Where sets alone are searched, each combination is tried once at most.
"""

import json
import logging
import os
import random
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from flat.errors import FlatError
from flat.files.digests import checksums, digest_of
from flat.resume.journal import FORMAT, Lines
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
    spaces: Mapping[str, Mapping],
    present: Mapping[str, float],
    trials: int,
    journal: Path,
    name: str,
    seed: int,
) -> list[Trial]:
    """Run trials until ``trials`` are finished, or all combinations of sets; all of them, in the order of finishing.

    Args:
        evaluate: the score of values.
        spaces: name -> low and high, searched on a logarithmic scale, or choices.
        present: the study's own values: the first trial, where they lie within the spaces.
        journal: Optuna's log, a line each; finished trials of the same ``name`` in it are kept.
        name: identifies everything that decides a trial's score.

    Raises:
        FlatError: Optuna is not installed.
        ArtefactError: another process holds the journal, or it cannot be read or written.
    """
    with closing(_Log(journal)) as entries:
        return _search(evaluate, spaces, present, trials, entries, name, seed)


class _Log(Lines):
    """What Optuna logs; ``noted``: each entry by its number from 0. One file serves all settings of a search."""

    def __init__(self, path: Path):
        super().__init__(path, {"format": FORMAT, "job": "optuna"})

    def _note(self, value, start: int) -> None:
        self.noted[len(self.noted)] = value

    def append(self, entry: dict) -> None:
        """Note an entry, on disk before this returns: a trial may take hours."""
        self._note(json.loads(json.dumps(entry)), self._write(entry))
        os.fsync(self._stream.fileno())


def _search(evaluate, spaces, present, trials: int, entries: _Log, name: str, seed: int) -> list[Trial]:
    """``search`` on a log that is open."""
    try:
        import optuna  # for cost
        from optuna.distributions import CategoricalDistribution, FloatDistribution  # for cost
        from optuna.storages import JournalStorage  # for cost
        from optuna.storages.journal import BaseJournalBackend  # for cost
        from optuna.trial import TrialState, create_trial  # for cost
    except ImportError:
        raise FlatError(
            "tune", "it needs Optuna, which is not installed", "pip install optuna, or make setup from the lock files"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    class Backend(BaseJournalBackend):
        def read_logs(self, log_number_from: int) -> list[dict]:
            return [entries.noted[number] for number in range(log_number_from, len(entries.noted))]

        def append_logs(self, logs: list[dict]) -> None:
            for entry in logs:
                entries.append(entry)

    storage = JournalStorage(Backend())
    study = optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(left.number, state=TrialState.FAIL)  # of a run that was killed
    distributions = {
        key: CategoricalDistribution(space["choices"])
        if "choices" in space
        else FloatDistribution(space["low"], space["high"], log=True)
        for key, space in spaces.items()
    }
    given, whole = _given(spaces, present, seed)
    if whole and len(given) < trials:
        log.info("only %d combinations are there to try: %d trials, not %d", len(given), len(given), trials)
        trials = len(given)
    while len(done := _finished(study, TrialState.COMPLETE)) < trials:
        n = len(done)
        # a trial of given values is noted at its end alone: Optuna's queue would skip the values of a killed one
        trial = None
        if n >= len(given):
            own = seed_of(seed, "trial", n) % 2**32
            study.sampler = optuna.samplers.TPESampler(seed=own, n_startup_trials=STARTUP, constant_liar=False)
            trial = study.ask(distributions)
        values = dict(trial.params) if trial else given[n]
        found = evaluate(values)
        noted = {"score": asdict(found)}
        if trial:
            trial.set_user_attr("score", noted["score"])
            study.tell(trial, found.total)
        else:
            study.add_trial(
                create_trial(params=values, distributions=distributions, value=found.total, user_attrs=noted)
            )
        shown = ", ".join(f"{key} {value:.3g}" for key, value in values.items())
        log.info("trial %d of %d: %s: score %.4f", n + 1, trials, shown, found.total)
    return done[:trials]


def identity(setting: object, files: Iterable[str]) -> str:
    """A name for everything that decides a trial's score: plain data, and the contents of files."""
    return digest_of([setting, checksums(files)])[:16]


def _given(spaces: Mapping[str, Mapping], present: Mapping[str, float], seed: int) -> tuple[list[dict], bool]:
    """Values of the first trials, which no draw decides, and whether there are no others to try.

    The study's own come first. Where all spaces are sets, their other combinations follow in an order of the seed.
    """
    own = {key: float(present[key]) for key in spaces}
    inside = [
        own[key] in space["choices"] if "choices" in space else space["low"] <= own[key] <= space["high"]
        for key, space in spaces.items()
    ]
    first = [own] if all(inside) else []
    if not first:
        log.info("the study's own values lie outside of what is searched: they are no trial")
    if not all("choices" in space for space in spaces.values()):
        return first, False
    every = [
        dict(zip(spaces, values, strict=True)) for values in product(*(space["choices"] for space in spaces.values()))
    ]
    rest = [values for values in every if values not in first]
    random.Random(seed_of(seed, "order")).shuffle(rest)
    return first + rest, True


def _finished(study, state) -> list[Trial]:
    found = study.get_trials(deepcopy=False, states=(state,))
    return [Trial(n, dict(trial.params), Score(**trial.user_attrs["score"])) for n, trial in enumerate(found)]


def best_of(trials: list[Trial]) -> Trial:
    """The trial of the highest score; the earliest of equal ones."""
    return max(trials, key=lambda trial: (trial.score.total, -trial.number))
