"""A claim about explanations on other pair sets than its own."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from claimed_study import SEEDS, claimed_study, one_claim

from flat.analysis.claims import rows as claim_rows
from flat.analysis.claims.judge import judge_study
from flat.files.artefacts import write_csv
from flat.paper import printed as paper
from flat.report.page import claims as report_claims
from flat.report.page import page
from flat.study import paths


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    return *claimed_study(root), root


@pytest.fixture(scope="module")
def printed():
    return paper.load(Path(__file__).parents[3] / "config" / "paper")


@pytest.mark.parametrize("seeds", [SEEDS, SEEDS[:3]])
def test_a_claim_about_explanations_is_judged_on_each_pair_set(run, printed, tmp_path, seeds):
    mine, measurements, root = run
    mine = mine.model_copy(update={"seeds": seeds})
    moved = tmp_path / "moved"
    shutil.copytree(root, moved)
    path = moved / paths.of(mine).consistency("ig", "sst2", "LSTM")
    frame = pd.read_parquet(path)
    of_its_own = frame["strategy"].eq("FLAT") & frame["source"].eq("own")
    frame.loc[of_its_own, "kendall_tau"] -= 0.6  # on its own texts FLAT lies below adv
    frame.to_parquet(path)

    def lines(*claims_):
        return claim_rows.claim_rows(judge_study(mine, claims_, measurements, printed, moved), mine)

    kt = one_claim("kt", metric="kendall_tau")
    line, of_outcomes = lines(kt, one_claim())
    kinds = {"on_shared", "on_all", "on_successful", "on_saved"}
    alone = {f"on_{name}": lines(kt.on(name))[0]["verdict"] for name in ("shared", "all", "successful", "saved")}
    assert {name: line[name] for name in kinds} == alone
    expected = ("reproduced", "contradicted") if len(seeds) == 5 else ("direction only", "inconclusive")
    assert (line["verdict"], line["on_all"]) == expected and line["on_shared"] == line["verdict"]
    assert {of_outcomes[name] for name in kinds} == {""}
    assert line["low"] and line["high"] and kt.on("all").on("shared") == kt
    written = tmp_path / "claims.csv"
    write_csv(written, [line, of_outcomes], claim_rows.CLAIM_COLUMNS)
    shown, other = report_claims.read(written)
    (names,) = [names for names, verdict in shown.elsewhere if verdict == expected[1]]
    assert "all" in names and "shared" not in names and not shown.everywhere
    assert sum(len(names) for names, _ in shown.elsewhere) == sum(alone[name] != alone["on_shared"] for name in kinds)
    assert other.elsewhere == () and not other.everywhere
    from page_examples import PASSPORT

    html = page.build(mine, [], [], PASSPORT, [shown])
    assert f"on {', '.join(names)}: {expected[1]}</span>" in html
    (same,) = lines(one_claim("base", of="adv", minus="base", metric="kendall_tau"))
    write_csv(written, [same], claim_rows.CLAIM_COLUMNS)
    assert report_claims.read(written)[0].everywhere
    assert "on every pair set" in page.build(mine, [], [], PASSPORT, report_claims.read(written))
