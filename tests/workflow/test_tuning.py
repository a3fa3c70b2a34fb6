"""`snakemake tune` on several cells: what it reads, what its overlay runs again, and what a kill costs."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

pytestmark = pytest.mark.workflow
RESULTS = Path("results/tiny")
STRATEGIES = ("base", "adv", "FLAT-nogamma")


def search_of(strategy: str, file: str = "trials.csv") -> Path:
    return RESULTS / "tuning/sst2/CNN" / strategy / file


@pytest.fixture
def changed(checkout, tmp_path):
    """Writes the tiny study with other keys in its section tune; its path."""

    def written(**keys) -> str:
        study = yaml.safe_load((checkout.folder / "tests/data/tiny.yaml").read_text())
        study["tune"] |= keys
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump(study))
        return str(path)

    return written


def test_a_search_a_cell_is_planned_and_one_attack_for_all(checkout, changed):
    planned = checkout.plan("--forceall", "--", "tune")  # whatever other tests have made
    assert (planned["search_weights"], planned["join_searches"], planned["attack_tuning"]) == (3, 1, 1)
    assert "attack_train" not in planned and "attack_test" not in planned and "train_round" not in planned
    as_study = checkout.plan("--forceall", "--", "tune", study=changed(attacked=None))
    assert as_study["attack_train"] == 1 and "attack_tuning" not in as_study
    base = checkout.plan("--forceall", "--", "tune", study=changed(strategies=["base"], train_attack=None))
    assert base["search_weights"] == 1 and not {name for name in base if "attack" in name} and "train_base" not in base
    own = checkout.plan("--forceall", "--", "tune", study=changed(strategies=["group10", "base"]))
    assert own["search_weights"] == 2 and not {name for name in own if "attack" in name}  # each trial attacks its own


def test_an_old_section_is_refused_with_the_new_spelling(checkout, changed):
    out = checkout.tiny("-n", "--", "tune", study=changed(strategy="adv"), ok=False)
    assert "strategy: a search takes lists; write strategies: [adv]" in out and "Traceback" not in out


def test_tuning_reads_no_test_and_its_overlay_retrains_its_cells_alone(copy):
    pytest.importorskip("optuna")
    out = copy.tiny("--cores", "2", "--", "tune")
    assert "search_weights" in out
    trials = {
        name: pd.read_csv(copy.folder / search_of(name), keep_default_na=False, dtype={"chosen": str})
        for name in STRATEGIES
    }
    assert {name: len(table) for name, table in trials.items()} == {"base": 2, "adv": 2, "FLAT-nogamma": 3}
    for table in trials.values():  # the study's own values come first, the best are chosen
        assert table.loc[0, "learning_rate"] == 0.004 and (table["chosen"] == "yes").sum() == 1
        assert table["score"].max() == table.loc[table["chosen"] == "yes", "score"].iloc[0]
    assert trials["FLAT-nogamma"].loc[0, "beta"] == 0.1
    assert set(trials["adv"]["rounds"]) == {1} and set(trials["adv"]["attacked"]) == {12}
    ledgers = {rows: f"attacks/{rows}/sst2/CNN/base/textfooler/seed0/round1" for rows in ("tuning", "train")}
    sizes = {n: len(pd.read_parquet(copy.folder / RESULTS / f / "ledger.parquet")) for n, f in ledgers.items()}
    assert sizes == {"tuning": 12, "train": 24}

    # a trial of the study's own rate is the study's base model
    metrics = json.loads((copy.folder / RESULTS / "models/sst2/CNN/base/none/seed0/round0/metrics.json").read_text())
    base = trials["base"].loc[0]
    assert base["dev_accuracy_percent"] == pytest.approx(100 * metrics["dev_accuracy"], abs=1e-4)
    assert base["score"] == pytest.approx(metrics["dev_accuracy"], abs=1e-6)
    assert base["dev_after_attack_accuracy_percent"] == ""

    overlay = str(RESULTS / "tuning/overlay.yaml")
    values = yaml.safe_load((copy.folder / overlay).read_text())
    assert [(t["cell"], t["split"], t["trials"], t["rounds"]) for t in values["tuned"]] == [
        ("sst2/CNN/base/none", "dev", 2, 0),
        ("sst2/CNN/adv/textfooler", "dev", 2, 1),
        ("sst2/CNN/FLAT-nogamma/textfooler", "dev", 3, 1),
    ]
    chosen = values["overrides"][-3:]
    assert [override["where"]["strategies"] for override in chosen] == [[name] for name in STRATEGIES]
    assert not any("train_attacks" in override["where"] for override in chosen)
    moved = [
        o for o in chosen if o["training"]["learning_rate"] != 0.004 or o.get("objective", {}).get("beta", 0.1) != 0.1
    ]
    plan = copy.run("--configfile", "tests/data/tiny.yaml", overlay, "-n", "--cores", "2", "--quiet", "rules")
    planned = {rule: int(n) for rule, n in re.findall(r"^(train_\w+) +(\d+)", plan, re.M)}
    if moved == [chosen[2]]:  # FLAT-nogamma's one round, and nothing else
        assert planned == {"train_round": 1}
    elif not moved:
        assert planned == {}
    else:  # a new base model has everything trained anew that starts from it
        assert planned

    inputs = copy.tiny("--cores", "2", "-n", "--force", "--", *(str(search_of(name)) for name in STRATEGIES))
    assert "data/sst2/dev.parquet" in inputs and "data/sst2/test.parquet" not in inputs


def test_an_overlay_chosen_on_test_is_refused(checkout, tmp_path):
    said = {"cell": "sst2/CNN/adv/textfooler", "split": "test", "trials": 3, "score": 0.5, "evidence": "trials.csv"}
    said |= {"rounds": 1, "attacked": 12, "examples": 8, "robustness": 0.5}
    (tmp_path / "overlay.yaml").write_text(yaml.safe_dump({"tuned": [said]}))
    out = checkout.run("--configfile", "tests/data/tiny.yaml", str(tmp_path / "overlay.yaml"), "-n", ok=False)
    assert "tuned.0.split: " in out and "nothing may be selected on test" in out and "Traceback" not in out


@pytest.mark.kill
def test_a_killed_search_goes_on_to_the_same_table(copy, changed):
    """Killed in a long search; the trials that it had finished are not made again."""
    pytest.importorskip("optuna")
    keys = {"strategies": ["base"], "learning_rate": {"low": 1e-3, "high": 1e-2}}
    long, short = changed(**keys, trials=1000), changed(**keys, trials=6)
    log = copy.folder / RESULTS / "logs/search_weights/sst2/CNN/base.log"
    table, journal = (copy.folder / search_of("base", name) for name in ("trials.csv", "optuna.journal"))
    for file in (log, journal, table):
        file.unlink(missing_ok=True)

    def made() -> list[str]:
        return re.findall(r"trial (\d+) of", log.read_text()) if log.exists() else []

    command = [sys.executable, "-m", "snakemake", "--configfile", long, "--cores", "1", "--", str(search_of("base"))]
    running = subprocess.Popen(
        command,
        cwd=copy.folder,
        env=copy.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 120
    while len(made()) < 3:
        assert time.monotonic() < until and running.poll() is None
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    copy.tiny("--cores", "1", "--unlock", study=short)
    copy.tiny("--cores", "1", "--rerun-incomplete", "--", str(search_of("base")), study=short)
    assert made() and int(made()[0]) >= 4 and made()[-1] == "6"
    resumed = table.read_bytes()
    for file in (journal, table):
        file.unlink()
    copy.tiny("--cores", "1", "--", str(search_of("base")), study=short)
    assert made() == ["1", "2", "3", "4", "5", "6"]
    assert table.read_bytes() == resumed
