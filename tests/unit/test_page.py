"""The report page and the end-of-run summary: complete, escaped, loading nothing."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from flat import paths
from flat.report import page, summary
from flat.report.figures import FigureFile
from flat.report.table_layout import Column, Layout, Row, Table, Wide, WideRow, wide
from flat.study import Artefacts, ReadingsTable, ReplayTable, load
from flat.study_grid import table_keys

DEMO = Path(__file__).parents[2] / "config" / "demo.yaml"
NASTY = """<script>alert("x")</script> & 'quoted' 😀 {{ 7 * 7 }} http://example.org/a.png"""
PNG = b"\x89PNG\r\n\x1a\nnot drawn"


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
    return Table(key, NASTY, NASTY, pd.DataFrame(lines), Layout(("Attack", "Model"), rows, columns), notes)


@pytest.fixture
def study():
    """The demo with the paper's tables alone."""
    study = load(DEMO)
    paper = study.artefacts.model_copy(update={"replay": None, "readings": None})
    return study.model_copy(update={"artefacts": paper})


PASSPORT = {
    "study": {"name": "demo", "digest": "d" * 64, "seed": 1, "seeds": [0, 1], "device": "cpu"},
    "environment": {
        "python": "CPython 3.12.1",
        "packages": {"torch": "2.13.0", "absent": None},
        "machine": {"system": NASTY, "processor": None, "cores": 2, "memory_gib": 8.0, "gpus": []},
        "code": {"commit": None, "changed": None},
    },
    "attacks": [{"attack": "textfooler", "attack_hash": "a" * 64, "ledgers": 2, "lock": {"words": [NASTY]}}],
    "data": {"sst2": {"dataset": NASTY}},
    "data_files": {},
    "artefacts": {"tables/table3.csv": "b" * 64},
    "written": "2026-01-31T12:00:00Z",
}


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
    assert alt == f"Figure 6: {NASTY}"


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


# --- summary


def write(study, root, name, text):
    path = root / paths.of(study).root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


TABLE_3 = """dataset,model,strategy,train_attack,attack,pair_set,metric,ours,status
sst2,LSTM,base,none,textfooler,,after_attack_accuracy_percent,4.000000,run
sst2,LSTM,FLAT,textfooler,textfooler,,after_attack_accuracy_percent,10.000000,run
sst2,CNN,base,none,textfooler,,after_attack_accuracy_percent,6.000000,run
sst2,CNN,FLAT,textfooler,textfooler,,after_attack_accuracy_percent,20.000000,run
trec,CNN,base,none,textfooler,,after_attack_accuracy_percent,90.000000,run
trec,CNN,FLAT,textfooler,textfooler,,after_attack_accuracy_percent,not run,not run
sst2,LSTM,base,none,textfooler,shared,kendall_tau,0.500000,run
sst2,LSTM,FLAT,textfooler,textfooler,shared,kendall_tau,0.700000,run
sst2,LSTM,FLAT,textfooler,textfooler,saved,kendall_tau,0.900000,run
"""


def test_summary_says_what_the_files_say_and_what_is_missing(study, tmp_path):
    for kind in ("csv", "md", "tex"):
        write(study, tmp_path, f"tables/table3.{kind}", TABLE_3)
        write(study, tmp_path, f"tables/table2.{kind}", "dataset,model,strategy,attack,metric,ours,status\n")
    for kind in ("csv", "pdf", "png"):
        write(study, tmp_path, f"figures/fig5.{kind}", "gamma,distance\non,0.1\non,0.3\non,0.2\noff,0.5\n")
        write(study, tmp_path, f"figures/fig4.{kind}", "status,reason\nnot run,no masked model\n")
    (tmp_path / "results/demo/figures/fig5.png").unlink()
    write(study, tmp_path, "figures/fig6.csv", "dataset,model,status\n")
    for kind in ("csv", "md", "tex"):
        write(study, tmp_path, f"tables/grim.{kind}", "table,reachable\n3,yes\n3,no\n4,yes\n")
    for kind in ("csv", "pdf", "png"):
        rows = "attack,dataset,model,budget\npwws,sst2,CNN,0\npwws,sst2,CNN,1500\npwws,ag,CNN,90\n"
        write(study, tmp_path, f"figures/curves.{kind}", rows)
    write(study, tmp_path, "claims.csv", "claim,verdict\na,not run\nb,reproduced\nc,not run\n")
    write(study, tmp_path, "claim_cells.csv", "claim\n")
    items = {item.name: item for item in summary.collect(study, tmp_path)}
    own = ["Guards", "Validity", "Grim", "Curves", "Claims"]
    assert items["Grim"].key_line == "1 of 3 printed percentages are impossible"
    assert items["Curves"].key_line == "2 panels, budgets up to 1,500 queries"
    assert items["Claims"].key_line == "1 reproduced, 2 not run"
    assert items["Claims"].where == "results/demo/claims.csv, results/demo/claim_cells.csv"
    assert (
        list(items) == [f"Table {n}" for n in range(1, 11)] + own[:3] + [f"Figure {n}" for n in range(3, 7)] + own[3:]
    )
    # trec is left out of the means: FLAT was not run there
    aa = "AA base 5.0 %, FLAT 15.0 % (mean of 2 cells)"
    assert items["Table 3"].key_line == f"{aa}; KT base 0.50, FLAT 0.70 (mean of 1 cells)"
    assert items["Table 3"].where == "results/demo/tables/table3.{csv,md,tex}"
    assert items["Table 2"].key_line == "not run"
    assert items["Figure 4"].key_line == "not run: no masked model"
    assert [str(path) for path in items["Figure 5"].missing] == ["results/demo/figures/fig5.png"]
    assert [str(path) for path in items["Figure 6"].missing] == [
        "results/demo/figures/fig6.pdf",
        "results/demo/figures/fig6.png",
    ]
    assert items["Table 9"].key_line == items["Figure 5"].key_line == "MISSING"


def test_summary_of_the_tables_that_the_paper_does_not_have(study, tmp_path):
    replay = {"dataset": "sst2", "attack": "textfooler", "train_attack": "textfooler"}
    cells = [{"dataset": "sst2", "model": "CNN", "strategy": name} for name in ("FLAT", "FLAT-nogamma")]
    blocks = {
        "replay": ReplayTable(**replay, models=["CNN"], strategies=["base", "adv"]),
        "readings": ReadingsTable(attack="textfooler", rows=cells),
    }
    study = study.model_copy(update={"artefacts": study.artefacts.model_copy(update=blocks)})
    head = "source_model,source_strategy,source_train_attack,model,strategy,train_attack,metric,ours,status\n"
    texts = [("base", "base", 10), ("base", "adv", 40), ("adv", "base", 30), ("adv", "adv", 20)]
    lines = [f"CNN,{a},x,CNN,{b},x,replayed_accuracy_percent,{value},run\n" for a, b, value in texts]
    readings = "model,strategy,metric,minus,ours,status\nCNN,FLAT,{0},,30,run\nCNN,FLAT,{0},first row,0,run\n"
    readings = (readings + "CNN,FLAT-nogamma,{0},first row,-7.5,run\n").format("after_attack_accuracy_percent")
    for kind in ("csv", "md", "tex"):
        write(study, tmp_path, f"tables/replay.{kind}", head + "".join(lines))
        write(study, tmp_path, f"tables/readings.{kind}", readings)
    items = {item.name: item for item in summary.collect(study, tmp_path)}
    assert items["Replay"].key_line == "accuracy 15.0 % on own texts, 35.0 % on those of others"
    assert items["Readings"].key_line == "2 rows; AA changes most in CNN FLAT-nogamma: -7.5 points"
    assert items["Replay"].where == "results/demo/tables/replay.{csv,md,tex}"


def test_summary_of_the_main_tables_alone(study, tmp_path):
    main = Artefacts(main=study.artefacts.main)
    names = [item.name for item in summary.collect(study.model_copy(update={"artefacts": main}), tmp_path)]
    tables = [f"Table {n}" for n in (1, 2, 3, 6, 7, 8)] + ["Guards", "Validity", "Grim"]
    assert names == [*tables, "Figure 6", "Curves", "Claims"]


def test_tables_of_our_own_have_anchors_files_and_no_printed_values(study):
    html = page.build(study, [table("replay")], [], PASSPORT)
    body = re.search(r'<section id="replay">.*?</section>', html, re.S).group()
    assert '<a href="#replay"><b>+</b>' in html and 'href="tables/replay.csv"' in body
    assert "printed in the paper" not in body and "12.35" in body


def test_summary_ends_with_status_1_where_something_is_missing(study, tmp_path, monkeypatch, capsys):
    config = DEMO
    monkeypatch.chdir(tmp_path)
    assert summary.main([str(config)]) == 1
    shown = capsys.readouterr()
    assert "results/demo/report.html (MISSING)" in shown.out
    assert "missing: results/demo/figures/fig3.pdf" in shown.out
    assert f"--configfile {config} --force -- results/demo/figures/fig6.png" in shown.out
    whole = load(config)
    files = 3 * (len(table_keys(whole)) + 5) + 2 + 1  # tables and 5 figures of three files each, claims, the report
    assert f"{files} files are missing" in shown.err
    for item in summary.collect(whole, tmp_path):
        for path in item.files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("status,reason\nnot run,nothing\n")
    Path("results/demo/report.html").write_text("<!doctype html>")
    assert summary.main([str(config)]) == 0
    assert "MISSING" not in capsys.readouterr().out


def test_summary_refuses_a_file_that_is_no_study(tmp_path, capsys):
    (tmp_path / "x.yaml").write_text("name: 3\n")
    assert summary.main([str(tmp_path / "x.yaml")]) == 2
    assert "cannot be run as written" in capsys.readouterr().err
    assert summary.main([]) == 2
