"""The report in a real browser: foreign texts are shown as they are, nothing is fetched, nothing is complained of."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from flat.report.figures.files import FigureFile
from flat.report.page import page
from flat.report.tables.layout import Column, Layout, Row, Table
from flat.study.load import load

pytestmark = pytest.mark.browser
QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    # the browser's own traffic: updates, field trials, reports
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--disable-domain-reliability", "--disable-client-side-phishing-detection", "--no-pings"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
TEXTS = {
    "script": "<script>document.title = 'taken over'; document.body.textContent = ''</script>",
    "picture": '<img src="http://127.0.0.1:9/a.png" onerror="document.title = \'taken over\'">',
    "style": "</style><style>@import url(http://127.0.0.1:9/a.css); * { display: none }</style>",
    "comment": "<!-- an open comment, </td></table> and an end that belongs to nothing",
    "quotes": "\" ' ` “quoted” &quot; &amp; &lt;b&gt;",
    "template": "{{ 7 * 7 }} {% raw %} ${7 * 7}",
    "emoji": "a fine film 😀 👩‍👩‍👧 🏳️‍🌈",
    "right to left": "סרט מצוין, فيلم رائع! <b>",
    "direction marks": "\u202etxet desrever\u202c and on",
}
ALL = " | ".join(TEXTS.values())
ONE_PIXEL = bytes.fromhex(  # a picture of one pixel: a broken one would be an error of the page's own
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe0def46b8"
    "0000000049454e44ae426082"
)


@dataclass(frozen=True)
class Visit:
    """What came of opening a page: its text as the browser read it, its title, what was asked of a network, what the
    console said."""

    text: str
    title: str
    tags: tuple[str, ...]
    requests: tuple[str, ...]
    console: tuple[str, ...]


class Reader(HTMLParser):
    """The text of a document that a browser has written out; scripts and styles are not text."""

    def __init__(self, document: str):
        super().__init__()
        self.tags, self.words, self.within = [], [], ""
        self.feed(document)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.within = tag

    def handle_endtag(self, tag):
        self.within = ""

    def handle_data(self, data):
        if self.within not in ("style", "script", "title"):
            self.words.append(data)


@pytest.fixture(scope="session")
def visit(tmp_path_factory):
    """Open a file in headless Chromium; where it is not installed the test is skipped."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("not installed: chromium (Debian: apt install chromium)")

    def open_file(path: Path) -> Visit:
        folder = tmp_path_factory.mktemp("browser")
        log = folder / "net.json"
        options = (f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", "--enable-logging=stderr")
        command = [browser, *QUIET, *options, "--virtual-time-budget=5000", "--dump-dom", path.as_uri()]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True, encoding="utf-8")
        read = Reader(ran.stdout)
        title = re.search(r"<title>(.*?)</title>", ran.stdout, re.S)
        return Visit(
            "".join(read.words),
            title.group(1) if title else "",
            tuple(read.tags),
            requests_in(json.loads(log.read_text())),
            tuple(re.findall(r"CONSOLE[:(].*", ran.stderr)),
        )

    return open_file


def requests_in(log: dict) -> tuple[str, ...]:
    """The addresses that the page asked for: those whose request comes from an origin, and not from the browser itself
    (which looks for updates)."""
    asked = [event["params"] for event in log["events"] if "initiator" in event.get("params", {})]
    urls = {params["url"] for params in asked if params["initiator"] != "not an origin"}
    return tuple(sorted(url for url in urls if not url.startswith(("file:", "data:"))))


def report(tmp_path: Path, text: str) -> Path:
    """A report in which ``text`` stands wherever a study, a table, a figure or a ledger's lock puts texts."""
    demo = load(Path(__file__).parents[2] / "config/demo.yaml")
    paper = demo.artefacts.model_copy(update={"replay": None, "readings": None})
    attack = demo.attacks["pwws"].model_copy(update={"title": text, "stand_ins": [text]})
    dataset = demo.datasets["sst2"].model_copy(update={"title": text, "stand_in": text})
    study = demo.model_copy(
        update={"title": text, "artefacts": paper, "attacks": {"pwws": attack}, "datasets": {"sst2": dataset}}
    )
    rows = (Row((text, text), {"model": "LSTM"}),)
    columns = (Column(text, {"metric": "aa"}, "percent", ".2f", group=text),)
    nothing = dict.fromkeys(("ours_sd", "low", "high"), float("nan"))
    values = {"model": "LSTM", "metric": "aa", "ours": 12.3, **nothing, "mark": "", "printed": text, "status": "run"}
    table = Table("3", text, pd.DataFrame([values]), Layout((text, text), rows, columns), (text,))
    passport = {
        "study": {"name": text, "digest": text, "seed": 1, "seeds": [0], "device": "cpu"},
        "environment": {
            "python": text,
            "packages": {text: text},
            "machine": {"system": text, "processor": text, "cores": 2, "memory_gib": 8.0, "gpus": [text]},
            "code": {"commit": text, "changed": None},
        },
        "attacks": [{"attack": text, "attack_hash": "a" * 64, "ledgers": 2, "lock": {"words": [text]}}],
        "data": {text: {"examples": [text]}},
        "artefacts": {text: text},
        "written": "2026-01-31T12:00:00Z",
    }
    file = tmp_path / "report.html"
    file.write_text(page.build(study, [table], [FigureFile(3, text, text, (text,), ONE_PIXEL)], passport), "utf-8")
    return file


@pytest.fixture(scope="module")
def plain(visit, tmp_path_factory):
    """The same page with a harmless text: what it is made of."""
    return visit(report(tmp_path_factory.mktemp("plain"), "HARMLESS"))


@pytest.fixture(scope="module")
def nasty(visit, tmp_path_factory):
    return visit(report(tmp_path_factory.mktemp("nasty"), ALL))


def test_every_text_is_shown_as_it_is(plain, nasty):
    shown = plain.text.count("HARMLESS")
    assert shown >= 30
    # in the pretty-printed lock and summary JSON's quotes are escaped: there the text differs by its backslashes
    written = json.dumps(ALL, ensure_ascii=False)[1:-1]
    assert written != ALL and nasty.text.count(ALL) + nasty.text.count(written) == shown
    for name, text in TEXTS.items():
        assert nasty.text.count(text) >= shown - 2, name


def test_no_text_becomes_part_of_the_page(plain, nasty):
    assert nasty.tags == plain.tags and "script" not in nasty.tags
    assert nasty.title != "taken over" and "document.title" in nasty.title


def test_nothing_is_fetched_and_nothing_complained_of(nasty):
    assert nasty.requests == () and nasty.console == ()


def test_the_browser_would_have_told(visit, tmp_path):
    """The same texts, not escaped, in a page without a policy: each of the things looked for above is seen."""
    (tmp_path / "bad.html").write_text(
        "<title>bad</title><body>" + TEXTS["picture"] + "<script>console.error('complaint')</script>"
        "<script>document.title = 'taken over'</script>",
        "utf-8",
    )
    bad = visit(tmp_path / "bad.html")
    assert any("127.0.0.1:9" in url for url in bad.requests)
    assert any("complaint" in line for line in bad.console)
    assert bad.title == "taken over" and "script" in bad.tags


def test_the_pages_own_policy_stops_what_is_not_escaped(visit, tmp_path):
    file = report(tmp_path, "HARMLESS")
    file.write_text(file.read_text("utf-8").replace("<main", TEXTS["script"] + TEXTS["picture"] + "<main", 1), "utf-8")
    seen = visit(file)
    assert "taken over" not in seen.title and seen.requests == () and len(seen.console) >= 2
