"""The topics and labels that ``snakemake --report`` shows (tests/workflow/test_snakemake_report.py makes one)."""

from collections import Counter
from dataclasses import replace

from demo_studies import DEMO

from flat.paper.catalogue import FIGURES, TABLES, figure_keys, table_keys
from flat.report.marks import FURTHER, TOPICS, labels, topic
from flat.study.load import parse


def test_each_table_and_figure_has_one_topic():
    entries = [*TABLES.values(), *FIGURES.values()]
    named = Counter(key for keys in TOPICS.values() for key in keys)
    assert set(named) == {entry.key for entry in entries} and max(named.values()) == 1
    assert FURTHER not in map(topic, entries)
    assert topic(TABLES["5"]) != topic(FIGURES[5]) == "Interpretation"


def test_a_table_of_ones_own_is_shown_among_the_further_ones():
    assert topic(replace(TABLES["3"], key="queries")) == FURTHER


def test_labels_name_what_a_study_has_and_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = parse(DEMO)
    found = labels(study)
    assert len(found) == len(table_keys(study)) + len(figure_keys(study)) + 1  # and the claims
    table = {"name": "Table 3", "title": "Robustness, integrated gradients", "says": "MISSING"}
    assert found["Table 3"] == table and found["Figure 6"]["title"] == FIGURES[6].title
