"""Records of what each file was made from, and what has changed since: a byte, a model, a table, an input."""

import json
from types import SimpleNamespace

import pytest
import yaml
from named_files import Named, noted

from flat.files.artefacts import write_text
from flat.provenance import records as lineage
from flat.provenance import verify

pytestmark = pytest.mark.fault


@pytest.fixture
def study(tmp_path, monkeypatch):
    """data -> model -> ledger -> table, each made by a job, below results/toy; the data come from outside."""
    monkeypatch.chdir(tmp_path)
    write_text("mine.csv", "text,label\n")
    make("preprocess", {"train": "data/toy/train.parquet"}, ["mine.csv"], "data/toy/train")
    write_text("results/toy/models/toy/round0/tokenizer.json", "{}")  # no declared output, but of the checkpoint
    weights = {"weights": "models/toy/round0/model.safetensors", "config": "models/toy/round0/config.json"}
    make("train_base", weights, ["results/toy/data/toy/train.parquet"], "models")
    make(
        "attack_test",
        {"ledger": "attacks/ledger.parquet"},
        ["results/toy/models/toy/round0/model.safetensors"],
        "attack",
    )
    make("make_table", {"csv": "tables/table3.csv"}, ["results/toy/attacks/ledger.parquet"], "table")
    return tmp_path / "results/toy"


def make(rule, outputs, inputs, log, content="as made"):
    outputs = {name: f"results/toy/{path}" for name, path in outputs.items()}
    for path in outputs.values():
        write_text(path, f"{content}: {path}")
    job = SimpleNamespace(
        rule=rule,
        log=[f"results/toy/logs/{rule}/{log}.log"],
        input=Named(**{f"i{n}": path for n, path in enumerate(inputs)}),
        output=Named(**outputs),
        wildcards=Named(dataset="toy"),
        params=Named(code="abc", seed=3),
    )
    noted(job)


def found(root="results/toy") -> list[tuple[str, str]]:
    return [(finding.path.removeprefix("results/toy/"), finding.kind) for finding in verify.verify(root)[0]]


def test_a_study_file_names_its_results(study, repository, capsys):
    tiny = (repository / "tests/data/tiny.yaml").read_text()
    write_text("toy.yaml", tiny.replace("name: tiny", "name: toy", 1))
    assert verify.main(["toy.yaml"]) == 0
    assert "results/toy: 7 files of 4 jobs compared" in capsys.readouterr().out


def test_nothing_changed_nothing_said(study, capsys):
    assert found() == []
    assert verify.main(["results/toy"]) == 0
    assert "results/toy: 7 files of 4 jobs compared: all as recorded" in capsys.readouterr().out


def test_a_study_file_stands_for_its_results(study, repository, capsys):
    values = yaml.safe_load((repository / "tests/data/tiny.yaml").read_text())
    (study.parent / "toy.yaml").write_text(yaml.safe_dump(values | {"name": "toy"}))
    assert verify.main(["results/toy.yaml"]) == 0
    assert "results/toy: 7 files of 4 jobs compared: all as recorded" in capsys.readouterr().out
    assert verify.main(["nowhere.yaml"]) == 1
    assert "nowhere.yaml" in capsys.readouterr().err


def test_a_record_tells_what_a_file_was_made_from(study):
    record = json.loads((study / "provenance/attacks/ledger.parquet.json").read_text())
    made = json.loads((study / "provenance/models/toy/round0/model.safetensors.json").read_text())
    model = "results/toy/models/toy/round0/model.safetensors"
    assert record["inputs"][model] == made["outputs"][model]
    assert (record["rule"], record["code"], record["seed"]) == ("attack_test", "abc", 3)
    assert "results/toy/models/toy/round0/tokenizer.json" in made["outputs"]


@pytest.mark.parametrize(
    "path", ["attacks/ledger.parquet", "models/toy/round0/model.safetensors", "models/toy/round0/tokenizer.json"]
)
def test_a_flipped_byte_is_reported(study, path, capsys):
    content = bytearray((study / path).read_bytes())
    content[len(content) // 2] ^= 1
    (study / path).write_bytes(content)
    assert found() == [(path, "changed")]
    assert verify.main(["results/toy"]) == 1
    said = capsys.readouterr().out
    assert f"results/toy/{path}: its SHA-256 is" in said and f"remedy: snakemake --force results/toy/{path}" in said


def test_a_table_edited_by_hand_is_reported(study):
    (study / "tables/table3.csv").write_text("better numbers")
    assert found() == [("tables/table3.csv", "changed")]


def test_a_deleted_file_is_reported(study):
    (study / "tables/table3.csv").unlink()
    assert found() == [("tables/table3.csv", "missing")]


def test_a_model_made_anew_makes_stale_what_was_made_from_the_old_one(study):
    weights = {"weights": "models/toy/round0/model.safetensors", "config": "models/toy/round0/config.json"}
    make("train_base", weights, ["results/toy/data/toy/train.parquet"], "models", content="made anew")
    assert found() == [("attacks/ledger.parquet", "stale")]
    [finding], _ = verify.verify("results/toy")
    assert "was made from a results/toy/models/toy/round0/model.safetensors" in finding.problem


def test_changed_data_of_the_user_are_reported(study):
    write_text("mine.csv", "text,label\none more,1\n")
    assert found() == [("mine.csv", "outside")]


def test_files_that_no_job_made_and_unreadable_records_are_reported(study):
    write_text("results/toy/tables/table4.csv", "from elsewhere")
    record = study / "provenance/tables/table3.csv.json"
    record.write_text(record.read_text()[:20])
    assert found() == [
        ("provenance/tables/table3.csv.json", "record"),
        ("tables/table3.csv", "unrecorded"),
        ("tables/table4.csv", "unrecorded"),
    ]


def test_no_records_are_an_error_with_a_remedy(tmp_path, capsys):
    assert verify.main([str(tmp_path)]) == 1
    assert "holds no records of jobs\n  remedy:" in capsys.readouterr().err


def test_outputs_outside_the_study_have_no_record(tmp_path):
    assert lineage.root_of("results/toy/logs/a/logs/b.log", ["results/toy/x"]).as_posix() == "results/toy"
    assert lineage.root_of("logs/toy/logs/a/b.log", ["logs/toy/x"]).as_posix() == "logs/toy"
    assert lineage.root_of("results/toy/logs/fetch_resource/x.log", ["resources/x/provenance.json"]) is None


def test_the_passport_sums_up(study):
    summary = lineage.summary("results/toy")
    assert summary["jobs"]["train_base"]["jobs"] == 1 and summary["jobs"]["train_base"]["seconds"] > 0
    assert len(summary["files"]) == 6 and summary["resources"] == {}


def test_files_of_a_folder_that_a_job_made_are_recorded_one_by_one(study):
    for name in ("a.js", "deep/b.js", ".snakemake_timestamp"):
        write_text(f"results/toy/explorer/{name}", name)
    page = {"explorer": "results/toy/explorer.html", "chunks": "results/toy/explorer"}
    write_text(page["explorer"], "page")
    job = SimpleNamespace(
        rule="write_explorer",
        log=["results/toy/logs/write_explorer.log"],
        input=Named(table="results/toy/tables/table3.csv"),
        output=Named(**page),
        wildcards=Named(),
        params=Named(code="abc"),
    )
    noted(job)
    record = json.loads((study / "provenance/explorer.html.json").read_text())
    assert [*record["outputs"]] == [
        f"results/toy/{name}" for name in ("explorer.html", "explorer/a.js", "explorer/deep/b.js")
    ]
    assert record["within"] == ["results/toy/explorer"] and found() == []
    write_text("results/toy/explorer/a.js", "changed")
    write_text("results/toy/explorer/c.js", "of nobody")
    (study / "explorer/deep/b.js").unlink()
    assert found() == [("explorer/a.js", "changed"), ("explorer/c.js", "unrecorded"), ("explorer/deep/b.js", "missing")]
    remedies = {finding.kind: finding.remedy for finding in verify.verify("results/toy")[0]}
    assert remedies["changed"] == remedies["missing"] == "snakemake --force results/toy/explorer"
