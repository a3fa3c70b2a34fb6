"""Figures 3 to 6: the rows behind them, the rule that picks examples, and what was not run."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from figure_examples import (
    CORRELATIONS,
    GRID,
    IMPORTANCE,
    MEASUREMENTS,
    STRATEGIES,
    saliency_inputs,
    synonyms,
    words_of,
)

from flat.report.figures import figure_3, figure_4, figure_5, figure_6, word_canvas
from flat.report.figures.style import colour_of, marker_of
from flat.report.figures.word_canvas import Word

saliency = pytest.fixture(saliency_inputs)


# --- Figure 3


def test_saliency_takes_gold_scores_and_marks_what_was_replaced(saliency):
    drawing = figure_3.draw(**saliency, examples=1)
    rows = drawing.frame
    assert set(rows["example_id"]) == {"d"}  # b: the base model held; c: adv was wrong before the attack
    base = rows[rows["strategy"].eq("base") & rows["side"].eq("original")]
    assert base["word"].tolist() == ["a", "<b>", "$x$", "great", "film", "indeed"]
    assert base["score"].tolist() == [1, 2, 3, -4, 5, 6]
    assert base["shade"].tolist() == pytest.approx([1 / 6, 2 / 6, 3 / 6, -4 / 6, 5 / 6, 1])
    assert base["replaced"].tolist() == [False, False, False, True, False, False]
    assert set(base["gold"]) == set(base["predicted"]) == {"negative"}
    assert base["probability"].iloc[0] == pytest.approx(0.25)  # softmax of (0, log 3) at class 0
    adversarial = rows[rows["side"].eq("adversarial")].groupby("strategy")["predicted"].first()
    assert adversarial.to_dict() == {"base": "positive", "adv": "positive", "FLAT": "negative"}
    # 15 pairs of words; discordant: (1st, 2nd), and the 4th of -4 against the three before it
    assert rows["kendall_tau"].unique() == pytest.approx([(15 - 2 * 4) / 15])


def test_saliency_falls_back_in_a_stated_order(saliency):
    chosen = figure_3.draw(**saliency, examples=3).frame["example_id"].unique().tolist()
    assert chosen == ["d", "b", "c"]  # then those that the base model withstood, last those that a model got wrong


def test_saliency_shows_no_adversarial_text_where_the_model_was_wrong_from_the_start(saliency):
    drawing = figure_3.draw(**saliency, examples=3)
    rows = drawing.frame[drawing.frame["example_id"].eq("c")]
    wrong = rows[rows["strategy"].eq("adv")]
    assert set(wrong["side"]) == {"original"} and wrong["kendall_tau"].isna().all()
    assert set(rows.loc[rows["strategy"].eq("base"), "side"]) == {"original", "adversarial"}
    assert words_of(drawing.figure).count("already wrong: not attacked") == 1
    assert words_of(drawing.figure).count("KT ") == words_of(drawing.figure).count("adversarial") == 8  # of 9 pairs
    assert any(note.startswith("“Already wrong: not attacked”") for note in drawing.notes)
    drawing = figure_3.draw(**saliency, examples=2)  # enough texts are without such a model: it is not drawn
    assert "already wrong" not in words_of(drawing.figure)
    assert not any("not attacked" in note for note in drawing.notes)


def test_saliency_of_texts_that_every_model_got_wrong_is_not_run(saliency):
    for name, ledger in saliency["ledgers"].items():
        saliency["ledgers"][name] = ledger.assign(status="skipped")
    assert not figure_3.draw(**saliency).is_run


def test_saliency_without_a_common_pair_says_not_run(saliency):
    saliency["attributions"]["adv"] = saliency["attributions"]["adv"].iloc[:0]
    drawing = figure_3.draw(**saliency)
    assert not drawing.is_run
    assert drawing.frame["status"].tolist() == ["not run"]


def test_changed_words_of_texts_of_other_lengths():
    assert figure_3.changed_words(["a", "b", "c"], ["a", "x", "c"]) == ({1}, {1})
    assert figure_3.changed_words(["a", "b", "c"], ["a", "c"]) == ({1}, set())
    assert figure_3.changed_words(["a", "c"], ["a", "b", "b2", "c"]) == (set(), {1, 2})


def test_wrapped_words_stay_in_their_column_and_keep_their_order():
    words = [Word(f"word{i}", 0.1, i % 3 == 0) for i in range(40)] + [Word("x" * 400), Word("end\nof\tline")]
    placed = word_canvas.wrap(words, 3.0)
    assert all(item.x_in + item.width_in <= 3.0 + 1e-6 for item in placed)
    assert [item.line for item in placed] == sorted(item.line for item in placed)
    for before, after in pairwise(placed):
        assert after.line > before.line or after.x_in > before.x_in + before.width_in
    assert placed[40].word.text.endswith("…") and len(placed[40].word.text) < 100
    assert "\n" not in placed[41].word.text and "\t" not in placed[41].word.text


def test_long_texts_are_cut_with_a_count():
    text = pd.DataFrame({"word": ["w"] * 43, "shade": 0.0, "replaced": [False] * 41 + [True, False]})
    words = figure_3._words(text)
    assert len(words) == figure_3.MOST_WORDS + 1
    assert words[-1].text == "… 3 more words, 1 replaced"


# --- Figures 4 and 5


def test_importance_draws_the_given_words_and_prints_the_given_correlations():
    drawing = figure_4.draw(IMPORTANCE, CORRELATIONS, where="LSTM-FLAT on SST2")
    pd.testing.assert_frame_equal(drawing.frame, IMPORTANCE)
    shown = words_of(drawing.figure)
    assert "r = −0.028    p = 0.001    n = 13,836" in shown
    assert "r = 0.087    p = 6e−5" in shown
    assert "correlation undefined" in shown
    assert "4 words (LSTM-FLAT on SST2)" in drawing.caption


def test_importance_trend_is_the_mean_of_plain_counts():
    """On a logarithmic axis too: 12 words that are substituted 0 times, 12 that are 30 times, are 15 in the mean."""
    words = pd.DataFrame({"word": [f"w{i}" for i in range(48)], "phi": 0.5, "frequency": [1] * 24 + [40] * 24})
    counts = [0, 30] * 12 + [2] * 24
    drawing = figure_4.draw(words.assign(substitution_frequency=counts), CORRELATIONS)
    (line,) = drawing.figure.axes[2].lines
    assert line.get_xdata().tolist() == [1, 40] and line.get_ydata().tolist() == [15, 2]


def test_importance_jitter_keeps_every_dot_at_its_count():
    counts = np.arange(1000.0)
    moved = figure_4._spread(counts, "frequency", figure_4.GOLDEN)
    assert np.array_equal(np.round(moved), counts)
    assert np.ptp(moved - counts) > 0.7  # and does spread them
    assert np.array_equal(figure_4._spread(counts, "phi", figure_4.GOLDEN), counts)


def test_gap_keeps_rows_and_states_medians_and_counts():
    on, off = synonyms([0.0, 0.125, 0.25, 0.375]), synonyms([0.5, 0.25])
    drawing = figure_5.draw(on, off)
    assert drawing.frame["gamma"].tolist() == ["gamma on"] * 4 + ["gamma off"] * 2
    assert drawing.frame["distance"].tolist() == [*on["distance"], *off["distance"]]
    assert "median 0.188" in drawing.caption and "0.375 without it" in drawing.caption
    assert drawing.notes[1] == "4 pairs of 2 words (γ > 0), 2 pairs of 1 words (γ = 0)."
    assert "n = 4 pairs" in words_of(drawing.figure) and "n = 2 pairs" in words_of(drawing.figure)


def test_gap_boxes_are_quartiles_and_whiskers_percentiles():
    values = np.arange(101) / 100
    drawing = figure_5.draw(synonyms(values), synonyms([]))
    ends = {float(x) for line in drawing.figure.axes[0].lines for x in line.get_xdata()}
    assert {0.05, 0.25, 0.5, 0.75, 0.95} <= {round(end, 9) for end in ends}  # whiskers, median, box by its whiskers


def test_gap_with_one_empty_side_says_so():
    drawing = figure_5.draw(synonyms([0.0, 0.0]), synonyms([]))
    assert "no pairs" in words_of(drawing.figure)


# --- Figure 6


def test_intersection_shows_the_last_round_and_the_mean_over_seeds():
    drawing = figure_6.draw(MEASUREMENTS, **GRID, strategies=STRATEGIES)
    ours = drawing.frame[drawing.frame["status"].eq("ours")]
    lines = ours.set_index(["metric", "strategy"])[["k", "value", "low", "high", "seeds", "pairs"]].T.to_dict("list")
    assert lines == {
        ("topk_intersection", "base"): [5, 0.625, 0.5, 0.75, 2, 80],
        ("topk_intersection", "FLAT"): [5, 0.875, 0.875, 0.875, 1, 40],
        ("topk_chance", ""): [5, 0.25, 0.25, 0.25, 1, 40],
    }


def test_intersection_lines_and_bands_are_the_csv_s():
    drawing = figure_6.draw(MEASUREMENTS, **GRID, strategies=STRATEGIES)
    axes = next(axes for axes in drawing.figure.axes if axes.lines)
    drawn = {(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in axes.lines if len(line.get_xdata())}
    assert drawn == {(5, 0.25), (5, 0.625), (5, 0.875)}
    (band,) = [one for one in axes.collections if one.get_paths()]  # of one seed there is none
    assert band.get_paths()[0].vertices[:, 1].min() == 0.5 and band.get_paths()[0].vertices[:, 1].max() == 0.75


def test_intersection_says_which_panels_were_not_run():
    drawing = figure_6.draw(MEASUREMENTS, **GRID, strategies=STRATEGIES)
    absent = drawing.frame[drawing.frame["status"].eq("not run")]
    assert list(zip(absent["model"], absent["dataset"], absent["strategy"].fillna("all"), strict=True)) == [
        ("LSTM", "sst2", "adv"),
        ("LSTM", "trec", "all"),
        ("BERT", "sst2", "all"),
        ("BERT", "trec", "all"),
    ]
    assert absent["value"].isna().all()
    assert words_of(drawing.figure).count("not run") == 3


def test_intersection_of_a_study_that_ran_nothing():
    drawing = figure_6.draw(MEASUREMENTS.iloc[:0], **GRID, strategies=STRATEGIES)
    assert not drawing.is_run
    assert words_of(drawing.figure).count("not run") == 4


# --- their style


def test_variants_have_colours_of_their_own():
    names = ["base", "adv", "FLAT", "FLAT-nobeta", "FLAT-nogamma"]
    assert len({colour_of(name, names) for name in names}) == len({marker_of(name, names) for name in names}) == 5
