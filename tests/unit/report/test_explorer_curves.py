"""The curves that the explorer holds are counted from the ledgers, over seeds as the figure has them."""

import numpy as np
import pytest
from explorer_studies import STRATEGIES, put

from flat.files.artefacts import read_table
from flat.report.explorer.budgets import budget_curves
from flat.study import paths
from flat.study.grid import attacked_cells


def by_hand(study, strategy: str, budget: int) -> tuple[list[float], int]:
    """AA of each seed, and the texts of all seeds that fell."""
    shares, fell = [], 0
    for attacked in attacked_cells(study):
        if attacked.cell.strategy == strategy:
            ledger = read_table(paths.test_ledger(study, attacked))
            down = (ledger["status"].eq("succeeded") & ledger["queries"].le(budget)).sum()
            shares.append(100 * (len(ledger) - ledger["status"].eq("skipped").sum() - down) / len(ledger))
            fell += down
    return shares, fell


@pytest.mark.parametrize("seeds", [[0], [0, 1, 2]])
def test_lines_are_the_ledgers_counts(tmp_path, seeds):
    study = put(tmp_path, [f"text {at}" for at in range(18)], seeds=seeds)
    found = budget_curves(study, "")
    (panel,) = found["panels"]
    assert found["without"] == [] and [line["strategy"] for line in panel["lines"]] == list(STRATEGIES)
    for line in panel["lines"]:
        assert (line["n"], line["seeds"]) == (18, len(seeds))
        assert line["train_attack"] == ("none" if line["strategy"] == "base" else "textfooler")
        for at, budget in enumerate(panel["budgets"]):
            shares, fell = by_hand(study, line["strategy"], budget)
            assert line["value"][at] == pytest.approx(np.mean(shares), abs=1e-4) and line["fell"][at] == fell
            ends = line["low"][at], line["high"][at]
            if len(seeds) > 1:
                assert ends == (pytest.approx(min(shares), abs=1e-4), pytest.approx(max(shares), abs=1e-4))
            else:
                assert ends[0] <= shares[0] <= ends[1] and ends[1] - ends[0] > 15  # 18 texts say little
        assert line["band"] == ("seeds" if len(seeds) > 1 else "texts") and line["fell"][-1] > line["fell"][0] == 0


def test_a_lazy_search_has_no_curve_and_is_named(tmp_path):
    study = put(tmp_path)
    attacks = study.model_dump()["attacks"]
    attacks["textfooler"]["search"] = "lazy"
    lazy = put(tmp_path / "lazy", attacks=attacks)
    assert budget_curves(lazy, "") == {"panels": [], "without": ["textfooler"]}
