"""Overrides that change which cells a study has and what they are attacked on: seeds, test examples."""

import pytest
from demo_studies import CNN, DEMO, change, with_draw, with_override

from flat.errors import StudyError
from flat.study.grid import Cell, attacked_cells, explained_draws, replayed_on, saliency_cells, trained_cells
from flat.study.load import parse
from flat.study.settings import all_seeds, attacked_test, explained_test, explains_all, seeds_of


def test_some_cells_may_have_seeds_of_their_own():
    strategies = ["base", "adv", "FLAT"]
    study = parse(with_override(where=CNN | {"strategies": strategies}, seeds=[0, 1, 2]))
    assert study.seeds == [0] and all_seeds(study) == [0, 1, 2]
    by_cell = {}
    for cell in trained_cells(study):
        by_cell.setdefault((cell.model, cell.strategy), set()).add(cell.seed)
    assert all(by_cell["CNN", name] == {0, 1, 2} for name in strategies)
    assert by_cell["CNN", "FLAT-keep"] == by_cell["LSTM", "FLAT"] == by_cell["CNN", "group10"] == {0}
    attacked = {(a.attack, a.cell.seed) for a in attacked_cells(study) if a.cell.model == "CNN"}
    assert {("clare", 2), ("textfooler", 1)} <= attacked
    one = parse(DEMO)
    assert {a for a in attacked_cells(study) if a.cell.seed == 0} == set(attacked_cells(one))
    assert {a.cell.seed for a in saliency_cells(study)} == {0}


def test_the_last_override_that_fits_gives_the_seeds():
    overrides = [*DEMO["overrides"], {"where": {}, "seeds": [0, 1, 2]}, {"where": CNN, "seeds": [0]}]
    study = parse(change("overrides", overrides))
    assert seeds_of(study, Cell("sst2", "CNN", "base", "none", 9)) == [0]
    assert seeds_of(study, Cell("sst2", "LSTM", "base", "none", 9)) == [0, 1, 2]


def test_a_model_may_be_attacked_on_fewer_test_examples():
    study = parse(with_override(where=CNN | {"datasets": ["sst2"]}, attacked_test=3))
    drawn = DEMO["datasets"]["sst2"]["attacked_test"]
    assert drawn > 5 and "examples" not in DEMO["attacks"]["pwws"]
    assert attacked_test(study, "sst2", "CNN", "pwws") == 3
    assert attacked_test(study, "sst2", "LSTM", "pwws") == drawn
    assert attacked_test(study, "sst2", "LSTM", "gene") == DEMO["attacks"]["gene"]["examples"] > 3  # its own share
    assert attacked_test(study, "sst2", "CNN", "gene") == 3
    explained = {"where": CNN, "explained": "all"}
    later = [{"where": CNN, "attacked_test": 4}, {"where": CNN, "attacked_test": 6}, explained]
    later = parse(change("overrides", later))
    assert attacked_test(later, "sst2", "CNN", "pwws") == 6  # the last one wins


def test_a_model_may_be_explained_on_all_that_it_is_attacked_on():
    """The others still share a draw, which no longer has to fit what this model is attacked on."""
    few = {"where": CNN, "attacked_test": 3}
    values = with_draw("overrides", [few])
    values["overrides"].append({"where": CNN, "explained": "all"})
    study = parse(values)
    assert explains_all(study, "sst2", "CNN") and not explains_all(study, "sst2", "BERT")
    assert explained_test(study, "sst2", "CNN", "pwws") == 3 < explained_test(study, "sst2", "BERT", "pwws") == 5
    drawn = DEMO["attacks"]["textfooler"]["examples"], DEMO["datasets"]["sst2"]["attacked_test"]
    assert explained_draws(study, "sst2") == [*drawn]
    with pytest.raises(StudyError, match=r"datasets\.\w+\.explained: 5 examples to explain, but only 3"):
        parse(with_draw("overrides", [few]))


def test_models_of_another_seed_read_the_texts_of_their_own_seed():
    study = parse(with_override(where=CNN, seeds=[0, 1]))
    mine = replayed_on(study, Cell("sst2", "CNN", "adv", "textfooler", 1))
    assert {a.cell.model for a in mine} == {"CNN"} and {a.cell.seed for a in mine} == {1}
