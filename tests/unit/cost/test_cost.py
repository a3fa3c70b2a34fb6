"""The cost model: the jobs it counts, what it fits, what it says of work it has no rate for."""

import csv
import json
from collections import Counter
from dataclasses import replace

import pytest

from flat.cost import __main__ as command
from flat.cost.check import TOLERANCE, checks
from flat.cost.facts import DataFacts, data_facts, network_facts, network_of
from flat.cost.jobs import Job, jobs_of
from flat.cost.processor import Processor
from flat.cost.rates import Rates, Sample
from flat.cost.record import samples_of
from flat.errors import FlatError
from flat.study.artefacts import Artefacts
from flat.study.load import load

EMPTY = Rates("a machine", "a run", [])
FACTS = DataFacts(1000, 100, 200, 20.0, 5000, "a test")


@pytest.fixture(scope="module")
def paper(repository):
    study = load(repository / "config/config.yaml")
    return study, data_facts(study, "no such folder")


def attack(texts: float, words: float = 20.0, model: str = "CNN", **keywords) -> Job:
    return Job("attack_test", ("sst2",), "attack", "pwws", model, texts, words, **keywords)


# --- jobs


def test_the_papers_jobs_are_those_of_its_plan(paper):
    counts = Counter(job.rule for job in jobs_of(*paper))
    # the numbers of tests/workflow/test_plans.py, which asks Snakemake
    assert counts["train_base"] == 17 and counts["train_round"] == 3 * (2 * 2 * 16 + 3 + 5 + 12)
    assert counts["interpret_lime"] == 96 and counts["interpret_ig"] == 108 and counts["replay"] == 12
    assert counts["attack_test"] == 4 * 4 * 3 * 2 + 4 * (5 * 3 + 2) + 3 + 5 + 12 + 1


def test_a_study_of_the_main_tables_alone_has_no_other_jobs(paper):
    study, data = paper
    alone = study.model_copy(update={"artefacts": Artefacts(main=study.artefacts.main)})
    counts = Counter(job.rule for job in jobs_of(alone, data))
    assert counts["make_table"] == 9 and counts["draw_figure"] == 2
    assert not {"measure_importance", "replay", "group_words"} & set(counts)
    assert counts["attack_test"] == counts["interpret_ig"] == counts["interpret_lime"] == 96


def test_what_is_counted_is_what_the_study_says(paper):
    study, data = paper
    jobs = {(job.rule, job.at): job for job in jobs_of(study, data)}
    assert data["imdb"].train == 20000 and data["sst2-masked"] == data["sst2"]
    assert jobs["attack_train", ("ag", "CNN", "base", "pwws", "seed0", "round1")].texts == 10000
    assert jobs["attack_test", ("imdb", "BERT", "adv", "pwws", "seed0", "pwws")].texts == 5000
    explained = jobs["interpret_ig", ("ag", "LSTM", "FLAT", "pwws", "seed0", "pwws")]
    assert (explained.texts, explained.factor, explained.words) == (1000, 4 * 50, 32)
    assert jobs["train_base", ("trec", "CNN", "seed0")].texts == 10 * 5000 + (10 * 452 + 500) / 3


def test_shards_are_jobs_of_their_share(paper):
    study, data = paper
    pwws = study.attacks["pwws"].model_copy(update={"shards": 4})
    study = study.model_copy(update={"attacks": study.attacks | {"pwws": pwws}})
    assert not [job for job in jobs_of(study, data) if job.rule.endswith("_shard")]  # on one machine: processes
    jobs = [job for job in jobs_of(study, data, sharded=True) if job.at[:3] == ("ag", "CNN", "adv")]
    jobs = [job for job in jobs if job.at[-1].startswith("pwws")]
    shards = [job for job in jobs if job.rule == "attack_test_shard"]
    assert len(shards) == 4 and sum(job.texts for job in shards) == 7600
    assert [job.texts for job in jobs if job.rule == "attack_test"] == [0]
    always = study.model_copy(update={"sharding": "always"})
    assert jobs_of(always, data) == jobs_of(study, data, sharded=True)


def test_networks_are_measured_by_their_weights(paper):
    study, _ = paper
    # 12 layers of 12 x 768^2 weights, two operations each
    assert network_facts(study, "BERT", 0).mflops == pytest.approx(2 * 12 * 12 * 768**2 / 1e6)
    assert network_facts(study, "CNN", 0).mflops == pytest.approx(2 * 12 * 300 * 200 / 1e6)
    assert network_facts(study, "LSTM", 1000).stored == 4 * (4 * 300 * 600 + 1000 * 300)


@pytest.mark.parametrize(
    "config, weights",
    [
        ({"num_hidden_layers": 2, "hidden_size": 16, "intermediate_size": 24}, 2 * (4 * 16**2 + 2 * 16 * 24)),
        ({"n_layers": 2, "dim": 16, "hidden_dim": 24}, 2 * (4 * 16**2 + 2 * 16 * 24)),
        ({"n_layer": 2, "n_embd": 16, "n_inner": None}, 2 * (4 * 16**2 + 2 * 16 * 64)),
    ],
)
def test_an_encoder_s_sizes_are_read_under_its_family_s_names(tmp_path, config, weights):
    (tmp_path / "config.json").write_text(json.dumps(config | {"vocab_size": 50}))
    assert network_of("encoder", str(tmp_path), {}).mflops == pytest.approx(2 * weights / 1e6)
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(FlatError, match="tells no size"):
        network_of("encoder", str(tmp_path), {})


# --- against a real run


def test_half_of_a_real_run_predicts_the_other_half_and_each_data_set_within_30_percent(repository):
    """tests/data/demo_seconds.csv: CPU-seconds of the demo's jobs on texts, from the logs of one run on two cores."""
    samples = []
    with (repository / "tests/data/demo_seconds.csv").open() as stream:
        for row in csv.DictReader(stream):
            size = {name: float(row[name]) for name in ("texts", "words", "factor")}
            budget = int(row["budget"]) if row["budget"] else None
            names = (row["rule"], (row["dataset"],), row["work"], row["variant"], row["model"])
            job = Job(*names, budget=budget, **size)
            samples.append(Sample(job, row["kind"], float(row["mflops"]), float(row["seconds"])))
    (one,) = [dataset for dataset in {sample.job.at[0] for sample in samples} if dataset == "trec"]
    alone = [sample for sample in samples if sample.job.at[0] == one]
    assert len(list(checks(alone, EMPTY))) == 2  # no other data set says anything of this one
    # as flat.bench.growth measured the attacks of that version
    cnn, lstm = {"pwws, cnn": 1.48, "textfooler, cnn": 0.9}, {"pwws, lstm": 1.6, "textfooler, lstm": 0.9}
    done = list(checks(samples, replace(EMPTY, exponents=cnn | lstm)))
    assert len(done) == 3 and all(check.measured > 400 for check in done)
    assert max(abs(check.off) for check in done) < TOLERANCE, [(check.name, check.off) for check in done]


# --- the command


@pytest.fixture
def run_of(tmp_path, repository, monkeypatch):
    """A folder that looks like a finished run of the demo: each job's log says what a made-up rate gives.

    The processor is made up too: one that is measured twice on a busy machine may differ by more than the tolerance.
    """
    monkeypatch.setattr(command, "this_processor", lambda: Processor("AVX2", False, 50.0, 20.0))
    study = load(repository / "config/demo.yaml")
    data = dict.fromkeys(study.datasets, FACTS)
    for name in study.datasets:
        summary = {"sizes": {"train": 1000, "dev": 100, "test": 200}, "mean_words": 20.0, "vocabulary_size": 5000}
        path = tmp_path / "data" / name / "summary.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(summary))
    for job in jobs_of(study, data):
        log = tmp_path / "logs" / job.rule / f"{'/'.join(job.at) or job.rule}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        seconds = 1.0 + 0.01 * EMPTY.units(job, study.models[job.model].kind if job.model else "")
        log.write_text(f"12:00:00 something\n12:00:01 done: {seconds:.1f} CPU-seconds, 700 MiB\n")
    return study, data, tmp_path


def test_every_job_of_a_run_is_found_in_its_logs(run_of):
    study, data, folder = run_of
    assert len(samples_of(study, data, folder)) == len(jobs_of(study, data))
    with pytest.raises(FlatError, match="no job of this study has finished"):
        samples_of(study, data, folder / "data")


def test_recording_checking_and_predicting_a_run(run_of, repository, capsys, tmp_path):
    _, _, folder = run_of
    file = str(folder / "rates.json")
    arguments = [str(repository / "config/demo.yaml"), "--results", str(folder), "--rates", file]
    assert command.main(arguments) == 1 and "--record" in capsys.readouterr().err
    assert command.main([*arguments, "--record", "--growth", "absent.csv", "--wall", "60"]) == 0
    assert command.main([*arguments, "--check"]) == 0
    capsys.readouterr()
    assert command.main([*arguments, "--cores", "4"]) == 0
    out = capsys.readouterr().out
    assert "attack_test" in out and "minutes on 4 cores" in out and "Disk" in out and "*" not in out
    assert "This machine: " in out and "bf16 arithmetic" in out and "Taken here: " in out


def test_a_study_is_predicted_by_its_own_record_and_told_of_each(run_of, repository, capsys):
    """Rates of two studies lie side by side; each job is priced by the run that had its like."""
    _, _, folder = run_of
    file = folder / "rates.json"
    own = [str(repository / "config/demo.yaml"), "--results", str(folder), "--rates", str(file)]
    command.main([*own, "--record", "--growth", "absent.csv"])
    sets = json.loads(file.read_text())["sets"]
    other = sets[0] | {"study": "another", "source": "study another, 9 jobs"}
    other["rates"] = [rate | {"unit_s": 50 * rate["unit_s"]} for rate in other["rates"]]
    file.write_text(json.dumps({"sets": [other, *sets]}))
    capsys.readouterr()
    assert command.main(own) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.count("Rates of ") == 1 and "study demo, " in out and "another" not in out
    assert command.main([*own, "--check"]) == 0
    assert "from the recorded rates" in capsys.readouterr().out


def test_a_study_on_a_gpu_without_a_gpus_rate_is_told_so(run_of, repository, capsys):
    _, _, folder = run_of
    file = str(folder / "rates.json")
    demo = [str(repository / "config/demo.yaml"), "--results", str(folder), "--rates", file]
    command.main([*demo, "--record", "--growth", "absent.csv"])
    paper = [str(repository / "config/config.yaml"), "--results", "absent", "--rates", file]
    assert command.main(paper) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "no GPU rate recorded" in out and "scaled by FLOPs from encoder" in out and "orders of magnitude" in out
    assert "bf16 asked for" in out
    assert "What a GPU makes of it is not known" in out
    assert command.main([*paper, "--gpu-speed", "100"]) == 0
    assert "100 cores each, as you say" in " ".join(capsys.readouterr().out.split())


def test_vectors_of_a_users_folder_have_the_dimension_of_its_file(tmp_path, monkeypatch):
    from flat.cost.facts import network_of

    (tmp_path / "mine/vectors").mkdir(parents=True)
    (tmp_path / "mine/vectors/v.txt").write_text("good 1 2 3\nbad 4 5 6\n")
    monkeypatch.chdir(tmp_path)
    found = network_of("cnn", "mine/vectors", {"filters": 1, "widths": [2]}, 10)
    assert found.mflops == pytest.approx(2 * 2 * 3 / 1e6)
    with pytest.raises(FlatError, match="no such file or folder"):
        network_of("cnn", "mine/none", {}, 10)


def test_metrics_of_single_explanations_are_a_job_for_each_explanation(paper):
    study, data = paper
    plain = Counter(job.rule for job in jobs_of(study, data))
    assert "measure_faithfulness" not in plain
    of_pairs = Counter(job.rule for job in jobs_of(study.model_copy(update={"metrics": {"rbo": {}}}), data))
    assert of_pairs - plain == {"make_table": 1} and not plain - of_pairs
    named = study.model_copy(update={"metrics": {"rbo": {}, "deletion": {}}})
    jobs = jobs_of(named, data)
    more = Counter(job.rule for job in jobs) - plain
    assert more == {"measure_faithfulness": 96 + 108, "make_table": 1, "draw_figure": 1}
    job = next(job for job in jobs if job.rule == "measure_faithfulness" and job.at[0] == "ag")
    assert job.at[-1] in ("ig", "lime") and job.at[-2] in study.attacks
    assert (job.texts, job.factor) == (1000, 4)
