"""Tables as files: csv, Markdown and TeX say the same, and equal measurements give equal bytes."""

import csv
import io
import re

import pytest
from table_examples import build, make_extras, row, study, tau

from flat.paper.catalogue import TABLES
from flat.report.tables import render
from flat.study import paths


@pytest.fixture(scope="module")
def extras():
    return make_extras()


NAMED = {"rbo": {}, "deletion": {}}  # of the table of faithfulness


def some_rows():
    return [
        row("test_accuracy_percent", 83.4567),
        row("after_attack_accuracy_percent", 12.0, attack="textfooler"),
        tau(0.5, "shared"),
        tau(float("nan"), "saved"),
    ]


def test_csv_says_what_was_not_run(extras):
    lines = list(csv.DictReader(io.StringIO(render.to_csv(build("3", some_rows(), extras)))))
    found = {(x["dataset"], x["attack"], x["model"], x["strategy"], x["pair_set"], x["metric"]): x for x in lines}
    run = found["sst2", "textfooler", "LSTM", "base", "shared", "kendall_tau"]
    assert (run["ours"], run["ours_sd"], run["ours_n"], run["seeds"], run["printed"]) == (
        "0.500000",
        "–",
        "100",
        "1",
        "0.46",
    )
    assert found["sst2", "textfooler", "LSTM", "base", "saved", "kendall_tau"]["ours"] == "undefined"
    missing = found["trec", "pwws", "BERT", "FLAT", "shared", "topk_intersection"]
    assert (missing["ours"], missing["ours_n"], missing["printed"]) == ("not run", "0", "0.90")
    assert all(x["ours"] and x["printed"] and x["status"] for x in lines)


def test_markdown_rows_have_equal_cells(extras):
    for key in TABLES:
        text = render.to_markdown(build(key, some_rows(), extras, metrics=NAMED))
        assert text.startswith(f"# {paths.table_name(key)}. ")
        for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.M):
            assert len({line.count("|") for line in block.splitlines()}) == 1
    assert "| LSTM-base | – | 83.46ᶜ (84.40) |" in render.to_markdown(build("2", some_rows(), extras))


def test_tex_is_well_formed(extras):
    values = study().model_dump()
    values["datasets"]["sst2"]["stand_in"] = "50 % of R&D_texts {#1} ~ $5 \\ ^2"
    for key in TABLES:
        text = render.to_tex(build(key, some_rows(), extras, datasets=values["datasets"], metrics=NAMED))
        assert text.isascii()
        if key == "2":
            assert r"50 \% of R\&D\_texts \{\#1\} \textasciitilde{} \$5 \textbackslash{} \textasciicircum{}2" in text
        plain = re.sub(r"\\[\\{}&%$#_]", lambda match: "\n" if match.group() == r"\\" else "", text)
        assert plain.count("{") == plain.count("}") and plain.count("$") % 2 == 0 and "%" not in plain.split("\n", 1)[1]
        assert sorted(re.findall(r"\\begin{(\w+\*?)}", text)) == sorted(re.findall(r"\\end{(\w+\*?)}", text))
        for columns, block in re.findall(r"\\begin{tabular}{([lr]+)}\n\\toprule(.*?)\\bottomrule", text, flags=re.S):
            width = len(columns)
            for line in re.sub(r"\\(?:midrule|cmidrule\(lr\){[\d-]+})", "", block).strip().splitlines():
                if line:
                    spans = sum(int(span) - 1 for span in re.findall(r"\\multicolumn{(\d+)}", line))
                    assert line.endswith(r" \\") and len(re.findall(r"(?<!\\)&", line)) + spans + 1 == width


def test_equal_measurements_give_equal_bytes(extras, tmp_path):
    for key in TABLES:
        first = render.write(build(key, some_rows(), extras, metrics=NAMED), tmp_path / "a")
        second = render.write(build(key, some_rows()[::-1], extras, metrics=NAMED), tmp_path / "b")
        assert sorted(first) == ["csv", "md", "tex"]
        for kind, path in first.items():
            assert path.name == f"{key if key.isalpha() else f'table{key}'}.{kind}"
            assert path.read_bytes() == second[kind].read_bytes()
