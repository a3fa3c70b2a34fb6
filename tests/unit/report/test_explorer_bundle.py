"""The explorer's committed script is what its sources make, byte for byte (skipped without node and npm's packages)."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flat.report.explorer import page

SOURCES = Path(__file__).parents[3] / "explorer"
MADE = ("bundle.js", "bundle-licences.txt")
OLDEST = 18  # node that esbuild needs
# no second try and no long wait where there is no network; no package runs anything of its own
INSTALL = ("ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0")
WAIT = ("--fetch-timeout=20000", "--loglevel=error")
OUR_FAULT = re.compile("EUSAGE|EJSONPARSE|ENOLOCK|EINTEGRITY")  # package.json and its lock do not go together


def said(command: list[str], folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def locked(file: Path) -> dict[str, str]:
    """Of each installed package the digest of its archive; none where there is no such file."""
    packages = json.loads(file.read_text())["packages"] if file.exists() else {}
    return {name: of.get("integrity", "") for name, of in packages.items() if name}


def installed(folder: Path) -> bool:
    """Whether node_modules has what the lock asks for; of esbuild's programs it has this machine's alone."""
    wanted, found = locked(folder / "package-lock.json"), locked(folder / "node_modules/.package-lock.json")
    needed = {name for name in wanted if not name.startswith("node_modules/@esbuild/")}
    return needed <= set(found) and all(wanted[name] == digest for name, digest in found.items())


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Path:
    """The folder explorer/ with its packages: as it stands, or a copy that npm puts them into."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None:
        pytest.skip("not installed: node (Debian: apt install npm)")
    version = said([node, "--version"], SOURCES).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST:
        pytest.skip(f"node {version}: too old for esbuild, which needs {OLDEST}")
    if installed(SOURCES):
        return SOURCES
    if npm is None:
        pytest.skip("not installed: npm (Debian: apt install npm), and explorer/node_modules is not as its lock says")
    copy = tmp_path_factory.mktemp("workshop") / "explorer"
    shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("node_modules"))
    try:
        done = said([npm, *INSTALL, *WAIT], copy)
    except subprocess.TimeoutExpired:
        pytest.skip("npm cannot install the explorer's packages: no answer")
    if done.returncode and not OUR_FAULT.search(done.stderr):
        pytest.skip(f"npm cannot install the explorer's packages: {done.stderr.strip().partition(chr(10))[0]}")
    assert done.returncode == 0, done.stderr
    return copy


@pytest.fixture(scope="module")
def rebuilt(workshop, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("rebuilt")
    done = said([shutil.which("node"), "build.mjs", str(folder)], workshop)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", MADE)
def test_it_is_what_the_sources_make(rebuilt, name):
    committed, made = (folder.joinpath(name).read_bytes() for folder in (page.SCRIPT.parent, rebuilt))
    assert made == committed, f"{name} is not that of explorer/src: build it anew (explorer/README.md)"


def test_a_changed_source_makes_another_script(workshop, tmp_path):
    """So that the comparison can fail: the same build of sources of which one word differs."""
    copy = tmp_path / "explorer"
    shutil.copytree(workshop, copy, ignore=shutil.ignore_patterns("node_modules"))
    copy.joinpath("node_modules").symlink_to(workshop / "node_modules")
    state = copy / "src/state.js"
    state.write_text(state.read_text().replace('"Overview"', '"Another"'))
    done = said([shutil.which("node"), "build.mjs", str(tmp_path)], copy)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bundle.js").read_bytes() != page.SCRIPT.read_bytes()
    assert (tmp_path / "bundle-licences.txt").read_bytes() == page.SCRIPT.with_name("bundle-licences.txt").read_bytes()
