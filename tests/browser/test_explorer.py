"""The explorer in a real browser: quick, quiet, exact, within its width; hostile texts are shown as they are."""

from itertools import product

import pytest
from browser_pages import A4
from explorer_studies import many, opened, put

from flat.files.artefacts import read_table
from flat.report.explorer import page as explorer
from flat.report.explorer.block import embedded_json
from flat.report.explorer.content import Content, content
from flat.study import paths
from flat.study.grid import attacked_cells

pytestmark = pytest.mark.browser
DRAWS = 200
PAGES = ("overview", "results", "pairs", "curves", "words", "sources")
NASTY = (
    "<script>document.title='taken'</script>",
    "<img/src=x:/onerror=document.title='taken'>",
    "</style><style>*{display:none}</style>",
    "{{7*7}}",
    "&lt;b&gt;",
    "\u202etxet",
    "\N{GRINNING FACE}",
    "javascript:alert(1)",
    "__proto__",
    "x" * 300,
)
ROWS = "[...document.querySelectorAll('.row')].map((row) => /(?:test-\\d+)/.exec(row.textContent)[0])"
TALLY = "document.getElementById('tally').textContent"


@pytest.mark.parametrize("view", PAGES)
def test_every_page_is_ready_at_once_and_within_its_width(page, file, view):
    for width, scheme in ((360, "light"), (1024, "dark"), (1440, "light"), (1920, "dark")):
        assert page.open(file, view, width, scheme=scheme) < 3000
        assert page.ask("document.querySelector('nav a[aria-current]').hash") == f"#{view}"
        assert page.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
        assert len(page.ask("document.querySelector('main').innerText")) > 150


def test_claims_stand_beside_what_is_printed(page, file):
    page.open(file, "overview")
    rows = "[...document.querySelectorAll('.intervals tbody tr')].filter((row) => /Table 3/.test(row.textContent))"
    shown = page.ask(f"{rows}.map((row) => [row.cells[1].innerText, row.querySelectorAll('.tick, .whisker').length])")
    elsewhere = "on successful, all: contradicted"  # the other pair sets of a claim about explanations
    assert shown == [["+1.50 [−2.00, +4.50]\nprinted +7.66; inconclusive", 2], [f"+1.50\ninconclusive\n{elsewhere}", 0]]
    assert "1 further claim is about" in page.ask("document.querySelector('main').innerText")


def test_claims_of_ones_own_are_not_called_the_papers(page, study, made, tmp_path):
    facts = opened(made)[0] | {"prints": False}
    run = [claim | {"claimed_by": "study", "printed": None} for claim in facts["claims"]["run"]]
    own = tmp_path / "own.html"
    head = embedded_json(facts | {"claims": {"run": run, "not_run": 0}})
    own.write_text(explorer.build(study.title, Content(head, made.columns)), "utf-8")
    page.open(own, "overview")
    said = page.ask("document.querySelector('main').innerText")
    assert "This study's own claims" in said and "paper" not in said and "printed ones" not in said


def outcomes(study) -> dict[str, dict[str, str]]:
    """By strategy: example -> outcome, from the ledgers."""
    found = {}
    for attacked in attacked_cells(study):
        ledger = read_table(paths.test_ledger(study, attacked))
        found[attacked.cell.strategy] = dict(zip(ledger["example_id"], ledger["status"], strict=True))
    return found


@pytest.mark.parametrize(("fell", "held"), [("base", "FLAT"), ("FLAT", "base"), ("adv", "FLAT")])
def test_strategies_apart_are_exactly_those_of_the_ledgers(page, study, file, fell, held):
    known = outcomes(study)
    apart = [e for e, was in known[fell].items() if was == "succeeded" and known[held][e] == "failed"]
    assert 0 < len(apart) < len(known[fell])
    page.open(file, f"pairs?fell={fell}&held={held}", height=4000)
    assert page.ask(ROWS) == sorted(apart)
    assert page.ask(TALLY) == f"{len(apart)} pair{'s' * (len(apart) != 1)}"


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "skipped"])
def test_facets_cut_to_the_ledgers_rows(page, study, file, outcome):
    ids = [example for example, was in outcomes(study)["FLAT"].items() if was == outcome]
    page.open(file, f"pairs?strategy=FLAT&outcome={outcome}", height=4000)
    assert page.ask(ROWS) == sorted(ids)


@pytest.mark.parametrize(
    ("find", "fits"),
    [
        ("dull", lambda row: "dull" in row["original"]),
        ("indeed", lambda row: row["status"] != "skipped"),
        ('"so" number', lambda row: "so" in row["original_words"]),
        ("/^f.+m$/", lambda row: "film" in row["original_words"]),
        ("2 > indeed", lambda row: any((s["from"], s["to"]) == ("2", "indeed") for s in row["swaps"])),
        ("/(/", lambda row: False),
        ("nowhere", lambda row: False),
    ],
)
def test_a_search_finds_words_and_swaps(page, study, file, find, fits):
    known = [
        row["example_id"]
        for attacked in attacked_cells(study)
        for row in read_table(paths.test_ledger(study, attacked)).to_dict("records")
        if fits(row)
    ]
    page.open(file, f"pairs?find={page.ask(f'encodeURIComponent({find!r})')}", height=9000)
    assert page.ask(TALLY).split()[0] == str(len(known)) and page.ask(ROWS) == known


def test_a_view_is_a_link(page, file):
    """Facets, keys and search go into the address, and the address brings the same view back."""
    page.open(file, "pairs", height=2000)
    for key in ("j", "j", "ArrowDown", "k"):
        page.press(key)
    assert page.ask("document.querySelector('.row.now').getAttribute('aria-posinset')") == "3"
    page.ask("document.querySelector('input[type=search]').focus()")
    for letter in "fi":
        page.press(letter)
    choose = "(select, value) => { select.value = value; select.dispatchEvent(new Event('change', {bubbles: true})) }"
    page.ask(
        f"({choose})([...document.querySelectorAll('select')].find((s) => /queries/.test(s.textContent)), 'queries')"
    )
    page.settle()
    look = "[location.hash, document.querySelector('main').innerText, document.querySelector('.row.now')?.id]"
    page.ask("document.activeElement.blur()")
    page.press("j")
    first = page.ask(look)
    assert "sort=queries" in first[0] and "find=fi" in first[0] and "pair=sst2%2FCNN" in first[0]
    page.open(file, first[0][1:], height=2000)
    assert page.ask(look) == first


def test_a_value_opens_its_pairs_by_the_keyboard(page, study, file):
    page.open(file, "results", height=3000)
    page.ask("document.querySelector('td a').focus()")
    page.press("Enter", "Enter")
    page.call("Input.dispatchKeyEvent", type="char", text="\r", key="Enter")
    page.settle()
    assert page.ask("location.hash").startswith("#pairs?dataset=sst2")
    assert page.ask(TALLY) == f"{len(outcomes(study)['base'])} pairs"


def test_all_strategies_of_a_text_stand_below_one_another(page, file):
    page.open(file, "pairs?strategy=FLAT&method=lime")
    titles = page.ask("[...document.querySelectorAll('.card h2')].map((title) => title.textContent)")
    assert titles == ["base", "adv", "FLAT"]
    assert page.ask("document.querySelectorAll('.card .word.for, .card .word.against').length") > 10
    word = "document.querySelector('.card .word.swapped')"
    page.ask(f"{word}.dispatchEvent(new PointerEvent('pointerover', {{bubbles: true}}))")
    linked = page.ask(
        f"[{word}.dataset.at, ...[...document.querySelectorAll('.linked')].map((each) => each.dataset.at)]"
    )
    assert len(linked) == 7 and len(set(linked)) == 1  # original and adversarial of three strategies


def test_hostile_texts_are_texts(page, tmp_path):
    study = put(tmp_path, [f"{word} and more of it {word}" for word in NASTY], new=NASTY[0], title=NASTY[0] + NASTY[2])
    hostile = tmp_path / "hostile.html"
    hostile.write_text(explorer.build(study.title, content(study, root="", draws=DRAWS)), "utf-8")
    for view, width in product(PAGES, (360, 1440)):
        page.open(hostile, view, width, height=3000)
        assert page.ask("[document.querySelectorAll('script, img, style, iframe').length, document.title]") == [
            2,  # its own script and its own styles
            f"{study.title}: explorer",
        ]
        assert page.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (view, width)
    page.open(hostile, "pairs?strategy=base", height=3000)
    shown = page.ask("[...document.querySelectorAll('.row')].map((row) => row.textContent).join('\\n')")
    assert all(word in shown for word in NASTY)
    page.open(hostile, "pairs?find=__proto__&dataset=constructor&sort=toString&method=x&pair=y&page=z&label=nan")
    assert page.ask(TALLY) == "0 pairs"


def test_a_printed_page_keeps_every_column(page, file):
    page.open(file, "results")
    names = page.ask("[...document.querySelectorAll('thead th')].map((name) => name.innerText.trim())")
    row = "document.querySelector('.results tbody tr')"
    with page.on_paper():
        assert page.ask(f"[...{row}.cells].map((cell) => cell.dataset.of)") == names
        assert page.ask(f"Math.max(...[...{row}.cells].map((cell) => cell.getBoundingClientRect().right))") <= A4


@pytest.mark.slow
def test_a_hundred_thousand_pairs_are_quick(page, study, made, tmp_path):
    large = tmp_path / "large.html"
    whole = many(made)
    assert len(opened(whole)[1]["cell"]) == 100_000 and whole.size < 12 * 2**20
    large.write_text(explorer.build(study.title, whole), "utf-8")
    ready = min(page.open(large, "pairs") for _ in range(2))
    assert page.ask(TALLY) == "100,000 pairs" and ready < 2000
    page.call("Performance.enable", timeDomain="threadTicks")  # of the page's own thread: others may be at work too
    search = "input.value = {sought!r}; input.dispatchEvent(new Event('input', {{bubbles: true}})) }}"
    took, found = [], set()
    for sought in ("word12", "word7 word3", "/9$/", "word5 > word"):
        before = seconds_of(page)
        page.ask("{ const input = document.querySelector('input[type=search]');" + search.format(sought=sought))
        page.settle()
        took.append(seconds_of(page) - before)
        found.add(page.ask(TALLY))
    assert min(took) < 0.1 and len(found) == 4 and not found & {"100,000 pairs", "0 pairs"}


def seconds_of(page) -> float:
    """CPU seconds that the page's tasks took so far."""
    return {each["name"]: each["value"] for each in page.call("Performance.getMetrics")["metrics"]}["TaskDuration"]
