"""The workflow beside or inside the package, and TextAttack taken from a resource where nobody installed it."""

import subprocess
import sys
from pathlib import Path

import pytest

from flat.files import installed
from flat.resources.catalogue import load_catalogue
from flat.resources.places import resources_root


def test_here_the_workflow_is_the_checkout_s(repository):
    assert (repository, True) == (installed.ROOT, installed.IN_CHECKOUT)
    assert repository / "src/flat" == installed.PACKAGE


def test_a_wheel_carries_its_workflow_inside(tmp_path):
    package = tmp_path / "lib/python3/site-packages/flat"
    (package / "workflow").mkdir(parents=True)
    assert installed.root(package) == package.parents[1]
    (package / "workflow/Snakefile").touch()
    assert installed.root(package) == package / "workflow"


def test_without_a_checkout_resources_go_to_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("FLAT_RESOURCES", raising=False)
    monkeypatch.setattr("flat.resources.places.IN_CHECKOUT", False)
    monkeypatch.chdir(tmp_path)
    assert resources_root() == tmp_path / "resources"


# Python as it is where no package manager put TextAttack: nobody finds it in the environment
ABSENT = """
import sys
from importlib.machinery import PathFinder
class Without:
    def find_spec(self, name, path=None, target=None):
        if name == "textattack" and path is None:
            return PathFinder.find_spec(name, [p for p in sys.path if "site-packages" not in p])
        return PathFinder.find_spec(name, path, target)
sys.meta_path = [finder for finder in sys.meta_path if finder is not PathFinder] + [Without()]
"""


def asked(code: str, folder: Path) -> str:
    """What Python prints with such an environment in ``folder``."""
    ran = subprocess.run([sys.executable, "-c", ABSENT + code], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def fetched(tmp_path):
    """A folder with a resource of TextAttack's layout."""
    package = tmp_path / "resources/textattack/textattack"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("here = True\n")
    (package.parent / "provenance.json").write_text("{}")
    return tmp_path


def test_textattack_is_taken_from_the_resource(fetched):
    assert (
        asked(
            "from flat.files.installed import textattack_is_there as there; print(there()); import textattack", fetched
        )
        == "True"
    )


def test_half_a_resource_is_none(fetched):
    (fetched / "resources/textattack/provenance.json").unlink()
    code = "import flat; from flat.files.installed import textattack_is_there; print(textattack_is_there())"
    assert asked(code, fetched) == "False"


def test_where_it_is_missing_it_is_fetched_with_the_rest(tmp_path):
    code = "from flat.resources.catalogue import load_catalogue; print('textattack' in load_catalogue().defaults())"
    assert asked(code, tmp_path) == "True"
    assert "textattack" not in load_catalogue().defaults()


def test_without_it_an_attack_says_what_to_fetch(tmp_path):
    code = """
import importlib.metadata
def version(name): raise importlib.metadata.PackageNotFoundError(name)
importlib.metadata.version = version
try:
    import flat.attacks.textattack_adapter.environment
except Exception as error:
    print(error)
"""
    assert "flat.resources fetch textattack" in asked(code, tmp_path)
