"""The study on a real Slurm: a node of its own on the loopback, with one GPU (tests/slurm/start.sh)."""

import importlib.util
import itertools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.workflow.conftest import Checkout, copy_to

pytestmark = [pytest.mark.workflow, pytest.mark.slurm]
STUDY, RESULTS = "tests/data/slurm.yaml", Path("results/slurm")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "srun", "squeue", "munged")
SUBMITTED = re.compile(
    r"^Job (\S+) has been submitted with SLURM jobid (\d+) \(log: .*/slurm_logs/(\S+)/\d+\.log\)", re.M
)


@dataclass(frozen=True)
class Ended:
    """A line of Slurm's completion log."""

    number: int
    state: str
    start: datetime
    end: datetime


def completion_log(folder: Path) -> dict[int, Ended]:
    jobs = {}
    for line in (folder / "log/jobs.txt").read_text().splitlines():
        fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
        times = (datetime.fromisoformat(fields[name]) for name in ("StartTime", "EndTime"))
        jobs[int(fields["JobId"])] = Ended(int(fields["JobId"]), fields["JobState"], *times)
    return jobs


@pytest.fixture(scope="module")
def slurm(repository, tmp_path_factory):
    """The folder of a running Slurm; what is not installed here is the reason to skip."""
    search = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
    absent = [name for name in PROGRAMS if shutil.which(name, path=search) is None]
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)} (Debian and Ubuntu: apt install slurm-wlm munge)")
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("not installed: snakemake-executor-plugin-slurm (make setup)")
    folder = tmp_path_factory.mktemp("slurm")
    scripts = repository / "tests/slurm"
    try:
        subprocess.run(["bash", scripts / "start.sh", folder, str(os.getpid())], check=True, timeout=900)
        yield folder
    finally:
        subprocess.run(["bash", scripts / "stop.sh", folder], check=True, timeout=600)


@pytest.fixture(scope="module")
def here(tmp_path_factory, repository, resources):
    """The study run on this machine's cores."""
    folder = tmp_path_factory.mktemp("here")
    copy_to(folder, repository)
    checkout = Checkout(folder, resources)
    checkout.tiny("--cores", "2", study=STUDY, warm=True)
    return checkout


@pytest.fixture(scope="module")
def there(tmp_path_factory, repository, resources, slurm):
    """The same study run by Slurm, through profiles/slurm."""
    folder = tmp_path_factory.mktemp("there")
    copy_to(folder, repository)
    checkout = Checkout(folder, resources)
    checkout.environment |= {
        "SLURM_CONF": str(slurm / "slurm.conf"),
        "PATH": f"{slurm / 'bin'}{os.pathsep}{checkout.environment['PATH']}",
    }
    checkout.environment.pop("CUDA_VISIBLE_DEVICES", None)
    # most jobs are done when they are first asked about; the second time comes ten seconds later than the first
    faster = ("--slurm-init-seconds-before-status-checks", "9", "--latency-wait", "5")
    checkout.output = checkout.tiny("--workflow-profile", "profiles/slurm", *faster, study=STUDY, cold=True)
    return checkout


@pytest.fixture(scope="module")
def submitted(there):
    """Number -> rule or group of what Snakemake says it has submitted."""
    return {int(number): name for _, number, name in SUBMITTED.findall(there.output)}


def test_every_heavy_job_ran_on_slurm(slurm, submitted):
    ended = completion_log(slurm)
    assert ended.keys() == submitted.keys() and {job.state for job in ended.values()} == {"COMPLETED"}
    rules = [name.split("/")[0].removeprefix("rule_") for name in submitted.values()]
    shards = {"attack_test_shard": 4, "attack_train_shard": 2}  # jobs of their own
    assert {rule: rules.count(rule) for rule in shards} == shards
    assert {"preprocess", "train_base", "train_round", "interpret_ig", "interpret_lime"} <= {*rules}
    assert not {"make_table", "draw_figure", "write_report"} & {*rules}  # light: they run where Snakemake runs
    assert any("look_up_synonyms" in name and "look_up_vectors" in name for name in submitted.values())  # one group


def test_one_gpu_has_one_job_at_a_time(slurm, submitted):
    given = [line.split() for line in (slurm / "log/gpus.txt").read_text().splitlines()]
    on_gpu = {int(words[0]) for words in given if words[1:] == ["0"]}
    heavy = ("rule_train_", "rule_attack_test_shard", "rule_attack_train_shard", "rule_interpret_")
    assert on_gpu >= {number for number, name in submitted.items() if name.startswith(heavy)}
    assert on_gpu < submitted.keys()  # to merge shards or to compare explanations takes none
    ended = completion_log(slurm)
    jobs = sorted((ended[number] for number in on_gpu), key=lambda job: job.start)
    assert all(one.end <= next_.start for one, next_ in itertools.pairwise(jobs)), jobs


def test_jobs_saw_the_gpu_that_slurm_gave_them(there):
    logs = (there.folder / RESULTS / "logs").rglob("*.log")
    assert not [path for path in logs if re.search(r" GPU ", path.read_text())]  # else handed out a second time


def test_the_results_are_those_of_a_local_run(here, there):
    patterns = ("tables/*", "figures/*.csv", "attacks/**/ledger.parquet", "models/**/*.safetensors")
    for pattern in patterns:
        names = sorted(path.relative_to(here.folder) for path in (here.folder / RESULTS).glob(pattern))
        assert names and names == sorted(p.relative_to(there.folder) for p in (there.folder / RESULTS).glob(pattern))
        differing = [name for name in names if (here.folder / name).read_bytes() != (there.folder / name).read_bytes()]
        assert not differing
