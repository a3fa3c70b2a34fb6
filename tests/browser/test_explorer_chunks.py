"""A study that does not fit into its page: the page loads what lies beside it, says so where it cannot, and no more."""

import json
import shutil
import socket

import pytest
from explorer_studies import PLAIN, opened, put

from flat.files.artefacts import read_table
from flat.report.explorer import page as explorer
from flat.report.explorer.content import content
from flat.study import paths
from flat.study.grid import attacked_cells

pytestmark = pytest.mark.browser
LIMIT = 9000  # bytes: a page of all pairs has more
TEXTS = [f"{text} number {at} and {at * 7919}" for at in range(8) for text in PLAIN]
NASTY = "</script><script>document.title='taken'</script>"
CUT = "document.querySelector('.cut')?.innerText ?? ''"
TALLY = "document.getElementById('tally').textContent"
ROWS = "[...document.querySelectorAll('.row')].map((row) => /(?:test-\\d+)/.exec(row.textContent)[0])"
LOAD = "[...document.querySelectorAll('.cut button')].find((each) => /load all/.test(each.textContent))"
ADD = "new Promise((done) => {{ const s = document.createElement('script'); s.nonce = {nonce!r}; s.src = {src!r};"
ADD += " s.onload = () => done('ran'); s.onerror = () => done('blocked'); document.head.append(s) }})"
WAIT = "(async () => {{ for (let n = 0; n < 500 && !({0}); n++) await new Promise((d) => setTimeout(d, 20)) }})()"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return put(tmp_path_factory.mktemp("study"), [*TEXTS, f"{NASTY} is a text"], new=NASTY)


@pytest.fixture(scope="module")
def made(study, tmp_path_factory):
    """The page with its folder, and what it embeds."""
    folder = tmp_path_factory.mktemp("page")
    cut = content(study, root="", limit=LIMIT, draws=10, folder=folder / "explorer")
    (folder / "explorer.html").write_text(explorer.build(study.title, cut), "utf-8")
    return folder / "explorer.html", cut


@pytest.fixture
def quiet(page):
    """Nothing was complained of by the end of a test, nothing asked of a network."""
    page.complaints.clear()
    yield page
    assert page.complaints == [] and page.requests == []


def ids_of(study, strategy: str, outcome: str = "") -> list[str]:
    cell = next(each for each in attacked_cells(study) if each.cell.strategy == strategy)
    ledger = read_table(paths.test_ledger(study, cell)).sort_values("example_id")
    return [row["example_id"] for row in ledger.to_dict("records") if outcome in ("", row["status"])]


def wait(page, expression: str) -> None:
    page.ask(WAIT.format(expression))
    page.settle()
    assert page.ask(expression), page.ask("document.querySelector('main').innerText")


def load(page) -> None:
    page.ask(f"{LOAD}.click()")
    wait(page, f"!/draw|loading/.test({CUT}) || /beside|anew/.test({CUT})")


def test_a_page_says_what_it_holds_and_loads_the_rest(quiet, study, made):
    file, cut = made
    shown = opened(cut)[0]["cells"][0]["shown"]
    quiet.open(file, "pairs?strategy=FLAT", height=6000)
    assert 0 < shown < len(TEXTS) and quiet.ask(TALLY) == f"{shown} pairs"
    assert quiet.ask(CUT).startswith(f"a fixed draw: this page holds {shown} of {len(TEXTS) + 1}")
    load(quiet)
    assert quiet.ask(CUT) == "" and quiet.ask(TALLY) == f"{len(TEXTS) + 1} pairs"
    assert quiet.ask(ROWS) == ids_of(study, "FLAT") and "whole=1" in quiet.ask("location.hash")
    assert quiet.ask("document.querySelectorAll('.card').length") == 3  # the other strategies' answers came too
    assert quiet.ask("document.title") == f"{study.title}: explorer"
    assert NASTY in quiet.ask("document.querySelector('.split').textContent")


@pytest.mark.parametrize("outcome", ["succeeded", "failed", "skipped"])
def test_what_was_loaded_is_what_the_ledgers_hold(quiet, study, made, outcome):
    """A link to all of a cell loads it; order, outcomes, words and explanations are those of the whole."""
    whole = made[0].with_name("whole.html")
    if not whole.exists():
        whole.write_text(explorer.build(study.title, content(study, root="", draws=10)), "utf-8")
    of_word = "[each.textContent, each.className, each.dataset.at, each.title, each.getAttribute('style')]"
    look = f"[...document.querySelectorAll('.reader .word')].map((each) => {of_word})"
    for view in (f"strategy=adv&outcome={outcome}", f"outcome={outcome}&sort=kt", f"find=indeed+%3E&outcome={outcome}"):
        quiet.open(whole, f"pairs?{view}", height=6000)
        known = quiet.ask(TALLY), quiet.ask("document.querySelector('.split')?.innerText"), quiet.ask(ROWS)
        seen = quiet.ask(look) if known[2] else None
        quiet.open(made[0], f"pairs?{view}&whole=1", height=6000)
        wait(quiet, f"!{CUT}")
        assert (quiet.ask(TALLY), quiet.ask("document.querySelector('.split')?.innerText"), quiet.ask(ROWS)) == known
        assert not seen or quiet.ask(look) == seen
    assert known[0] == "0 pairs"
    quiet.open(made[0], f"pairs?strategy=adv&outcome={outcome}&whole=1", height=6000)
    wait(quiet, f"!{CUT}")
    assert quiet.ask(ROWS) == ids_of(study, "adv", outcome)


def test_all_is_loaded_by_the_keyboard(quiet, made):
    quiet.open(made[0], "pairs")
    quiet.ask(f"{LOAD}.focus()")
    quiet.call("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    wait(quiet, f"!{CUT}")
    assert quiet.ask(TALLY) == f"{3 * (len(TEXTS) + 1)} pairs"


def test_a_page_sent_alone_works_and_says_what_it_lacks(page, made, tmp_path):
    alone = tmp_path / "sent.html"
    shutil.copy(made[0], alone)
    page.complaints.clear()
    for width in (360, 1440):
        page.open(alone, "pairs?strategy=base&pair=sst2/CNN/base/none/0/textfooler/test-999999", width, height=4000)
        assert "names a pair that this page does not hold" in page.ask(CUT) and page.complaints == []
        before = page.ask(TALLY)
        load(page)
        first = opened(made[1])[0]["chunks"][0]["file"]
        assert f"explorer/{first} is not beside this page" in page.ask(CUT)
        assert page.ask(TALLY) == before and page.ask("document.querySelectorAll('.card').length") > 0
        assert page.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        said = [json.loads(each)["entry"]["text"] for each in page.complaints]
        assert said == ["Failed to load resource: net::ERR_FILE_NOT_FOUND"]
        page.complaints.clear()
    shutil.copytree(made[0].parent / "explorer", tmp_path / "explorer")
    page.ask("[...document.querySelectorAll('.cut button')].find((each) => /again/.test(each.textContent)).click()")
    wait(page, f"!/draw/.test({CUT})")
    assert page.ask(TALLY) == f"{len(TEXTS) + 1} pairs" and page.complaints == [] == page.requests


def test_files_of_another_run_and_half_ones_are_not_shown(page, study, made, tmp_path):
    copied = tmp_path / "explorer.html"
    shutil.copy(made[0], copied)
    shutil.copytree(made[0].parent / "explorer", tmp_path / "explorer")
    facts, _ = opened(made[1])
    files = [tmp_path / "explorer" / chunk["file"] for chunk in facts["chunks"]]
    strategy = facts["cells"][2]["strategy"]
    text = files[1].read_text()
    files[0].write_text(text)  # a whole one, but not this page's
    files[1].write_text(text[: len(text) // 2])
    page.complaints.clear()
    page.open(copied, "pairs", height=4000)
    load(page)
    wait(page, f"/and 1 more is of another run/.test({CUT})")
    page.open(copied, f"pairs?strategy={strategy}&whole=1", height=6000)
    wait(page, f"!{CUT}")
    assert page.ask(ROWS) == ids_of(study, strategy)
    assert page.complaints and all("SyntaxError" in each for each in page.complaints)
    page.complaints.clear()


def test_nothing_but_what_lies_beside_the_page_may_run(page, made, tmp_path):
    """A script needs the page's own number, and to come from where the page does."""
    (made[0].parent / "other.js").write_text("document.title = 'taken'")
    page.complaints.clear()
    page.open(made[0], "pairs")
    nonce = explorer.build("t", made[1]).split('nonce="')[1][:32]
    assert page.ask(ADD.format(nonce="", src="other.js")) == "blocked"
    assert page.ask(ADD.format(nonce="0" * 32, src="explorer/sst2/CNN/base/none/seed0/textfooler.js")) == "blocked"
    with socket.create_server(("127.0.0.1", 0)) as server:
        network = f"http://127.0.0.1:{server.getsockname()[1]}/a.js"
        for source in (network, "https://example.org/a.js", "data:text/javascript,document.title='taken'"):
            assert page.ask(ADD.format(nonce=nonce, src=source)) == "blocked"
        server.settimeout(0.3)
        with pytest.raises(TimeoutError):
            server.accept()  # nobody knocked
    page.ask(
        "{ const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.head.append(s) }"
    )
    assert page.ask("document.title").endswith(": explorer")
    assert len(page.complaints) >= 6 and all("Content Security Policy" in each for each in page.complaints)
    page.complaints.clear()
    page.requests.clear()  # what was blocked is counted too
