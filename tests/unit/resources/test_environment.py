"""The lock files, the conda environment and the installed packages name the same versions."""

import importlib.metadata
import re
import subprocess

import pytest
import yaml


def pins(file) -> dict[str, str]:
    """{name: version} of a lock file (test_locks.py holds each line's form)."""
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", file.read_text(), re.M)
    return {plain(name): version for name, version in found}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_conda_gives_python_and_pip_alone(repository):
    environment = yaml.safe_load((repository / "envs/flat.yaml").read_text())
    assert environment["dependencies"] == ["python=3.11", "pip"], "the rest comes from the locks, with hashes"


def test_cuda_packages_only_add_to_the_cpu_lock(repository):
    assert not set(pins(repository / "envs/cuda-packages.lock")) & set(pins(repository / "envs/cpu.lock"))
    assert "+" not in (repository / "envs/cpu.lock").read_text(), "a local build label is not on the index"


def test_every_requirement_is_locked_as_asked(repository):
    locked = pins(repository / "envs/cpu.lock")
    for line in (repository / "envs/requirements.in").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, version = re.split(r"\s*[;#]", line)[0].strip().partition("==")
            assert plain(name) in locked, name
            assert version in ("", locked[plain(name)]), name
    assert pins(repository / "envs/bootstrap.lock")["setuptools"] == locked["setuptools"]


@pytest.mark.parametrize("lock", ["cpu.lock", "no-deps.lock"])
def test_what_runs_is_what_is_locked(repository, lock):
    differing = {}
    for name, version in pins(repository / "envs" / lock).items():
        try:
            installed = importlib.metadata.version(name).partition("+")[0]  # +cpu: a local build of the same version
        except importlib.metadata.PackageNotFoundError:
            installed = None
        if installed != version and not (installed is None and name == "editdistance"):  # absent on Python 3.13
            differing[name] = (version, installed)
    assert not differing


def test_stopwords_come_from_the_locked_scikit_learn(repository):
    from flat.resources.catalogue import load_catalogue

    assert load_catalogue()["stopwords"].version == pins(repository / "envs/cpu.lock")["scikit-learn"]


def test_unsupported_python_is_refused_with_the_remedy(repository, tmp_path):
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.18" && exit 0\nexit 1\n')
    old.chmod(0o755)
    command = ["bash", str(repository / "envs/create.sh"), str(tmp_path / "venv"), str(old)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in ran.stderr
    assert "Python 3.9.18" in ran.stderr and "make setup PYTHON=" in ran.stderr
    assert not (tmp_path / "venv").exists()


def test_make_help_lists_the_targets(repository):
    ran = subprocess.run(["make"], cwd=repository, capture_output=True, text=True, check=True)
    for target in ("setup", "demo", "test", "lint"):
        assert re.search(rf"make {target} +\S", ran.stdout), target
