"""n and interval in each cell of Tables 3, 4 and 8; decimals that follow n."""

import pandas as pd
import pytest
from table_examples import build, entry, make_extras, row, tau

from flat.analysis.intervals import SCHEMA
from flat.report.page import page
from flat.report.tables import notes, pair_notes, render
from flat.report.tables.layout import wide

AA = "after_attack_accuracy_percent"
WHERE = ("TextFooler §", "LSTM-base")


@pytest.fixture(scope="module")
def extras():
    return make_extras()


@pytest.mark.parametrize(
    ("value", "n", "shown"),
    [
        (20.0, 5, "1/5"),
        (0.0, 12, "0/12"),
        (100 * 7 / 19, 19, "7/19"),
        (33.3, 10, "33"),  # no share of ten texts
        (100 * 17 / 81, 81, "21"),
        (20.98, 100, "21.0"),
        (20.98, 999, "21.0"),
        (20.986, 1000, "20.99"),
    ],
)
def test_decimals_of_a_share_follow_its_examples(extras, value, n, shown):
    table = build("3", [row(AA, value, attack="textfooler", n=n)], extras)
    found = entry(table, WHERE, "SST2 † AA")
    assert (found.ours, found.n, found.printed) == (shown, f"n {n:,}", "5.05")
    assert f",{value:.6f}," in render.to_csv(table)  # the csv rounds nothing


def test_decimals_of_a_mean_follow_its_pairs(extras):
    table = build("3", [tau(0.456, "shared", n=12), tau(0.456, "saved", n=20)], extras)
    assert entry(table, WHERE, "SST2 † KT").text == "0.5ᶜ n 12"
    assert entry(table, WHERE, "SST2 † KT", "saved").text == "0.46ᶜ n 20 (0.46)"


def test_several_seeds_of_few_texts_are_no_fraction(extras):
    rows = [row(AA, value, attack="textfooler", n=5, seed=seed) for seed, value in enumerate((20.0, 40.0))]
    assert entry(build("3", rows, extras, seeds=[0, 1]), WHERE, "SST2 † AA").ours == "30 ± 14"


def test_each_format_has_n_and_interval_and_says_what_one_seed_is_not(extras):
    keys = {"dataset": "sst2", "model": "LSTM", "strategy": "base", "train_attack": "none", "attack": "textfooler"}
    keys |= {"method": "", "pair_set": "", "metric": AA, "k": 0}
    found = pd.DataFrame([keys | {"value": 20.0, "low": 3.6, "high": 62.4, "seeds": 1, "n": 5}], columns=SCHEMA.names)
    extras = type(extras)(**{**vars(extras), "intervals": found})
    table = build("3", [row(AA, 20.0, attack="textfooler", n=5)], extras)
    assert entry(table, WHERE, "SST2 † AA").text == "1/5ᶜ [4, 62] n 5 (5.05)"
    assert "1/5ᶜ [4, 62] n 5 (5.05)" in render.to_markdown(table)
    tex = render.to_tex(table)
    assert r"\shortstack[r]{{1/5$^{c}$ [4, 62]}\\{n 5 (5.05)}}" in tex
    assert pair_notes.COUNTED in table.notes
    assert sum(notes.ONE_SEED.strip() in note for note in table.notes) == 1
    assert ",20.000000,–,3.600000,62.400000,5,1," in render.to_csv(table)
    (line,) = [line for line in page.view(wide(table)).lines if line.labels[1].text == "LSTM-base"][:1]
    assert line.entries[0].n == "n 5"
