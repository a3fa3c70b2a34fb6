"""A copy of the repository in which the tiny study is run, so that tests may edit code and results freely."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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

    def run(self, *arguments: str, ok: bool = True, timeout: int = 600, warm: bool = False) -> str:
        """Output of ``snakemake arguments``, its jobs from a preloaded process if ``warm``; with ``ok`` it must exit
        with 0."""
        beside = ["-m", "flat.warm", "--", sys.executable] if warm else []
        done = subprocess.run(
            [sys.executable, *beside, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
        assert (done.returncode == 0) == ok, f"exit {done.returncode} of snakemake {arguments}:\n{done.stdout[-6000:]}"
        return done.stdout

    def tiny(self, *arguments: str, study: str = "tests/data/tiny.yaml", **keywords) -> str:
        return self.run("--configfile", study, *arguments, **keywords)

    def plan(self, *arguments: str, study: str = "tests/data/tiny.yaml") -> dict[str, int]:
        """Rule -> number of jobs that a dry run would start."""
        out = self.tiny("--cores", "2", "--dry-run", "--quiet", "rules", *arguments, study=study)
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
            shutil.copytree(root / part, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy2(root / part, target)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory, repository, resources) -> Checkout:
    folder = tmp_path_factory.mktemp("checkout")
    copy_to(folder, repository)
    return Checkout(folder, resources)


@pytest.fixture(scope="session")
def finished(checkout) -> Checkout:
    """The checkout after the tiny study ran to its end on two cores."""
    checkout.first_output = checkout.tiny("--cores", "2")
    return checkout
