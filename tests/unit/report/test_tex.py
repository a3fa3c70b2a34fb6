"""Tables in TeX: they compile with booktabs alone, and fit a two-column article and A4 (skipped without TeX)."""

import re
import shutil
import subprocess
from dataclasses import replace

import pandas as pd
import pytest
from table_examples import CNN, DATASET, build, make_extras, row, study

from flat.analysis.intervals import SCHEMA
from flat.paper.catalogue import TABLES, table_keys
from flat.report import tex
from flat.report.tables import render

PAPERS = {
    "two-column article": ("twocolumn,a4paper", ""),
    "letter": ("twocolumn,letterpaper", ""),
    "A4 with margins of 2.5 cm": ("a4paper", r"\setlength{\textwidth}{16cm}\setlength{\oddsidemargin}{-0.04cm}"),
}
# points, as TeX measures them at 8 pt
MEASURED = {"DeBERTa-FLAT": 62.8, "78.90 [78.80, 88.90]": 70.8, "n 1,234 (37.07)": 55.7, "Questions and answers": 84.5}
OVERFULL = re.compile(r"^Overfull \\([hv])box \(([\d.]+)pt.*$", re.M)


@pytest.fixture(scope="module")
def whole():
    """Every table of a study of the paper's size, each entry run, with intervals: the widest that there are."""
    values = study().model_dump()
    values["models"] |= {name: CNN | {"title": name, "stand_in": "x"} for name in ("BERT", "DeBERTa")}
    values["datasets"] |= {name: DATASET | {"title": name.upper(), "stand_in": "y"} for name in ("imdb", "trec")}
    values["datasets"]["mine"] = DATASET | {"title": "Questions and answers of a forum"}
    for name in ("gene", "iga", "pso", "clare", "bae"):
        values["attacks"][name] = values["attacks"]["pwws"] | {"title": name.upper(), "stand_ins": ["z"]}
    main = values["artefacts"]["main"]
    main |= {"datasets": ["sst2", "imdb", "ag", "trec", "mine"], "models": ["LSTM", "CNN", "BERT", "DeBERTa"]}
    extras, tables = make_extras(), []
    for key in table_keys(study()):
        frame = build(key, [], extras, **values).frame
        if not {"dataset", "metric", "model"} <= set(frame) or TABLES[key].builder.split(".")[0] != "robustness":
            tables.append(build(key, [row("test_accuracy_percent", 83.4567)], extras, **values))
            continue
        shown = frame[frame["status"].eq("not run")].to_dict("records")
        for line in shown:
            line["pair_set"] = line.get("pair_set", "")
        keys = [{name: line.get(name, "") for name in SCHEMA.names if name in line} for line in shown]
        value = [78.9 if line["metric"].endswith("percent") else -0.45 for line in shown]
        rows = [
            row(k["metric"], v, **{n: x for n, x in k.items() if n != "metric"}, n=1234)
            for k, v in zip(keys, value, strict=True)
        ]
        found = [
            {"method": "", "pair_set": "", "k": 0}
            | k
            | {"value": v, "low": v - 0.1, "high": v + 10, "seeds": 1, "n": 9}
            for k, v in zip(keys, value, strict=True)
        ]
        intervals = pd.DataFrame(found, columns=SCHEMA.names)
        tables.append(build(key, rows, replace(extras, intervals=intervals), **values))
    return tables


def test_a_wide_table_is_cut_between_data_sets_and_keeps_every_entry(whole):
    (table,) = [table for table in whole if table.key == "3"]
    text = render.to_tex(table)
    blocks = re.findall(r"\\toprule\n(.*?)\\bottomrule", text, flags=re.S)
    named = [re.findall(r"\\multicolumn{\d}{c}{(.*?)}", block) for block in blocks]
    assert all(len(names) == 1 for names in named) and {names[0] for names in named} >= {r"SST2 $\dagger$", "AG"}
    entries = sum(len(line.entries) for view in table.views for line in render.wide(table, view).body)
    body = text[text.index(r"\midrule") :]
    assert body.count(r"\shortstack[r]{{78.90") + body.count(r"\shortstack[r]{{$-$0.45") == entries
    assert text.count(r"\label{tab:flat-3-shared}") == 1 and text.count(r"\tiny") == 0


def test_widths_are_not_less_than_those_of_computer_modern():
    for text, width in MEASURED.items():
        assert width <= tex.width_of(text) <= 1.6 * width


def test_long_titles_and_labels_are_broken_between_words():
    assert tex._broken("similarity, unchecked", 52) == ["similarity,", "unchecked"]
    assert tex._broken("x" * 80, 52) == ["x" * 80]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("paper", PAPERS)
def test_tables_compile_and_fit(whole, paper, tmp_path):
    options, setting = PAPERS[paper]
    inputs = []
    for table in whole:
        (tmp_path / f"{table.stem}.tex").write_text(render.to_tex(table), encoding="utf-8")
        inputs.append(rf"\typeout{{TABLE {table.key}}}\input{{{table.stem}}}\clearpage")
    document = [rf"\documentclass[{options}]{{article}}", r"\usepackage{booktabs}", setting, r"\begin{document}"]
    (tmp_path / "paper.tex").write_text("\n".join([*document, *inputs, r"\end{document}"]), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert [found.group() for found in OVERFULL.finditer(log) if float(found.group(2)) > 1] == []
    assert "Float too large" not in log and "Undefined control sequence" not in log
