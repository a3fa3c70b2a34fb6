"""Figures: the rows behind them, the rule that picks examples, what was not run, and equal bytes for equal input."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from demo_studies import with_blocks

from flat.errors import ArtefactError, StudyError
from flat.paths import figure_stem
from flat.report import figure_3, figure_4, figure_5, figure_6, figures, inputs, word_canvas
from flat.report.figure_style import RC, colour_of, marker_of
from flat.report.word_canvas import Word
from flat.study_grid import FIGURE_BLOCKS

DEMO = Path(__file__).parents[2] / "config" / "demo.yaml"
STRATEGIES = {"base": "base", "adv": "adv", "FLAT": "FLAT"}
CLASSES = ["negative", "positive"]


# --- Figure 3


def pair(example_id, label, original, adversarial, status, scores, perturbed_scores):
    """A ledger row and its attribution rows, the other class having the opposite scores."""
    flipped = 1 - label if status == "succeeded" else label
    ledger = {"example_id": example_id, "label": label, "status": status, "predicted": label}
    ledger |= {"perturbed_predicted": flipped, "logits": [0.0, np.log(3.0)], "perturbed_logits": [0.0, 0.0]}
    rows = [
        {"example_id": example_id, "side": side, "target": target, "words": words.split(" ")}
        | {"scores": [value if target == label else -value for value in values]}
        for side, words, values in (("original", original, scores), ("adversarial", adversarial, perturbed_scores))
        for target in (0, 1)
    ]
    return ledger, rows


def frames(*pairs):
    ledgers, attributions = zip(*pairs, strict=True)
    return pd.DataFrame(list(attributions[0]) + [row for rows in attributions[1:] for row in rows]), pd.DataFrame(
        ledgers
    )


@pytest.fixture
def saliency():
    return saliency_inputs()


def saliency_inputs():
    """Three strategies; example b is one that the base model resists, example c one that adv got wrong beforehand."""
    attributions, ledgers = {}, {}
    for name in STRATEGIES:
        failed = name == "FLAT"
        attributions[name], ledgers[name] = frames(
            pair("c", 1, "one two three four five six", "one two three four five 6",
                 "skipped" if name == "adv" else "succeeded", [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]),
            pair("b", 1, "one two three four five six", "1 two three four five six",
                 "failed", [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]),
            pair("d", 0, "a <b> $x$ great film indeed", "a <b> $x$ grand film indeed",
                 "failed" if failed else "succeeded", [1, 2, 3, -4, 5, 6], [2, 1, 3, 4, 5, 6]),
        )  # fmt: skip
    return {"attributions": attributions, "ledgers": ledgers, "classes": CLASSES, "strategies": STRATEGIES}


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
    assert chosen == ["d", "c", "b"]  # then those that a model got wrong, then those that the base model withstood


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


IMPORTANCE = pd.DataFrame(
    {
        "word": ["the", "film", "dull", "<unk>"],
        "phi": np.float32([0.25, 0.5, 0.75, 0.5]),
        "frequency": [1000, 40, 3, 0],
        "substitution_frequency": [0, 7, 1, 0],
    }
)
CORRELATIONS = [
    {"correlation": "word_importance-word_frequency", "r": -0.0284, "p": 0.00123, "n": 13836},
    {"correlation": "word_importance-substitution_frequency", "r": 0.087, "p": 5.79e-05, "n": 13836},
    {"correlation": "word_frequency-substitution_frequency", "r": float("nan"), "p": float("nan"), "n": 2},
]


def words_of(figure) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_importance_draws_the_given_words_and_prints_the_given_correlations():
    drawing = figure_4.draw(IMPORTANCE, CORRELATIONS, where="LSTM-FLAT on SST2")
    pd.testing.assert_frame_equal(drawing.frame, IMPORTANCE)
    shown = words_of(drawing.figure)
    assert "r = −0.028    p = 0.001    n = 13,836" in shown
    assert "r = 0.087    p = 6e−5" in shown
    assert "correlation undefined" in shown
    assert "4 words (LSTM-FLAT on SST2)" in drawing.caption


def test_importance_jitter_keeps_every_dot_at_its_count():
    counts = np.arange(1000.0)
    moved = figure_4._spread(counts, "frequency", figure_4.GOLDEN)
    assert np.array_equal(np.round(moved), counts)
    assert np.ptp(moved - counts) > 0.7  # and does spread them
    assert np.array_equal(figure_4._spread(counts, "phi", figure_4.GOLDEN), counts)


def synonyms(distances):
    count = len(distances)
    words = {"word": [f"w{i // 2}" for i in range(count)], "synonym": [f"s{i}" for i in range(count)]}
    return pd.DataFrame(words | {"phi_word": 0.5, "phi_synonym": 0.5 + np.array(distances), "distance": distances})


def test_gap_keeps_rows_and_states_medians_and_counts():
    on, off = synonyms([0.0, 0.125, 0.25, 0.375]), synonyms([0.5, 0.25])
    drawing = figure_5.draw(on, off)
    assert drawing.frame["gamma"].tolist() == ["gamma on"] * 4 + ["gamma off"] * 2
    assert drawing.frame["distance"].tolist() == [*on["distance"], *off["distance"]]
    assert "median 0.188" in drawing.caption and "0.375 without it" in drawing.caption
    assert drawing.notes[1] == "4 pairs of 2 words (γ > 0), 2 pairs of 1 words (γ = 0)."
    assert "n = 4 pairs" in words_of(drawing.figure) and "n = 2 pairs" in words_of(drawing.figure)


def test_gap_with_one_empty_side_says_so():
    drawing = figure_5.draw(synonyms([0.0, 0.0]), synonyms([]))
    assert "no pairs" in words_of(drawing.figure)


# --- Figure 6


def measured(strategy, value, *, train_attack="textfooler", seed=0, round_=1, metric="topk_intersection", k=5, **other):
    row = {"dataset": "sst2", "model": "LSTM", "strategy": strategy, "train_attack": train_attack, "seed": seed}
    row |= {"round": round_, "attack": "textfooler", "method": "ig", "pair_set": "shared", "metric": metric, "k": k}
    return row | {"value": value, "n": 40, "dropped": 0} | other


MEASUREMENTS = pd.DataFrame(
    [
        measured("base", 0.5, train_attack="none", round_=0),
        measured("base", 0.75, train_attack="none", round_=0, seed=1),
        measured("base", 0.25, train_attack="none", round_=0, metric="topk_chance"),
        measured("FLAT", 0.125, round_=1),
        measured("FLAT", 0.875, round_=2),
        # none of these belongs to the figure
        measured("FLAT", 0.0, round_=2, train_attack="pwws"),
        measured("adv", 0.0, attack="pwws"),
        measured("adv", 0.0, method="lime"),
        measured("adv", 0.0, pair_set="saved"),
        measured("adv", 0.0, metric="kendall_tau", k=0),
        measured("group10", 0.0),
    ]
)
GRID = {"models": {"LSTM": "LSTM", "BERT": "BERT"}, "datasets": {"sst2": "SST2", "trec": "TREC"}}


def test_intersection_shows_the_last_round_and_the_mean_over_seeds():
    drawing = figure_6.draw(MEASUREMENTS, **GRID, strategies=STRATEGIES)
    ours = drawing.frame[drawing.frame["status"].eq("ours")]
    lines = ours.set_index(["metric", "strategy"])[["k", "value", "low", "high", "seeds", "pairs"]].T.to_dict("list")
    assert lines == {
        ("topk_intersection", "base"): [5, 0.625, 0.5, 0.75, 2, 80],
        ("topk_intersection", "FLAT"): [5, 0.875, 0.875, 0.875, 1, 40],
        ("topk_chance", ""): [5, 0.25, 0.25, 0.25, 1, 40],
    }


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


# --- all figures


def drawings(saliency):
    return {
        3: figures.draw(3, **saliency),
        4: figures.draw(4, importance=IMPORTANCE, correlations=CORRELATIONS),
        5: figures.draw(5, with_gamma=synonyms([0.1, 0.2]), without_gamma=synonyms([0.3])),
        6: figures.draw(6, measurements=MEASUREMENTS, **GRID, strategies=STRATEGIES),
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """All four figures once: drawings by number, and the folder of their files."""
    folder, drawn = tmp_path_factory.mktemp("figures"), drawings(saliency_inputs())
    for drawing in drawn.values():
        figures.write(drawing, folder)
    return drawn, folder


def test_equal_drawings_have_equal_bytes_at_any_date(written, saliency, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for drawing in drawings(saliency).values():
        figures.write(drawing, tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted(f"fig{n}.{suffix}" for n in (3, 4, 5, 6) for suffix in ("pdf", "png", "csv"))
    for name in names:
        assert (written[1] / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_files_embed_fonts_and_hold_no_date(written):
    for number in written[0]:
        pdf = (written[1] / f"fig{number}.pdf").read_bytes()
        assert b"/FontFile2" in pdf and b"/Type3" not in pdf
        assert not re.search(rb"CreationDate|ModDate", pdf)


def test_csv_is_the_frame(written):
    for number, drawing in written[0].items():
        back = pd.read_csv(written[1] / f"fig{number}.csv", keep_default_na=False, na_values=[""])
        expected = drawing.frame.astype(object).where(drawing.frame.notna(), None)
        assert list(back.columns) == list(expected.columns)
        assert len(back) == len(expected)
        for name in expected:
            for found, wanted in zip(back[name], expected[name], strict=True):
                assert (pd.isna(found) and wanted in (None, "")) or found == pytest.approx(wanted)


def test_png_carries_its_words(written):
    drawn, folder = written
    back = figures.read(folder, 5)
    assert (back.title, back.caption, back.notes) == (drawn[5].title, drawn[5].caption, drawn[5].notes)
    assert back.is_run
    assert back.png == (folder / "fig5.png").read_bytes()


@pytest.mark.parametrize("number", figures.TITLES)
def test_a_figure_that_was_not_run_is_drawn_with_its_reason(number, tmp_path):
    drawing = figures.not_run(number, "the study explains <nothing>")
    figures.write(drawing, tmp_path)
    assert "not run" in words_of(drawing.figure) and "the study explains <nothing>" in words_of(drawing.figure)
    assert (
        tmp_path / f"{figure_stem(number)}.csv"
    ).read_text() == "status,reason\nnot run,the study explains <nothing>\n"
    assert not figures.read(tmp_path, number).is_run


def test_reading_a_missing_or_broken_figure_names_the_file(tmp_path):
    with pytest.raises(ArtefactError, match=r"fig3\.png"):
        figures.read(tmp_path, 3)
    (tmp_path / "fig3.png").write_bytes(b"\x89PNG not really")
    with pytest.raises(ArtefactError, match="not a readable png"):
        figures.read(tmp_path, 3)


def test_the_user_s_matplotlib_settings_change_nothing(written, tmp_path):
    import matplotlib

    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "black", "savefig.bbox": "tight"}):
        drawing = figures.draw(5, with_gamma=synonyms([0.1, 0.2]), without_gamma=synonyms([0.3]))
        png = figures.write(drawing, tmp_path)["png"]
    assert png.read_bytes() == (written[1] / "fig5.png").read_bytes()
    assert matplotlib.rcParams["font.size"] != RC["font.size"]  # and ours do not leak out


def test_variants_have_colours_of_their_own():
    names = ["base", "adv", "FLAT", "FLAT-nobeta", "FLAT-nogamma"]
    assert len({colour_of(name, names) for name in names}) == len({marker_of(name, names) for name in names}) == 5


def test_a_figure_of_a_block_that_the_study_lacks_is_refused():
    from flat.study import parse

    values = parse(with_blocks()).model_dump(mode="json")
    assert list(figures.TITLES) == list(FIGURE_BLOCKS) == list(inputs.INPUTS)
    for number in (3, 4, 5):
        with pytest.raises(StudyError, match=f"figure {number}: the study has no such figure"):
            inputs.drawing_of(number, values, {}, [])


def test_drawings_from_a_study_s_files(saliency, tmp_path):
    from flat.artefacts import write_table
    from flat.study import load

    study = load(DEMO)
    values = study.model_dump(mode="json")
    values["models"]["CNN"]["stand_in"] = "a small CNN"
    spare = {"title": "SST2, for one row", "stand_in": None}  # no artefact but the readings may name it
    values["datasets"]["spare"] = values["datasets"]["sst2"] | spare
    write_table(tmp_path / "measurements.parquet", MEASUREMENTS)
    drawing = inputs.drawing_of(6, values, {"measurements": str(tmp_path / "measurements.parquet")}, [])
    assert drawing.frame["status"].eq("ours").sum() == 3
    assert drawing.frame["model"].unique().tolist() == ["LSTM", "CNN", "BERT", "DeBERTa"]
    assert "Rotten Tomatoes sentences" in words_of(drawing.figure)
    assert any(note.startswith("Stand-ins for the paper's models: CNN: a small CNN") for note in drawing.notes)
    assert "spare" not in set(drawing.frame["dataset"])

    order = ["FLAT", "adv", "base"]  # as the files come
    files = {"attributions": [], "ledgers": []}
    for name in order:
        for kind in files:
            files[kind].append(str(tmp_path / f"{kind}-{name}.parquet"))
            write_table(files[kind][-1], saliency[kind][name])
    drawing = inputs.drawing_of(3, values, files, [{"strategy": name} for name in order])
    assert drawing.frame["strategy"].unique().tolist() == ["base", "adv", "FLAT"]
    expected = figure_3.draw(**saliency, examples=study.artefacts.saliency.examples).frame
    pd.testing.assert_frame_equal(drawing.frame, expected)
