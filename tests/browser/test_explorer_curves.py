"""The page of curves in a real browser: the ledgers' numbers at every budget, and the texts that fell within it."""

import numpy as np
import pytest
from browser_pages import A4
from explorer_studies import opened

from flat.files.artefacts import read_table
from flat.study import paths
from flat.study.grid import attacked_cells

pytestmark = pytest.mark.browser
CHART = "document.querySelector('.chart')"
READOUT = "[...document.querySelectorAll('.readout tr')].map((row) => [...row.cells].map((cell) => cell.innerText))"
CAPTION = "document.querySelector('.readout caption').innerText"
ROWS = "[...document.querySelectorAll('.row')].map((row) => /(?:test-\\d+)/.exec(row.textContent)[0])"
PANEL = "panel=sst2+CNN+textfooler"


@pytest.fixture(scope="module")
def ledgers(study):
    return {a.cell.strategy: read_table(paths.test_ledger(study, a)) for a in attacked_cells(study)}


@pytest.fixture(scope="module")
def panel(made):
    return opened(made)[0]["curves"]["panels"][0]


def fell(ledger, budget: int) -> list[str]:
    down = ledger["status"].eq("succeeded") & ledger["queries"].le(budget)
    return sorted(ledger.loc[down, "example_id"])


def said(ledger, budget: int) -> tuple[str, ...]:
    """AA, what fell and n, as the page has them."""
    held = int(ledger["status"].ne("skipped").sum()) - len(fell(ledger, budget))
    share = np.floor(100 * held / len(ledger) + 0.5)
    return f"{share:.0f}", "%", str(len(fell(ledger, budget))), "fell", f"n = {len(ledger)}"


def place_of(page, panel, budget: int, value: float) -> tuple[float, float]:
    """Where the chart has a budget and an accuracy, in pixels of the window."""
    left, top, width, height = page.ask(f"Object.values({CHART}.getBoundingClientRect().toJSON()).slice(0, 4)")
    first = min(b for line in panel["lines"] for b, down in zip(panel["budgets"], line["fell"], strict=True) if down)
    least, most = max(1.0, first / 3), max(panel["budgets"]) * 1.12
    return left + width * np.log(budget / least) / np.log(most / least), top + height * (103 - value) / 106


def test_the_keys_walk_over_the_ledgers_numbers(page, file, ledgers, panel):
    """From the largest budget down, one budget a key; nothing of it is the page's own reckoning."""
    page.open(file, "curves")
    page.ask(f"{CHART}.focus()")
    page.press("End")
    for budget in panel["budgets"][::-1][:25]:
        assert page.ask(CAPTION) == f"at most {budget} queries"
        rows = {name: (*aa.split()[:2], *down.split(None, 2)) for name, aa, down in page.ask(READOUT)}
        assert rows == {name: said(ledger, budget) for name, ledger in ledgers.items()}
        assert page.ask(f"{CHART}.getAttribute('aria-valuenow')") == str(budget)
        page.press("ArrowLeft")
    page.press("Home")
    assert page.ask(CAPTION) == "before any query" and page.ask(READOUT)[0][2].startswith("0 fell")


@pytest.mark.parametrize("strategy", ["base", "adv", "FLAT"])
def test_a_click_opens_the_texts_that_fell_within_the_budget(page, file, ledgers, panel, strategy):
    line = next(line for line in panel["lines"] if line["strategy"] == strategy)
    others = [other["value"] for other in panel["lines"] if other is not line]
    apart = [min(abs(own - there) for there in values) for own, *values in zip(line["value"], *others, strict=True)]
    at = max((at for at in range(len(apart)) if line["fell"][at]), key=apart.__getitem__)
    assert apart[at] > 0
    budget = panel["budgets"][at]
    page.open(file, "curves", height=4000)
    spot = place_of(page, panel, budget, line["value"][at])
    page.point(*spot)
    assert page.ask(CAPTION) == f"at most {budget} queries"
    page.point(*spot, click=True)
    where = page.ask("location.hash")
    assert where == (
        f"#pairs?dataset=sst2&model=CNN&attack=textfooler&strategy={strategy}"
        f"&train_attack={'none' if strategy == 'base' else 'textfooler'}&within={budget}"
    )
    assert page.ask(ROWS) == fell(ledgers[strategy], budget) != []
    page.ask("history.back()")
    page.settle()
    assert page.ask("location.hash") == f"#curves?{PANEL}&budget={budget}&line={strategy}"


def test_enter_opens_them_too_and_the_facet_can_be_changed_and_taken_back(page, file, ledgers, panel):
    page.open(file, f"curves?{PANEL}&budget=150&line=adv", height=4000)
    budget = max(b for b in panel["budgets"] if b <= 150)
    assert page.ask("document.querySelector('.readout .now th').innerText.trim()") == "adv"
    page.ask(f"{CHART}.focus()")
    page.press("ArrowDown")
    page.press("Enter")
    assert page.ask(ROWS) == fell(ledgers["FLAT"], budget)
    assert page.ask("document.getElementById('within').value") == str(budget)
    put = "{ const box = document.getElementById('within'); box.value = %r; box.dispatchEvent(new Event('input')) }"
    page.ask(put % "399")
    page.settle()
    assert page.ask(ROWS) == fell(ledgers["FLAT"], 399) != fell(ledgers["FLAT"], budget)
    page.ask("document.querySelector('.within button').click()")
    page.settle()
    assert page.ask(ROWS) == sorted(ledgers["FLAT"]["example_id"]) and "within" not in page.ask("location.hash")


@pytest.mark.parametrize("within", ["-3", "1e9", "many", "3.5", "9999999999"])
def test_what_is_no_number_of_queries_cuts_nothing(page, file, ledgers, within):
    page.open(file, f"pairs?strategy=base&within={within}", height=4000)
    assert page.ask(ROWS) == sorted(ledgers["base"]["example_id"])


def test_a_view_of_curves_is_a_link(page, file):
    page.open(file, "curves?dataset=sst2")
    page.ask(f"{CHART}.focus()")
    for key in ("ArrowLeft", "PageDown", "ArrowUp"):
        page.press(key)
    look = "[location.hash, document.querySelector('main').innerText]"
    first = page.ask(look)
    assert "budget=" in first[0] and "line=FLAT" in first[0] and "dataset=sst2" in first[0]
    page.open(file, first[0][1:])
    assert page.ask(look) == first
    page.open(file, "curves?panel=__proto__&budget=constructor&line=toString&attack=x")
    assert "No curve fits" in page.ask("document.querySelector('main').innerText")


def test_lines_look_as_the_figures_do(page, file, study):
    page.open(file, "curves")
    drawn = page.ask(
        "[...document.querySelectorAll('.readout tr')].map((row) => { const line = getComputedStyle(row.querySelector("
        "'line')); return [row.cells[0].innerText.trim(), line.stroke, line.strokeDasharray] })"
    )
    assert drawn == [
        ["base", "rgb(221, 170, 51)", "2.4px, 2.2px"],
        ["adv", "rgb(187, 85, 102)", "8.4px, 2.8px"],
        ["FLAT", "rgb(0, 68, 136)", "none"],
    ]
    assert len(page.ask("[...document.querySelectorAll('.curve')].map((path) => path.getAttribute('d'))")) == 3


def test_printed_curves_keep_their_numbers(page, file):
    page.open(file, "curves")
    box = f"(each) => {{ const box = each.getBoundingClientRect(); return box.width > 0 && box.right <= {A4} }}"
    with page.on_paper():
        assert page.ask(f"[...document.querySelectorAll('.readout td, .readout th, .chart')].every({box})")
