"""What the tests of layout and of access share: a browser, a report as large as the demo's, a study's explorer."""

import pytest
import report_pages
from browser_pages import Page, browser
from explorer_studies import PLAIN, put

from flat.report.explorer import page as explorer
from flat.report.explorer.content import content

EXPLORER_PAGES = ("overview", "results", "pairs", "words", "sources")
WHICH = ["report", *(f"explorer#{view}" for view in EXPLORER_PAGES)]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    if browser() is None:
        pytest.skip("not installed: chromium (Debian: apt install chromium)")
    opened = Page(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """The files of both pages, by name."""
    study = put(tmp_path_factory.mktemp("explored"), [f"{text} number {at}" for at in range(4) for text in PLAIN])
    explored = tmp_path_factory.mktemp("explorer") / "explorer.html"
    explored.write_text(explorer.build(study.title, content(study, root="", draws=200)), "utf-8")
    return {"explorer": explored, "report": report_pages.write(tmp_path_factory.mktemp("report"))}


@pytest.fixture(params=WHICH)
def show(request, chromium, files):
    """Open one of the pages in a width and a scheme; the browser that shows it."""
    name, _, view = request.param.partition("#")

    def opened(width: int, scheme: str = "light"):
        chromium.call("Emulation.setEmulatedMedia", media="")
        chromium.open(files[name], view, width, scheme=scheme)
        return chromium

    opened.name = request.param
    return opened
