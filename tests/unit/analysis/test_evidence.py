"""From the files of a study to verdicts: intervals and claims recomputed by hand from ledgers, every path there."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from claimed_study import AA, SEEDS, claimed_study, one_claim
from scipy import stats

from flat.analysis import intervals
from flat.analysis.claims import claim as claims
from flat.analysis.claims import rows as claim_rows
from flat.analysis.claims.judge import judge_study
from flat.analysis.claims.own import claims_of
from flat.analysis.outcomes import Outcomes
from flat.files.artefacts import write_csv
from flat.interpretation import consistency
from flat.paper import printed as paper
from flat.report.page import claims as report_claims
from flat.report.page import page
from flat.study import paths
from flat.study.artefacts import Artefacts, OwnClaim
from flat.study.cells import AttackedCell, Cell

FILE = Path(__file__).parents[3] / "config" / "claims.yaml"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    return *claimed_study(root), root


@pytest.fixture(scope="module")
def printed():
    return paper.load(Path(__file__).parents[3] / "config" / "paper")


def by_hand(mine, root, strategy):
    """Each seed's AA, straight from the ledger files."""
    found = []
    for seed in SEEDS:
        cell = Cell("sst2", "LSTM", strategy, "none" if strategy == "base" else "textfooler", seed)
        ledger = pd.read_parquet(root / paths.test_ledger(mine, AttackedCell(cell, "textfooler")))
        found.append(100 * (ledger["status"] == "failed").sum() / len(ledger))
    return np.array(found)


def test_a_claim_recomputed_from_the_ledgers_by_hand_has_the_same_verdict(run, printed):
    mine, measurements, root = run
    for of, minus, gap in (("FLAT", "adv", True), ("adv", "base", True), ("adv", "FLAT", False)):
        (item,) = judge_study(mine, [one_claim(of=of, minus=minus)], measurements, printed, root)
        a, b = by_hand(mine, root, of), by_hand(mine, root, minus)
        (line,) = claim_rows.claim_rows([item], mine)
        assert float(line["value"]) == pytest.approx(a.mean() - b.mean(), abs=1e-6)
        p = stats.ttest_ind(a, b, equal_var=False).pvalue
        assert float(line["p"]) == pytest.approx(p, rel=1e-3)
        rng = np.random.default_rng(0)  # the interval anew, the plain way
        pairs = [
            [
                pd.read_parquet(root / file).set_index("example_id").sort_index()["status"].eq("failed").to_numpy()
                for file in line["ledgers"].split(";")
                if f"/{strategy}/" in file
            ]
            for strategy in (of, minus)
        ]
        apart = 100.0 * (np.array(pairs[0], dtype=float) - np.array(pairs[1], dtype=float))
        draws = []
        for _ in range(3000):
            means = apart[:, rng.integers(60, size=60)].mean(axis=1)
            stretched = means.mean() + np.sqrt(5 / 4) * (means - means.mean())  # few seeds understate their spread
            draws.append(stretched[rng.integers(5, size=5)].mean())
        low, high = np.quantile(draws, [0.025, 0.975])
        assert float(line["low"]) == pytest.approx(low, abs=1.5) and float(line["high"]) == pytest.approx(high, abs=1.5)
        expected = "reproduced" if p < 0.05 and low > 0 else "contradicted" if p < 0.05 and high < 0 else "neither"
        assert line["verdict"] == expected == ("reproduced" if gap else "contradicted")


def test_every_path_of_a_claim_row_exists(run, printed):
    mine, measurements, root = run
    found = [
        one_claim(),
        one_claim("kt", metric="kendall_tau"),
        one_claim("sa", metric="test_accuracy_percent", minus="base", tables=("2",), family="SA", margin=-1),
    ]
    judged = judge_study(mine, found, measurements, printed, root)
    for line in claim_rows.claim_rows(judged, mine):
        files = line["ledgers"].split(";")
        assert files and all((root / file).is_file() for file in files), line["claim"]
        assert line["tables"] == f"results/tiny/tables/table{'2' if line['claim'] == 'sa' else '3'}.csv"
        assert line["cells_run"] == 1 and line["seeds"] == 5 and line["mark"] == "verdicts allowed"
    for line in claim_rows.cell_rows(judged):
        assert all((root / file).is_file() for file in line["ledgers"].split(";"))
        assert len(line["mcnemar_p"].split(";")) == (5 if line["metric"] == AA else 1)


def test_cells_that_were_not_run_say_so_and_do_not_count(run, printed):
    mine, measurements, root = run
    (item,) = judge_study(mine, [one_claim(models=("LSTM", "BERT"))], measurements, printed, root)
    assert item.verdict == "reproduced" and (item.evidence.cells, item.evidence.wins) == (1, 1)
    (line,) = claim_rows.claim_rows([item], mine)
    assert line["printed"] == "5.400000"  # of the cell that was run
    none = judge_study(mine, [one_claim(models=("BERT",))], measurements, printed, root)
    (line,) = claim_rows.claim_rows(none, mine)
    assert (line["verdict"], line["value"], line["ledgers"], line["cells_run"]) == ("not run", "", "", 0)
    assert line["printed"] == "6.810000" and line["mark"] == ""


def test_pairs_without_a_tau_are_left_out_seed_by_seed(run):
    mine, measurements, root = run
    keys = {
        "dataset": "sst2",
        "model": "LSTM",
        "strategy": "FLAT",
        "train_attack": "textfooler",
        "attack": "textfooler",
    }
    keys |= {"method": "ig", "pair_set": "shared", "metric": "kendall_tau", "k": 0}
    found = Outcomes(mine, measurements, root).find(keys)
    frame = pd.read_parquet(root / paths.of(mine).consistency("ig", "sst2", "LSTM"))
    frame = frame[frame["strategy"].eq("FLAT") & consistency.belonging(frame, "shared")]
    np.testing.assert_allclose(found.means, frame.groupby("seed")["kendall_tau"].mean())
    assert found.values.shape == (5, 20) and (~np.isnan(found.values)).sum() == 5 * 16


def test_intervals_are_those_of_seeds_and_examples(run):
    mine, measurements, root = run
    frame = intervals.estimate(mine, measurements, root).set_index(["strategy", "metric"])
    line = frame.loc[("adv", AA)]
    assert line["value"] == pytest.approx(by_hand(mine, root, "adv").mean()) and (line["seeds"], line["n"]) == (5, 60)
    error = np.sqrt(by_hand(mine, root, "adv").var(ddof=1) / 5)
    assert line["low"] < line["value"] - 1.5 * error < line["value"] + 1.5 * error < line["high"]
    again = intervals.estimate(mine, measurements.sample(frac=1, random_state=3), root)
    pd.testing.assert_frame_equal(again, intervals.estimate(mine, measurements, root))
    one = intervals.estimate(mine, measurements[measurements["seed"] == 0], root).set_index(["strategy", "metric"])
    line, aa = one.loc[("adv", AA)], by_hand(mine, root, "adv")[0]
    assert (line["seeds"], line["n"], line["value"]) == (1, 60, pytest.approx(aa))
    z, p = stats.norm.ppf(0.975), aa / 100  # Wilson's interval, by hand
    centre, half = p + z**2 / 120, z * np.sqrt(p * (1 - p) / 60 + z**2 / 4 / 60**2)
    bounds = np.array([centre - half, centre + half]) / (1 + z**2 / 60) * 100
    np.testing.assert_allclose(line[["low", "high"]].astype(float), bounds)
    tau = one.loc[("FLAT", "kendall_tau")]
    assert tau["low"] < tau["value"] < tau["high"] and (tau["seeds"], tau["n"]) == (1, 16)


def test_flags_of_either_side_go_with_the_claim(run, printed):
    mine, measurements, root = run
    cell = {
        "dataset": "sst2",
        "model": "LSTM",
        "strategy": "adv",
        "train_attack": "textfooler",
        "seed": 2,
        "detail": "",
    }
    flags = pd.DataFrame(
        [
            cell | {"attack": "textfooler", "flag": "miscalibrated"},
            cell | {"attack": "", "flag": "saturated"},
            cell | {"attack": "pwws", "flag": "elsewhere"},
        ]
    )
    lines = claim_rows.claim_rows(judge_study(mine, [one_claim()], measurements, printed, root, flags=flags), mine)
    assert lines[0]["flags"] == "miscalibrated;saturated"
    unseen = claim_rows.claim_rows(judge_study(mine, [one_claim()], measurements, printed, root), mine)
    assert unseen[0]["flags"] == ""


def test_claims_of_blocks_that_a_study_lacks_are_not_run(run, printed, tmp_path):
    mine, measurements, root = run
    alone = mine.model_copy(update={"artefacts": Artefacts(main=mine.artefacts.main)})
    found = claims.load(FILE)
    lacking = [c for c in found if {c.family} & {"Table 4", "Table 5", "Table 9", "Table 10", "Figure 5"}]
    judged = judge_study(alone, [one_claim(), *lacking], measurements, printed, root)
    assert [item.verdict for item in judged] == ["reproduced", *["not run"] * len(lacking)]
    lines = {line["claim"]: line for line in claim_rows.claim_rows(judged, alone)}
    assert lines["importance-is-not-frequency"]["printed"] == "0.028000"  # |r|, for whoever runs the analysis
    assert lines["transfer-flat-above-adv"]["tables"] == ""  # a table that the study does not make
    assert lines["flat-above-group-masks"]["tables"] == "results/tiny/tables/table3.csv"
    cells = [line for line in claim_rows.cell_rows(judged) if line["claim"] == "gamma-brings-synonyms-together"]
    assert [(line["of"], line["status"]) for line in cells] == [("", "not run")]
    path = tmp_path / "claims.csv"
    write_csv(path, list(lines.values()), claim_rows.CLAIM_COLUMNS)
    links = {line.where: line.links for line in report_claims.read(path)}
    assert links["Table 3"] == (("table3", "Table 3"),)
    assert links["Table 4"] == links["Table 10"] == links["Table 9, Figure 4"] == ()


def test_a_claim_of_the_study_is_judged_as_the_papers_are(run, printed, tmp_path):
    mine, measurements, root = run
    flat = OwnClaim(of="FLAT", minus=["adv"], datasets=["sst2"], models=["LSTM"], attacks=["textfooler"])
    backwards = flat.model_copy(update={"of": "adv", "minus": ["FLAT"]})
    own = mine.model_copy(update={"claims": [flat, backwards]})
    found = [claim for claim in claims_of(own, FILE) if claim.own]
    lines = claim_rows.claim_rows(judge_study(own, found, measurements, printed, root), own)
    assert [line["verdict"] for line in lines] == ["supported", "contradicted"]
    (papers,) = claim_rows.claim_rows(judge_study(mine, [one_claim()], measurements, printed, root), mine)
    assert (papers["verdict"], papers["claimed_by"], lines[0]["claimed_by"]) == ("reproduced", "paper", "study")
    assert lines[0]["value"] == papers["value"] and lines[0]["low"] == papers["low"]
    path = tmp_path / "claims.csv"
    write_csv(path, lines, claim_rows.CLAIM_COLUMNS)
    from page_examples import PASSPORT

    html = page.build(own, [], [], PASSPORT, report_claims.read(path))
    assert "What this study claims of its own cells" in html and "reproduced</span>" not in html
    assert '<span class="verdict supported">supported</span>' in html


def test_rows_become_a_section_of_the_report(run, printed, tmp_path):
    mine, measurements, root = run
    judged = judge_study(mine, [one_claim(), one_claim("b", models=("BERT",))], measurements, printed, root)
    path = tmp_path / "claims.csv"
    write_csv(path, claim_rows.claim_rows(judged, mine), claim_rows.CLAIM_COLUMNS)
    first = path.read_bytes()
    write_csv(path, claim_rows.claim_rows(judged, mine), claim_rows.CLAIM_COLUMNS)
    assert path.read_bytes() == first
    lines = report_claims.read(path)
    with path.open(newline="") as file:
        value = float(next(csv.DictReader(file))["value"])
    assert lines[0].ours == f"{value:+.2f}" and lines[0].mark == "ᵛ" and lines[0].wins == "1 of 1"
    assert (lines[1].ours, lines[1].verdict, lines[1].wins) == ("not run", "not run", "")
    from page_examples import PASSPORT

    html = page.build(mine, [], [], PASSPORT, lines)
    assert '<section id="claims">' in html and '<span class="verdict reproduced">reproduced</span>' in html
    assert 'href="claims.csv"' in html and "claims" not in page.build(mine, [], [], PASSPORT).split("</style>")[1]
