"""The table and the figure that set the consistency of explanations beside their faithfulness."""

import numpy as np
import pandas as pd
import pytest
from figure_examples import words_of
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.markers import MarkerStyle
from table_examples import build, entry, make_extras, row, study

from flat.analysis.measurements import frame_of
from flat.errors import StudyError
from flat.files.artefacts import read_table, write_table
from flat.paper.catalogue import FIGURES
from flat.report.figures import faithfulness as figure
from flat.report.figures.style import write
from flat.report.tables.index import Index
from flat.report.tables.layout import NOT_RUN, wide
from flat.report.tables.render import to_csv, to_markdown, to_tex

NAMED = {"rbo": {"p": 0.8}, "comprehensiveness": {}, "sufficiency": {"percent": [20]}}
FLAT = {"strategy": "FLAT", "train_attack": "textfooler"}
SHARED = {"pair_set": "shared", "attack": "textfooler"}


def measured(method, strategy, kt, compr, *, seed=0, **more):
    """A cell's numbers: KT and TI@5 of 30 and 31 pairs, RBO, and two metrics of 40 single explanations."""
    train = {"strategy": strategy, "train_attack": "none" if strategy == "base" else "textfooler"}
    keys = train | {"method": method, "attack": "textfooler", "seed": seed} | more
    return [
        row("kendall_tau", kt, pair_set="shared", **(keys | {"n": 30, "dropped": 2})),
        row("topk_intersection", 0.5, pair_set="shared", k=5, **(keys | {"n": 31})),
        row("rbo", 0.25, pair_set="shared", **(keys | {"n": 31})),
        row("kendall_tau", 0.9, pair_set="saved", **(keys | {"n": 40})),
        *([row("kendall_tau", 0.75, pair_set="floor", **(keys | {"n": 9}))] if method == "lime" else []),
        row("comprehensiveness", compr, **(keys | {"n": 40})),
        row("sufficiency", -0.125, **(keys | {"n": 40, "dropped": 3})),
    ]


ROWS = [
    *measured("ig", "base", 0.2, 0.125),
    *measured("ig", "FLAT", 0.625, 0.5),
    *measured("lime", "base", 0.75, 0.01),
    *measured("lime", "adv", 0.3, float("nan")),
]


@pytest.fixture(scope="module")
def table():
    return build("faithfulness", ROWS, make_extras(), metrics=NAMED)


def test_consistency_and_faithfulness_stand_side_by_side_with_what_they_rest_on(table):
    labels = ("SST2 †", "TextFooler §", "LSTM-FLAT", "Integrated gradients")
    shown = {
        "Consistency KT ↑": "0.62ᶜ",
        "Consistency TI@5 ↑": "0.50ᶜ",
        "Consistency RBO ↑": "0.25ᶜ",
        "Consistency pairs": "31",
        "Faithfulness Comprehensiveness ↑": "0.50ᶜ",
        "Faithfulness Sufficiency ↓": "−0.12ᶜ",
        "Faithfulness texts": "40",
    }
    assert {title: entry(table, labels, title).text for title in shown} == shown
    lime = (*labels[:2], "LSTM-adv", "LIME")
    assert entry(table, lime, "Faithfulness Comprehensiveness ↑").text == "undefined"
    assert entry(table, (*labels[:2], "LSTM-FLAT", "LIME"), "Consistency KT ↑").state == NOT_RUN
    # every model of the main tables under each attack, by each explainer; readings by integrated gradients alone
    explainers = pd.Series([line.labels[3] for line in wide(table).body])
    assert explainers.value_counts().to_dict() == {"Integrated gradients": 24 + 1, "LIME": 24}


def test_the_csv_has_every_number_with_its_n_and_the_other_pair_sets(table):
    frame = table.frame[table.frame["status"].eq("run") & table.frame["method"].eq("lime")]
    frame = frame[frame["strategy"].eq("base")].set_index(["metric", "pair_set"])
    assert frame.loc[("kendall_tau", "shared"), "ours_n"] == 30 and frame.loc[("comprehensiveness", ""), "ours_n"] == 40
    assert frame.loc[("kendall_tau", "floor"), "ours"] == 0.75 and frame.loc[("kendall_tau", "saved"), "ours_n"] == 40
    assert len(to_csv(table).splitlines()) == len(table.frame) + 1


def test_what_stands_below_the_table_says_what_each_metric_is(table):
    below = " ".join(table.notes)
    assert "RBO (p 0.8): 0 to 1, higher is better; Webber, Moffat and Zobel 2010." in below
    assert "Sufficiency (percent 20): -1 to 1, lower is better; DeYoung et al. 2020." in below
    assert "replaced by the model's unknown word" in below and "can be the most consistent of all" in below
    assert "LIME 0.75. A KT near it" in below and "KT 8, Sufficiency 12" in below
    assert "gradients 0." not in below  # they have no noise
    assert r"$\uparrow$" in to_tex(table) and "| Consistency RBO ↑ |" in to_markdown(table)


def test_without_a_metric_of_single_explanations_the_table_says_that_it_knows_nothing_of_them():
    table = build("faithfulness", ROWS, make_extras(), metrics={"rbo": {}})
    assert "nothing here says how faithful they are" in " ".join(table.notes)
    assert [text for text, _ in wide(table).header[0]] == ["", "", "", "", "Consistency"]
    with pytest.raises(StudyError, match="no such table"):
        build("faithfulness", ROWS, make_extras())


# --- the figure


def interval(metric, pair_set, method, low, high):
    keys = {"dataset": "sst2", "model": "LSTM", "attack": "textfooler", "method": method, "k": 0} | FLAT
    return keys | {"metric": metric, "pair_set": pair_set, "low": low, "high": high}


TITLES = {"models": {"LSTM": "LSTM", "CNN": "CNN"}, "datasets": {"sst2": "SST2", "ag": "AG"}}
TITLES |= {"strategies": {"base": "base", "adv": "adv", "FLAT": "FLAT"}, "methods": ["ig", "lime"]}
TITLES |= {"train_attacks": {"base": "none", "adv": "textfooler", "FLAT": "textfooler"}}


def drawn(rows=ROWS, intervals=None, metrics=("comprehensiveness", "sufficiency")):
    return figure.draw(Index(frame_of(rows), intervals), metrics=[figure.METRICS[name] for name in metrics], **TITLES)


def panel(drawing, metric):
    """The axes of LSTM on SST2."""
    return next(axes for axes in drawing.figure.axes if axes.get_ylabel().startswith(metric))


def marks(axes) -> list[tuple]:
    """Place and shape of each mark; the shapes are told from their outlines."""
    (found,) = [one for one in axes.collections if isinstance(one, PathCollection)]
    outlines = [MarkerStyle(m).get_transform().transform_path(MarkerStyle(m).get_path()) for m in figure.MARKERS]
    shapes = {outline.vertices.tobytes(): m for outline, m in zip(outlines, figure.MARKERS, strict=True)}
    places = np.round(found.get_offsets(), 6).tolist()
    return [(*at, shapes[path.vertices.tobytes()]) for at, path in zip(places, found.get_paths(), strict=True)]


def test_a_mark_is_a_strategy_s_models_as_one_explainer_sees_them():
    drawing = drawn()
    assert marks(panel(drawing, "Comprehensiveness")) == [
        (0.2, 0.125, "o"),
        (0.75, 0.01, "^"),  # LIME of base: the most consistent, and the least faithful
        (0.625, 0.5, "o"),
    ]
    frame = drawing.frame[drawing.frame["dataset"].eq("sst2") & drawing.frame["model"].eq("LSTM")]
    of_metric = [["ours", "ours"], ["not run", "undefined"], ["ours", "not run"]]  # base, adv, FLAT: IG and LIME
    assert [frame["status"].tolist()[i : i + 2] for i in (0, 2, 4)] == of_metric
    assert frame.iloc[0][["pairs", "texts", "seeds"]].tolist() == [30, 40, 1]
    assert "not run" in words_of(drawing.figure) and drawing.is_run
    assert any("One seed: bars are 95 % intervals over its examples" in note for note in drawing.notes)


def test_up_is_better_in_every_panel():
    drawing = drawn()
    for metric, runs_up in (("Comprehensiveness", True), ("Sufficiency", False)):
        low, high = panel(drawing, metric).get_ylim()
        assert (low < high) == runs_up
    assert "lower is better →" in words_of(drawing.figure)


def test_bars_are_the_intervals_and_lie_within_the_panel():
    rows = [*ROWS, *measured("ig", "FLAT", 0.625, 0.5, seed=1)]
    found = [interval("kendall_tau", "shared", "ig", 0.4, 0.8), interval("comprehensiveness", "", "ig", 0.3, 0.9)]
    drawing = drawn(rows, pd.DataFrame(found))
    axes = panel(drawing, "Comprehensiveness")
    bars = [bar for one in axes.collections if isinstance(one, LineCollection) for bar in one.get_segments()]
    long = [bar.T.tolist() for bar in bars if np.ptp(bar) > 0 and (bar[0] != bar[1]).any()]
    assert np.array(long) == pytest.approx(np.array([[[0.4, 0.8], [0.5, 0.5]], [[0.625, 0.625], [0.3, 0.9]]]))
    assert axes.get_xlim()[0] < 0.2 and axes.get_xlim()[1] > 0.8 and axes.get_ylim()[1] > 0.9
    assert any("95 % intervals" in note for note in drawing.notes)


def test_a_study_s_figure_is_drawn_from_its_files_and_the_same_each_time(tmp_path):
    from flat.analysis import intervals, measurements

    mine = study(metrics=NAMED)
    write_table(tmp_path / "m.parquet", frame_of(ROWS), measurements.SCHEMA)
    nothing = pd.DataFrame(columns=intervals.SCHEMA.names)
    write_table(tmp_path / "i.parquet", nothing, intervals.SCHEMA)
    given = figure.inputs(mine, {"measurements": tmp_path / "m.parquet", "intervals": tmp_path / "i.parquet"}, [])
    assert [metric.name for metric in given["metrics"]] == ["comprehensiveness", "sufficiency"]
    first, second = (write(figure.draw(**given), tmp_path / name)["png"].read_bytes() for name in "ab")
    assert first == second
    lines = pd.read_csv(tmp_path / "a/faithfulness.csv")
    assert np.isclose(lines["consistency"].max(), 0.75) and set(lines["method"]) == {"ig", "lime"}
    assert read_table(tmp_path / "m.parquet")["metric"].isin(["rbo"]).any()
    assert {a.attack for a in FIGURES["faithfulness"].cells(mine)} == {"textfooler"}
