"""Plans of large studies: how long and how much memory."""

import os
import subprocess
import sys

import pytest
import yaml

from tests.workflow.test_plans import counts

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_eight_shards_are_planned_in_bounded_time_and_memory(checkout):
    """The paper's study with every attack in 8 shards, 4559 jobs (docs/scaling.md); room for a loaded machine."""
    study = yaml.safe_load((checkout.folder / "config/config.yaml").read_text()) | {"name": "large"}
    for attack in study["attacks"].values():
        attack["shards"] = 8
    (checkout.folder / "large.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    arguments = ("-n", "--quiet", "rules", "--cores", "8", "--configfile", "large.yaml")
    with (checkout.folder / "large.out").open("w") as out:
        plan = subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=checkout.folder,
            env=checkout.environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(plan.pid, 0)
    plan.returncode = os.waitstatus_to_exitcode(status)
    said = (checkout.folder / "large.out").read_text()
    assert plan.returncode == 0, said[-6000:]
    jobs = counts(said)
    for attack in ("attack_test", "attack_train"):
        assert jobs[f"{attack}_shard"] == 8 * jobs[attack]
    assert jobs["train_base"] == 4 * 4 + 1 and jobs["total"] > 4000
    assert used.ru_utime + used.ru_stime < 40  # CPU seconds
    assert used.ru_maxrss < 0.6 * 1024**2  # KiB
