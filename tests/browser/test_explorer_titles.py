"""Titles of a study that would break a page: they are shown as they are, and no page grows wider than its window."""

from itertools import product

import pytest
from explorer_studies import opened

from flat.report.explorer import page as explorer
from flat.report.explorer.block import embedded_json
from flat.report.explorer.content import Content

pytestmark = pytest.mark.browser
PAGES = ("overview", "results", "pairs?within=200", "curves", "words", "words?by=swap", "sources")
NASTY = {
    "long": "x" * 300,
    "markup": "<img/src=x:/onerror=document.title='taken'></th></table> {{7*7}} &lt;b&gt; \u202etxet "
    + "and words " * 20,
}
KINDS = ("datasets", "models", "attacks", "strategies")


@pytest.mark.parametrize("name", NASTY)
def test_a_title_is_a_text_that_fits(page, made, tmp_path, name):
    facts, _ = opened(made)
    for kind in KINDS:
        facts[kind] = [each | {"title": f"{NASTY[name]} {at}"} for at, each in enumerate(facts[kind])]
    place = tmp_path / "explorer.html"
    place.write_text(explorer.build("t", Content(embedded_json(facts), made.columns)), "utf-8")
    for view, width in product(PAGES, (360, 1440)):
        page.open(place, view, width, height=2000)
        assert page.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (view, width)
        assert page.ask("[document.querySelectorAll('script, img, style').length, document.title]") == [
            2,
            "t: explorer",
        ]
        if view != "overview":
            assert NASTY[name].split()[0] in page.ask("document.querySelector('main').textContent")
