"""The check of printed numbers: what it flags of the paper, and that it flags nothing that can be."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from table_examples import make_extras, study

from flat.paper import grim
from flat.paper import printed as paper
from flat.report import build as tables
from flat.report.tables import render

PAPER = Path(__file__).parents[3] / "config" / "paper"


@pytest.fixture(scope="module")
def printed():
    return paper.load(PAPER)


def test_exactly_twelve_printed_percentages_are_impossible(printed):
    found = [check for check in grim.checks(printed) if not check.reachable]
    assert sorted((c.table, dict(c.keys)["dataset"], c.printed) for c in found) == sorted(
        [
            ("3", "sst2", "17.76"),
            ("3", "ag", "53.02"),
            ("4", "sst2", "0.86"),
            ("4", "sst2", "5.29"),
            ("4", "sst2", "1.07"),
            ("5", "sst2", "84.34"),
            ("5", "sst2", "17.76"),
            ("7", "sst2", "83.95"),
            ("7", "sst2", "90.67"),
            ("7", "trec", "88.70"),
            ("7", "trec", "92.13"),
            ("10", "ag", "1.40"),
        ]
    )
    about = {(c.table, c.printed): dict(c.keys) for c in found}
    assert about["3", "17.76"]["model"] == "LSTM" and about["3", "17.76"]["strategy"] == "FLAT"
    assert about["3", "53.02"]["model"] == "DeBERTa" and about["3", "53.02"]["attack"] == "pwws"
    assert sum(1 for _ in grim.checks(printed)) == 346


def test_none_of_a_table_of_real_counts_is_impossible(printed):
    """Every percentage of the paper replaced by the nearest one that its set can give."""
    values = {table: dict(rows) for table, rows in printed.values.items()}
    for check in grim.checks(printed):
        key = frozenset(check.keys)
        hits = round(Decimal(check.printed) * check.n / 100)
        values[check.table][key] = f"{100 * hits / check.n:.2f}"
    found = list(grim.checks(paper.Printed(values)))
    assert len(found) == 346 and all(check.reachable for check in found)


@given(st.integers(1, 30_000), st.floats(0, 1), st.integers(0, 3))
def test_a_share_of_n_is_always_reachable(n, share, decimals):
    hits = round(share * n)
    assert grim.reachable(f"{100 * hits / n:.{decimals}f}", n)


def test_by_hand():
    # of 3 texts only 0, 33.33, 66.67 and 100 exist
    assert [grim.reachable(text, 3) for text in ("33.33", "33.34", "66.67", "66.66", "100.00")] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert grim.reachable("12.5", 8) and grim.reachable("12.50", 8) and not grim.reachable("12.51", 8)
    # 1/800 is 0.125: rounded either way
    assert grim.reachable("0.12", 800) and grim.reachable("0.13", 800)
    assert grim.neighbours("33.34", 3) == (Decimal("33.3333"), Decimal("66.6667"))


def test_imdb_looks_like_five_thousand(printed):
    assert grim.multiples(printed) == (22, 24)


def test_the_table_needs_no_run_and_its_csv_has_every_check():
    extras = replace(make_extras(), printed=paper.load(PAPER))
    table = tables.build("grim", study(), None, extras)
    text = render.to_markdown(table)
    assert "| Table 3 | LSTM-FLAT on SST2, TextFooler | AA | 17.76 | 1821 | 17.7375 | 17.7924 |" in text
    assert "12 of 346 printed percentages" in text and "22 of 24 after-attack accuracies of IMDB" in text
    assert "shares of 5,000 attacked texts" in text
    lines = render.to_csv(table).splitlines()
    assert len(lines) == 347 and sum(line.endswith(",no") for line in lines) == 12
    assert "booktabs" in render.to_tex(table)
