"""A finished study as a Workflow Run RO-Crate: what it says and holds, what is refused, and that it is reproducible."""

import json
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from named_files import Named, noted
from rocrate.rocrate import ROCrate

from flat.files.artefacts import write_text
from flat.files.digests import sha256_of
from flat.provenance import records as lineage
from flat.provenance import verify
from flat.provenance.crate.__main__ import main
from flat.provenance.crate.graph import LIBRARY
from flat.provenance.passport import study_passport
from flat.study.load import load

PROFILE = "https://w3id.org/ro/wfrun/workflow/0.5"
MODEL = "models/sst2/CNN/base/none/seed0/round0/model.safetensors"
MADE = {
    "data/sst2/train.parquet",
    MODEL,
    "attacks/test/ledger.parquet",
    "tables/table3.csv",
    "figures/fig 3.png",
    "report.html",
    "explorer.html",
    "explorer/0.js",
    "provenance.json",
}
COPIED = {"workflow/Snakefile", "workflow/study.yaml"}
DEMO = Path(__file__).resolve().parents[3] / "config/demo.yaml"


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """The demo's study with made-up results: data -> model -> ledger -> table and figure -> report and passport."""
    monkeypatch.chdir(tmp_path)
    write_text("mine.csv", "text,label\n")
    write_text("resources/wordnet/provenance.json", "{}")
    make("preprocess", {"train": "data/sst2/train.parquet"}, [str(tmp_path / "mine.csv")])
    make("train_base", {"weights": MODEL}, ["results/demo/data/sst2/train.parquet"])
    ledger = {"ledger": "attacks/test/ledger.parquet"}
    make("attack_test", ledger, [f"results/demo/{MODEL}", "resources/wordnet/provenance.json"])
    make("make_table", {"csv": "tables/table3.csv"}, ["results/demo/attacks/test/ledger.parquet"])
    make("draw_figure", {"png": "figures/fig 3.png"}, ["results/demo/attacks/test/ledger.parquet"])
    make(
        "write_explorer",
        {"page": "explorer.html", "chunk": "explorer/0.js"},
        ["results/demo/attacks/test/ledger.parquet"],
    )
    summary = {"sizes": {"train": 5}, "source": {"kind": "package", "corpus": "toy", "resources": {}}}
    wordnet = {
        "version": "3.0",
        "licence": "WordNet 3.0 licence",
        "upstream": "https://wordnet.princeton.edu/",
        "stands_for": None,
        "content_sha256": "c" * 64,
        "record_sha256": sha256_of("resources/wordnet/provenance.json"),
    }
    passport = study_passport(load(DEMO).model_dump(mode="json"))
    passport |= {"data": {"sst2": summary}, "resources": {"wordnet": wordnet}}
    outputs = {"report": "report.html", "provenance": "provenance.json"}
    make("write_report", outputs, ["results/demo/tables/table3.csv"], {"provenance.json": json.dumps(passport)})
    return Path("results/demo")


def make(rule, outputs, inputs, contents=None):
    outputs = {name: f"results/demo/{path}" for name, path in outputs.items()}
    for path in outputs.values():
        write_text(path, (contents or {}).get(Path(path).name, f"made by {rule}: {path}"))
    job = SimpleNamespace(
        rule=rule,
        log=[f"results/demo/logs/{rule}/job.log"],
        input=Named(**{f"i{n}": path for n, path in enumerate(inputs)}),
        output=Named(**outputs),
        wildcards=Named(dataset="sst2"),
        params=Named(code="abc", seed=3),
    )
    noted(job)


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def ids(entities) -> set[str]:
    return {entity.id for entity in listed(entities)}


def run_of(crate: ROCrate):
    [action] = [entity for entity in crate.get_by_type("CreateAction") if entity.id.startswith("#run/")]
    return action


def test_the_results_folder_becomes_a_crate_of_the_profile(root):
    assert main([str(DEMO)]) == 0
    crate = ROCrate(root)
    assert PROFILE in ids(crate.root_dataset["conformsTo"])
    assert crate.version == "1.1" and crate.name == "FLAT on package-shipped texts"
    assert crate.license.id == "https://spdx.org/licenses/MIT"
    assert crate.root_dataset["citation"]["name"].startswith("Adversarial Training for Improving Model Robustness?")
    workflow, action = crate.mainEntity, run_of(crate)
    assert set(workflow.type) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"}
    assert workflow.id == "workflow/Snakefile" and workflow.language["name"] == "Snakemake"
    assert workflow.language["version"] == action["agent"]["softwareVersion"]
    assert action["instrument"] is workflow and ids(crate.root_dataset["mentions"]) == {action.id}
    assert action["startTime"] < action["endTime"] == crate.root_dataset["datePublished"]


def test_every_file_is_there_with_its_checksum_and_size(root):
    main([str(DEMO)])
    crate = ROCrate(root)
    assert {entity.id.replace("%20", " ") for entity in crate.data_entities} == MADE | COPIED
    for entity in crate.data_entities:
        file = root / entity.id.replace("%20", " ")
        assert (entity["sha256"], entity["contentSize"]) == (sha256_of(file), str(file.stat().st_size))


def test_results_are_the_artefacts_of_the_records_and_inputs_what_no_job_made(root):
    main([str(DEMO)])
    action = run_of(ROCrate(root))
    recorded = {path for record in lineage.records(root).values() for path in record["outputs"]}
    assert {f"{root}/{made}".replace("%20", " ") for made in ids(action["result"])} == {f"{root}/{m}" for m in MADE}
    assert {f"{root}/{m}" for m in MADE} < recorded  # the export's own record is not part of the run
    read = {entity.id: entity for entity in action["object"]}
    mine = f"#input/{sha256_of('mine.csv')[:12]}/mine.csv"  # not the folders that it lies in
    assert set(read) == {"workflow/study.yaml", "#dataset/sst2", "#resource/wordnet", mine}
    assert read["#resource/wordnet"]["license"] == "WordNet 3.0 licence"
    assert read["#resource/wordnet"]["sha256"] == "c" * 64 and read[mine]["sha256"] == sha256_of("mine.csv")
    assert load(root / "workflow/study.yaml") == load(DEMO)


def test_results_are_not_read_again(root):
    content = (root / MODEL).read_bytes()
    (root / MODEL).write_bytes(bytes(len(content)))
    assert main([str(DEMO)]) == 0
    assert ("changed", f"{root}/{MODEL}") in {(finding.kind, finding.path) for finding in verify.verify(root)[0]}


def test_two_exports_are_the_same_bytes_and_verify_knows_them(root):
    contents = []
    for number in range(2):
        assert main([str(DEMO)]) == 0 and main([str(DEMO), "--output", f"{number}.zip"]) == 0
        files = [root / "ro-crate-metadata.json", *(root / path for path in COPIED), Path(f"{number}.zip")]
        contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1]
    assert verify.verify(root)[0] == []
    make("write_report", {"report": "report.html", "provenance": "provenance.json"}, [])  # the report was made anew
    [stale] = verify.verify(root)[0]
    assert (stale.path, stale.kind) == (f"{root}/ro-crate-metadata.json", "stale")


@pytest.mark.parametrize("output", ["crate.zip", "crate"])
def test_a_package_holds_no_weights_and_no_texts(root, output):
    assert main([str(DEMO), "--output", output]) == 0
    held = {"tables/table3.csv", "figures/fig 3.png", "report.html", "provenance.json"} | COPIED
    if output.endswith(".zip"):
        names = set(zipfile.ZipFile(output).namelist())
    else:
        names = {path.relative_to(output).as_posix() for path in Path(output).rglob("*") if path.is_file()}
    assert names == held | {"ro-crate-metadata.json"}
    crate = ROCrate(output)
    assert {entity.id.replace("%20", " ") for entity in crate.data_entities} == held
    left_out = {f"#{path}" for path in MADE - held}
    results = {entity.id: entity for entity in run_of(crate)["result"]}
    assert left_out < set(results) and len(results) == len(MADE)
    assert {results[id_].type for id_ in left_out} == {"CreativeWork"}
    assert results[f"#{MODEL}"]["sha256"] == sha256_of(root / MODEL)
    assert "not ours to redistribute" in crate.description
    assert not (root / "ro-crate-metadata.json").exists()


def test_jobs_are_told_on_request(root):
    assert main([str(DEMO), "--jobs"]) == 0
    crate = ROCrate(root)
    job = crate.get("#job/attacks/test/ledger.parquet")
    assert job["instrument"].id == "#rule/attack_test" and job["name"] == "attack_test dataset=sst2"
    assert ids(job["object"]) == {MODEL, "#resource/wordnet"}
    assert ids(job["result"]) == {"attacks/test/ledger.parquet"} and job["duration"].startswith("PT")
    assert len(crate.get_by_type("CreateAction")) == 1 + 7
    tools = {action["instrument"].id for action in crate.get_by_type("CreateAction")} - {crate.mainEntity.id}
    assert ids(crate.mainEntity["hasPart"]) == tools
    assert "https://w3id.org/ro/wfrun/provenance/0.5" in ids(crate.root_dataset["conformsTo"])


def refused(capsys, *arguments) -> str:
    assert main([str(DEMO), *arguments]) == 1
    return capsys.readouterr().err


def test_a_study_that_was_not_run_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    said = refused(capsys)
    assert "results/demo/provenance.json: no such file: this study was not run to its end" in said and "remedy" in said


def test_another_study_of_this_name_is_refused(root, capsys):
    study = Path("other.yaml")
    study.write_text(DEMO.read_text().replace("seed: 2022", "seed: 2023", 1))
    assert main([str(study)]) == 1
    assert "it is not the one whose results lie in results/demo" in capsys.readouterr().err


def test_a_missing_or_changed_artefact_is_refused(root, capsys):
    (root / MODEL).write_bytes(b"shorter")
    assert f"{root}/{MODEL}: has 7 bytes, train_base made it with" in refused(capsys)
    (root / MODEL).unlink()
    assert f"{root}/{MODEL}: was made by train_base and is gone\n  remedy: snakemake" in refused(capsys)
    assert not (root / "ro-crate-metadata.json").exists()


def test_a_packed_file_of_other_bytes_is_refused(root, capsys):
    table = root / "tables/table3.csv"
    table.write_bytes(bytes(table.stat().st_size))
    assert "its bytes are not those that its job made" in refused(capsys, "--output", "crate.zip")
    assert not Path("crate.zip").exists()


def test_an_unreadable_record_and_a_used_folder_are_refused(root, capsys):
    write_text("used/note.txt", "mine")
    assert "used: is there already and is no empty folder" in refused(capsys, "--output", "used")
    (root / "provenance/tables/table3.csv.json").write_text("{")
    assert "provenance/tables/table3.csv.json: is not a readable record" in refused(capsys)


def test_an_absent_library_is_named_with_its_remedy(root, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "rocrate.rocrate", None)
    assert f"pip install {LIBRARY}" in refused(capsys)


def test_the_named_library_is_the_locked_one(repository):
    assert LIBRARY in (repository / "envs/cpu.lock").read_text().split()
