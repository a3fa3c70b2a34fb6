"""A model is named by its cell, found among those there are, and otherwise those are listed."""

import pytest

from flat.errors import StudyError
from flat.study.cells import Cell
from flat.use import named

CELLS = [
    Cell("sst2", "CNN", "FLAT", "pwws", 0),
    Cell("sst2", "CNN", "FLAT", "textfooler", 0),
    Cell("sst2", "CNN", "FLAT", "textfooler", 3),
    Cell("sst2", "CNN", "base", "none", 0),
    Cell("trec", "seed1", "base", "none", 0),
]


@pytest.mark.parametrize("cell", CELLS)
def test_a_cells_name_finds_it(cell):
    assert named.find(CELLS, named.coordinates_of(named.shown(cell)), "here") == cell


def test_parts_of_a_name():
    assert named.coordinates_of("sst2/CNN/base/seed12") == {
        "dataset": "sst2", "model": "CNN", "strategy": "base", "seed": 12
    }  # fmt: skip
    assert named.coordinates_of("trec/seed1") == {"dataset": "trec", "seed": 1}


@pytest.mark.parametrize("name", ["", "/", "a/b/c/d/e", "a//b", "a/b/c/d/seed0/f"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(StudyError, match="is no name of a model"):
        named.coordinates_of(name)


def test_of_several_seeds_it_is_the_first_and_of_several_models_none():
    wanted = {"dataset": "sst2", "strategy": "FLAT"}
    assert named.find(CELLS, wanted | {"train_attack": "textfooler"}, "here").seed == 0
    with pytest.raises(StudyError, match="3 models fit") as refused:
        named.find(CELLS, wanted, "here")
    assert "sst2/CNN/FLAT/pwws/seed0" in refused.value.remedy and "trec" not in refused.value.remedy


def test_what_is_not_there_is_answered_with_what_is():
    with pytest.raises(StudyError, match="here: imdb/seed0: there is no such trained model") as refused:
        named.find(CELLS, {"dataset": "imdb", "seed": 0}, "here")
    assert all(named.shown(cell) in refused.value.remedy for cell in CELLS)
    with pytest.raises(StudyError, match="there is none: train some"):
        named.find([], {}, "here")


def test_a_long_list_is_cut():
    many = [Cell("d", "m", "s", "none", seed) for seed in range(33)]
    assert named.listed(many).endswith("and 13 more") and named.listed(many).count("/seed") == 20
