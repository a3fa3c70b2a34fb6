"""Each guard catches what it is for: the study's own rules, run on results that were spoilt on purpose."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors.numpy import load_file, save_file

from flat.analysis.measurements import percent
from flat.attacks.ledger import SCHEMA
from flat.files.artefacts import write_json, write_table
from flat.files.digests import digest_of as lock_hash
from tests.workflow.conftest import Checkout

pytestmark = pytest.mark.workflow
RESULTS = Path("results/tiny")
BASE = RESULTS / "attacks/test/sst2/CNN/base/none/seed0/textfooler"
ADV = RESULTS / "attacks/test/sst2/CNN/adv/textfooler/seed0/textfooler"
FLAGS = str(RESULTS / "flags.parquet")
ONLY_FILES = ("--cores", "2", "--rerun-triggers", "mtime")


@pytest.fixture
def spoilt(finished, resources, tmp_path):
    """A copy of the finished checkout; ``finished`` is left as it is."""
    folder = tmp_path / "spoilt"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("__pycache__", "log"))
    return Checkout(folder, resources)


def test_the_tiny_study_passes_its_guards(finished):
    """No ledger is refused; the only flags are of strategies that the study gives fewer rounds than adv."""
    flags = pd.read_parquet(finished.folder / FLAGS)
    assert set(flags["strategy"]) == {"FLAT-nogamma", "group10"} and set(flags["flag"]) == {"unequal_compute"}
    assert set(flags["detail"]) == {"rounds: 1 (adv 2)"} and set(flags["attack"]) == {""}
    table = (finished.folder / RESULTS / "tables/table5.md").read_text()
    assert "¶ Flagged unequal compute" in table and "rounds: 1 (adv 2)" in table


def test_the_calibrated_attack_is_recounted_from_its_ledger(finished):
    ledger = pd.read_parquet(
        finished.folder / RESULTS / "attacks/calibrated/sst2/CNN/base/none/seed0/textfooler/ledger.parquet"
    )
    measured = pd.read_parquet(finished.folder / RESULTS / "guards.parquet")
    measured = measured[(measured["strategy"] == "base") & (measured["attack"] == "textfooler")]
    values = dict(zip(measured["metric"], measured["value"], strict=True))
    assert len(ledger) == 14
    assert values["aa_calibrated_percent"] == percent(int((ledger["status"] == "failed").sum()), 14)
    assert values["aa_at_one_percent"] == values["after_attack_accuracy_percent"]  # all 14 are in the sub-sample
    assert 0.1 < values["temperature"] < 10


def test_validity_is_that_of_the_ledgers(finished):
    """AA beside the stricter ones is the ledger's own; each success has its similarity, checked or not."""
    table = pd.read_csv(finished.folder / RESULTS / "tables/validity.csv", keep_default_na=False)
    texts = pd.read_parquet(finished.folder / RESULTS / "validity/sst2.parquet")
    for strategy, group in texts.groupby("strategy"):
        won = group[group["status"] == "succeeded"]
        assert won["sentence_similarity"].between(-1, 1).all() and won["similarity_unchecked"].any()
        rows = table[table["strategy"] == strategy].set_index("metric")["ours"].astype(float)
        failed = (group["status"] == "failed").sum()
        strict = failed + ((won["least_word_cosine"] < 0.9) | (won["sentence_similarity"] < 0.98)).sum()
        assert rows["after_attack_accuracy_percent"] == pytest.approx(100 * failed / 14, abs=1e-5)
        assert rows["aa_both_percent"] == pytest.approx(100 * strict / 14, abs=1e-5)


def test_a_victim_left_in_train_mode_is_not_attacked(spoilt):
    """The real attack rule on a model that its loading leaves with dropout on."""
    loading = spoilt.folder / "src/flat/models/checkpoint.py"
    text = loading.read_text()
    assert text.count("return model.to(device).eval()") == 1
    loading.write_text(text.replace("return model.to(device).eval()", "return model.to(device).train()"))
    ledger = BASE / "ledger.parquet"
    out = spoilt.tiny(*ONLY_FILES, "--force", "--", str(ledger), ok=False)
    assert "the victim: is in training mode" in out and "remedy" in out and "Traceback" not in out
    assert not (spoilt.folder / ledger).exists()


def test_a_saturated_victim_is_flagged_wherever_it_is_shown(spoilt):
    """The base model with its logits times 50: same answers, no signal for the search."""
    weights = spoilt.folder / RESULTS / "models/sst2/CNN/base/none/seed0/round0/model.safetensors"
    before, tensors = weights.stat(), load_file(weights)
    for name in ("output.weight", "output.bias"):
        tensors[name] = np.float32(50) * tensors[name]
    save_file(tensors, weights, metadata={"format": "pt"})
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    spoilt.record(weights)
    guards = RESULTS / "tables/guards.md"
    spoilt.tiny(*ONLY_FILES, "-R", str(BASE / "ledger.parquet"), "--", str(guards), warm=True)
    flags = pd.read_parquet(spoilt.folder / FLAGS)
    flags = flags[(flags["strategy"] == "base") & (flags["attack"] == "textfooler")]
    assert set(flags["flag"]) == {"saturated", "miscalibrated"}, flags.to_dict("records")
    fitted = json.loads(
        (
            spoilt.folder / RESULTS / "attacks/calibrated/sst2/CNN/base/none/seed0/textfooler/calibration.json"
        ).read_text()
    )
    assert fitted["value"] > 20
    (line,) = [line for line in (spoilt.folder / guards).read_text().splitlines() if "| CNN-base |" in line]
    assert "¶" in line
    assert "¶ Flagged miscalibrated" in (spoilt.folder / guards).read_text()


def test_spoilt_ledgers_and_splits_are_refused_before_anything_is_reported(spoilt):
    """A missing id, mixed locks, a dev split that is test: each by itself, through the rule of the guards."""
    path, lock_file = spoilt.folder / ADV / "ledger.parquet", spoilt.folder / ADV / "lock.json"
    dev, test = (spoilt.folder / RESULTS / f"data/sst2/{name}.parquet" for name in ("dev", "test"))
    kept = {file: (file.read_bytes(), file.stat()) for file in (path, lock_file, dev)}
    whole, lock = pd.read_parquet(path), json.loads(lock_file.read_text())

    def refused(*said: str) -> None:
        spoilt.record(*kept)
        out = spoilt.tiny(*ONLY_FILES, "--force", "--allowed-rules", "check_guards", "--", FLAGS, ok=False)
        assert "error in check_guards" in out and "remedy" in out and all(word in out for word in said), out[-2000:]
        assert "Traceback" not in out and not (spoilt.folder / FLAGS).exists()
        for file, (content, status) in kept.items():
            file.write_bytes(content)
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        spoilt.record(*kept)

    gone = whole["example_id"].iloc[3]
    write_table(path, whole[whole["example_id"] != gone], SCHEMA)
    refused(str(ADV / "ledger.parquet"), "13 of the 14 drawn examples", gone)

    lock["constraints"][0]["parameters"]["min_cos_sim"] = 0.7
    write_json(lock_file, lock)
    write_table(path, whole.assign(attack_hash=lock_hash(lock)), SCHEMA)
    refused("mixed locks", str(ADV / "ledger.parquet"), str(BASE / "ledger.parquet"))

    shutil.copy(test, dev)
    refused("data set sst2", "models are selected on test")


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("models.CNN.training.select", lambda study: study["models"]["CNN"]["training"].update(select="test")),
        ("tune.split", lambda study: study["tune"].update(split="test")),
    ],
)
def test_a_test_tuned_study_is_refused_before_any_job(checkout, tmp_path, key, change):
    study = yaml.safe_load((checkout.folder / "tests/data/tiny.yaml").read_text())
    change(study)
    (tmp_path / "tuned.yaml").write_text(yaml.safe_dump(study))
    out = checkout.tiny("-n", "--", "tune", study=str(tmp_path / "tuned.yaml"), ok=False)
    assert f"{key}: " in out and "nothing may be selected on test" in out and "Traceback" not in out
