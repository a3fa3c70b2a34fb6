"""One version: pyproject.toml, CITATION.cff, CHANGELOG.md, the installed package, and a tag at this commit."""

import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
CITED = yaml.safe_load((ROOT / "CITATION.cff").read_text())
RELEASES = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), re.M)


def stated() -> str:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_three_files_state_one_version_and_one_day():
    assert (stated(), str(CITED["date-released"])) == (str(CITED["version"]), RELEASES[0][1])
    assert RELEASES[0][0] == stated()


def test_releases_stand_newest_first_below_what_is_unreleased():
    numbers = [tuple(map(int, version.split("."))) for version, _ in RELEASES]
    assert numbers == sorted(set(numbers), reverse=True) and len(numbers) >= 2
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] == "[Unreleased]" and len(headings) == 1 + len(RELEASES)
    kinds = set(re.findall(r"^### (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.M))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_installed_package_has_the_version():
    try:
        assert importlib.metadata.version("flat-robustness") == stated()
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package is not installed: its source alone is on the path")


def tags() -> list[str]:
    """Tags of versions at the checked out commit."""
    asked = ["git", "-C", str(ROOT), "tag", "--points-at", "HEAD"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    if told.returncode:
        pytest.skip(f"no repository of git: {told.stderr.strip()}")
    return [tag for tag in told.stdout.split() if re.match(r"v\d", tag)]


def test_a_tag_at_this_commit_is_the_version():
    assert tags() in ([], [f"v{stated()}"])


def test_addresses_of_the_repository_agree():
    """None is known before it is published; then the three files have the same one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    site = re.search(r"^repo_url: *(\S+)", (ROOT / "mkdocs.yml").read_text(), re.M)
    found = {CITED.get("repository-code"), project.get("urls", {}).get("Repository"), site and site[1]}
    assert len(found) == 1, found
