"""What pip installs is whole: from a folder with nothing in it, without a checkout, where nothing may be written to."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def told(*command: str, **keywords) -> str:
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **keywords)
    assert ran.returncode == 0, ran.stdout[-4000:]
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    told(*PIP, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", str(folder), str(repository))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, resources, tmp_path_factory):
    """The installation's folder, an empty one to work in, and the environment that finds the first."""
    there, here = tmp_path_factory.mktemp("site-packages"), tmp_path_factory.mktemp("empty")
    told(*PIP, "install", "--no-index", "--no-deps", "--target", str(there), str(wheel))
    for path in [there, *there.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    environment = os.environ | {"PYTHONPATH": str(there), "FLAT_RESOURCES": str(resources), "OMP_NUM_THREADS": "1"}
    yield there, here, environment
    for path in [there, *there.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)


def test_it_holds_the_whole_workflow_and_no_leftovers(wheel, repository):
    held = set(zipfile.ZipFile(wheel).namelist())
    for part, place in {"src/flat": "flat", **{p: f"flat/workflow/{p}" for p in ("rules", "workflow/scripts")}}.items():
        files = [path for path in (repository / part).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert len(files) > 10
        assert {f"{place}/{path.relative_to(repository / part)}" for path in files} <= held
    assert {"flat/workflow/Snakefile", "flat/workflow/config/claims.yaml"} <= held
    assert {"flat/workflow/profiles/default/config.yaml", "flat/workflow/CITATION.cff"} <= held
    assert not [name for name in held if "__pycache__" in name or name.startswith(("tests", "docs", "results"))]


def test_the_index_would_take_it(wheel):
    pytest.importorskip("twine", reason="twine is not installed: make tools")
    assert "PASSED" in told(sys.executable, "-m", "twine", "check", "--strict", str(wheel))


def test_a_table_is_made_from_it_in_an_empty_folder(installed, repository):
    there, here, environment = installed
    snakefile = told(
        sys.executable, "-c", "from flat.files.installed import ROOT; print(ROOT)", cwd=here, env=environment
    ).strip()
    assert snakefile == str(there / "flat/workflow")
    (here / "mine.yaml").write_text((repository / "tests/data/tiny.yaml").read_text())
    table = "results/tiny/tables/table1.md"
    words = ["--snakefile", f"{snakefile}/Snakefile", "--configfile", "mine.yaml", "--cores", "2", "--", table]
    told(sys.executable, "-m", "snakemake", *words, cwd=here, env=environment)
    assert "SST2" in (here / table).read_text()
    assert told(sys.executable, "-m", "flat.command", "verify", "mine.yaml", cwd=here, env=environment)
    assert {path.name for path in here.iterdir()} <= {"mine.yaml", "results", ".snakemake"}


def test_the_demo_is_planned_by_its_name_in_the_package(installed):
    there, here, environment = installed
    study = f"{there}/flat/workflow/config/demo.yaml"
    words = ["--snakefile", f"{there}/flat/workflow/Snakefile", "--configfile", study, "--dry-run", "--quiet", "rules"]
    assert "draw_figure" in told(sys.executable, "-m", "snakemake", *words, cwd=here, env=environment)
