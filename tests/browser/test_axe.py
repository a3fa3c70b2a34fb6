"""The report and each page of the explorer, judged by axe-core: contrast, labels, headings, landmarks, tables."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
AXE = Path(__file__).parents[2] / "explorer/node_modules/axe-core/axe.min.js"
FOUND = """axe.run().then((said) => said.violations.map(
    (rule) => [rule.id, rule.help, rule.nodes.slice(0, 5).map((each) => [each.html.slice(0, 200), each.failureSummary])]
))"""

# a table's rows are alike: axe would look at a thousand of them for ten seconds
SHORTENED = "for (const row of document.querySelectorAll('tbody tr:nth-child(n + 4)')) row.remove()"


@pytest.fixture(scope="module")
def axe():
    if not AXE.is_file():
        pytest.skip("not installed: axe-core (cd explorer && npm ci)")
    return AXE.read_text("utf-8")


@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (1440, "light")])
def test_axe_finds_nothing(show, axe, width, scheme):
    page = show(width, scheme)
    page.ask("for (const each of document.querySelectorAll('details')) each.open = true")
    page.ask(SHORTENED)
    page.ask(f"{axe}; 0")
    assert page.ask(FOUND) == []


def test_axe_would_have_told(page, axe, tmp_path):
    bad = tmp_path / "bad.html"
    bad.write_text("<title>bad</title><body><img src=''><p style='color:#ccc'>pale</p><table><th></th></table><input>")
    page.open(bad)
    page.ask(f"{axe}; 0")
    told = {rule for rule, *_ in page.ask(FOUND)}
    assert {"image-alt", "color-contrast", "label", "empty-table-header", "html-has-lang"} <= told
