"""``snakemake --report`` of a finished study: every table and figure, by topic, with its caption."""

import json
import re

import pytest

from flat.paper.catalogue import FIGURES, TABLES, figure_keys, table_keys
from flat.report.marks import TOPICS, topic
from flat.study.load import load

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def shown(finished):
    """(results by path, topic -> paths) of the report's page."""
    out = finished.tiny("--report", "snakemake-report.html")
    assert "Report created" in out and "(ERROR/" not in out  # of docutils, which reads the captions
    page = (finished.folder / "snakemake-report.html").read_text()
    read = json.JSONDecoder().raw_decode
    starts = [re.search(rf"var {name} = (?=\{{)", page).end() for name in ("results", "categories")]
    results, categories = (read(page[start:])[0] for start in starts)
    return results, {name: [path for paths in inner.values() for path in paths] for name, inner in categories.items()}


def test_every_table_and_figure_is_there_by_topic(shown, finished):
    results, topics = shown
    study = load(finished.folder / "tests/data/tiny.yaml")
    expected = {name: 0 for name in TOPICS} | {"Claims": 1, "Whole report": 2}
    for entry in [*map(TABLES.get, table_keys(study)), *map(FIGURES.get, figure_keys(study))]:
        expected[topic(entry)] += 1
    assert {name: len(paths) for name, paths in topics.items()} == expected
    assert results["results/tiny/figures/fig6.png"]["mime_type"] == "image/png"


def test_labels_and_captions_say_what_it_is(shown):
    results, _ = shown
    table = results["results/tiny/tables/table3.csv"]
    assert table["labels"]["name"] == "Table 3" and table["labels"]["title"] == TABLES["3"].title
    assert re.match(r"AA base \d+\.\d %", table["labels"]["says"])
    assert "# Table 3" in table["caption"] and "CNN-FLAT" in table["caption"]  # the whole table
    assert "fig6.csv" in results["results/tiny/figures/fig6.png"]["caption"]
    assert all(result["labels"] and result["caption"] for result in results.values())
