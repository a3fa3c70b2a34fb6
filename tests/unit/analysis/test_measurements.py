"""Measurements recounted by hand from small ledgers, and the columns that may not be mixed."""

import math

import pandas as pd
import pytest

from flat.analysis import measurements as robustness
from flat.attacks.ledger import SCHEMA as LEDGER
from flat.errors import ArtefactError
from flat.files.artefacts import write_json, write_table
from flat.paper import catalogue
from flat.paper import printed as paper
from flat.study.grid import Cell

CELL = Cell("sst2", "LSTM", "FLAT", "textfooler", 0)


def example(name, status, words="a b c d", swaps=(), queries=10, unchecked=False, attack_hash="h"):
    return {
        "example_id": name,
        "label": 0,
        "status": status,
        "original": words,
        "perturbed": words,
        "original_words": words.split(" "),
        "perturbed_words": words.split(" "),
        "aligned": list(range(len(words.split(" ")))),
        "swaps": [{"position": i, "from": "a", "to": to} for i, to in enumerate(swaps)],
        "predicted": 0,
        "perturbed_predicted": 1,
        "logits": [1.0, 0.0],
        "perturbed_logits": [0.0, 1.0],
        "queries": queries,
        "victim_forwards": queries,
        "similarity_unchecked": unchecked,
        "attack_hash": attack_hash,
    }


# 2 succeeded (1 of 4 and 2 of 2 words swapped), 1 failed, 1 already wrong
LEDGER_ROWS = [
    example("e1", "succeeded", "a b c d", ["good"], queries=10, unchecked=True),
    example("e2", "succeeded", "a b", ["Good", "rare"], queries=30),
    example("e3", "failed", "a b c", ["rare"], queries=50),
    example("e4", "skipped", "a", queries=1, unchecked=True),
]


def values(rows, vocabulary=None):
    return robustness.ledger_values(pd.DataFrame(rows), vocabulary)


def test_ledger_by_hand():
    assert values(LEDGER_ROWS) == {
        "after_attack_accuracy_percent": (25.0, 4),  # one failed attack of four, the skipped one counts as wrong
        "attacked_accuracy_percent": (75.0, 4),
        "attack_success_percent": (pytest.approx(200 / 3), 3),
        "mean_queries": (30.0, 3),  # (10 + 30 + 50) / 3
        "perturbed_words_percent": (62.5, 2),  # (1/4 + 2/2) / 2
        "unchecked_similarity_percent": (pytest.approx(100 / 3), 3),
    }


def test_substitutes_out_of_vocabulary():
    found = values(LEDGER_ROWS, ["<pad>", "<unk>", "good"])
    assert found["oov_swap_percent"] == (pytest.approx(100 / 3), 3)  # good, Good are known; rare is not
    assert found["oov_success_percent"] == (50.0, 2)


def test_a_dropped_word_is_no_substitute():
    found = values([example("e1", "succeeded", swaps=["good", ""])], ["good"])
    assert found["oov_swap_percent"] == (0.0, 1)
    assert found["aa_known_words_percent"] == (0.0, 1)  # the success stands


VOCABULARY = ["<pad>", "<unk>", "good", "fine", "film"]
KNOWN_WORDS_LEDGERS = {
    # TextFooler on a model that knows some substitutes: e2 alone fails without unknown words; e1, e4 succeed
    "some": (
        [
            example("e1", "succeeded", "a b c d", ["good"]),
            example("e2", "succeeded", "a b c", ["Fine", "zesty", "film"]),  # one of three is unknown
            example("e3", "failed", "a b c", ["zesty"]),  # failed anyway, counted once
            example("e4", "succeeded", "a b", ["GOOD", "Film"]),
            example("e5", "skipped", "a"),  # already wrong: no failed attack in either count
        ],
        (20.0, 40.0, 5),
    ),
    # PWWS swaps by WordNet: all substitutes unknown, so no success is left; skipped ones stay wrong
    "all": (
        [
            example("e1", "succeeded", "a b", ["flick", "superb"]),
            example("e2", "succeeded", "a b", ["flick"]),
            example("e3", "skipped", "a"),
            example("e4", "skipped", "a"),
        ],
        (0.0, 50.0, 4),
    ),
    "none": ([example("e1", "succeeded", "a", ["film"]), example("e2", "failed", "a")], (50.0, 50.0, 2)),
    "all skipped": ([example("e1", "skipped", "a")], (0.0, 0.0, 1)),
}


@pytest.mark.parametrize(("rows", "wanted"), KNOWN_WORDS_LEDGERS.values(), ids=KNOWN_WORDS_LEDGERS)
def test_successes_with_an_unknown_word_count_as_failed(rows, wanted):
    found, (aa, known, n) = values(rows, VOCABULARY), wanted
    assert found["after_attack_accuracy_percent"] == (aa, n)
    assert found["aa_known_words_percent"] == (known, n)
    # the successes that remain are those that oov_success_percent does not count
    spared = sum(row["status"] == "succeeded" for row in rows) * found["oov_success_percent"][0] / 100
    assert known == aa if not spared or math.isnan(spared) else known == pytest.approx(aa + 100 * spared / n)
    assert "aa_known_words_percent" not in values(rows)  # encoders know every word by its pieces


def test_every_example_skipped():
    found = values([example("e1", "skipped")])
    assert found["after_attack_accuracy_percent"] == (0.0, 1)
    assert math.isnan(found["attack_success_percent"][0]) and found["attack_success_percent"][1] == 0
    assert math.isnan(found["mean_queries"][0])


@pytest.mark.parametrize(
    ("rows", "says"),
    [([example("e1", "won")], "won"), ([example("e1", "failed"), example("e1", "failed")], "twice")],
)
def test_ledgers_that_are_refused(rows, says):
    with pytest.raises(ArtefactError, match=says):
        values(rows)


def test_model_accuracies_are_percent():
    metrics = {"test_accuracy": 0.83, "test_n": 200, "dev_accuracy": 0.5, "dev_n": 10, "parameters": 7, "best_epoch": 2}
    found = robustness.model_values(metrics)
    assert found["test_accuracy_percent"] == (pytest.approx(83.0), 200)
    assert found["dev_accuracy_percent"] == (50.0, 10)
    assert found["parameters"] == (7.0, 1) and "unknown_word_importance" not in found
    phi = {"unknown_word_importance": 0.25, "mean_word_importance": 0.75}
    found = robustness.model_values(metrics | phi)
    assert {name: found[name] for name in phi} == {name: (value, 1) for name, value in phi.items()}
    with pytest.raises(ArtefactError, match="dev_accuracy"):
        robustness.model_values({"test_accuracy": 0.5, "test_n": 1})


def ledger_file(folder, rows):
    path = folder / "ledger.parquet"
    write_table(path, pd.DataFrame(rows), LEDGER)
    return path


def test_collect_reads_files(tmp_path):
    write_json(tmp_path / "metrics.json", {"test_accuracy": 0.8, "test_n": 5, "dev_accuracy": 0.6, "dev_n": 5})
    write_json(tmp_path / "vocabulary.json", {"words": ["good"], "counts": [1]})
    ledgers = {"pwws": ledger_file(tmp_path, LEDGER_ROWS)}
    files = robustness.CellFiles(3, tmp_path / "metrics.json", ledgers, tmp_path / "vocabulary.json")
    frame = robustness.collect([(CELL, files)])
    assert list(frame.columns) == robustness.SCHEMA.names
    write_table(tmp_path / "measurements.parquet", frame, robustness.SCHEMA)
    rows = frame.set_index("metric")
    assert rows.loc["after_attack_accuracy_percent", ["attack", "value", "n", "round"]].tolist() == ["pwws", 25.0, 4, 3]
    assert rows.loc["test_accuracy_percent", ["attack", "value"]].tolist() == ["", 80.0]
    assert rows.loc["oov_success_percent", "value"] == 50.0
    assert rows.loc["aa_known_words_percent", ["value", "n"]].tolist() == [50.0, 4]  # e2 is spared, e3 failed


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ([*LEDGER_ROWS[:3], example("e9", "skipped")], "other examples"),
        (LEDGER_ROWS[:3], "other examples"),
        ([{**row, "attack_hash": "g"} for row in LEDGER_ROWS], "mixed locks"),
        ([*LEDGER_ROWS[:3], {**LEDGER_ROWS[3], "attack_hash": "g"}], "mixes"),
    ],
)
def test_columns_that_may_not_be_mixed(tmp_path, other, says):
    first, second = ledger_file(tmp_path / "a", LEDGER_ROWS), ledger_file(tmp_path / "b", other)
    base = Cell("sst2", "LSTM", "base", "none", 1)
    cells = [
        (CELL, robustness.CellFiles(1, None, {"pwws": first})),
        (base, robustness.CellFiles(0, None, {"pwws": second})),
    ]
    with pytest.raises(ArtefactError, match=says) as refused:
        robustness.collect(cells)
    assert str(second) in str(refused.value)
    # another attack is another column
    robustness.collect(
        [cells[0], (base, robustness.CellFiles(0, None, {"bae": ledger_file(tmp_path / "c", LEDGER_ROWS)}))]
    )


def test_frames_that_are_refused():
    rows = robustness.cell_measurements(CELL, 1, ledgers={"pwws": pd.DataFrame(LEDGER_ROWS)})
    with pytest.raises(ArtefactError, match="twice"):
        robustness.frame_of([*rows, rows[0]])
    with pytest.raises(ArtefactError, match="not declared"):
        robustness.frame_of([{**rows[0], "metric": "guess"}])


def test_consistency_summaries_become_rows():
    line = {"strategy": "FLAT", "train_attack": "textfooler", "attack": "pwws", "seed": 0, "pair_set": "shared"}
    summary = pd.DataFrame([{**line, "metric": "topk_intersection", "k": 5, "value": 0.5, "n": 8, "dropped": 0}])
    (row,) = robustness.consistency_rows(summary, "sst2", "LSTM", "ig", {CELL: 3}.__getitem__)
    assert {"dataset": "sst2", "model": "LSTM", "method": "ig", "round": 3, "k": 5, "value": 0.5}.items() <= row.items()
    frame = robustness.frame_of([row])
    assert frame.loc[0, ["strategy", "pair_set", "n"]].tolist() == ["FLAT", "shared", 8]
    with pytest.raises(ArtefactError, match="without \\['n'\\]"):
        robustness.frame_of([{name: value for name, value in row.items() if name != "n"}])


def test_order_of_cells_changes_nothing():
    rows = robustness.cell_measurements(CELL, 1, ledgers={"pwws": pd.DataFrame(LEDGER_ROWS)})
    pd.testing.assert_frame_equal(robustness.frame_of(rows), robustness.frame_of(rows[::-1]))


# --- the paper's printed numbers ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def printed(request):
    return paper.load(request.config.rootpath / "config" / "paper")


def test_printed_values_keep_their_digits(printed):
    cell = {"dataset": "sst2", "model": "LSTM", "strategy": "base", "train_attack": "none"}
    assert printed.value("2", **cell, metric="test_accuracy_percent") == "84.40"
    under = {**cell, "attack": "textfooler"}
    assert printed.value("3", **under, metric="after_attack_accuracy_percent") == "5.05"
    assert printed.value("3", **under, metric="topk_intersection", method="ig", k=5) == "0.68"
    assert printed.value("8", **under, metric="kendall_tau", method="lime") == "0.33"
    assert printed.value("4", **{**cell, "attack": "clare"}, metric="after_attack_accuracy_percent") == "3.02"
    assert printed.value("3", **under, metric="kendall_tau", method="lime") is None  # that is Table 8


def test_printed_values_of_one_cell_tables_carry_their_cell(printed):
    weights = {"beta": "on", "gamma": "off", "metric": "test_accuracy_percent"}
    assert printed.value("5", **catalogue.ABLATION, **weights) == "83.96"
    assert printed.value("5", **{**catalogue.ABLATION, "model": "CNN"}, **weights) is None
    assert printed.value("10", **catalogue.GROUP_MASKS, groups=20, metric="after_attack_accuracy_percent") == "1.92"
    pair = "word_importance-word_frequency"
    assert printed.value("9", **catalogue.IMPORTANCE, correlation=pair, metric="p_value") == "0.001"


def test_every_printed_number_is_read(printed):
    sizes = {number: len(list(printed.rows(str(number)))) for number in range(1, 11)}
    # 4 data sets x 4 models x (1 + 2 + 2) strategies; x 2 attacks x 3 strategies x 3 or 2 numbers; 12 x 6 attacks ...
    assert sizes == {1: 20, 2: 80, 3: 288, 4: 72, 5: 8, 6: 12, 7: 80, 8: 192, 9: 6, 10: 10}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("groups,standard_accuracy_pct,after_attack_accuracy_pct\n10,,1\n", "standard_accuracy_pct is ''"),
        ("groups,standard_accuracy_pct,after_attack_accuracy_pct\n10,1,1\n10,1,1\n", "twice"),
        ("groups,accuracy\n10,1\n", "unknown"),
    ],
)
def test_printed_files_that_are_refused(request, tmp_path, text, says):
    for path in (request.config.rootpath / "config" / "paper").glob("*.csv"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "table10_group_masks.csv").write_text(text)
    with pytest.raises(ArtefactError, match=says):
        paper.load(tmp_path)


def test_incomplete_attributions_are_counted():
    values = robustness.completeness(pd.DataFrame({"completeness": [0.01, 0.2, 0.05, 0.06]}), 0.05)
    assert values == {"incomplete_percent": (50.0, 4)}
    frame = robustness.frame_of(robustness.rows_of(CELL, 1, "pwws", values))
    assert frame[["attack", "metric", "n"]].values.tolist() == [["pwws", "incomplete_percent", 4]]
