"""Full and read-only disks: the error names file and remedy, and nothing half-written is left behind."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from small_network import NETWORK, model

from flat.attacks.journal import Journal as AttackJournal
from flat.errors import ArtefactError
from flat.files.artefacts import write_json, write_table
from flat.models import checkpoint
from flat.resume.checkpoints import Checkpoints, Progress
from flat.resume.journal import Journal

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory):
    """A real file system of half a megabyte."""
    folder = tmp_path_factory.mktemp("disk")
    mounted = (
        shutil.which("mount")
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def disk(small_disk):
    yield small_disk
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    for path in small_disk.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def noise(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"score": np.random.default_rng(0).normal(size=rows)})


FULL = r"cannot be written \(No space left on device\)\n  remedy: free space(?s:.)*run snakemake again"


def test_a_full_disk_leaves_no_half_table(disk):
    write_table(disk / "old.parquet", noise(10))
    before = (disk / "old.parquet").read_bytes()
    with pytest.raises(ArtefactError, match=rf"old\.parquet: {FULL}"):
        write_table(disk / "old.parquet", noise(200_000))
    with pytest.raises(ArtefactError, match=rf"new\.json: {FULL}"):
        write_json(disk / "new.json", ["x" * 1000] * 2000)
    assert [path.name for path in disk.iterdir()] == ["old.parquet"]
    assert (disk / "old.parquet").read_bytes() == before
    write_table(disk / "new.parquet", noise(1000))  # the space is free again


def test_a_full_disk_leaves_no_half_model_and_keeps_the_checkpoint(disk):
    network = model()
    steps = Checkpoints(disk / "round0.safetensors", "digest")
    steps.follow(network, torch.optim.Adam(network.parameters()), None, torch.Generator())
    steps.save(Progress(sums={}, epoch=2))
    before = (disk / "round0.safetensors").read_bytes()
    (disk / "filler").write_bytes(b"x" * (480 * 1024))
    with pytest.raises(ArtefactError, match=rf"round0\.safetensors: {FULL}"):
        network.register_buffer("more", torch.zeros(200, 100))
        steps.save(Progress(sums={}, epoch=3))
    steps.close()
    assert (disk / "round0.safetensors").read_bytes() == before
    with pytest.raises(ArtefactError, match=rf"model\.safetensors: {FULL}"):
        checkpoint.save(network, disk / "model", NETWORK)
    assert not list((disk / "model").iterdir())


@pytest.mark.parametrize("kind", [Journal, AttackJournal])
def test_a_full_disk_tears_the_last_line_of_a_journal_only(disk, kind):
    key = "example_id"

    def append(journal, name, value):
        journal.append({name: value}) if kind is Journal else journal.append({key: name, "text": value})

    journal = kind(disk / "attack.jsonl", "digest")
    append(journal, "e1", "kept")
    (disk / "filler").write_bytes(b"x" * (500 * 1024))
    with pytest.raises(ArtefactError, match=rf"attack\.jsonl: {FULL}"):
        for number in range(1000):
            append(journal, f"f{number}", "x" * 1000)
    journal.close()
    (disk / "filler").unlink()
    lines = (disk / "attack.jsonl").read_bytes().splitlines()[1:]
    again = kind(disk / "attack.jsonl", "digest")
    found = again.noted
    assert "e1" in found and len(lines) - 1 <= len(found) <= len(lines)
    again.close()


def test_a_disk_that_is_read_only_is_named(disk):
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    remedy = r"cannot be written \(Read-only file system\)\n  remedy: make it writable"
    with pytest.raises(ArtefactError, match=rf"t\.parquet: {remedy}"):
        write_table(disk / "new" / "t.parquet", noise(1))
    with pytest.raises(ArtefactError, match=rf"t\.json: {remedy}"):
        write_json(disk / "t.json", {})
    with pytest.raises(ArtefactError, match=rf"t\.jsonl: {remedy}"):
        Journal(disk / "t.jsonl", "digest")


def test_a_limit_of_file_sizes_is_named(tmp_path):
    code = (
        "import resource, signal, sys; from flat.files.artefacts import write_json; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
        "write_json(sys.argv[1], ['x' * 1000] * 100)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "big.json"], capture_output=True, text=True, env=os.environ
    )
    assert "big.json: cannot be written (File too large)" in done.stderr and "ulimit -f" in done.stderr
    assert not list(tmp_path.iterdir())
