"""The end-of-run summary: it says what the files say, and what is missing."""

import re
from pathlib import Path

import pytest
from demo_studies import with_paper_tables

from flat.paper.catalogue import table_keys
from flat.report import summary
from flat.report.summary_items import Item
from flat.study import paths
from flat.study.artefacts import Artefacts, ReadingsTable, ReplayTable
from flat.study.load import load

DEMO = Path(__file__).parents[3] / "config" / "demo.yaml"
study = pytest.fixture(with_paper_tables)


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


def test_the_summary_says_what_entries_rest_on(study, tmp_path, monkeypatch, capsys):
    """The fewest and the most texts and pairs; not of rows that were not run, nor of pair sets that no table shows."""
    rows = [
        ("", "after_attack_accuracy_percent", 30, "run"),
        ("", "after_attack_accuracy_percent", 80, "run"),
        ("", "after_attack_accuracy_percent", 5, "not run"),
        ("shared", "kendall_tau", 21, "run"),
        ("saved", "topk_intersection", 36, "run"),
        ("successful", "kendall_tau", 3, "run"),
    ]
    text = "pair_set,metric,ours_n,status\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    write(study, tmp_path, "tables/table3.csv", text)
    write(study, tmp_path, "tables/table4.csv", "metric,ours_n,status\nafter_attack_accuracy_percent,10,run\n")
    said = ["Table 3: AA 30 to 80 attacked texts; KT, TI 21 to 36 pairs", "Table 4: AA 10 attacked texts"]
    assert summary.evidence(study, tmp_path) == said
    monkeypatch.chdir(tmp_path)
    summary.main([str(DEMO)])
    assert f"Rests on  {said[0]}\nRests on  {said[1]}\n" in capsys.readouterr().out


@pytest.mark.skipif(not (DEMO.parents[1] / "results/demo/tables/table8.csv").is_file(), reason="the demo was not run")
def test_a_finished_demo_rests_on_thirty_texts_and_twenty_pairs():
    said = " ".join(summary.evidence(load(DEMO), DEMO.parents[1]))
    least = {unit: [int(n) for n in re.findall(rf"(\d+)(?: to \d+)? {unit}", said)] for unit in ("attacked", "pairs")}
    assert least["pairs"] and min(least["pairs"]) >= 20
    assert re.search(r"Table 3: AA [3-9]\d", said) and re.search(r"Table 4: AA [1-9]\d", said)


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
    assert items["Readings"].key_line == "2 rows; AA changes most in CNN FLAT-nogamma: −7.5 points"
    assert items["Replay"].where == "results/demo/tables/replay.{csv,md,tex}"
    write(study, tmp_path, "tables/readings.csv", readings.replace("-7.5", "0"))
    items = {item.name: item for item in summary.collect(study, tmp_path)}
    assert items["Readings"].key_line == "2 rows; AA changes in none"


def test_summary_of_the_main_tables_alone(study, tmp_path):
    main = Artefacts(main=study.artefacts.main)
    names = [item.name for item in summary.collect(study.model_copy(update={"artefacts": main}), tmp_path)]
    tables = [f"Table {n}" for n in (1, 2, 3, 6, 7, 8)] + ["Guards", "Validity", "Grim"]
    assert names == [*tables, "Figure 6", "Curves", "Claims"]


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


def test_a_word_in_the_summary_moves_no_cursor(study):
    item = Item("Fig. 3", "Words", "so \x1b[2J\x9b late", (Path("a\x1b.png"),), ())
    said = summary.lines(study, [item], ["so \x07"], Path("report\x1b.html"), [("a table", "snakemake \r")])
    assert r"so \x1b[2J\x9b late" in said[2] and all(text.replace("\n", "").isprintable() for text in said)
