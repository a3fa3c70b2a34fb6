"""The seeds that a study runs, by cells, in words."""

import pytest
from demo_studies import with_paper_tables
from table_examples import study

from flat.report.page import page
from flat.study.grid import trained_cells
from flat.study.seed_groups import as_values, seed_groups, seeds_that_ran, shortened
from flat.study.settings import seeds_of


def override(seeds, **where):
    return {"where": where, "seeds": seeds}


@pytest.mark.parametrize(
    ("seeds", "overrides", "said"),
    [
        ([0], [], ["0: every cell"]),
        ([3, 4, 5], [], ["3–5: every cell"]),
        ([0], [override([0, 1, 2], models=["CNN"])], ["0–2: CNN", "0: LSTM"]),
        ([0], [override([0, 7], datasets=["ag"])], ["0, 7: AG", "0: SST2"]),
        ([0], [override([0, 1], models=["CNN"], strategies=["base"])], ["0, 1: CNN (base)", "0: the other cells"]),
        # the last override that fits counts, and no cell is left with the study's own
        ([0, 9], [override([0]), override([0, 1, 2], models=["LSTM"])], ["0–2: LSTM", "0: CNN"]),
    ],
)
def test_seeds_by_cells_in_few_words(seeds, overrides, said):
    assert [group.text for group in seed_groups(study(seeds=seeds, overrides=overrides))] == said


@pytest.mark.parametrize("made", [study, with_paper_tables], ids=["tiny", "demo"])
def test_every_cell_is_in_one_group_with_its_own_seeds(made):
    chosen = made()
    groups = seed_groups(chosen)
    cells = {(c.dataset, c.model, c.strategy, c.train_attack) for c in trained_cells(chosen)}
    assert sum(group.count for group in groups) == len(cells)
    ran = {seed for cell in trained_cells(chosen) for seed in seeds_of(chosen, cell)}
    assert seeds_that_ran(groups) == sorted(ran)


def test_an_override_that_covers_every_cell_leaves_none_with_the_study_s_seeds():
    groups = seed_groups(study(seeds=[0], overrides=[override([0, 1])]))
    assert seeds_that_ran(groups) == [0, 1] and [group.cells for group in groups] == ["every cell"]
    assert as_values(groups) == [{"seeds": [0, 1], "cells": "every cell", "count": groups[0].count}]


@pytest.mark.parametrize(
    ("seeds", "text"), [([0], "0"), ([1, 0], "0, 1"), ([0, 1, 2], "0–2"), ([5, 0, 1, 2, 8, 9], "0–2, 5, 8, 9")]
)
def test_seeds_in_a_row_are_a_range(seeds, text):
    assert shortened(seeds) == text


def test_the_page_says_which_seeds_ran_where():
    assert page.seeds(study(seeds=[0, 1])) == "0, 1"
    assert page.seeds(study(overrides=[override([0, 1, 2], models=["CNN"])])) == "0–2 (0–2: CNN; 0: LSTM)"
