"""A study whose main cells have two seeds, really run: intervals, curves, and claims that files can be asked about."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.workflow.conftest import Checkout

pytestmark = pytest.mark.workflow
RESULTS = Path("results/tiny")


@pytest.fixture(scope="module")
def two_seeds(finished, resources, tmp_path_factory):
    """The finished tiny study, grown by a second seed of base, adv and FLAT."""
    folder = tmp_path_factory.mktemp("seeds") / "checkout"
    shutil.copytree(finished.folder, folder, symlinks=True)
    grown = Checkout(folder, resources)
    values = yaml.safe_load((folder / "tests/data/tiny.yaml").read_text())
    values["overrides"].append({"where": {"strategies": ["base", "adv", "FLAT"]}, "seeds": [0, 1]})
    (folder / "seeds.yaml").write_text(yaml.safe_dump(values))
    grown.planned = grown.plan(study="seeds.yaml")
    grown.tiny("--cores", "2", study="seeds.yaml", warm=True)
    return grown


def claims_of(checkout, file="claims.csv") -> pd.DataFrame:
    return pd.read_csv(checkout.folder / RESULTS / file, keep_default_na=False).set_index("claim")


def test_a_seed_more_of_some_cells_trains_these_alone(two_seeds):
    assert two_seeds.planned["train_base"] == 1 and two_seeds.planned["train_round"] == 4  # 2 rounds of adv and FLAT
    models = two_seeds.folder / RESULTS / "models/sst2/CNN"
    assert {path.parent.parent.name for path in models.glob("*/*/seed1")} == {"base", "adv", "FLAT"}


def test_tables_print_mean_interval_printed_value_and_mark(two_seeds):
    results = two_seeds.folder / RESULTS
    table = pd.read_csv(results / "tables/table3.csv", keep_default_na=False)
    shown = table[table["metric"].eq("after_attack_accuracy_percent") & table["model"].eq("CNN")]
    row = shown[shown["dataset"].eq("sst2") & shown["strategy"].eq("adv") & shown["attack"].eq("textfooler")].iloc[0]
    ledgers = (results / "attacks/test/sst2/CNN/adv/textfooler").glob("seed*/textfooler/ledger.parquet")
    by_hand = [100 * pd.read_parquet(path)["status"].eq("failed").mean() for path in ledgers]
    assert float(row["ours"]) == pytest.approx(np.mean(by_hand), abs=1e-6) and (row["seeds"], row["mark"]) == (2, "ᵈ")
    assert 0 <= float(row["low"]) <= float(row["ours"]) <= float(row["high"]) <= 100 and row["printed"] == "2.53"
    assert row["ours_n"] == 14  # so few that a decimal would say too much
    text = f"{float(row['ours']):.0f}ᵈ [{float(row['low']):.0f}, {float(row['high']):.0f}] n 14 (2.53)"
    assert text in (results / "tables/table3.md").read_text()
    assert "ᶜ [" in (results / "tables/table5.md").read_text()  # one seed of the ablation's other strategy


def test_every_claim_names_files_that_are_there(two_seeds):
    claims = claims_of(two_seeds)
    assert {"direction only", "inconclusive"} >= set(claims["verdict"]) - {"not run"}  # two seeds permit no more
    for name, claim in claims.iterrows():
        files = [path for column in ("tables", "ledgers") for path in claim[column].split(";") if path]
        assert all((two_seeds.folder / path).is_file() for path in files), name
        assert bool(claim["ledgers"]) == (claim["verdict"] != "not run") == (claim["cells_run"] > 0)
    assert claims.loc["aa-flat-above-adv", "mark"] == "descriptive"
    assert claims.loc["flat-above-group-masks", "verdict"] == "not run"  # of another data set
    assert claims.loc["aa-flat-15-points-on-imdb", "verdict"] == "not run"


def test_a_claim_is_what_its_ledgers_say(two_seeds):
    claim, sides = claims_of(two_seeds).loc["aa-flat-above-adv"], {"FLAT": [], "adv": []}
    for path in claim["ledgers"].split(";"):
        ledger = pd.read_parquet(two_seeds.folder / path)
        sides[Path(path).parts[-5]].append(100 * ledger["status"].eq("failed").mean())
    difference = np.mean(sides["FLAT"]) - np.mean(sides["adv"])
    assert float(claim["value"]) == pytest.approx(difference, abs=1e-6) and len(sides["adv"]) == 2
    assert claim["verdict"] == ("direction only" if difference > 0 else "inconclusive")
    cells = claims_of(two_seeds, "claim_cells.csv").loc["aa-flat-above-adv"]
    assert (cells["status"].eq("run").sum(), len(cells)) == (1, 32) and claim["cells"] == 32


def test_the_report_shows_verdicts_curves_and_the_check_of_printed_numbers(two_seeds):
    html = (two_seeds.folder / RESULTS / "report.html").read_text()
    for section in ("claims", "grim", "figurecurves"):
        assert f'<section id="{section}">' in html and f'href="#{section}"' in html
    assert 'class="interval">[' in html and 'class="verdict not-run"' in html
    curves = pd.read_csv(two_seeds.folder / RESULTS / "figures/curves.csv")
    last = curves[curves["strategy"].eq("FLAT") & curves["attack"].eq("textfooler")].iloc[-1]
    table = pd.read_csv(two_seeds.folder / RESULTS / "tables/table3.csv", keep_default_na=False)
    aa = table[table["metric"].eq("after_attack_accuracy_percent") & table["strategy"].eq("FLAT")]
    aa = aa[aa["status"].eq("run") & aa["attack"].eq("textfooler")].iloc[0]
    assert last["aa_percent"] == pytest.approx(float(aa["ours"]), abs=1e-5) and last["seeds"] == 2


def test_claims_are_a_target_of_their_own(two_seeds):
    assert "Nothing to be done" in two_seeds.tiny("--cores", "1", "--", "claims", study="seeds.yaml")


def test_two_seeds_are_published_apart_and_redrawn_together(two_seeds, repository, tmp_path):
    """Each seed's archive has its own rows of what all seeds share; together they are the run again."""
    from tests.workflow.test_published import differing, fresh_clone, published

    out = tmp_path / "published"
    for seed in ("0", "1"):
        published(two_seeds, "pack", "seeds.yaml", "--seed", seed, "--to", str(out))
    clone = fresh_clone(tmp_path / "clone", repository)
    shutil.copy2(two_seeds.folder / "seeds.yaml", clone.folder)
    said = published(clone, "redraw", "seeds.yaml", "--from", str(out), "--to", "results", "--cores", "2")
    assert "seeds: 0, 1" in said and "NOT as" not in said and "claims.csv" in said
    left = differing(clone.folder / RESULTS, two_seeds.folder / RESULTS)
    assert left == {f"figures/fig3.{kind}" for kind in ("csv", "pdf", "png")}
    for name in ("interpretations/lime/sst2/CNN/consistency.parquet", "validity/sst2.parquet"):
        assert (clone.folder / RESULTS / name).read_bytes() == (two_seeds.folder / RESULTS / name).read_bytes()
    numbers = ("--numbers", "--seeds", "0", "--from", str(out), "--to", "one", "--cores", "1")
    assert "not compared: no archive" in published(clone, "redraw", "seeds.yaml", *numbers)
    assert set(pd.read_parquet(clone.folder / "one/tiny/measurements.parquet")["seed"]) == {0}
