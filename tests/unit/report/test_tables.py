"""Tables from synthetic measurements: exact entries, what was not run, printed values, seeds, refusals."""

from dataclasses import replace

import pandas as pd
import pytest
from table_examples import build, entry, make_extras, row, study, tau

from flat.analysis import measurements as robustness
from flat.errors import ArtefactError, StudyError
from flat.paper.catalogue import TABLES
from flat.report import build as report
from flat.report.tables import grid as table_grid
from flat.report.tables import render
from flat.report.tables.layout import NOT_RUN, RUN, UNDEFINED, Entry, wide


@pytest.fixture(scope="module")
def extras():
    return make_extras()


def test_each_table_exists_and_no_other(extras):
    keys = [*map(str, range(1, 11)), "guards", "validity", "readings", "replay", "faithfulness", "grim"]
    assert list(TABLES) == keys
    for key in keys:
        assert build(key, [], extras, metrics={"rbo": {}}).key == key
    with pytest.raises(StudyError, match="faithfulness: the study has no such table"):
        build("faithfulness", [], extras)
    with pytest.raises(StudyError, match="11"):
        build("11", [], extras)
    plain = study().artefacts.model_copy(update={"replay": None})
    with pytest.raises(StudyError, match="replay: the study has no such table"):
        build("replay", [], extras, artefacts=plain.model_dump())
    alone = {"main": study().artefacts.main}
    for key in ("1", "2", "3", "6", "7", "8", "guards", "validity", "grim"):
        assert build(key, [], extras, artefacts=alone).key == key
    for key in ("4", "5", "9", "10", "readings", "replay"):
        with pytest.raises(StudyError, match=f"{key}: the study has no such table"):
            build(key, [], extras, artefacts=alone)


def test_accuracy_beside_the_printed_one(extras):
    rows = [
        row("test_accuracy_percent", 83.456),
        row("test_accuracy_percent", 90, dataset="ag", strategy="FLAT", train_attack="pwws"),
    ]
    table = build("2", rows, extras)
    assert entry(table, ("LSTM-base", "–"), "SST2 †") == Entry("83.46", "84.40", RUN, "ᶜ")
    assert entry(table, ("LSTM-FLAT", "PWWS"), "AG").text == "90.00ᶜ (91.37)"
    assert entry(table, ("CNN-adv", "TextFooler §"), "AG").text == "not run (90.99)"
    assert len(wide(table).body) == 2 * 5  # every model of the paper that the study names, run or not
    assert "This study ran 2 of the 80 entries that the paper prints." in table.notes


def test_what_the_study_file_does_not_name_is_in_the_csv_alone(extras):
    table = build("2", [row("test_accuracy_percent", 83.456)], extras)
    assert [title for title, _ in wide(table).header[-1]] == ["Model", "Trained on", "SST2 †", "AG"]
    assert table_grid.LEFT_OUT in table.notes
    lines = [line for line in render.to_csv(table).splitlines() if line.startswith("trec,DeBERTa,adv,textfooler,")]
    assert len(lines) == 1 and ",not run," in lines[0] and ",95.60," in lines[0]
    assert "DeBERTa" not in render.to_markdown(table) + render.to_tex(table)
    values = study().model_dump()
    values["models"] |= {name: values["models"]["CNN"] | {"title": name} for name in ("BERT", "DeBERTa")}
    values["datasets"] |= {name: values["datasets"]["ag"] | {"title": name} for name in ("imdb", "trec")}
    whole = build("2", [], extras, models=values["models"], datasets=values["datasets"])
    assert entry(whole, ("DeBERTa-adv", "TextFooler §"), "AG").text == "not run (92.84)"
    assert len(wide(whole).body) == 4 * 5 and table_grid.LEFT_OUT not in whole.notes


def test_every_entry_of_an_empty_study_is_not_run(extras):
    for key in ("2", "3", "4", "5", "7", "8", "10", "readings", "replay"):
        table = build(key, [], extras)
        entries = [e for view in table.views for line in wide(table, view).body for e in line.entries]
        assert {e.ours for e in entries} == {NOT_RUN}
        assert set(table.frame["status"]) == {NOT_RUN}


def test_dev_accuracy_is_not_test_accuracy(extras):
    table = build("7", [row("dev_accuracy_percent", 70.0), row("test_accuracy_percent", 60.0)], extras)
    assert entry(table, ("LSTM-base", "–"), "SST2 †").text == "70.00ᶜ (85.21)"


def test_robustness_under_two_pair_sets(extras):
    after = row("after_attack_accuracy_percent", 12.0, attack="textfooler", n=200)
    chance = {"method": "ig", "attack": "textfooler", "pair_set": "shared", "k": 5}
    rows = [after, tau(0.5, "shared", n=40), tau(0.61, "saved", dropped=3), tau(0.1, "successful")]
    table = build("3", [*rows, row("topk_chance", 0.123, **chance)], extras)
    labels = ("TextFooler §", "LSTM-base")
    assert table.views == ("shared", "saved")
    assert entry(table, labels, "SST2 † KT").text == "0.50ᶜ n 40"
    assert entry(table, labels, "SST2 † KT", "saved").text == "0.61ᶜ n 100 (0.46)"
    assert entry(table, labels, "SST2 † AA", "saved").text == "12.0ᶜ n 200 (5.05)"
    assert entry(table, labels, "SST2 † TI@5").text == "not run"
    assert entry(table, ("PWWS", "LSTM-base"), "SST2 † KT", "saved").text == "not run (0.51)"
    notes = "\n".join(table.notes)
    assert "Attacked test examples, the same for every model: SST2 200." in notes
    assert "Pairs in “shared”: SST2 40." in notes
    assert "left out because a ranking is constant: 3 in “saved”." in notes
    assert "TI@5 expected by chance for texts of these lengths: SST2 0.12." in notes
    # the csv has the other pair sets too, where they were run
    assert list(table.frame.loc[table.frame["pair_set"] == "successful", "ours"]) == [0.1]


def test_models_are_attacked_as_they_were_trained(extras):
    rows = [
        row("after_attack_accuracy_percent", value, strategy="adv", train_attack=trained, attack=attack)
        for value, trained, attack in [(1, "pwws", "textfooler"), (2, "textfooler", "textfooler"), (3, "pwws", "pwws")]
    ]
    table = build("3", rows, extras)
    assert entry(table, ("TextFooler §", "LSTM-adv"), "SST2 † AA").ours == "2.0"
    assert entry(table, ("PWWS", "LSTM-adv"), "SST2 † AA").ours == "3.0"


def test_the_noise_floor_is_shown_where_it_was_run(extras):
    floor = {**tau(0.7, "floor"), "method": "lime"}
    table = build("8", [floor, {**tau(0.2, "shared"), "method": "lime"}], extras)
    assert table.views == ("shared", "saved", "floor")
    assert [line.labels for line in wide(table, "floor").body] == [("TextFooler §", "LSTM-base")]
    assert entry(table, ("TextFooler §", "LSTM-base"), "SST2 † KT", "floor").text == "0.70ᶜ n 100"
    assert entry(table, ("TextFooler §", "LSTM-base"), "SST2 † KT").text == "0.20ᶜ n 100"


def test_transfer(extras):
    own = {"dataset": "sst2", "model": "LSTM", "strategy": "FLAT", "train_attack": "textfooler", "attack": "pwws"}
    table = build("4", [row("after_attack_accuracy_percent", 30.0, **own)], extras)
    assert entry(table, ("SST2 †, TextFooler §", "LSTM-FLAT"), "PWWS").text == "30.0ᶜ n 100 (20.48)"
    assert entry(table, ("SST2 †, TextFooler §", "CNN-base"), "PWWS").state == NOT_RUN


def test_ablation_states_the_weights_of_the_study(extras):
    flat = {"strategy": "FLAT", "train_attack": "textfooler"}
    rows = [
        row("test_accuracy_percent", 80.0, **flat),
        row("after_attack_accuracy_percent", 9.0, attack="textfooler", **flat),
    ]
    table = build("5", rows, extras)
    cell = "LSTM on SST2 †, TextFooler §"
    assert entry(table, (cell, "0.5", "0.001"), "SA").text == "80.00ᶜ (84.79)"
    assert entry(table, (cell, "0.5", "0.001"), "AA").text == "9.00ᶜ (17.76)"
    assert entry(table, (cell, "0.1", "0"), "AA").text == "not run (9.99)"
    assert entry(table, (cell, "0", "0"), "SA").text == "not run (84.40)"  # the study has no such strategy
    assert any("(0.5, 0.001)" in note and "(0.1, 0)" not in note for note in table.notes)


def test_another_cell_than_the_papers_is_not_set_beside_its_numbers(extras):
    values = study().model_dump()
    values["artefacts"]["ablation"]["model"] = "CNN"
    rows = [row("test_accuracy_percent", 80.0, model="CNN", strategy="FLAT", train_attack="textfooler")]
    table = build("5", rows, extras, artefacts=values["artefacts"])
    assert entry(table, ("CNN on SST2 †, TextFooler §", "0.5", "0.001"), "SA").text == "80.00ᶜ (–)"
    assert entry(table, ("LSTM on SST2 †, TextFooler §", "0.1", "0.001"), "SA").text == "not run (84.79)"


def test_group_masks_in_order_of_size(extras):
    found = [
        row(
            "test_accuracy_percent",
            value,
            dataset="ag",
            model="CNN",
            strategy=f"group{value}",
            train_attack="textfooler",
        )
        for value in (10, 12)
    ]
    table = build("10", found, extras)
    assert [line.labels[1] for line in wide(table).body] == ["10", "12", "20", "30", "40", "50"]
    assert entry(table, ("CNN on AG, TextFooler §", "10"), "SA").text == "10.00ᶜ (91.13)"
    assert entry(table, ("CNN on AG, TextFooler §", "12"), "SA").text == "12.00ᶜ (–)"
    assert entry(table, ("CNN on AG, TextFooler §", "50"), "AA").text == "not run (1.38)"


def test_correlations(extras):
    table = build("9", [], extras)
    cell = "LSTM on SST2 †, TextFooler §"
    assert entry(table, (cell, "word importance, word frequency"), "Pearson's r").text == "0.000 (−0.028)"
    assert entry(table, (cell, "word importance, substitution frequency"), "p-value").text == "1.2e−9 (5.79e−5)"
    assert entry(table, (cell, "word frequency, substitution frequency"), "p-value").text == "not run (1.65e−8)"
    assert any("substitution frequency 60" in note for note in table.notes)


def test_data_tables(extras):
    table = build("1", [], extras)
    assert [e.text for e in wide(table).body[0].entries] == [
        "2 (2)",
        "19.0 (19)",
        "4,000 (6,920)",
        "400 (872)",
        "800 (1,821)",
    ]
    assert entry(table, ("AG",), "Test").text == "not run (7,600)"
    assert entry(build("6", [], extras), ("SST2 †",), "Vocabulary size").text == "9,000 (13,838)"
    broken = table_grid.Extras(extras.printed, {"sst2": {"sizes": {}}})
    with pytest.raises(ArtefactError, match=r"summary.json of sst2.*train"):
        build("1", [], broken)


def test_several_seeds(extras):
    rows = [row("test_accuracy_percent", value, seed=seed) for seed, value in enumerate([80.0, 82.0, 84.0])]
    table = build("2", [*rows, row("test_accuracy_percent", 70.0, model="CNN", seed=1)], extras, seeds=[0, 1, 2])
    assert entry(table, ("LSTM-base", "–"), "SST2 †").text == "82.00 ± 2.00ᵈ (84.40)"
    assert entry(table, ("CNN-base", "–"), "SST2 †").text == "70.00ᶜ (84.18)"
    assert any("ᵈ 3 seeds: descriptive" in note and "ᶜ one seed: checkpoint-level" in note for note in table.notes)
    assert any("standard deviation (±)" in note for note in table.notes)
    assert not any("descriptive" in note for note in build("2", rows[:1], extras).notes)
    five = [*rows, row("test_accuracy_percent", 83.0, seed=3), row("test_accuracy_percent", 81.0, seed=4)]
    table = build("2", five, extras, seeds=[0, 1, 2, 3, 4])
    assert entry(table, ("LSTM-base", "–"), "SST2 †").text == "82.00 ± 1.58ᵛ (84.40)"


def test_means_over_seeds_stand_with_their_interval(extras):
    rows = [row("test_accuracy_percent", value, seed=seed) for seed, value in enumerate([80.0, 82.0, 84.0])]
    keys = {"dataset": "sst2", "model": "LSTM", "strategy": "base", "train_attack": "none", "attack": "", "method": ""}
    keys |= {"pair_set": "", "metric": "test_accuracy_percent", "k": 0}
    intervals = pd.DataFrame([{**keys, "value": 82.0, "low": 79.123, "high": 85.0, "seeds": 3, "n": 100}])
    extras = replace(extras, intervals=intervals)
    table = build("2", rows, extras, seeds=[0, 1, 2])
    shown = entry(table, ("LSTM-base", "–"), "SST2 †")
    assert shown == Entry("82.00", "84.40", RUN, "ᵈ", "[79.12, 85.00]")
    assert shown.text == "82.00ᵈ [79.12, 85.00] (84.40)"
    assert any("95 % interval" in note for note in table.notes)
    (line,) = [line for line in render.to_csv(table).splitlines() if ",84.40," in line]
    assert ",82.000000,2.000000,79.123000,85.000000,100,3,ᵈ,0,84.40," in line
    assert r"\shortstack[r]{{82.00$^{d}$}\\{[79.12, 85.00]}\\{(84.40)}}" in render.to_tex(table)


def test_undefined_is_not_a_number(extras):
    nan = float("nan")
    table = build("3", [tau(nan, "shared", n=0)], extras)
    assert entry(table, ("TextFooler §", "LSTM-base"), "SST2 † KT") == Entry(UNDEFINED, "", UNDEFINED)
    rows = [tau(nan, "shared", n=0), tau(0.4, "shared", seed=1, n=9)]
    table = build("3", rows, extras, seeds=[0, 1])
    assert entry(table, ("TextFooler §", "LSTM-base"), "SST2 † KT").text == "0.4ᶜ n 9"


def test_the_last_round_counts(extras):
    flat = {"strategy": "FLAT", "train_attack": "pwws"}
    rows = [row("test_accuracy_percent", value, round=r, **flat) for r, value in [(0, 10.0), (2, 30.0), (1, 20.0)]]
    assert entry(build("2", rows, extras), ("LSTM-FLAT", "PWWS"), "SST2 †").ours == "30.00"


def test_two_values_for_one_entry_are_refused(extras):
    twice = pd.concat([robustness.frame_of([row("test_accuracy_percent", value)]) for value in (1.0, 2.0)])
    with pytest.raises(ArtefactError, match="two values"):
        report.build("2", study(), twice, extras)


def test_stand_ins_are_named(extras):
    table = build("3", [row("after_attack_accuracy_percent", 1.0, attack="textfooler")], extras)
    assert any(
        "† Stand-ins" in note and "SST2: film snippets" in note and "not comparable" in note for note in table.notes
    )
    assert any("§ Stand-ins" in note and "TextFooler: small encoder" in note for note in table.notes)
    line = table.frame[table.frame["status"] == RUN].iloc[0]
    assert line["stand_ins"] == "data: film snippets; TextFooler: small encoder"
    other = build("2", [row("test_accuracy_percent", 1.0, dataset="ag")], extras)
    assert not any("Stand-ins" in note for note in other.notes)
