"""What the guards refuse, measure and flag, on small ledgers worked out by hand."""

import pandas as pd
import pytest

from flat.analysis.guards import flags as guards
from flat.analysis.guards import parity, refusals
from flat.analysis.guards.columns import check_columns
from flat.analysis.measurements import ledger_values, rows_of
from flat.errors import ArtefactError
from flat.files.digests import digest_of as lock_hash
from flat.study.cells import AttackedCell, Cell
from flat.study.guards import Guards

LIMITS = Guards(tolerated_drop=5.0, saturated_probability=0.999, saturated_share=0.5, constant_share=0.95)
LOCK = {"recipe": "toy"}
CELL = AttackedCell(Cell("sst2", "CNN", "base", "none", 0), "textfooler")


def swap(to, position=0):
    return {"position": position, "from": "good", "to": to}


def ledger(*rows, lock=None):
    """Rows of (id, status, substitutes, logits)."""
    return pd.DataFrame(
        {
            "example_id": [row[0] for row in rows],
            "label": [0 for _ in rows],
            "status": [row[1] for row in rows],
            "swaps": [[swap(word) for word in row[2]] for row in rows],
            "logits": [list(row[3]) for row in rows],
            "similarity_unchecked": [row[1] == "succeeded" for row in rows],
            "attack_hash": lock_hash(LOCK if lock is None else lock),
        }
    )


LEDGER = ledger(
    ("a", "succeeded", ["fine"], (9.0, 0.0)),
    ("b", "succeeded", ["fine", "Zzyzx"], (8.0, 0.0)),
    ("c", "failed", ["zzyzx"], (7.0, 0.0)),
    ("d", "skipped", [], (0.0, 2.0)),
)


def test_measured_values_by_hand():
    values = guards.measure(LEDGER, LIMITS, frozenset({"fine", "good"}), None)
    assert values == {
        "same_answer_percent": (75.0, 4),
        "most_frequent_label_percent": (100.0, 4),
        "saturated_percent": (75.0, 4),  # margins 9, 8 and 7 give p above 0.999; 2 does not
        "median_margin": (7.5, 4),
        "after_attack_accuracy_percent": (25.0, 4),
        "aa_known_words_percent": (50.0, 4),  # b's success rests on a word outside the vocabulary
        "unchecked_similarity_percent": (pytest.approx(200 / 3), 3),
    }
    assert "aa_known_words_percent" not in guards.measure(LEDGER, LIMITS, None, None)
    more = {"original_words": [["a", "b"]] * 4, "queries": [1] * 4}
    counted = ledger_values(LEDGER.assign(**more), frozenset({"fine", "good"}))
    assert counted["aa_known_words_percent"] == values["aa_known_words_percent"]  # one number under one name


def test_a_saturated_cell_is_flagged_above_the_share():
    values = guards.measure(LEDGER, LIMITS, None, None)
    assert guards.flags_of(values, LIMITS) == {"saturated": "75.0 % of 4 outputs above 0.999"}
    assert guards.flags_of(values, Guards(saturated_share=0.75)) == {}
    assert guards.flags_of(values | {"saturated_percent": (50.0, 4)}, LIMITS) == {}


def answers(*answers, labels=(0, 1)):
    """What is measured of a model that gives these answers to texts whose labels alternate."""
    rows = ledger(*((str(n), "failed", [], [float(a == k) for k in range(3)]) for n, a in enumerate(answers)))
    rows["label"] = [labels[n % len(labels)] for n in range(len(rows))]
    return guards.measure(rows, LIMITS, None, None)


def test_a_model_that_answers_all_texts_alike_is_flagged():
    """Nothing changes its answer: AA is the share of its class, and its explanations of both texts agree."""
    assert guards.flags_of(answers(*[1] * 25), LIMITS) == {
        "constant": "one answer to 100.0 % of 25 texts, the most frequent label has 52.0 %"
    }
    assert "constant" in guards.flags_of(answers(*[2] * 39, 0), LIMITS)  # also if it answers a class that no text has
    assert guards.flags_of(answers(*[1] * 38, 0, 2), LIMITS) == {}  # 95 % itself is not above 95 %
    assert guards.flags_of(answers(*[1] * 19), LIMITS) == {}  # too few to say
    assert guards.flags_of(answers(*[1] * 25, labels=[1]), LIMITS) == {}  # all right
    loose = Guards(constant_share=0.9)
    assert "constant" in guards.flags_of(answers(*[1] * 38, 0, 2), loose)


@pytest.mark.parametrize(("after", "flagged"), [(["failed"] * 2, False), (["failed", "succeeded"], True)])
def test_a_cell_is_miscalibrated_if_its_accuracy_falls_on_the_same_examples(after, flagged):
    whole = ledger(*((name, "failed", [], (1.0, 0.0)) for name in "ab"), ("c", "succeeded", ["fine"], (1.0, 0.0)))
    again = guards.Recheck(pd.DataFrame({"example_id": ["a", "b"], "status": after}), 2.5, 150)
    values = guards.measure(whole, LIMITS, None, again)
    assert values["aa_at_one_percent"] == (100.0, 2) and values["temperature"] == (2.5, 150)
    flags = guards.flags_of(values, LIMITS)
    assert flags == ({"miscalibrated": "AA 100.0 % falls to 50.0 % at T = 2.50, 2 examples"} if flagged else {})


def test_exactly_the_tolerated_drop_is_no_flag():
    values = guards.measure(LEDGER, LIMITS, None, None) | {"saturated_percent": (0.0, 100), "temperature": (2.0, 9)}
    values |= {"aa_at_one_percent": (50.0, 100), "aa_calibrated_percent": (45.0, 100)}
    assert guards.flags_of(values, LIMITS) == {}
    assert "miscalibrated" in guards.flags_of(values | {"aa_calibrated_percent": (44.0, 100)}, LIMITS)


def test_a_whole_ledger_passes():
    refusals.check_ledger(LEDGER, LOCK, ["a", "b", "c", "d"], None, "ledger")
    refusals.check_ledger(LEDGER, LOCK, ["a", "b", "c", "d", "e"], 4, "ledger")  # a sub-draw


@pytest.mark.parametrize(
    ("broken", "drawn", "said"),
    [
        (LEDGER, "abcde", "4 of the 5 drawn examples .missing, for example: e"),
        (LEDGER, "abc", "unexpected: d"),
        (LEDGER, "abcx", "unexpected: d"),
        (pd.concat([LEDGER, LEDGER.head(1)]), "abcd", "example a stands in it more than once"),
        (LEDGER.assign(attack_hash=["0" * 64] + [lock_hash(LOCK)] * 3), "abcd", "00000000, .*the lock beside it says"),
        (LEDGER.assign(attack_hash="0" * 64), "abcd", "the lock beside it says"),
    ],
)
def test_a_ledger_that_cannot_be_what_it_says_is_refused(broken, drawn, said):
    with pytest.raises(ArtefactError, match=said):
        refusals.check_ledger(broken, LOCK, list(drawn), None, "ledger")


def made_by(ids, attack):
    return pd.DataFrame({"example_id": list(ids), "attack_hash": [name * 64 for name in attack * len(ids)][: len(ids)]})


def test_mixed_locks_and_mixed_examples_are_refused_in_a_column_only():
    adv = AttackedCell(Cell("sst2", "CNN", "adv", "textfooler", 0), "textfooler")
    one = (CELL, made_by("ab", "1"), "base.parquet")
    check_columns([one, (adv, made_by("ab", "1"), "adv.parquet")])
    check_columns([one, (AttackedCell(adv.cell, "pwws"), made_by("abc", "2"), "adv.parquet")])
    with pytest.raises(ArtefactError, match=r"adv.parquet: mixed locks: .*22222222, base.parquet by 11111111"):
        check_columns([one, (adv, made_by("ab", "2"), "adv.parquet")])
    with pytest.raises(ArtefactError, match=r"other examples than base.parquet, for example b"):
        check_columns([one, (adv, made_by("a", "1"), "adv.parquet")])
    with pytest.raises(ArtefactError, match=r"adv.parquet: it mixes the attacks 11111111, 22222222"):
        check_columns([one, (adv, made_by("ab", "12"), "adv.parquet")])


def test_models_may_be_attacked_on_draws_of_two_sizes_but_not_strategies():
    base = (CELL, made_by("abc", "1"), "base.parquet")
    encoder = AttackedCell(Cell("sst2", "BERT", "base", "none", 0), "textfooler")
    fewer = (encoder, made_by("ab", "1"), "bert.parquet")
    check_columns([base, fewer])
    with pytest.raises(ArtefactError, match=r"other examples than base\.parquet"):
        check_columns([base, (encoder, made_by("abd", "1"), "bert.parquet")])
    trained = AttackedCell(Cell("sst2", "BERT", "adv", "textfooler", 0), "textfooler")
    with pytest.raises(ArtefactError, match=r"other examples than bert\.parquet"):
        check_columns([base, fewer, (trained, made_by("abc", "1"), "adv.parquet")])


def test_a_dev_split_that_is_test_is_refused():
    test = pd.DataFrame({"text": ["a fine film", "a bad film", "dull", "great"]})
    refusals.check_dev(pd.DataFrame({"text": ["a fine film", "a bad film", "x"]}), test, "data")  # half is not more
    with pytest.raises(ArtefactError, match="75% of the 4 texts of test stand in dev: models are selected on test"):
        refusals.check_dev(pd.DataFrame({"text": ["A fine film!", "a bad film", "great"]}), test, "data")


# --- parity

OPTIONS = {"epochs": 3, "texts_per_epoch": None, "batch_size": 64, "accumulate": 1, "patience": None, "select": "dev"}


def round_of(ids="ab", attack="1", **options):
    trained_on = parity.Attack(frozenset(ids), frozenset(attack))
    return parity.round_of({"training": OPTIONS | options, "keep": "successful"}, [trained_on])


def test_equal_rounds_are_equal_whatever_the_learning_rate():
    assert parity.differences([round_of(learning_rate=1.0)], [round_of(learning_rate=2.0)], "adv") == []


@pytest.mark.parametrize(
    ("mine", "said"),
    [
        ([round_of(), round_of()], "rounds: 2 (adv 1)"),
        ([round_of(epochs=5)], "round 1: epochs 5 (adv 3)"),
        ([round_of(texts_per_epoch=100)], "round 1: texts_per_epoch 100 (adv None)"),
        ([round_of(ids="ac")], "round 1: attacks on other train examples than adv"),
        ([round_of(attack="2")], "round 1: another attack than adv"),
    ],
)
def test_each_difference_in_compute_is_named(mine, said):
    adv, flat = (Cell("sst2", "CNN", name, "textfooler", 0) for name in ("adv", "FLAT"))
    assert parity.unequal([[adv, flat]], {adv: [round_of()], flat: mine}) == {flat: said}


def with_passes(passes, **options):
    metrics = {"training": OPTIONS | options, "keep": "successful", "strategy": {"passes": passes}}
    return parity.round_of(metrics, [parity.Attack(frozenset("ab"), frozenset("1"))])


@pytest.mark.parametrize(
    ("mine", "said"),
    [
        (
            with_passes(3.0),
            [
                "round 1: 9 passes over the train split = 3 epochs x all texts x 3 a step "
                "(adv 3 passes over the train split = 3 epochs x all texts x 1 a step)"
            ],
        ),
        (with_passes(3.0, epochs=1), []),  # a third of the epochs
        (with_passes(1.0, epochs=5), ["round 1: epochs 5 (adv 3)"]),
        (with_passes(3.0, epochs=1, batch_size=32), ["round 1: batch_size 32 (adv 64)"]),
        (
            with_passes(1.5, epochs=2, texts_per_epoch=100),  # texts cannot be told from the train split's
            [
                "round 1: 300 passes over a text = 2 epochs x 100 texts x 1.5 a step "
                "(adv 3 passes over the train split = 3 epochs x all texts x 1 a step)"
            ],
        ),
    ],
)
def test_epochs_texts_and_passes_together_must_be_equal(mine, said):
    assert parity.differences([mine], [round_of()], "adv") == said


def test_a_strategy_without_adversarial_texts_has_a_training_and_no_rounds():
    base, slow = (parity.round_of({"training": OPTIONS | {"epochs": n}, "keep": None}, []) for n in (3, 5))
    assert parity.differences([slow], [base], "base") == ["training: epochs 5 (base 3)"]


def test_fewer_texts_make_up_for_more_passes():
    other = with_passes(1.0, texts_per_epoch=300)
    assert parity.differences([with_passes(3.0, texts_per_epoch=100)], [other], "adv") == []
    assert parity.differences([with_passes(2.0, texts_per_epoch=300)], [other], "adv") == [
        "round 1: 1800 passes over a text = 3 epochs x 300 texts x 2 a step "
        "(adv 900 passes over a text = 3 epochs x 300 texts x 1 a step)"
    ]


def test_frames_hold_their_rows_sorted_and_may_be_empty():
    flat = Cell("sst2", "CNN", "FLAT", "textfooler", 1)
    rows = [
        *guards.flag_rows(flat, "", {"unequal_compute": "x"}),
        *guards.flag_rows(CELL.cell, "pwws", {"saturated": "y"}),
    ]
    frame = guards.frame(rows, guards.FLAGS_SCHEMA)
    assert frame["strategy"].tolist() == ["FLAT", "base"] and list(frame.columns) == guards.FLAGS_SCHEMA.names
    assert guards.frame([], guards.FLAGS_SCHEMA).empty
    measured = guards.frame(rows_of(CELL.cell, 0, CELL.attack, {"median_margin": (1.5, 4)}))
    assert measured[["metric", "value", "n", "attack"]].values.tolist() == [["median_margin", 1.5, 4, "textfooler"]]


def test_a_strategy_that_trains_in_one_go_is_held_to_base_and_the_rounds_of_adv():
    clean = parity.round_of({"training": OPTIONS | {"epochs": 6}, "keep": None}, [])
    whole = [clean, with_passes(1.0, epochs=6)]

    def said(passes, **options):
        metrics = {"training": OPTIONS | options, "keep": None, "strategy": {"passes": passes}}
        return parity.differences([parity.round_of(metrics, [])], whole, "base")

    assert said(3.0, epochs=4) == said(1.0, epochs=12) == []
    assert said(3.0, epochs=6) == [
        "training: 18 passes over the train split (base and the rounds that go on from it 12)"
    ]
    assert said(1.0, epochs=12, texts_per_epoch=50)[0].startswith("training: texts_per_epoch is given for some")
    assert parity.differences(whole[1:], whole, "adv") == ["rounds: 1 (adv 2)"]
