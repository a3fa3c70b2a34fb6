"""Explanations that are made for the explorer alone: they are shown, and no number of the study counts them."""

import numpy as np
import yaml
from explorer_studies import MAIN, STRATEGIES, opened, put

from flat.report.explorer.content import content
from flat.report.explorer.pairs import UNDEFINED
from flat.study.grid import attacked_cells, explained_cells, shown_cells
from flat.study.load import load

VARIANT = "FLAT-nogamma"


def changes(repository, **blocks) -> dict:
    """Of the toy study: a variant that Table 5 attacks and that no table explains."""
    values = yaml.safe_load((repository / "tests/data/tiny.yaml").read_text())
    ablation = {"dataset": "sst2", "model": "CNN", "attack": "textfooler", "strategies": [VARIANT]}
    return {
        "strategies": {name: values["strategies"][name] for name in (*STRATEGIES, VARIANT)},
        "artefacts": {"main": MAIN, "ablation": ablation} | blocks,
    }


def saliency(study, method: str) -> dict[str, tuple[bool, bool]]:
    """Strategy -> (every pair has scores of the original, some pair has KT) on the study's page."""
    facts, columns = opened(content(study, root="", draws=50))
    strategies = np.array([cell["strategy"] for cell in facts["cells"]])[columns["cell"]]
    lengths = columns[f"{method}_length"].reshape(len(strategies), -1)[:, 0]
    known = columns[f"{method}_kt_own"] != UNDEFINED
    return {s: (bool(lengths[strategies == s].all()), bool(known[strategies == s].any())) for s in {*strategies}}


def test_a_variant_has_saliency_where_the_study_asks_for_it(repository, tmp_path):
    plain = put(tmp_path / "plain", **changes(repository))
    assert saliency(plain, "ig") == dict.fromkeys(STRATEGIES, (True, True)) | {VARIANT: (False, False)}
    shown = put(tmp_path / "shown", **changes(repository, explorer={"models": ["CNN"]}))
    for method, has in {"ig": True, "lime": False}.items():  # LIME explains what the tables compare
        assert saliency(shown, method) == dict.fromkeys(STRATEGIES, (True, True)) | {VARIANT: (has, False)}


def test_every_attacked_cell_of_the_models_is_explained_once(repository):
    demo = load(repository / "config/demo.yaml")
    cells = {method: shown_cells(demo, method) for method in demo.interpretation.methods}
    assert len(cells["ig"]) == 77 and not cells["lime"]
    assert not set(cells["ig"]) & set(explained_cells(demo, "ig"))
    both = {*cells["ig"], *explained_cells(demo, "ig")}
    assert {a for a in attacked_cells(demo) if a.cell.model in ("CNN", "LSTM")} <= both
    assert {a.cell.model for a in cells["ig"]} == {"CNN", "LSTM"}
    without = demo.model_copy(update={"artefacts": demo.artefacts.model_copy(update={"explorer": None})})
    assert attacked_cells(without) == attacked_cells(demo) and not shown_cells(without, "ig")
