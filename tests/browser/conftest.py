"""What the tests of the pages share: one browser, a study's explorer, a report as large as the demo's."""

import pytest
import report_pages
from browser_pages import Page, browser
from compared_studies import page_of, two
from explorer_studies import PLAIN, measuring_importance, put

from flat.report.explorer import page as explorer
from flat.report.explorer.content import content

DRAWS = 200
EXPLORER_PAGES = ("overview", "results", "pairs", "curves", "words", "sources")
COMPARED_PAGES = ("overview", "texts", "settings")
WHICH = ["report", *(f"explorer#{view}" for view in EXPLORER_PAGES), *(f"compared#{view}" for view in COMPARED_PAGES)]


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    if browser() is None:
        pytest.skip("not installed: chromium (Debian: apt install chromium)")
    opened_page = Page(tmp_path_factory.mktemp("profile"))
    yield opened_page
    opened_page.close()


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    texts = [f"{text} number {at}" for at in range(4) for text in PLAIN]
    return put(tmp_path_factory.mktemp("study"), texts, **measuring_importance())


@pytest.fixture(scope="session")
def made(study):
    return content(study, root="", draws=DRAWS)


@pytest.fixture(scope="session")
def file(study, made, tmp_path_factory):
    place = tmp_path_factory.mktemp("page") / "explorer.html"
    place.write_text(explorer.build(study.title, made), "utf-8")
    return place


@pytest.fixture(autouse=True)
def _quiet(request):
    """Whatever a test did: nothing was complained of, nothing asked of a network."""
    yield
    if "page" in request.fixturenames:
        seen = request.getfixturevalue("page")
        assert seen.complaints == [] and seen.requests == []


@pytest.fixture(scope="session")
def studies(tmp_path_factory):
    """The files of two studies."""
    return two(tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="session")
def compared(studies, tmp_path_factory):
    return page_of(studies, tmp_path_factory.mktemp("compared") / "compared.html")


@pytest.fixture(scope="session")
def files(file, compared, tmp_path_factory):
    """The files of the three pages, by name."""
    return {"explorer": file, "compared": compared, "report": report_pages.write(tmp_path_factory.mktemp("report"))}


@pytest.fixture(params=WHICH)
def show(request, page, files):
    """Open one of the pages in a width and a scheme; the browser that shows it."""
    name, _, view = request.param.partition("#")

    def opened(width: int, scheme: str = "light"):
        page.call("Emulation.setEmulatedMedia", media="")
        page.open(files[name], view, width, scheme=scheme)
        return page

    opened.name = request.param
    return opened
