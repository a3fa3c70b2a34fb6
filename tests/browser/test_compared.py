"""Two studies on one page, in a real browser: the comparison's own numbers, each text as both studies answered it."""

import csv
import io
from itertools import product

import pytest
from browser_pages import A4
from compared_studies import TEXTS, outcomes, page_of, two

from flat.analysis.comparison import cells, words
from flat.analysis.comparison.opened import open_study

pytestmark = pytest.mark.browser
PAGES = ("overview", "texts", "settings")
NASTY = "</script><script>document.title='taken'</script>"
MARKUP = "</style><style>*{display:none}</style><img/src=x:/onerror=document.title='taken'>"
TALLY = "document.getElementById('tally').textContent"
ROWS = "[...document.querySelectorAll('.row')].map((row) => /(?:test-\\d+)/.exec(row.textContent)[0])"
FIGURES = (
    "[...document.querySelectorAll('.intervals tbody tr')].map((row) => [row.closest('section').querySelector('h2')"
)
FIGURES += ".textContent, row.cells[0].firstChild.textContent, row.cells[1].innerText])"
MAIN = "document.querySelector('main').innerText"


@pytest.fixture
def file(compared):
    return compared


def expected(studies, differ: str, strategy: str) -> list[str]:
    """The ids of a view, from the ledgers."""
    a, b = ({e: of for (s, e), of in outcomes(open_study(f).study).items() if s == strategy} for f in studies)
    shared = {e: (a[e][1], b[e][1]) for e in a.keys() & b.keys() if a[e][0] == b[e][0]}
    of = {
        "a": [e for e, was in shared.items() if was == ("succeeded", "failed")],
        "b": [e for e, was in shared.items() if was == ("failed", "succeeded")],
        "": [e for e, (x, y) in shared.items() if x != y],
        "same": [e for e, (x, y) in shared.items() if x == y],
        "shared": list(shared),
        "only": [e for side in (a, b) for e in side.keys() - shared.keys()],
    }
    return sorted(of[differ])


@pytest.mark.parametrize("view", PAGES)
def test_every_page_is_ready_and_within_its_width(page, file, view):
    for width, scheme in ((360, "light"), (400, "dark"), (1024, "dark"), (1440, "light"), (1920, "dark")):
        assert page.open(file, view, width, scheme=scheme) < 3000
        assert page.ask("document.querySelector('nav a[aria-current]').hash") == f"#{view}"
        assert page.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
        assert len(page.ask(MAIN)) > 60


def test_numbers_are_those_of_the_table(page, studies, file):
    found = words.shown(cells.compare(*map(open_study, studies), each_seed=False))
    known = set()
    for each in found:
        said = {name: text.replace("-", "−") for name, text in words.figures(each).items()}
        interval = "no interval" if said["interval"] == "none" else said["interval"]
        n = f"n {each.n_a}" if each.n_a == each.n_b else f"n {each.n_a} and {each.n_b}"
        behind = f"{each.pairing}, {each.shared} shared" if each.attack else each.pairing
        figures = f"{said['difference']} {interval}\nA {said['a']}, B {said['b']}; {n}\n{behind}"
        known.add((words.titled(each)[0], each.cell[2], figures))
    page.open(file, "overview")
    shown = page.ask(FIGURES)
    assert len(shown) == len(known) and {(title, label.strip(), text) for title, label, text in shown} == known
    assert words.summary(found)[0] in page.ask(MAIN)
    page.open(file, "overview?metric=AA&strategy=FLAT")
    assert [(title, label.strip()) for title, label, _ in page.ask(FIGURES)] == [("AA", "FLAT")]


@pytest.mark.parametrize(("differ", "strategy"), [*product(("a", "b", "", "same", "shared", "only"), ("base", "FLAT"))])
def test_texts_are_those_of_the_ledgers(page, studies, file, differ, strategy):
    ids = expected(studies, differ, strategy)
    assert ids
    page.open(file, f"texts?strategy={strategy}&differ={differ}", height=5000)
    assert page.ask(ROWS) == ids and page.ask(TALLY) == f"{len(ids)} text{'s' * (len(ids) != 1)}"


def test_a_number_opens_its_texts_and_a_text_both_answers(page, studies, file):
    """By the keyboard: from a count to its texts, through them, and back by the address."""
    page.open(file, "overview", height=4000)
    page.ask("[...document.querySelectorAll('.intervals a')].find((a) => /fell in A/.test(a.textContent)).focus()")
    page.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    page.settle()
    ids = expected(studies, "a", "base")
    assert page.ask("location.hash").startswith("#texts?dataset=sst2") and page.ask(ROWS) == ids
    titles = "[...document.querySelectorAll('.card')].map((card) => [card.querySelector('h2').innerText, "
    titles += "card.querySelector('.outcome').innerText])"
    assert page.ask(titles) == [["Abase", "succeeded"], ["Bbase", "failed"]]
    assert page.ask("document.querySelectorAll('.card .word.for, .card .word.against').length") > 8
    page.press("j")
    page.press("j")
    page.press("k")
    assert page.ask("document.querySelector('.row.now').getAttribute('aria-posinset')") == "2"
    look = "[location.hash, document.querySelector('main').innerText]"
    first = page.ask(look)
    assert f"{ids[1]}" in first[0]
    page.open(file, first[0][1:], height=4000)
    assert page.ask(look) == first


def test_a_text_of_one_study_stands_alone(page, file):
    page.open(file, "texts?differ=only&strategy=adv", height=3000)
    sides = []
    for _ in range(3):
        sides.append(page.ask("[...document.querySelectorAll('.card h2')].map((title) => title.innerText)"))
        page.press("j")
    assert sides == [["Aadv"], ["Badv"], ["Badv"]]


def test_sorts_and_searches_hold_for_both_sides(page, studies, file):
    page.open(file, "texts?differ=shared&strategy=adv&by=kt&method=lime", height=5000)
    kt = "[...document.querySelectorAll('.card header p')].map((p) => /KT ([−.\\d]+)/.exec(p.textContent)[1])"
    falls = []
    for _ in range(6):
        a, b = (float(each.replace("−", "-")) for each in page.ask(kt))
        falls.append(b - a)
        page.press("j")
    assert falls == sorted(falls) and falls[0] < -0.5
    page.open(file, "texts?differ=all&find=%22and%22&strategy=base", height=3000)
    assert page.ask(ROWS) == [f"test-{len(TEXTS):06}"]


def test_what_differs_besides_is_said(page, file):
    page.open(file, "settings")
    rows = "[...document.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))"
    assert ["settings", "torch_threads", "1", "2"] in page.ask(rows)


def test_hostile_texts_and_titles_are_texts(page, tmp_path):
    texts = [f"{NASTY} and {MARKUP} {at}" for at in range(12)]
    studies = two(tmp_path, texts, title=NASTY + MARKUP)
    place = page_of(studies, tmp_path / "hostile.html")
    for view, width in product(PAGES, (360, 1440)):
        page.open(place, view, width, height=3000)
        count = "document.querySelectorAll('script, img, style, iframe').length"
        assert page.ask(f"[{count}, document.title]") == [2, "tiny and other: comparison"]
        assert page.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (view, width)
    page.open(place, "overview")
    assert NASTY + MARKUP in page.ask(MAIN)
    page.open(place, "texts?differ=all&strategy=base", height=3000)
    assert NASTY in page.ask("document.querySelector('.row').textContent")
    page.open(place, "texts?differ=constructor&by=toString&find=__proto__&pair=x&method=y&dataset=__proto__")
    assert page.ask(TALLY) == "0 texts"


def test_a_printed_page_keeps_its_numbers(page, file):
    page.open(file, "overview")
    cells_of = "[...document.querySelectorAll('.intervals td, .intervals th')]"
    reach = f"Math.max(...{cells_of}.map((cell) => cell.getBoundingClientRect().right))"
    with page.on_paper():
        assert page.ask(reach) <= A4 and len(page.ask(FIGURES)) > 15


def copied(page) -> list[dict]:
    """What the page's button copies, read as CSV."""
    page.ask(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.copied = text }}})"
    )
    page.ask("[...document.querySelectorAll('button')].find((each) => /CSV/.test(each.textContent)).click()")
    page.settle()
    return list(csv.DictReader(io.StringIO(page.ask("window.copied"))))


def test_both_pages_are_copied_as_csv(page, studies, file):
    page.open(file, "overview?metric=AA")
    found = words.shown(cells.compare(*map(open_study, studies), each_seed=False))
    known = {each.cell[2]: each for each in found if words.titled(each)[0] == "AA"}
    rows = copied(page)
    assert {row["strategy"] for row in rows} == set(known)
    for row in rows:
        each = known[row["strategy"]]
        numbers = [float(row[name]) for name in ("a", "b", "difference", "low", "high")]
        assert numbers == pytest.approx([each.a, each.b, each.difference, each.low, each.high], abs=1e-4)
        assert (row["shared"], row["seeds"]) == (str(each.shared), "0")
    page.open(file, "texts?differ=all&strategy=FLAT")
    told = [{e: of for (s, e), of in outcomes(open_study(f).study).items() if s == "FLAT"} for f in studies]
    rows = copied(page)
    assert len(rows) == len(TEXTS) + 2  # one id is two texts, and B has one more
    for row in rows:
        for side, of in zip("ab", told, strict=True):
            if row[f"outcome_{side}"]:
                assert of.pop(row["example_id"]) == (row["original"], row[f"outcome_{side}"])
    assert told == [{}, {}]
