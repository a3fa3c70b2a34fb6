"""Studies: what is refused and how, which cells a study has, and its JSON schema."""

import json

import pytest
from demo_studies import CNN, DEMO, ROOT, change, with_blocks, with_override

from flat import paths
from flat.errors import StudyError
from flat.study import Study, load, parse
from flat.study_grid import (
    AttackedCell,
    Cell,
    attacked_cells,
    explained_cells,
    figure_keys,
    importance_cells,
    last_round,
    main_cells,
    objective_of,
    reading_cells,
    replayed_on,
    reported_datasets,
    rounds_of,
    saliency_cells,
    table_keys,
    trained_cells,
    training_of,
    transfer_cells,
    variant_cells,
)

REPLAY = {
    "dataset": "sst2",
    "attack": "textfooler",
    "train_attack": "pwws",
    "models": ["LSTM", "CNN"],
    "strategies": ["base", "adv"],
}
BAD = {
    "seed twice in an override": (
        with_override(where=CNN, seeds=[0, 1, 1]),
        r"overrides\.\d+\.seeds: a seed stands twice",
    ),
    "no seed": (with_override(where=CNN, seeds=[]), r"overrides\.\d+\.seeds: .*at least 1"),
    "negative seed": (
        with_override(where=CNN, seeds=[0, -1]),
        r"overrides\.\d+\.seeds\.1: .*greater than or equal to 0",
    ),
    "first seed left out": (
        with_override(where=CNN, seeds=[1, 2]),
        r"overrides\.\d+\.seeds: 0, the study's first seed",
    ),
    "seeds without base": (
        with_override(where=CNN | {"strategies": ["adv", "FLAT"]}, seeds=[0, 1]),
        r"CNN/\w+/\w+ is trained with seed 1, the base model of \w+/CNN is not",
    ),
    "seeds of one train attack": (
        with_override(where=CNN | {"train_attacks": ["pwws"]}, seeds=[0, 1]),
        r"the base model of \w+/CNN is not(.|\n)*no train_attacks",
    ),
    "test examples by strategy": (
        with_override(where=CNN | {"strategies": ["adv"]}, attacked_test=4),
        r"overrides\.\d+\.attacked_test: .*must be attacked on the same",
    ),
    "fewer attacked than explained": (
        with_override(where=CNN, attacked_test=1),
        r"datasets\.\w+\.explained: \d examples to explain, but only 1 are attacked",
    ),
    "groups of none": (change("artefacts.groups.strategies", ["adv"]), r"groups\.strategies: adv has no groups"),
    "misspelt key": (change("seedz", [1]), r"seedz: Extra inputs are not permitted"),
    "missing key": (change("artefacts.main"), r"artefacts\.main: Field required"),
    "wrong type": (change("rounds.count", "three"), r"rounds\.count: .*found 'three'"),
    "negative size": (change("datasets.sst2.attacked_test", -5), r"datasets\.sst2\.attacked_test.*greater than 0.*-5"),
    "unknown corpus": (change("datasets.sst2.source.corpus", "sst3"), r"corpus: .*'rotten-tomatoes'.*found 'sst3'"),
    "one class": (change("datasets.sst2.classes", ["only"]), r"datasets\.sst2\.classes: .*at least 2"),
    "class twice": (change("datasets.sst2.classes", ["a", "a"]), r"a class is named twice"),
    "unknown data set": (
        change("artefacts.main.datasets", ["sst2", "yelp"]),
        r"artefacts\.main\.datasets: yelp is not among the datasets\n.*sst2, sst2-masked, imdb, ag, trec",
    ),
    "unknown strategy": (change("artefacts.ablation.strategies", ["FLAT+"]), r"FLAT\+ is not among the strategies"),
    "no base": (change("artefacts.main.strategies", ["adv", "FLAT"]), r"base is missing"),
    "transfer without base": (
        change("artefacts.transfer.strategies", ["adv"]),
        r"artefacts\.transfer\.strategies: base is missing",
    ),
    "groups of word pieces": (change("artefacts.groups.model", "BERT"), r"groups\.model: BERT reads word pieces"),
    "attack without resource": (
        change("attacks.textfooler.resources", {"synonyms": "synonyms-standin"}),
        r"attacks\.textfooler\.resources: the recipe textfooler needs sentence_encoder, tagger",
    ),
    "resource not in the catalogue": (
        change("models.CNN.vectors", "glove-100d"),
        r"models\.CNN\.vectors: glove-100d is not in the resource catalogue\n.*glove-6b-50d",
    ),
    "unknown recipe": (change("attacks.pwws.recipe", "textbugger"), r"attacks\.pwws\.recipe: .*'textfooler'"),
    "model without vectors": (change("models.CNN.vectors", None), r"models\.CNN: .*need pretrained word vectors"),
    "option of another model": (
        change("models.CNN.options", {"hidden": 3}),
        r"hidden is no option of a cnn\n.*filters",
    ),
    "weights without a mask": (change("strategies.adv.beta", 0.1), r"strategies\.adv: .*only variational masks"),
    "group mask without groups": (
        change("strategies.group10.groups", None),
        r"strategies\.group10: .*number of groups",
    ),
    "more explained than attacked": (change("datasets.sst2.explained", 5000), r"5000 examples to explain"),
    "seed twice": (change("seeds", [1, 1]), r"seeds: a seed stands twice"),
    "override that fits nothing": (
        change("overrides", [{"where": {"datasets": ["imdb"], "strategies": ["group10"]}}]),
        r"overrides\.0\.where: it fits no cell",
    ),
    "override of an unknown option": (
        change("overrides", [{"where": {"models": ["CNN"]}, "training": {"epoch": 3}}]),
        r"overrides\.0\.training: epoch is not among the options of training\n.*epochs",
    ),
    "override with a wrong value": (
        change("overrides", [{"where": {"models": ["CNN"]}, "rounds": {"epochs": "some"}}]),
        r"overrides\.0: epochs: Input should be a valid integer",
    ),
    "importance of a model without masks": (change("artefacts.importance.strategy", "adv"), r"adv has no variational"),
    "matrix without base": (
        change("artefacts.replay", REPLAY | {"strategies": ["FLAT"]}),
        r"artefacts\.replay\.strategies: base is missing",
    ),
    "matrix of an unknown model": (
        change("artefacts.replay", REPLAY | {"models": ["GPT"]}),
        r"artefacts\.replay\.models: GPT is not among the models",
    ),
    "explained attack on a part of the examples": (
        change("attacks.pwws.examples", 1),
        r"datasets\.sst2\.explained: \d examples to explain, but only 1 are attacked",
    ),
    "name that is no folder name": (change("name", "../demo"), r"name: String should match"),
    "no mapping": (["not", "a", "study"], r"valid dictionary"),
}


@pytest.mark.parametrize("values, message", BAD.values(), ids=BAD.keys())
def test_a_bad_study_is_refused_with_place_and_remedy(values, message):
    with pytest.raises(StudyError, match=f"(?s){message}") as refused:
        parse(values, "bad.yaml")
    assert "bad.yaml" in str(refused.value) and "remedy: " in str(refused.value)


def test_a_file_that_is_absent_or_no_yaml_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"none\.yaml: no such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("name: [unclosed")
    with pytest.raises(StudyError, match=r"bad\.yaml: not a YAML file"):
        load(tmp_path / "bad.yaml")


@pytest.mark.parametrize("name", ["config.yaml", "demo.yaml"])
def test_the_studies_of_the_repository_are_valid(name):
    study = load(ROOT / "config" / name)
    assert attacked_cells(study)


def test_the_schema_is_up_to_date():
    written = json.loads((ROOT / "config/schema/study.json").read_text())
    assert written == Study.model_json_schema(), "run: python -m flat.study_schema"


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


def test_main_tables_alone_are_checked():
    alone = with_blocks()
    alone["artefacts"]["main"] |= {"strategies": ["adv"]}
    with pytest.raises(StudyError, match=r"artefacts\.main\.strategies: base is missing"):
        parse(alone)
    with pytest.raises(StudyError, match=r"overrides\.0\.where: it fits no cell"):
        parse(with_blocks() | {"overrides": [{"where": {"strategies": ["group10"]}, "rounds": {"epochs": 1}}]})


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
