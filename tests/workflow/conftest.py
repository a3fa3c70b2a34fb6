"""A copy of the repository in which the tiny study is run, so that tests may edit code and results freely."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flat.files.digests import state_of
from tests.toys import preloaded

PARTS = ("Snakefile", "rules", "workflow", "src", "config", "profiles", "envs", "tests/data")
PARTS += ("pyproject.toml", "CITATION.cff")


class Checkout:
    """A working copy with its own results; ``run`` calls snakemake in it."""

    def __init__(self, folder: Path, resources: Path):
        self.folder = folder
        self.environment = os.environ | {
            "PYTHONPATH": str(folder / "src"),
            "FLAT_RESOURCES": str(resources),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "OMP_NUM_THREADS": "1",
        }

    def run(self, *arguments: str, ok: bool = True, timeout: int = 3600, warm: bool = False, cold: bool = False) -> str:
        """Output of ``snakemake arguments``; with ``ok`` it must exit with 0.

        Snakemake and its jobs are forks of a process that has other people's libraries loaded (``preloaded``).

        Args:
            warm: its jobs come from ``flat.jobs.warm``, which pays where they are many.
            cold: all processes are started as a user starts them.
        """
        words = ["-m", "snakemake", *arguments]
        if warm:
            words = ["-m", "flat.jobs.warm", "--", sys.executable, *words]
        if cold:
            out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
            done = subprocess.run(
                [sys.executable, *words], cwd=self.folder, env=self.environment, timeout=timeout, **out
            )
            status, said = done.returncode, done.stdout
        else:
            status, said = preloaded.python(words, self.folder, self.environment, timeout)
        assert (status == 0) == ok, f"exit {status} of snakemake {arguments}:\n{said[-6000:]}"
        return said

    def tiny(self, *arguments: str, study: str = "tests/data/tiny.yaml", **keywords) -> str:
        return self.run("--configfile", study, *arguments, **keywords)

    def record(self, *paths: Path) -> None:
        """Let the records say that jobs made these files as they are now: what is spoilt is then no damage."""
        names = {str(path.relative_to(self.folder)): path for path in paths}
        for place in (self.folder / "results").glob("*/provenance/**/*.json"):
            record = json.loads(place.read_text())
            made = names.keys() & record["outputs"].keys()
            if made:
                record["outputs"] |= {name: state_of(names[name]) for name in made}
                place.write_text(json.dumps(record))

    def plan(self, *arguments: str, study: str = "tests/data/tiny.yaml", cold: bool = False) -> dict[str, int]:
        """Rule -> number of jobs that a dry run would start."""
        out = self.tiny("--cores", "2", "--dry-run", "--quiet", "rules", *arguments, study=study, cold=cold)
        jobs = {}
        for line in out.split("Job stats:")[-1].splitlines() if "Job stats:" in out else []:
            words = line.split()
            if len(words) == 2 and words[1].isdigit() and words[0] != "total":
                jobs[words[0]] = int(words[1])
        return jobs


def copy_to(folder: Path, root: Path) -> None:
    for part in PARTS:
        target = folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (root / part).is_dir():
            shutil.copytree(
                root / part, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        else:
            shutil.copy2(root / part, target)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory, repository, resources) -> Checkout:
    folder = tmp_path_factory.mktemp("checkout")
    copy_to(folder, repository)
    return Checkout(folder, resources)


@pytest.fixture(scope="session")
def finished(checkout, repository, resources, tmp_path_factory) -> Checkout:
    """The checkout after the tiny study ran to its end on two cores. Test processes side by side share one run."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        checkout.tiny("--cores", "2", warm=True)
        return checkout
    of_all = tmp_path_factory.getbasetemp().parent
    ran, done = Checkout(of_all / "finished", resources), of_all / "finished.done"
    with (of_all / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            copy_to(ran.folder, repository)
            ran.tiny("--cores", "2", warm=True)
            done.touch()
    for part in ("results", ".snakemake"):
        shutil.copytree(ran.folder / part, checkout.folder / part, dirs_exist_ok=True)
    return checkout


@pytest.fixture(scope="module")
def copy(finished, resources, tmp_path_factory) -> Checkout:
    """The finished checkout once more, its times kept, to be mistreated."""
    folder = tmp_path_factory.mktemp("copy") / "checkout"
    shutil.copytree(finished.folder, folder)
    return Checkout(folder, resources)
