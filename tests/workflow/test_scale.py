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


def test_eight_shards_are_planned_in_bounded_time_and_memory(checkout):
    """The paper's study with every attack in 8 shards, 4667 jobs (docs/scaling.md); room for a loaded machine."""
    study = yaml.safe_load((checkout.folder / "config/config.yaml").read_text()) | {"name": "large"}
    for attack in study["attacks"].values():
        attack["shards"] = 8
    (checkout.folder / "large.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    plan = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--cores", "8", "--configfile", "large.yaml"]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *plan],
        cwd=checkout.folder,
        env=checkout.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    said, _, used = done.stdout.rpartition("used ")
    jobs, (seconds, peak_kib) = counts(said), map(float, used.split())
    for attack in ("attack_test", "attack_train"):
        assert jobs[f"{attack}_shard"] == 8 * jobs[attack]
    assert jobs["train_base"] == 4 * 4 + 1 and jobs["total"] > 4000
    assert seconds < 40 and peak_kib < 600 * 1024
