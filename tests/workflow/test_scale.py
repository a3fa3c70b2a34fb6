"""Plans of large studies: how long and how much memory."""

import subprocess
import sys

import pytest
import yaml

from tests.workflow.test_plans import counts

pytestmark = [pytest.mark.workflow, pytest.mark.slow]
# runs a command and says what it took; a small process of its own, as a child's peak memory begins with its parent's
MEASURED = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("used", used.ru_utime + used.ru_stime, used.ru_maxrss, flush=True)
sys.exit(status)
"""


# a plan in a process that counts what a job of a plan no longer needs; {known}: the Snakemake that is hastened
COUNTED = """
import collections, sys
import flat.jobs.planning as planning
planning.KNOWN = {known!r}
import snakemake.cli, snakemake.jobs, snakemake.script
calls = collections.Counter()
def count(owner, name):
    asked = getattr(owner, name)
    def counted(*given, **named):
        calls[name] += 1
        return asked(*given, **named)
    setattr(owner, name, counted)
count(snakemake.script, "get_source")
count(snakemake.jobs.Job, "_expand_params")
count(snakemake.jobs.Job, "log_info")
try:
    snakemake.cli.main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print("calls", *(calls[name] for name in ("get_source", "_expand_params", "log_info")))
"""


def planned(checkout, study: str, *more: str, known: str = "9.") -> tuple[str, list[int]]:
    """What a dry run prints, and how often it read a script, expanded a job's params and made a job's message."""
    call = ["-n", "--quiet", "rules", "host", "--cores", "8", "--configfile", study, *more]
    said, counted = said_by(checkout, COUNTED.format(known=known), call, "calls ")
    return said, [int(number) for number in counted.split()]


def said_by(checkout, program: str, call: list[str], mark: str) -> tuple[str, str]:
    """What a Python program prints before its last ``mark``, and behind it."""
    done = subprocess.run(
        [sys.executable, "-c", program, *call],
        cwd=checkout.folder,
        env=checkout.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    said, _, behind = done.stdout.rpartition(mark)
    return said, behind


@pytest.fixture(scope="module")
def large(checkout) -> str:
    """The paper's study with every attack in 8 shards."""
    study = yaml.safe_load((checkout.folder / "config/config.yaml").read_text()) | {"name": "large"}
    for attack in study["attacks"].values():
        attack["shards"] = 8
    (checkout.folder / "large.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    return "large.yaml"


def test_a_plan_without_repetitions_is_the_same_plan(checkout):
    """A job costs no reading of its script, no expansion of its params and no message that nobody sees."""
    # another test may have finished the study in this checkout
    fast, spared = planned(checkout, "tests/data/tiny.yaml", "--forceall")
    slow, counted = planned(checkout, "tests/data/tiny.yaml", "--forceall", known="0.")
    jobs = counts(fast)
    assert fast == slow and jobs["total"] > 50 and "Reasons:" in fast
    assert min(counted) > 0.9 * jobs["total"]
    # a script is read for the first job of a rule; params are expanded for that one, and for the first asked of conda
    assert spared[0] <= len(jobs) and spared[1] <= 2 * len(jobs) and spared[2] == 0


def test_shards_are_jobs_where_several_machines_work(checkout):
    """On one machine they are processes of one job, so that its plan has fewer jobs."""
    study = yaml.safe_load((checkout.folder / "tests/data/tiny.yaml").read_text()) | {"name": "sharded"}
    study.pop("sharding", None)
    for attack in study["attacks"].values():
        attack["shards"] = 8
    (checkout.folder / "sharded.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    here, _ = planned(checkout, "sharded.yaml")
    cluster, _ = planned(checkout, "sharded.yaml", "--executor", "slurm", "--jobs", "8")
    alone, there = counts(here), counts(cluster)
    for attack in ("attack_test", "attack_train"):
        assert f"{attack}_shard" not in alone and there[f"{attack}_shard"] == 8 * there[attack] == 8 * alone[attack] > 0
    assert there["total"] - there["attack_test_shard"] - there["attack_train_shard"] == alone["total"] > 50
    forced, _ = planned(checkout, "sharded.yaml", "--config", "sharding=always")
    assert counts(forced) == there
    never, _ = planned(checkout, "sharded.yaml", "--config", "sharding=never", "--executor", "slurm", "--jobs", "8")
    assert counts(never) == alone


def test_eight_shards_are_planned_in_bounded_time_and_memory(checkout, large):
    """As a cluster would run them, 4667 jobs (docs/scaling.md); room for a loaded machine."""
    plan = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--cores", "8", "--configfile", large]
    plan += ["--config", "sharding=always"]
    said, used = said_by(checkout, MEASURED, plan, "used ")
    jobs, (seconds, peak_kib) = counts(said), map(float, used.split())
    for attack in ("attack_test", "attack_train"):
        assert jobs[f"{attack}_shard"] == 8 * jobs[attack]
    assert jobs["train_base"] == 4 * 4 + 1 and jobs["total"] > 4000
    assert seconds < 40 and peak_kib < 600 * 1024
