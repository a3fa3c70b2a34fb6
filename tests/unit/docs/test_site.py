"""The site of docs/: it is built without a warning, holds every page, and a broken link is an error."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NEEDED = ("mkdocs", "material", "mkdocstrings")
PARTS = ("docs", "config/README.md", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "mkdocs.yml")


def built(folder: Path, into: Path) -> subprocess.CompletedProcess:
    """``mkdocs build`` as ``make docs`` calls it, of the pages in ``folder``: with --quiet no warning would count."""
    asked = re.search(r"mkdocs (build --strict) 2>&1", (ROOT / "Makefile").read_text())
    command = [sys.executable, "-m", "mkdocs", *asked[1].split(), "--site-dir", str(into)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    if absent := [name for name in NEEDED if find_spec(name) is None]:
        pytest.skip(f"not installed: {', '.join(absent)} (make tools installs them)")
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_there_and_in_the_navigation(site):
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} | {"index", "changelog", "contributing", "configure"}
    assert pages <= {page.stem for page in site.glob("*.html")}
    linked = set(re.findall(r'href="([\w-]+)\.html" class="md-nav__link"', (site / "index.html").read_text()))
    assert pages - {"index"} <= linked


def test_links_out_of_docs_lead_to_what_they_name(site):
    start = (site / "index.html").read_text()
    assert 'href="study-file.html"' in start and 'src="images/demo-fig6.png"' in start
    assert 'href="repository/config/config.yaml.html"' in start and "docs/" not in re.findall(r'href="([^"]*)"', start)
    shown = (site / "repository/config/config.yaml.html").read_text()
    assert "config/config.yaml" in shown and "textfooler" in shown
    assert 'href="study-file.html"' in (site / "configure.html").read_text()  # ../docs/study-file.md there


def test_names_of_the_public_surface_are_rendered(site):
    page = (site / "api.html").read_text()
    for name in ("flat.errors.FlatError", "flat.plugins.kinds.Explainer", "flat.study.load.load"):
        assert f'id="{name}"' in page
    assert ":::" not in re.sub(r"<[^>]*>", "", page)


def test_a_page_loads_nothing_from_elsewhere(site):
    loaded = [
        (page.name, address)
        for page in site.rglob("*.html")
        for address in re.findall(r"<(?:script|link|img)\b[^>]*?\b(?:src|href)=\"(https?://[^\"]*)", page.read_text())
    ]
    assert not loaded


def test_a_broken_link_stops_the_build(site, tmp_path):
    for part in PARTS:
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, tmp_path / part)
    (tmp_path / "docs/api.md").write_text("# Python\n\n[a](gone.md) [b](../config/gone.yaml) [c](tables.md#gone)\n")
    done = built(tmp_path, tmp_path / "site")
    assert done.returncode
    for told in ("'gone.md'", "config/gone.yaml", "'#gone'"):
        assert told in done.stdout + done.stderr
