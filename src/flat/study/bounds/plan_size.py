"""How many jobs a study would plan at most, from the lengths of its lists alone: nothing of the plan is built."""

from collections.abc import Iterator
from math import prod

from flat.errors import StudyError
from flat.plugins.registry import METRICS
from flat.study.schema import Study

MOST_JOBS = 1_000_000


def misfits(study: Study, where: str) -> Iterator[StudyError]:
    """A study of more than MOST_JOBS jobs."""
    jobs, largest, numbers = jobs_at_most(study)
    if jobs > MOST_JOBS:
        yield StudyError(
            f"{where}: {largest}",
            f"the study stands for up to {jobs:,d} jobs ({numbers}); at most {MOST_JOBS:,d} are planned",
            "lower these numbers, or cut it into several studies",
        )


def jobs_at_most(study: Study) -> tuple[int, str, str]:
    """A bound from above, the block that has most of them, and the numbers that it is a product of."""
    seeds = max(len(chosen) for chosen in (study.seeds, *(o.seeds for o in study.overrides if o.seeds)))
    counts = [study.rounds.count, *(o.rounds["count"] for o in study.overrides if "count" in o.rounds)]
    rounds = max(count for count in counts if isinstance(count, int))
    shards = 1 if study.sharding == "never" else max(attack.shards for attack in study.attacks.values())
    attack = 1 if shards == 1 else shards + 1  # and the job that merges them
    # of a cell: rounds, their attacks, the attack on test, the calibrated one, explanations, faithfulness, replay
    of_explanations = any(METRICS[name].of == "explanations" for name in study.metrics)
    explanations = len(study.interpretation.methods) * (2 if of_explanations else 1)
    work = 2 + rounds * (1 + attack) + attack + 2 + explanations
    cells = {f"artefacts.{name}": _combinations(block) for name, block in study.artefacts.present().items()}
    numbers = {name: f"{count:,d} combinations × {seeds:,d} seeds" for name, count in cells.items()}
    jobs = {name: count * seeds * work for name, count in cells.items()}
    if study.tune is not None:
        jobs["tune"] = _combinations(study.tune) * (2 + rounds * (1 + attack))
        numbers["tune"] = f"{_combinations(study.tune):,d} combinations"
    largest = max(jobs, key=jobs.get)
    return sum(jobs.values()), largest, f"{numbers[largest]}, {rounds:,d} rounds, {shards:,d} shards"


def _combinations(block) -> int:
    lists = [value for _, value in block if isinstance(value, list)]
    return prod(map(len, lists))
