"""Plans of large studies: how long and how much memory."""

import resource

import pytest
import yaml

from tests.workflow.test_plans import counts

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_five_seeds_in_eight_shards_are_planned_in_bounded_time_and_memory(checkout):
    """The paper's study with every attack in 8 shards, 22439 jobs (docs/scaling.md); room for a loaded machine."""
    study = yaml.safe_load((checkout.folder / "config/config.yaml").read_text())
    study |= {"name": "large", "seeds": [0, 1, 2, 3, 4]}
    for attack in study["attacks"].values():
        attack["shards"] = 8
    (checkout.folder / "large.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = checkout.run("-n", "--quiet", "rules", "--cores", "8", "--configfile", "large.yaml")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = counts(out)
    assert (
        jobs["attack_test_shard"] == 8 * jobs["attack_test"] and jobs["attack_train_shard"] == 8 * jobs["attack_train"]
    )
    assert jobs["train_base"] == 5 * (4 * 4 + 1) and jobs["total"] > 20_000
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 120  # CPU seconds
    assert after.ru_maxrss < 2 * 1024**2  # KiB: the largest child so far
