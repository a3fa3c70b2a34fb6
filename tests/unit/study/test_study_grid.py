"""What a study has: its cells, tables, figures, rounds and paths, and the cells that an override reaches."""

import pytest
from demo_studies import DEMO, REPLAY, ROOT, change, with_blocks

from flat.paper.catalogue import figure_keys, table_keys
from flat.study import paths
from flat.study.grid import (
    AttackedCell,
    Cell,
    attacked_cells,
    calibrated_cells,
    explained_cells,
    importance_cells,
    main_cells,
    reading_cells,
    replayed_on,
    reported_datasets,
    saliency_cells,
    trained_cells,
    transfer_cells,
    variant_cells,
)
from flat.study.load import load, parse
from flat.study.readings import AUTHORS_WORD_MODELS, MASK_SWITCHES, PAPER, switches_of
from flat.study.settings import last_round, objective_of, rounds_of, training_of


def test_the_papers_study_has_every_cell_of_the_paper():
    study = load(ROOT / "config/config.yaml")
    cells = trained_cells(study)
    main = [c for c in cells if c.strategy in ("base", "adv", "FLAT") and c.dataset in study.artefacts.main.datasets]
    assert len(main) == 4 * 4 * (1 + 2 + 2)  # base once, adv and FLAT for each of two attacks
    assert sum(c.strategy.startswith("group") for c in cells) == 5
    attacked = attacked_cells(study)
    assert len([a for a in attacked if a.cell in main and a.attack in ("textfooler", "pwws")]) == 4 * 4 * 6 + 4 * 2
    unseen = ("gene", "iga", "pso", "clare", "bae")
    assert len([a for a in attacked if a.attack in unseen]) == 5 * 4 * 3  # Table 4
    assert len(explained_cells(study, "lime")) == 4 * 4 * 6
    readings = {a for a in reading_cells(study) if a.cell.strategy != "FLAT" or a.cell.dataset == "sst2-masked"}
    assert set(explained_cells(study, "ig")) == set(explained_cells(study, "lime")) | readings and len(readings) == 12
    assert all(last_round(study, c) == (0 if c.strategy == "base" else 3) for c in main)


def test_the_study_of_readings_has_each_switch_alone_and_all_of_them():
    study = load(ROOT / "config/readings.yaml")
    rows = reading_cells(study)
    assert len(rows) == len(set(rows)) == 2 * 16 * 3  # two models, three seeds
    assert set(attacked_cells(study)) == set(rows) == set(explained_cells(study, "ig")) == set(calibrated_cells(study))
    assert {a.cell.strategy for a in explained_cells(study, "lime")} == {"base"}  # main has no more than parts need
    assert reported_datasets(study) == ["sst2", "sst2-masked"]
    usual = {name: switches_of(study, "CNN", name) for name in ("adv", "FLAT")}
    assert usual["adv"] == usual["FLAT"] == PAPER
    changed = {
        name: {s: v for s, v in switches_of(study, "CNN", name).items() if v != PAPER[s]} for name in study.strategies
    }
    assert changed.pop("FLAT-authors") == AUTHORS_WORD_MODELS  # the mask's switches are none of adv's
    authors = changed.pop("adv-authors")
    assert authors == {name: value for name, value in AUTHORS_WORD_MODELS.items() if name not in MASK_SWITCHES}
    as_printed = {"base", "adv", "FLAT", "adv-long", "FLAT-long"}
    assert all(len(switches) == (name not in as_printed) for name, switches in changed.items())
    alone = {k: v for name in changed if name.startswith("FLAT") for k, v in changed[name].items()}
    assert alone == authors | {"pairs_weight": "expectation"}
    long = {a.cell.strategy for a in rows if rounds_of(study, a.cell).epochs == 10}
    assert long == {"adv-long", "adv-authors", "FLAT-long", "FLAT-authors", "FLAT-softmax"}
    for cell in {a.cell for a in rows}:  # 30 epochs, or all rounds of 4
        rounds, own = last_round(study, cell), study.strategies[cell.strategy].start == "own"
        assert rounds == (0 if cell.strategy == "base" else 2 if cell.strategy in long else 3)
        if own:
            assert training_of(study, cell, 0).epochs == (10 if cell.strategy in long else 4)
    masked = [a.cell for a in rows if study.datasets[a.cell.dataset].cleaning.mask_unknown]
    assert {cell.strategy for cell in masked} == {"base", "FLAT", "adv-authors", "FLAT-authors"}


def test_the_transfer_matrix_has_cells_of_its_own():
    study = parse(change("artefacts.replay", REPLAY) | {"seeds": [0, 1]})
    adv = Cell("sst2", "CNN", "adv", "pwws", 1)
    assert AttackedCell(adv, "textfooler") in attacked_cells(study)  # in no other table: trained on PWWS
    asked = replayed_on(study, adv)
    assert len(asked) == 4 and {a.cell.seed for a in asked} == {1} and {a.attack for a in asked} == {"textfooler"}
    assert {a.cell.train_attack for a in asked} == {"none", "pwws"}
    assert replayed_on(load(ROOT / "config/config.yaml"), adv) == []


def test_a_study_has_the_tables_that_it_asks_for():
    plain = change("artefacts.replay", None)
    plain["artefacts"].pop("readings", None)
    assert table_keys(parse(plain)) == [*map(str, range(1, 11)), "guards", "validity", "grim"]
    assert table_keys(parse(change("artefacts.replay", REPLAY)))[-2:] == ["replay", "grim"]
    here = paths.of(parse(plain))
    assert [here.table(key, "md") for key in ("3", "replay", "{table}")] == [
        f"results/demo/tables/{stem}.md" for stem in ("table3", "replay", "{table}")
    ]
    assert [paths.table_key(paths.table_stem(key)) for key in ("10", "readings")] == ["10", "readings"]
    assert [here.figure(key, "png") for key in (6, "curves", "{figure}")] == [
        f"results/demo/figures/{stem}.png" for stem in ("fig6", "curves", "{figure}")
    ]
    assert [paths.figure_key(paths.figure_stem(key)) for key in (6, "curves")] == [6, "curves"]


MAIN_TABLES = ["1", "2", "3", "6", "7", "8", "guards", "validity", "grim"]
BLOCKS = {  # block: its tables, its figures
    "transfer": (["4"], []),
    "ablation": (["5"], []),
    "importance": (["9"], [4, 5]),
    "groups": (["10"], []),
    "saliency": ([], [3]),
    "replay": (["replay"], []),
    "readings": (["readings"], []),
}


def test_main_tables_alone_are_a_study():
    study = parse(with_blocks())
    main = sorted(set(main_cells(study)))
    assert attacked_cells(study) == explained_cells(study, "ig") == explained_cells(study, "lime") == main
    assert trained_cells(study) == sorted({a.cell for a in main})
    for none in (transfer_cells, variant_cells, importance_cells, saliency_cells, reading_cells):
        assert none(study) == []
    assert table_keys(study) == MAIN_TABLES and figure_keys(study) == [6, "curves"]
    assert reported_datasets(study) == list(study.datasets)  # also one that no block names
    assert list(study.artefacts.present()) == ["main"]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_brings_its_own_tables_and_figures(block):
    tables, figures = BLOCKS[block]
    study = parse(with_blocks(block))
    assert set(table_keys(study)) == {*MAIN_TABLES, *tables}
    assert set(figure_keys(study)) == {*figures, 6, "curves"}
    whole = parse(DEMO)
    assert [key for key in table_keys(whole) if key in table_keys(study)] == table_keys(study)
    assert set(attacked_cells(study)) <= set(attacked_cells(whole))
    without = parse(change(f"artefacts.{block}", None))
    assert without == parse(change(f"artefacts.{block}"))
    assert set(table_keys(whole)) - set(table_keys(without)) == set(tables)
    assert set(figure_keys(whole)) - set(figure_keys(without)) == set(figures)


def test_base_models_are_trained_once_whatever_the_attacks():
    study = load(ROOT / "config/demo.yaml")
    base = {c for c in trained_cells(study) if c.strategy == "base"}
    main = study.artefacts.main
    assert {c.train_attack for c in base} == {"none"}
    assert {(c.dataset, c.model) for c in base} >= {(d, m) for d in main.datasets for m in main.models}
    assert len(base) == len({(c.dataset, c.model, c.seed) for c in base})


def test_overrides_reach_their_cells_only():
    study = parse(
        change(
            "overrides",
            [
                {"where": {"models": ["CNN"]}, "training": {"learning_rate": 0.5}, "rounds": {"count": 2, "epochs": 9}},
                {"where": {"strategies": ["FLAT"], "datasets": ["ag"]}, "objective": {"gamma": 7.0}},
            ],
        )
    )
    cnn, lstm = (Cell("ag", m, "FLAT", "pwws", 0) for m in ("CNN", "LSTM"))
    assert training_of(study, cnn, 1).learning_rate == 0.5 != training_of(study, lstm, 1).learning_rate
    assert rounds_of(study, cnn).count == 2 and rounds_of(study, lstm).count == 1
    assert training_of(study, cnn, 1).epochs == 9 and training_of(study, cnn, 0).epochs == 5
    assert objective_of(study, cnn)["gamma"] == 7.0
    assert objective_of(study, Cell("sst2", "CNN", "FLAT", "pwws", 0))["gamma"] == 0.1
    assert objective_of(study, Cell("ag", "CNN", "adv", "pwws", 0))["gamma"] == 0  # no mask, no weight


def test_rounds_are_a_chain_of_files():
    study = parse(change("rounds", {"count": 3, "epochs": 2}))
    adv, flat = (Cell("sst2", "CNN", s, "pwws", 0) for s in ("adv", "FLAT"))
    assert paths.previous_model(study, adv, 1) == paths.previous_model(study, flat, 1)  # both start at base
    assert "/base/none/seed0/round0/" in paths.previous_model(study, adv, 1)
    assert paths.previous_model(study, flat, 3) == paths.of(study).model(
        "model.safetensors", 2, **paths.coordinates(flat)
    )
    assert paths.train_ledger(study, adv, 1) == paths.train_ledger(study, flat, 1)  # and share the first attack
    assert paths.train_ledger(study, adv, 2) != paths.train_ledger(study, flat, 2)
    own = parse(change("strategies.FLAT.start", "own"))
    assert "/FLAT/pwws/seed0/round0/" in paths.previous_model(own, flat, 1)
    assert paths.train_ledger(own, adv, 1) != paths.train_ledger(own, flat, 1)


def test_no_two_artefacts_share_a_path():
    study = load(ROOT / "config/config.yaml")
    files = [paths.test_ledger(study, a) for a in attacked_cells(study)]
    files += [paths.final_model(study, c) for c in trained_cells(study)]
    assert len(set(files)) == len(files)
    assert paths.test_ledger(study, AttackedCell(Cell("ag", "CNN", "adv", "pwws", 0), "bae")) == (
        "results/paper/attacks/test/ag/CNN/adv/pwws/seed0/bae/ledger.parquet"
    )
