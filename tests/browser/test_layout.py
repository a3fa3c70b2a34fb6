"""The report and the explorer in windows of every width and on paper: nothing is cut off, headings stay."""

import pytest
from browser_pages import A4

pytestmark = pytest.mark.browser
WIDTHS = (360, 400, 768, 1024, 1440, 1920)
# elements that hide a part of their text; what is for screen readers alone is hidden on purpose
CLIPPED = """[...document.querySelectorAll('body *')].filter((each) => {
    const style = getComputedStyle(each);
    return each.checkVisibility() && !each.closest('.unseen, svg') && /hidden|clip/.test(style.overflowX)
        && each.scrollWidth > each.clientWidth + 1;
}).map((each) => each.outerHTML.slice(0, 200))"""
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def test_nothing_is_wider_than_its_window_or_cut(show):
    page = show(WIDTHS[0])
    for width in WIDTHS:
        page.widen(width)
        assert page.ask(FITS), width
        assert page.ask(CLIPPED) == [], width


def test_every_table_has_a_caption_of_its_own(show):
    captions = show(1440).ask("[...document.querySelectorAll('table')].map((each) => each.caption?.textContent ?? '')")
    assert all(captions) and len(set(captions)) == len(captions)


def test_paper_loses_no_column_and_no_folded_view(show):
    page = show(1440)
    columns = "[...document.querySelectorAll('tbody tr')].map((row) => row.cells.length)"
    before = page.ask(columns)
    page.call("Emulation.setEmulatedMedia", media="print")
    page.widen(A4)
    assert page.ask(columns) == before
    beyond = f"[...document.querySelectorAll('main *')].filter((each) => each.getBoundingClientRect().right > {A4} + 1)"
    assert page.ask(f"{beyond}.map((each) => each.outerHTML.slice(0, 200))") == []
    assert page.ask(CLIPPED) == []
    shown = "(each) => each.checkVisibility() && each.getBoundingClientRect().height > 0"
    assert page.ask(f"[...document.querySelectorAll('main details table, main details li')].every({shown})")
    assert page.ask(f"[...document.querySelectorAll('tbody td')].every({shown})")
    sheets = page.printed().count(b"/Type /Page\n")
    assert 1 <= sheets <= (30 if show.name == "report" else 6)


@pytest.fixture
def report(page, files):
    def opened(width: int):
        page.call("Emulation.setEmulatedMedia", media="")
        page.open(files["report"], "", width)
        return page

    return opened


@pytest.mark.parametrize(("width", "most"), [(360, 1300), (1440, 700)])
def test_the_first_table_is_near_the_top(report, width, most):
    assert report(width).ask("document.querySelector('#table1 table').getBoundingClientRect().top") < most


def test_headings_and_names_stay_while_a_table_scrolls(report):
    """On a telephone: Table 3 is scrolled to its last column and row; its headings and the rows' names are in sight."""
    page = report(400)
    table = "document.querySelector('#table3 .scroll')"
    page.ask(f"{table}.scrollIntoView({{behavior: 'instant'}})")
    page.ask(f"{table}.scrollTo(9999, 9999)")
    page.settle()
    seen = page.ask(f"""(() => {{
        const box = {table}.getBoundingClientRect();
        const cell = {table}.querySelector('tbody tr:last-child td:last-child').getBoundingClientRect();
        const at = (x, y) => document.elementFromPoint(x, y)?.closest('th')?.innerText ?? '';
        const head = {table}.querySelector('thead tr:last-child').getBoundingClientRect();
        const names = [at(cell.right - 20, head.top + 10), at(box.left + 20, cell.top + 10)];
        return [...names, box.left, box.right, head.top - box.top];
    }})()""")
    assert seen[0] == "TI@5" and seen[1] == "DeBERTa‡-FLAT"
    assert seen[2] >= 0 and seen[3] <= 400 and seen[4] < 60
    last = "document.querySelector('#table3 tbody tr:last-child th:not(.outer)')"
    assert page.ask(f"getComputedStyle({last}, '::before').content") == '"PWWS §"'


def test_figures_are_large_enough_to_read_on_a_telephone(report):
    """Twice as wide as the window, in a region of its own that scrolls and that the keyboard reaches."""
    page = report(400)
    wide = "[...document.querySelectorAll('.picture')].map((each) => [each.tabIndex, each.scrollWidth / innerWidth])"
    for tab_index, windows in page.ask(wide):
        assert tab_index == 0 and 1.7 < windows <= 2
    assert page.ask(FITS)
