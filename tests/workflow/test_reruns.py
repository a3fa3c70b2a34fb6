"""What a change reruns, and what it does not: asked of Snakemake's own plan."""

import os
import time

import pytest
import yaml

pytestmark = pytest.mark.workflow
REPORTED = {"make_table", "draw_figure", "write_report", "collect_measurements", "estimate_intervals", "judge_claims"}
REPORTED |= {"write_explorer"}


@pytest.fixture
def edit(finished):
    """Edit a file of the checkout; it is put back afterwards, with its old time."""
    kept = []

    def change(path: str, old: str, new: str):
        file = finished.folder / path
        kept.append((file, file.read_bytes(), file.stat()))
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))

    yield change
    for file, content, status in reversed(kept):
        file.write_bytes(content)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def study_with(finished, tmp_path, change) -> str:
    values = yaml.safe_load((finished.folder / "tests/data/tiny.yaml").read_text())
    change(values)
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump(values))
    return str(path)


def heavy(plan: dict) -> dict:
    return {rule: n for rule, n in plan.items() if rule not in REPORTED and rule not in ("all", "figures")}


def test_nothing_changed_nothing_planned(finished):
    assert finished.plan() == {}


def test_a_touched_or_commented_script_reruns_nothing(finished, edit):
    edit("workflow/scripts/train.py", "with running", "# why this is so\nwith running")
    edit("src/flat/training/objective.py", "def importance_gap", "# Eq. 4\ndef importance_gap")
    os.utime(finished.folder / "workflow/scripts/attack.py", (time.time(), time.time()))
    assert finished.plan() == {}


def test_a_changed_objective_retrains_every_model_and_what_follows(finished, edit):
    edit("src/flat/training/objective.py", "return gaps.sum(-1).mean()", "return 2 * gaps.sum(-1).mean()")
    plan = finished.plan()
    assert plan["train_base"] == 1 and plan["train_round"] >= 4 and "preprocess" not in plan


def test_changed_table_code_reruns_tables_only(finished, edit):
    edit("src/flat/report/tables/layout.py", "not run", "was not run")
    assert not heavy(finished.plan()) and "make_table" in finished.plan()


def test_changed_code_of_one_figure_redraws_that_figure(finished, edit):
    edit("src/flat/report/figures/figure_5.py", "return finished(5", "assert True\n    return finished(5")
    assert finished.plan() == {"draw_figure": 1, "write_report": 1, "all": 1}


def test_redrawing_figures_reruns_figures_only(finished):
    assert finished.plan("-R", "draw_figure", "--", "figures") == {"draw_figure": 5, "figures": 1}


def test_changed_replay_code_asks_again_and_attacks_nothing(finished, edit):
    edit("src/flat/analysis/replay.py", "TIE = 1e-2", "TIE = 1e-3")
    assert heavy(finished.plan()) == {"replay": 3}


def test_another_switch_retrains_its_row_alone(finished, tmp_path):
    def change(values):
        values["strategies"]["softmax"]["switches"] = {"double_softmax": False, "keep": "everything"}

    plan = finished.plan(study=study_with(finished, tmp_path, change))
    assert plan["train_round"] == plan["attack_test"] == plan["interpret_ig"] == 1
    assert not {"train_base", "attack_train", "interpret_lime", "replay"} & set(plan)


def test_one_cell_can_be_rerun_alone(finished):
    cell = "results/tiny/attacks/test/sst2/CNN/adv/textfooler/seed0/pwws/ledger.parquet"
    assert finished.plan("--force", "--", cell) == {"attack_test": 1}


def test_another_order_of_keys_reruns_no_heavy_job(finished, tmp_path):
    assert not heavy(finished.plan(study=study_with(finished, tmp_path, lambda values: None)))


def test_another_beta_retrains_flat_only(finished, tmp_path):
    def change(values):
        values["strategies"]["FLAT"]["beta"] = 0.2

    plan = finished.plan(study=study_with(finished, tmp_path, change))
    assert plan["train_round"] == 2  # the two rounds of FLAT
    assert plan["attack_train"] == 1  # its second round's texts; the first round's are the base model's
    assert plan["attack_test"] == 1 and "train_base" not in plan and "train_start" not in plan
    assert plan["replay"] == 3  # its texts are asked of every model of the matrix


def test_one_more_round_keeps_the_earlier_ones(finished, tmp_path):
    def change(values):
        values["overrides"][0]["rounds"]["count"] = 3

    plan = finished.plan(study=study_with(finished, tmp_path, change))
    assert plan["train_round"] == 2 and plan["attack_train"] == 2  # round 3 of adv and of FLAT
    assert "train_base" not in plan


def test_one_more_seed_keeps_the_other(finished, tmp_path):
    def change(values):
        values["seeds"] = [0, 1]

    plan = finished.plan(study=study_with(finished, tmp_path, change))
    assert plan["train_base"] == 1 and "preprocess" not in plan and "draw_examples" not in plan
    assert plan["replay"] == 3  # the models of the new seed, on one another's texts


def test_more_attacked_examples_retrain_nothing(finished, tmp_path):
    def change(values):
        values["datasets"]["sst2"]["attacked_test"] = 20

    plan = finished.plan(study=study_with(finished, tmp_path, change))
    assert not {"train_base", "train_round", "attack_train"} & set(plan) and plan["attack_test"] >= 4
