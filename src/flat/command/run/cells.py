"""What a job is about, in words, from its wildcards."""

from collections.abc import Mapping

from flat.cost.jobs import Job
from flat.study.cells import NO_ATTACK

# wildcards that tell more than a cell, in the order in which they are told, and how
_FURTHER = {
    "round": "round {}",
    "attack": "under {}",
    "method": "{}",
    "shard": "shard {}",
    "groups": "{} groups",
    "resource": "{}",
    "table": "{}",
    "figure": "{}",
}


def cell(wildcards: Mapping[str, str]) -> str:
    """mine · CNN · FLAT on pwws · seed 0 · under pwws; empty for a job of the whole study."""
    given = {name: str(value) for name, value in wildcards.items()}
    parts = [given[name] for name in ("dataset", "model") if name in given]
    if "strategy" in given:
        trained_on = given.get("train_attack", NO_ATTACK)
        parts.append(given["strategy"] + (f" on {trained_on}" if trained_on != NO_ATTACK else ""))
    if "seed" in given:
        parts.append(f"seed {given['seed']}")
    parts += [said.format(given[name]) for name, said in _FURTHER.items() if name in given]
    known = {"dataset", "model", "strategy", "train_attack", "seed", "size", *_FURTHER}
    return " · ".join([*parts, *(value for name, value in given.items() if name not in known)])


def of_job(job: Job) -> str:
    """The same of a job of the cost model, which has coordinates instead of wildcards."""
    at = job.at
    if len(at) == 3 and at[2].startswith("seed"):
        return cell({"dataset": at[0], "model": at[1], "seed": at[2].removeprefix("seed")})
    if len(at) < 5:
        return " · ".join(at) or "the study"
    names = ("dataset", "model", "strategy", "train_attack", "seed", "attack", "method")
    wildcards = dict(zip(names, at, strict=False)) | {"seed": at[4].removeprefix("seed")}
    if job.rule.startswith("attack_train") or job.rule == "train_round":
        wildcards["round"] = wildcards.pop("attack").removeprefix("round").replace("-shard", ", shard ")
    return cell(wildcards)
