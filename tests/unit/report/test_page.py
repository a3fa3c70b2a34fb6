"""The report page: complete, escaped, loading nothing."""

import csv
import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pandas as pd
import pytest
from demo_studies import with_paper_tables
from page_examples import NASTY, PASSPORT

from flat.analysis.claims.rows import CLAIM_COLUMNS
from flat.report.figures import style as figure_style
from flat.report.figures.files import PAGE_WIDTH_PX, FigureFile
from flat.report.page import claims, page
from flat.report.tables.layout import Column, Layout, Row, Table, Wide, WideRow, wide
from flat.report.tables.notes import ENTRIES


def png(width: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big") + b"not drawn"


PNG = png(1400)


def table(key="3", notes=(NASTY,)):
    """Two models x two metrics: one entry run and printed, one without a printed value, one not run, one undefined."""
    rows = (
        Row(("TextFooler", "LSTM-base"), {"model": "LSTM", "strategy": "base"}),
        Row(("TextFooler", NASTY), {"model": "LSTM", "strategy": "FLAT"}),
    )
    columns = (
        Column("AA", {"metric": "aa"}, "percent", ".2f", group="SST2"),
        Column("KT", {"metric": "kt"}, "tau", ".2f", group="SST2"),
    )
    values = [(12.345, "5.05", "run"), (0.5, "–", "run"), (float("nan"), "17.76", "not run")]
    values.append((float("nan"), "0.58", "undefined"))
    lines = [
        {"model": "LSTM", "strategy": row.keys["strategy"], "metric": column.keys["metric"], "ours": ours}
        | {"low": float("nan"), "mark": "ᶜ" if status == "run" else ""}
        | {"ours_sd": float("nan"), "printed": printed, "status": status}
        for (row, column), (ours, printed, status) in zip(((r, c) for r in rows for c in columns), values, strict=True)
    ]
    return Table(key, NASTY, pd.DataFrame(lines), Layout(("Attack", "Model"), rows, columns), notes)


study = pytest.fixture(with_paper_tables)


@pytest.fixture
def html(study):
    figure = FigureFile(6, NASTY, NASTY, (NASTY,), PNG)
    return page.build(study, [table()], [figure], PASSPORT)


class Reader(HTMLParser):
    """Tags with their attributes, and the visible text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "link", "hr", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data


def test_tags_are_balanced_and_links_lead_somewhere(html):
    reader = Reader(html)
    assert reader.open == []
    ids = {attributes["id"] for _, attributes in reader.tags if "id" in attributes}
    links = [attributes["href"] for tag, attributes in reader.tags if tag == "a"]
    assert {"#table3", "#figure6", "#provenance"} <= set(links)
    assert {link[1:] for link in links if link.startswith("#")} <= ids
    files = {link for link in links if not link.startswith("#")}
    assert files == {
        *(f"tables/table3.{kind}" for kind in ("csv", "md", "tex")),
        *(f"figures/fig6.{kind}" for kind in ("pdf", "png", "csv")),
        "provenance.json",
    }


def test_texts_are_escaped_and_shown_as_they_are(html):
    reader = Reader(html)
    assert "script" not in {tag for tag, _ in reader.tags}
    # title, caption and note of the table; its row's label; caption and note of the figure; machine
    assert reader.text.count(NASTY) >= 7
    assert "49" not in reader.text.replace(NASTY, "")
    alt = next(attributes["alt"] for tag, attributes in reader.tags if tag == "img")
    assert alt.endswith("figures/fig6.csv as numbers") and NASTY not in alt  # the title stands above the picture


def test_nothing_is_loaded_from_outside_the_page(html):
    reader = Reader(html)
    assert not {"link", "script", "iframe", "object", "embed", "video", "audio"} & {tag for tag, _ in reader.tags}
    for tag, attributes in reader.tags:
        for name in ("src", "srcset", "poster", "background", "action", "data"):
            assert attributes.get(name, "data:").startswith("data:"), (tag, attributes)
        if tag == "a":
            assert not re.match(r"[a-z]+:|//", attributes["href"])
    style = re.search(r"<style>(.*?)</style>", html, re.S).group(1)
    assert "url(" not in style and "@import" not in style
    policy = next(a["content"] for tag, a in reader.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert {"base-uri 'none'", "form-action 'none'"} <= set(policy.split("; "))  # what default-src does not cover


def test_entries_tell_ours_from_printed_and_say_what_is_missing(html):
    body = re.search(r'<section id="table3">.*?</section>', html, re.S).group()
    cells = re.findall(
        r'<td[^>]*><span class="(\w+)">([^<]*)</span> <span class="printed"[^>]*>([^<]*)</span></td>', body
    )
    assert cells == [
        ("ours", "12.35ᶜ", "5.05"),
        ("ours", "0.50ᶜ", "–"),
        ("missing", "not run", "17.76"),
        ("missing", "undefined", "0.58"),
    ]


def test_stand_ins_are_said_before_any_table(html, study):
    top = html[: html.index('<section id="table3">')]
    for what in ("Rotten Tomatoes sentences", *study.attacks["textfooler"].stand_ins):
        assert what in top
    plain = study.model_copy(update={"datasets": {}, "models": {}, "attacks": {}})
    assert page.stand_ins(plain) == []
    assert "names no stand-ins" in page.build(plain, [], [], PASSPORT)


def test_what_is_run_is_counted_not_what_is_declared(study):
    alone = study.model_copy(update={"artefacts": study.artefacts.model_validate({"main": study.artefacts.main})})
    main = alone.artefacts.main
    counts = [len(main.models), len(main.strategies), len(main.train_attacks), 1, "1–3"]
    nouns = ["models", "strategies", "attacks", "round", "seeds"]
    assert page.sizes(alone)[1:] == list(zip(map(str, counts), nouns, strict=True))
    assert len(alone.strategies) > 3 and len(alone.attacks) > 2


def test_provenance_names_the_seeds_that_ran(study, html):
    assert f"study seed 1; runs {page.seeds(study)}<" in html
    assert page.seeds(study).startswith("0–2 (0–2: CNN")  # the study's own are [0]


def test_the_number_of_seeds_is_said_as_it_is(study, html):
    assert "<b>1–3</b> seeds" in html  # some cells of the demo have three
    overrides = [override for override in study.overrides if not override.seeds]
    one = study.model_copy(update={"overrides": overrides})
    assert "<b>1</b> seed<" in page.build(one, [], [], PASSPORT)


def test_times_are_in_the_provenance_only(html):
    assert html.count("2026-01-31T12:00:00Z") == 1
    assert html.index("2026-01-31T12:00:00Z") > html.index('<section id="provenance">')


def test_page_is_the_same_each_time(study, html):
    assert page.build(study, [table()], [FigureFile(6, NASTY, NASTY, (NASTY,), PNG)], PASSPORT) == html


def test_repeated_labels_are_joined_within_their_block():
    labels = [("A", "x", "1"), ("A", "x", "2"), ("A", "y", "3"), ("A", "x", "4"), ("B", "x", "5")]
    rows = tuple(WideRow(label, (), new_block=label[0] == "B") for label in labels)
    lines = page.view(Wide("", ((("h", 1),),), rows)).lines
    assert [[label.rows for label in line.labels] for line in lines] == [
        [4, 2, 1],
        [0, 0, 1],
        [0, 1, 1],
        [0, 1, 1],
        [1, 1, 1],
    ]


def test_groups_of_columns_begin_where_their_header_does():
    assert page.view(wide(table())).starts == {0}
    header = ((("", 1), ("SST2", 3), ("AG", 2)), tuple((name, 1) for name in "labcde"))
    rows = (WideRow(("l",), (), new_block=False),)
    assert page.view(Wide("", header, rows)).starts == {0, 3}


def test_tables_of_our_own_have_anchors_files_and_no_printed_values(study):
    html = page.build(study, [table("replay")], [], PASSPORT)
    body = re.search(r'<section id="replay">.*?</section>', html, re.S).group()
    assert '<a href="#replay"><b>+</b>' in html and 'href="tables/replay.csv"' in body
    assert "printed in the paper" not in body and "12.35" in body


@pytest.mark.parametrize(("width", "shown"), [(1400, ""), (800, ' style="max-width: 32.0rem"')])
def test_figures_are_shown_at_one_scale(study, width, shown):
    assert PAGE_WIDTH_PX == figure_style.WIDTH_IN * figure_style.PNG_DPI
    html = page.build(study, [table()], [FigureFile(6, "a", "b", (), png(width))], PASSPORT)
    assert f"<img{shown} alt=" in html


def test_a_table_of_many_intervals_is_set_small(study):
    four = table()
    columns = tuple(replace(c, keys=c.keys | {"k": k}) for k in range(3) for c in four.layout.columns)
    frame = pd.concat([four.frame.assign(k=k, low=1.0, high=2.0) for k in range(3)])
    many = replace(four, frame=frame, layout=replace(four.layout, columns=columns))
    assert 'class="numbers wide"' in page.build(study, [many], [], PASSPORT)
    plain = replace(many, frame=frame.assign(low=float("nan")))
    assert 'class="numbers"' in page.build(study, [plain], [], PASSPORT)


def test_what_several_tables_say_is_said_once(study):
    said = (ENTRIES, "† Stand-ins for the paper's data: SST2: others.", "of all")
    tables = [table(key, (*said, f"of {key}")) for key in ("2", "3", "guards")] + [table("8", said[:2])]
    html = page.build(study, tables, [], PASSPORT)
    assert not any(html.count(escape(note)) for note in said[:2])  # the legend and the list of stand-ins do
    assert re.search(r"<li>of all <span[^>]*>\(Tables 2, 3; Guards\)</span></li>", html) and html.count("of all ") == 1
    for key, anchor in (("2", "table2"), ("3", "table3"), ("guards", "guards")):
        section = re.search(rf'<section id="{anchor}">.*?</section>', html, re.S).group()
        assert re.findall("<li>(.*)</li>", section) == [f"of {key}"]
    alone = page.build(study, tables[:2], [], PASSPORT)
    assert alone.count("<li>of all</li>") == 2


def test_headings_have_words_and_rows_their_names(html):
    body = re.search(r'<section id="table3">.*?</section>', html, re.S).group()
    assert [text for text in re.findall(r"<th[^>]*>([^<]*)</th>", body) if not text.strip()] == []
    assert '<th scope="col" rowspan="2" class="label outer">Attack</th>' in body
    assert '<th scope="row" data-within="TextFooler">LSTM-base</th>' in body
    assert '<th scope="col" rowspan="2" class="label" data-within="Attack">Model</th>' in body


def test_many_claims_are_folded(study, tmp_path):
    file = tmp_path / "claims.csv"
    row = dict.fromkeys(CLAIM_COLUMNS, "") | {"verdict": "not run", "direction": "above", "margin": "0"}
    for number, shown in ((page.UNFOLDED, "<details open>"), (page.UNFOLDED + 1, "<details>")):
        with file.open("w", newline="") as lines:
            writer = csv.DictWriter(lines, CLAIM_COLUMNS)
            writer.writeheader()
            writer.writerows([row] * number)
        html = page.build(study, [], [], PASSPORT, claims.read(file))
        section = re.search(r'<section id="claims">.*?</section>', html, re.S).group()
        assert f"{shown}<summary>Each claim" in section


def test_stand_ins_are_counted_by_kind(study):
    assert re.fullmatch(r"\d data sets, 2 models, \d attacks", page.stood_in(study))
    one = study.model_copy(update={"datasets": {"sst2": study.datasets["sst2"]}, "models": {}, "attacks": {}})
    assert page.stood_in(one) == "1 data set"
