"""No job reads a damaged file: what it reads is compared with its maker's record before, and looked at again after."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from named_files import Named, noted

from flat.errors import ArtefactError, ResourceError
from flat.files import seen
from flat.files.artefacts import write_csv, write_json, write_table, write_tensors, write_text
from flat.provenance import inputs, verify
from flat.resources import own_files

pytestmark = pytest.mark.fault
ROOT = "results/toy"
MODEL = f"{ROOT}/models/toy/round0/model.safetensors"
FLIPS = 12  # of each file
BESIDE = ("config.json", "vocabulary.json", "tokenizer.json", "special_tokens_map.json")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A file of every kind that rules read, each with its job's record; the user's own file and folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(seen, "_in_process", {})
    Path(".snakemake").mkdir()
    write_text("mine.csv", "text,label\ngood,1\n")
    write_text("mine/config.json", "{}")
    write_text("mine/vocab.txt", "good\nbad\n")
    frame = pd.DataFrame({"example_id": [f"e{n}" for n in range(50)], "label": range(50)})
    data = f"{ROOT}/data/toy"
    for name in ("train", "dev", "test"):
        write_table(f"{data}/{name}.parquet", frame)
    write_json(f"{data}/vocabulary.json", {"words": ["good", "bad"]})
    write_json(f"{data}/summary.json", {"texts": 50})
    names = {name: f"{data}/{name}.parquet" for name in ("train", "dev", "test")}
    names |= {name: f"{data}/{name}.json" for name in ("vocabulary", "summary")}
    noted(job("preprocess", ["mine.csv"], names, own=["mine.csv"]))
    write_tensors(f"{data}/vectors.safetensors", {"vectors": torch.ones(2, 3)}, {})
    noted(job("look_up_vectors", [f"{data}/vocabulary.json"], {"vectors": f"{data}/vectors.safetensors"}))
    np.savez(f"{data}/bigrams.npz", words=np.arange(20))
    noted(job("count_bigrams", [f"{data}/train.parquet"], {"bigrams": f"{data}/bigrams.npz"}))
    write_tensors(MODEL, {"weight": torch.arange(40.0)}, {"format": "pt"})
    for name in BESIDE:
        write_json(Path(MODEL).with_name(name), {"flat": name})
    write_csv(Path(MODEL).with_name("history.csv"), [{"epoch": 1}])
    write_tensors(Path(MODEL).with_name("optimizer.safetensors"), {"step": torch.ones(1)}, {})
    made = {"weights": MODEL, "config": str(Path(MODEL).with_name("config.json"))}
    noted(job("train_base", [f"{data}/train.parquet", f"{data}/vectors.safetensors"], made))
    shard = f"{ROOT}/attacks/shards/0"
    write_table(f"{shard}.parquet", frame)
    write_table(f"{shard}.seconds.parquet", frame)
    write_json(f"{shard}.lock.json", {"recipe": "toy"})
    made = {"ledger": f"{shard}.parquet", "seconds": f"{shard}.seconds.parquet", "lock": f"{shard}.lock.json"}
    noted(job("attack_test_shard", [MODEL], made))
    write_csv(f"{ROOT}/tables/table3.csv", [{"a": 1}])
    write_text(f"{ROOT}/tables/table3.md", "| a |\n")
    noted(job("make_table", [f"{shard}.parquet"], {k: f"{ROOT}/tables/table3.{k}" for k in ("csv", "md")}))
    forget_listing()
    assert verify.verify(ROOT)[0] == []
    return tmp_path


def job(rule, read, made, own=()):
    forget_listing()
    return SimpleNamespace(
        rule=rule,
        log=[f"{ROOT}/logs/{rule}/job.log"],
        input=Named(**{f"i{n}": path for n, path in enumerate(read)}),
        output=Named(**made),
        wildcards=Named(),
        params=Named(code="abc", seed=3, own=own_files.digests(own, True)),
    )


def forget_listing():
    """As in another process."""
    own_files.files_of.cache_clear()
    own_files.digest_of.cache_clear()


def reader(*read, own=()):
    """A job that reads these."""
    return job("reads", read, {"out": f"{ROOT}/out/read.json"}, own)


def flip(path, place: int, bit: int) -> None:
    """A bit of a file, whose time of change stays."""
    times = os.stat(path)
    with open(path, "r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1 << bit]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


# what is damaged -> the input for whose sake a rule reads it
READ_AS = {f"{ROOT}/data/toy/{name}": f"{ROOT}/data/toy/{name}" for name in ("train.parquet", "dev.parquet")}
READ_AS |= {f"{ROOT}/data/toy/{name}": f"{ROOT}/data/toy/{name}" for name in ("vocabulary.json", "summary.json")}
READ_AS |= {f"{ROOT}/data/toy/{name}": f"{ROOT}/data/toy/{name}" for name in ("vectors.safetensors", "bigrams.npz")}
READ_AS |= {MODEL: MODEL} | {str(Path(MODEL).with_name(name)): MODEL for name in BESIDE}
READ_AS |= {f"{ROOT}/attacks/shards/0{end}": f"{ROOT}/attacks/shards/0.parquet" for end in (".parquet", ".lock.json")}
READ_AS |= {f"{ROOT}/attacks/shards/0.seconds.parquet": f"{ROOT}/attacks/shards/0.parquet"}
READ_AS |= {f"{ROOT}/tables/table3.{kind}": f"{ROOT}/tables/table3.{kind}" for kind in ("csv", "md")}


@pytest.mark.parametrize("path", READ_AS)
def test_a_flipped_bit_anywhere_is_refused_before_the_file_is_read(study, path):
    draw, size = random.Random(path), os.path.getsize(path)
    for _ in range(FLIPS):
        place, bit = draw.randrange(size), draw.randrange(8)
        flip(path, place, bit)
        with pytest.raises(ArtefactError, match=r"is not as \w+ made it: it has the SHA-256") as told:
            inputs.compared(reader(READ_AS[path]))
        assert told.value.where == path
        assert told.value.remedy.endswith(f": rm {READ_AS[path]}")
        flip(path, place, bit)
    inputs.compared(reader(READ_AS[path]))  # put back, it is read


@pytest.mark.parametrize("path", ["mine.csv", "mine/vocab.txt", "mine/config.json"])
def test_a_bit_flipped_in_the_user_s_files_after_the_plan_is_refused(study, path):
    own = path.split("/")[0]
    planned = reader(*own_files.files_of(own), own=[own])
    inputs.compared(planned)
    draw, size = random.Random(path), os.path.getsize(path)
    for _ in range(FLIPS):
        place, bit = draw.randrange(size), draw.randrange(8)
        flip(path, place, bit)
        forget_listing()
        with pytest.raises(ResourceError, match="is not as it was when this run was planned") as told:
            inputs.compared(planned)
        assert told.value.where == own
        flip(path, place, bit)


def test_a_file_added_to_the_user_s_folder_after_the_plan_is_refused(study):
    planned = reader(*own_files.files_of("mine"), own=["mine"])
    write_text("mine/merges.txt", "new")
    forget_listing()
    with pytest.raises(ResourceError, match="is not as it was when this run was planned"):
        inputs.compared(planned)


@pytest.mark.parametrize("how", ["cut", "emptied", "filled with zeros"])
def test_a_hole_is_refused(study, how):
    content = Path(MODEL).read_bytes()
    cut = len(content) // 2
    Path(MODEL).write_bytes({"cut": content[:cut], "emptied": b""}.get(how, content[:cut] + bytes(len(content) - cut)))
    with pytest.raises(ArtefactError, match="is not as train_base made it") as told:
        inputs.compared(reader(MODEL))
    assert told.value.where == MODEL


@pytest.mark.parametrize("size", [1 << 20, 9 << 20])
def test_a_large_input_that_was_damaged_when_it_was_read_makes_no_result(study, size):
    """Also where the good bytes are back before anybody looks."""
    big = f"{ROOT}/models/big/model.safetensors"
    Path(big).parent.mkdir(parents=True)
    Path(big).write_bytes(os.urandom(size))
    noted(job("train_base", [], {"weights": big}))
    inputs.compared(reader(big))
    flip(big, size // 2, 0)
    with pytest.raises(ArtefactError, match="is not as train_base made it"):
        inputs.compared(reader(big))
    flip(big, size // 2, 0)
    found = inputs.compared(reader(big))
    time.sleep(0.02)  # the clock of files ticks
    flip(big, size // 2, 0)  # while the job reads ...
    flip(big, size // 2, 0)  # ... and back again, at the old time
    with pytest.raises(ArtefactError, match="nobody can say what was read") as told:
        inputs.unchanged(found)
    assert told.value.where == big


def test_a_file_that_is_gone_or_replaced_while_it_is_read_is_refused(study):
    path = f"{ROOT}/data/toy/train.parquet"
    found = inputs.compared(reader(path))
    content = Path(path).read_bytes()
    Path(path).unlink()
    with pytest.raises(ArtefactError, match="while this job read it"):
        inputs.unchanged(found)
    time.sleep(0.02)
    Path(path).write_bytes(content)
    with pytest.raises(ArtefactError, match="while this job read it"):
        inputs.unchanged(found)


def test_a_damaged_digest_that_was_kept_refuses_no_good_file(study, monkeypatch):
    monkeypatch.setattr(seen, "SETTLED", -1.0)
    big = f"{ROOT}/models/big/model.safetensors"
    Path(big).parent.mkdir(parents=True)
    Path(big).write_bytes(os.urandom(1 << 20))
    noted(job("train_base", [], {"weights": big}))
    inputs.compared(reader(big))
    [kept] = seen.FOLDER.iterdir()
    flip(kept, 5, 0)
    monkeypatch.setattr(seen, "_in_process", {})
    assert inputs.compared(reader(big))[big].sha256 == seen.sha256_seen(big)


@pytest.mark.parametrize("of", ["model.safetensors", "config.json"])
def test_a_model_s_other_file_that_is_gone_is_named(study, of):
    Path(MODEL).with_name(of).unlink()
    with pytest.raises(ArtefactError, match="was made by train_base and is gone") as told:
        inputs.compared(reader(MODEL))
    assert told.value.where.endswith(of) and f"rm {MODEL}" in told.value.remedy


def test_what_a_reader_of_a_model_leaves_alone_is_no_matter(study):
    for name in ("history.csv", "optimizer.safetensors"):
        flip(Path(MODEL).with_name(name), 0, 0)
    inputs.compared(reader(MODEL))


def test_a_damaged_record_is_named(study):
    record = Path(f"{ROOT}/provenance/models/toy/round0/model.safetensors.json")
    record.write_text(record.read_text()[:200])
    for path in (MODEL, str(Path(MODEL).with_name("config.json"))):  # its job's first output, and another one
        with pytest.raises(ArtefactError, match="is not a readable record") as told:
            inputs.compared(reader(path))
        assert told.value.where == str(record) and told.value.remedy.endswith(f"rm {record} {path}")


def test_a_record_that_is_damaged_and_still_readable_does_not_pass_its_file(study):
    record = Path(f"{ROOT}/provenance/models/toy/round0/model.safetensors.json")
    about = json.loads(record.read_text())
    about["outputs"][MODEL]["sha256"] = "0" * 64
    record.write_text(json.dumps(about))
    with pytest.raises(ArtefactError, match="is not as train_base made it"):
        inputs.compared(reader(MODEL))


def test_a_file_without_a_record_is_read_and_the_log_says_so(study, caplog):
    write_text(f"{ROOT}/old/file.txt", "of a run before there were records")
    with caplog.at_level("WARNING", "flat"):
        found = inputs.compared(reader(f"{ROOT}/old/file.txt", MODEL))
    assert f"read as found, since no record tells what it was: {ROOT}/old/file.txt\n" in caplog.text
    assert found[f"{ROOT}/old/file.txt"].size == 34


def test_the_record_says_what_was_compared_before(study):
    write_text(f"{ROOT}/out/read.json", "{}")
    noted(reader(MODEL))
    record = json.loads(Path(f"{ROOT}/provenance/out/read.json.json").read_text())
    made = json.loads(Path(f"{ROOT}/provenance/models/toy/round0/model.safetensors.json").read_text())
    assert record["inputs"] == {MODEL: made["outputs"][MODEL]}


SCRIPT = """
import sys
from types import SimpleNamespace
sys.path.insert(0, sys.argv[1])
from named_files import Named
from flat.jobs.script import running

read, write, *change = sys.argv[2:]
job = SimpleNamespace(rule="reads", log=["results/toy/logs/reads/job.log"], input=Named(i=read), wildcards=Named(),
    output=Named(o=write), params=Named(), resources={})
with running(job):
    open(write, "w").write("read")
    if change:
        open(read, "ab").write(b"x")
"""


@pytest.fixture
def script(study):
    """Run a job's script that writes a file; its exit status and what it says."""

    def run(*change):
        here = str(Path(__file__).parents[2] / "toys")
        words = [sys.executable, "-c", SCRIPT, here, MODEL, f"{ROOT}/out.txt", *change]
        done = subprocess.run(words, capture_output=True, text=True, cwd=study)
        return done.returncode, done.stderr

    return run


def test_a_script_whose_input_is_damaged_does_nothing_and_says_why(script, study):
    flip(MODEL, 20, 3)
    code, said = script()
    assert code == 1 and not Path(f"{ROOT}/out.txt").exists()
    assert said.startswith(f"error in reads: {MODEL}: is not as train_base made it") and "Traceback" not in said
    assert f"remedy: delete it and repeat the call of snakemake, which makes it anew: rm {MODEL}" in said


def test_a_script_whose_input_changes_while_it_runs_fails_and_leaves_no_record(script, study):
    code, said = script("change")
    assert code == 1 and f"{MODEL}: was written to" in said
    assert not Path(f"{ROOT}/provenance/out.txt.json").exists()


def test_a_script_whose_input_is_whole_runs(script, study):
    assert script()[0] == 0 and Path(f"{ROOT}/provenance/out.txt.json").exists()
