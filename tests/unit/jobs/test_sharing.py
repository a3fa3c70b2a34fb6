"""What jobs in an environment of their own are given of this one: the package, and nothing beside it."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from flat.jobs import sharing


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "/before")
    return tmp_path


@pytest.fixture
def installed(monkeypatch):
    """As if the package lay among others, in site-packages."""
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(sharing.PACKAGE.parent))


def test_a_checkout_is_shared_as_it_is(elsewhere):
    sharing.share(True)
    assert os.environ["PYTHONPATH"] == f"{sharing.PACKAGE.parent}{os.pathsep}/before"
    assert not (elsewhere / ".snakemake").exists()


def test_jobs_of_the_same_environment_need_nothing(installed, elsewhere):
    sharing.share(False)
    assert os.environ["PYTHONPATH"] == "/before" and not (elsewhere / ".snakemake").exists()


def test_jobs_of_another_environment_get_the_package_alone(installed, elsewhere):
    for _ in range(2):  # a second call, as of a job's own Snakemake, changes nothing
        sharing.share(True)
    folder, *rest = os.environ["PYTHONPATH"].split(os.pathsep)
    assert rest == ["/before"] and os.listdir(folder) == ["flat"]
    asked = [sys.executable, "-S", "-c", "import flat.errors; print(flat.errors.__file__)"]
    told = subprocess.run(asked, env={"PYTHONPATH": folder}, cwd="/", capture_output=True, text=True, check=True)
    assert Path(told.stdout.strip()).resolve() == sharing.PACKAGE / "errors.py"


def test_a_link_to_another_package_is_renewed(installed, elsewhere):
    link = elsewhere / sharing.LIBRARY / "flat"
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    sharing.share(True)
    assert link.resolve() == sharing.PACKAGE
