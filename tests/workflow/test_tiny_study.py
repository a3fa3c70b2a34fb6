"""The tiny study, really run: every artefact, nothing done twice, the same bytes on any number of cores."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
from safetensors.numpy import load_file

pytestmark = pytest.mark.workflow
RESULTS = Path("results/tiny")


def digests(folder: Path, *patterns: str) -> dict[str, str]:
    files = sorted(path for pattern in patterns for path in folder.glob(pattern))
    assert files
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_table_and_figure_and_the_report_are_there(finished):
    results = finished.folder / RESULTS
    for stem in (*(f"table{number}" for number in range(1, 11)), "readings", "replay", "guards", "validity"):
        for kind in ("csv", "md", "tex"):
            assert (results / f"tables/{stem}.{kind}").stat().st_size > 50, (stem, kind)
    for number in range(3, 7):
        for kind in ("csv", "pdf", "png"):
            assert (results / f"figures/fig{number}.{kind}").stat().st_size > 50, (number, kind)
    report = (results / "report.html").read_text()
    assert "Rotten Tomatoes sentences" in report and "TextFooler" in report
    passport = json.loads((results / "provenance.json").read_text())
    assert {entry["attack"] for entry in passport["attacks"]} == {"textfooler", "pwws"}
    assert passport["resources"]["wordnet"]["licence"] and passport["jobs"]["train_base"]["jobs"] == 1
    model = str(RESULTS / "models/sst2/CNN/base/none/seed0/round0/model.safetensors")
    assert passport["files"][model] == hashlib.sha256((finished.folder / model).read_bytes()).hexdigest()


def test_the_numbers_are_those_of_the_ledgers(finished):
    """After-attack accuracy of Table 3, recounted by hand from the ledger file."""
    results = finished.folder / RESULTS
    table = pd.read_csv(results / "tables/table3.csv", keep_default_na=False)
    for strategy, train_attack in (("base", "none"), ("adv", "textfooler"), ("FLAT", "textfooler")):
        ledger = pd.read_parquet(
            results / f"attacks/test/sst2/CNN/{strategy}/{train_attack}/seed0/textfooler/ledger.parquet"
        )
        assert len(ledger) == 14
        by_hand = 100 * (ledger["status"] == "failed").sum() / 14
        row = table[
            (table["dataset"] == "sst2")
            & (table["model"] == "CNN")
            & (table["strategy"] == strategy)
            & (table["attack"] == "textfooler")
            & (table["metric"] == "after_attack_accuracy_percent")
        ]
        assert len(row) == 1 and float(row["ours"].iloc[0]) == pytest.approx(by_hand, abs=0.006)


def test_the_transfer_matrix_has_after_attack_accuracy_on_its_diagonal(finished):
    results = finished.folder / RESULTS
    table = pd.read_csv(results / "tables/replay.csv", keep_default_na=False)
    accuracy = table[table["metric"] == "replayed_accuracy_percent"]
    assert len(accuracy) == 3 * 3 and set(accuracy["status"]) == {"run"}
    for strategy, train_attack in (("base", "none"), ("adv", "textfooler"), ("FLAT", "textfooler")):
        cell = f"sst2/CNN/{strategy}/{train_attack}/seed0/textfooler"
        ledger = pd.read_parquet(results / f"attacks/test/{cell}/ledger.parquet")
        answers = pd.read_parquet(results / f"replay/{cell}/replay.parquet")
        assert len(answers) == 3 * 14 and answers["source_strategy"].value_counts().to_dict() == {
            name: 14 for name in ("base", "adv", "FLAT")
        }
        own = accuracy[(accuracy["source_strategy"] == strategy) & (accuracy["strategy"] == strategy)]
        assert float(own["ours"].iloc[0]) == pytest.approx(100 * (ledger["status"] == "failed").sum() / 14, abs=1e-6)


def test_the_readings_compare_three_models(finished):
    table = pd.read_csv(finished.folder / RESULTS / "tables/readings.csv", keep_default_na=False)
    shown = table[(table["metric"] == "test_accuracy_percent") & (table["minus"] == "")]
    accuracy = dict(zip(shown["strategy"], shown["ours"].astype(float), strict=True))
    assert set(accuracy) == {"FLAT-nogamma", "softmax", "keep-all"}
    apart = table[(table["metric"] == "test_accuracy_percent") & (table["minus"] == "first row")]
    for name, difference in zip(apart["strategy"], apart["ours"].astype(float), strict=True):
        assert difference == pytest.approx(accuracy[name] - accuracy["FLAT-nogamma"], abs=2e-6)
    # models of no other table are explained on the base model's texts; all start from it and know the same words
    shared = table[(table["metric"] == "kendall_tau") & (table["pair_set"] == "shared") & (table["minus"] == "")]
    assert set(shared["status"]) == {"run"} and len(shared) == 3 and len(set(shared["ours_n"])) == 1
    known = table[table["metric"] == "aa_known_words_percent"]
    aa = table[(table["metric"] == "after_attack_accuracy_percent") & (table["minus"] == "")]
    assert (known["ours"].astype(float).to_numpy() >= aa["ours"].astype(float).to_numpy()).all() and len(known) == 3
    phi = table[table["metric"] == "unknown_word_importance"]
    assert len(phi) == 3 and phi["ours"].astype(float).between(0, 1).all()
    text = (finished.folder / RESULTS / "tables/readings.md").read_text()
    assert "| double_softmax |" in text and "| keep: all |" in text
    lime = finished.folder / RESULTS / "interpretations/lime/sst2/CNN"
    assert not {"softmax", "keep-all"} & {path.name for path in lime.iterdir()}  # explained by gradients alone


def test_an_optimiser_that_is_kept_goes_on_from_the_round_before(finished):
    models = finished.folder / RESULTS / "models/sst2/CNN"
    steps, said = {}, {}
    cells = {"base": "base/none/seed0/round0", "first": "FLAT/textfooler/seed0/round1"}
    cells |= {"second": "FLAT/textfooler/seed0/round2", "fresh": "FLAT-nogamma/textfooler/seed0/round1"}
    for name, cell in cells.items():
        moments = load_file(models / cell / "optimizer.safetensors")
        own = {key: tensor for key, tensor in moments.items() if key.endswith("/step") and "mask" not in key}
        (steps[name],) = {tensor.item() for tensor in own.values()}
        said[name] = json.loads((models / cell / "metrics.json").read_text())["optimizer_moments"]
    per_epoch = -(-1200 // 64)
    epochs = {"base": 3, "first": 3 + 2, "second": 3 + 2 + 2, "fresh": 2}
    assert steps == {name: number * per_epoch for name, number in epochs.items()}
    assert said == {"base": "fresh", "first": "kept", "second": "kept", "fresh": "fresh"}


def test_strategies_differ_because_training_differed(finished):
    results = finished.folder / RESULTS / "models/sst2/CNN"
    last = {
        "base": "base/none/seed0/round0",
        "adv": "adv/textfooler/seed0/round2",
        "FLAT": "FLAT/textfooler/seed0/round2",
    }
    weights = {
        hashlib.sha256((results / path / "model.safetensors").read_bytes()).hexdigest() for path in last.values()
    }
    assert len(weights) == 3
    history = pd.read_csv(results / last["FLAT"] / "history.csv")
    assert (history["ce_adversarial"] > 0).all() and (history["importance_gap"] > 0).all()
    assert (history["entropy_original"] > 0).all()
    adv = pd.read_csv(results / last["adv"] / "history.csv")
    assert (adv["ce_adversarial"] > 0).all() and (adv["importance_gap"] == 0).all()


CLUSTER = ("-n", "--executor", "slurm", "--jobs", "4")


def test_a_second_run_has_nothing_to_do(finished):
    """Neither as it was run, in shards, nor as one machine or a cluster would."""
    assert "Nothing to be done" in finished.tiny("--cores", "2")
    for more in (("--cores", "2"), CLUSTER):
        assert "Nothing to be done" in finished.tiny(*more, "--config", "sharding=auto")
    forced = finished.plan("--config", "sharding=never")
    assert forced["attack_test"] and "attack_test_shard" not in forced  # by force it is run again


FLAT = "sst2/CNN/FLAT/textfooler/seed0"
BY_THEMSELVES = [f"interpretations/{method}/{FLAT}/textfooler/attributions.parquet" for method in ("ig", "lime")]
BY_THEMSELVES += [f"importance/{FLAT}/importance.parquet", f"replay/{FLAT}/textfooler/replay.parquet"]


def test_other_cores_workers_and_jobs_by_themselves_give_the_same_bytes(finished, repository, resources, tmp_path):
    """Attacks as processes of one job in place of shards; a cluster would leave them as they are.

    ``finished`` ran from a preloaded process. Here the jobs on the way to FLAT's explanations run without one, and
    all processes hash strings differently.
    """
    from tests.workflow.conftest import Checkout, copy_to

    copy_to(tmp_path, repository)
    other = Checkout(tmp_path, resources)
    never = ("--cores", "2", "--config", "sharding=never")
    other.tiny(*never, "--", *(f"{RESULTS}/{path}" for path in BY_THEMSELVES), cold=True)
    other.tiny(*never, warm=True, cold=True)
    assert not list((other.folder / RESULTS).glob("attacks/**/shards"))
    assert "Nothing to be done" in other.tiny(*CLUSTER, "--config", "sharding=auto")
    patterns = (
        "tables/*",
        "claim*.csv",
        "intervals.parquet",
        "replay/**/*.parquet",
        "figures/*.csv",
        "figures/*.png",
        "attacks/**/ledger.parquet",
        "models/**/*.safetensors",
    )
    here, there = (digests(c.folder / RESULTS, *patterns) for c in (finished, other))
    assert here == there


def test_every_heavy_job_left_a_log_and_a_benchmark(finished):
    results = finished.folder / RESULTS
    assert "attacked 14:" in (results / "logs/attack_test/sst2/CNN/base/none/seed0/textfooler.log").read_text()
    benchmark = results / "benchmarks/attack_test/sst2/CNN/base/none/seed0/textfooler.jsonl"
    assert json.loads(benchmark.read_text())["s"] > 0
    assert not list((results / "journals").rglob("*.jsonl"))  # removed on success
