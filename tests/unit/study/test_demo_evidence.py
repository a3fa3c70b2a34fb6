"""What the demo's numbers rest on, counted from its grid: attacked texts of entries, explained texts of models."""

import pytest
from demo_studies import ROOT

from flat.study.grid import explained_cells, main_cells, reading_cells, transfer_cells
from flat.study.load import load
from flat.study.settings import attacked_test, explained_test

ATTACKED, TRANSFERRED, PAIRS = 30, 10, 20


@pytest.fixture(scope="module")
def demo():
    return load(ROOT / "config/demo.yaml")


def attacked(study, cell) -> int:
    """Test texts that an attacked cell's accuracy is measured on."""
    return min(attacked_test(study, cell.cell.dataset, cell.cell.model, cell.attack), size(study, cell))


def size(study, cell) -> int:
    return study.datasets[cell.cell.dataset].splits.test


def test_every_entry_of_table_3_rests_on_thirty_attacked_texts(demo):
    found = {a: attacked(demo, a) for a in main_cells(demo)}
    entries = {(a.cell.dataset, a.cell.model, a.cell.strategy, a.attack) for a in found}
    assert len(entries) == 96 and min(found.values()) >= ATTACKED


def test_every_entry_of_table_4_rests_on_ten_attacked_texts(demo):
    found = {a: attacked(demo, a) for a in transfer_cells(demo)}
    assert len({(a.cell.model, a.cell.strategy, a.attack) for a in found}) == 72
    assert min(found.values()) >= TRANSFERRED


def test_every_model_is_explained_on_enough_texts_for_twenty_pairs(demo):
    """A pair needs a text that the base model has right; the demo's last page counts those that were found."""
    for method in ("ig", "lime"):
        cells = explained_cells(demo, method)
        found = {a: explained_test(demo, a.cell.dataset, a.cell.model, a.attack) for a in cells}
        assert set(main_cells(demo)) <= set(found) and min(found.values()) > PAIRS
    assert demo.interpretation.lime.repeats >= PAIRS  # of the noise floor


def test_all_that_is_attacked_for_tables_3_and_8_and_the_readings_is_explained(demo):
    cells = explained_cells(demo, "ig")
    assert {a.cell.model for a in cells} == {"CNN", "LSTM", "BERT", "DeBERTa"} and set(reading_cells(demo)) <= set(
        cells
    )
    for a in cells:
        assert explained_test(demo, a.cell.dataset, a.cell.model, a.attack) == attacked(demo, a)
