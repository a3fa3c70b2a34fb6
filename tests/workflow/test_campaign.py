"""Half a minute of the campaign (make campaign): each kind of fault at least once, drawn from a fixed seed."""

import random

import pytest

from tests.campaign import whole_runs
from tests.campaign.__main__ import KINDS, campaign, told
from tests.campaign.faults import input_damaged
from tests.campaign.ground import Ground, damaged

pytestmark = [pytest.mark.workflow, pytest.mark.fault]
SEED, SECONDS = 0, 30


@pytest.fixture(scope="module")
def ground(finished, resources, tmp_path_factory):
    ground = Ground(finished, resources, tmp_path_factory.mktemp("campaign"))
    yield ground
    ground.close()


def test_every_rule_has_a_job_that_is_tried(ground):
    assert len(ground.rules) >= 25 and {"attack_test", "train_round", "write_report"} <= set(ground.rules)
    assert all(ground.inputs[rule] for rule in ground.rules if rule not in ("preprocess", "make_table"))


def test_half_a_minute_of_faults_is_mastered(ground, monkeypatch):
    monkeypatch.setattr(whole_runs, "PATIENCE_S", 20.0)  # other tests may have the cores
    outcomes = []
    tally = campaign(ground, SEED, SECONDS, lambda *of: outcomes.append(of))
    bad = [f"{kind} {trial}: {o.verdict}: {o.what}: {o.message}" for kind, trial, o in outcomes if not o.good]
    assert not bad, "\n".join(bad)
    assert tally.keys() == KINDS.keys() and len(told(tally)) == len(KINDS) + 2
    assert all(sum(counts.values()) for counts in tally.values())


def test_what_is_not_mastered_is_told(ground, monkeypatch):
    """The campaign itself can fail: a job that reads what is damaged, and one that refuses without naming the file."""
    file = ground.job("attack_test").outputs[0]
    assert not ground.differing("attack_test")
    monkeypatch.setattr(ground, "rules", ["attack_test"])

    def reads_it(*_):
        damaged(ground.copy.folder / file, random.Random(1))
        return 0, ""

    for run, verdict in ((reads_it, "silent"), (lambda *_: (1, "error: damaged\n  remedy: none"), "unnamed")):
        monkeypatch.setattr(ground, "run", run)
        assert input_damaged(ground, random.Random(3)).verdict == verdict
        assert not ground.differing("attack_test")  # mended
