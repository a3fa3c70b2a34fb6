"""Faults met by Snakemake itself: what the user reads, and that the next call repairs."""

import os
import re
import shutil
import subprocess

import pytest

from tests.workflow.killing import ROOT

pytestmark = [pytest.mark.workflow, pytest.mark.fault]
ATTRIBUTIONS = f"{ROOT}/interpretations/ig/sst2/CNN/base/none/seed0/textfooler/attributions.parquet"
CONSISTENCY = f"{ROOT}/interpretations/ig/sst2/CNN/consistency.parquet"


def test_a_truncated_artefact_is_named_and_making_it_again_repairs(copy, finished):
    damaged = copy.folder / ATTRIBUTIONS
    whole, times = damaged.read_bytes(), damaged.stat()
    damaged.write_bytes(whole[: len(whole) // 2])
    os.utime(damaged, ns=(times.st_atime_ns, times.st_mtime_ns))  # a disk's fault is not told by the file's time
    out = copy.tiny("--cores", "1", "--retries", "0", "-R", "measure_consistency", "--", CONSISTENCY, ok=False)
    assert f"{ATTRIBUTIONS}: is not as interpret_ig made it" in out and f"makes it anew: rm {ATTRIBUTIONS}" in out
    assert "Traceback" not in out and not (copy.folder / CONSISTENCY).exists()
    said = copy.tiny("--cores", "1", "--", "verify", ok=False)
    assert f"{ATTRIBUTIONS}: its SHA-256 is" in said
    assert f"{CONSISTENCY}: was made by measure_consistency and is gone" in said
    damaged.unlink()  # the remedy
    copy.tiny("--cores", "1", "--", CONSISTENCY)
    for path in (ATTRIBUTIONS, CONSISTENCY):
        assert (copy.folder / path).read_bytes() == (finished.folder / path).read_bytes()


def test_a_missing_resource_is_named_before_any_job(copy, tmp_path):
    """Its fetch is planned, fails without a source, and says what to do."""
    environment = dict(copy.environment)
    copy.environment |= {
        "FLAT_RESOURCES": str(tmp_path / "resources"),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": "/dev/null",
    }
    try:
        target = f"{ROOT}/data/sst2/wordnet.json"
        out = copy.tiny(
            "--cores", "1", "--retries", "0", "--force", "--until", "fetch_resource", "--", target, ok=False
        )
    finally:
        copy.environment.clear()
        copy.environment.update(environment)
    assert re.search(r"resource '[a-z-]+': \S+: could not be downloaded", out) and "mirror (--mirror)" in out
    assert not [path for path in (tmp_path / "resources").rglob("*") if path.is_file()]


def test_a_study_with_a_python_tag_runs_nothing(copy, tmp_path):
    study = (copy.folder / "tests/data/tiny.yaml").read_text()
    bad = tmp_path / "bad.yaml"
    bad.write_text(study.replace("seed: 7", f"seed: !!python/object/apply:os.mkdir ['{tmp_path / 'run'}']"))
    out = copy.tiny("-n", "--cores", "1", study=str(bad), ok=False)
    assert "Config file is not valid JSON or YAML" in out  # Snakemake's own words; flat.study.load.load names the place
    assert not (tmp_path / "run").exists()


def test_a_full_disk_then_a_closed_one_then_repaired(copy, finished):
    """The results lie on a file system of their own that is too small, then read-only, then large enough."""
    disk = copy.folder / "disk"
    disk.mkdir()

    def mount(*options):
        return subprocess.run(["mount", *options, disk], capture_output=True).returncode == 0

    if not shutil.which("mount") or not mount("-t", "tmpfs", "-o", "size=200k", "tmpfs"):
        pytest.skip("mounting a small file system needs root")
    try:
        study = (copy.folder / "tests/data/tiny.yaml").read_text() + "results: disk\n"
        (copy.folder / "disk.yaml").write_text(study)
        target = "disk/tiny/data/sst2/summary.json"
        options = {"study": "disk.yaml", "ok": False}
        out = copy.tiny("--cores", "1", "--retries", "0", "--", target, **options)
        assert re.search(r"disk/tiny/data/sst2/\S+: cannot be written \(No space left on device\)", out)
        assert "remedy: free space" in out
        assert not list((disk / "tiny/data").rglob("*.*"))
        assert mount("-o", "remount,ro")
        out = copy.tiny("--cores", "1", "--retries", "0", "--", target, **options)
        assert "Read-only file system" in out and "disk/tiny" in out
        assert mount("-o", "remount,rw,size=8m")
        copy.tiny("--cores", "1", "--", target, study="disk.yaml")
        for name in ("train.parquet", "summary.json", "vocabulary.json"):
            path = f"data/sst2/{name}"
            assert (disk / "tiny" / path).read_bytes() == (finished.folder / ROOT / path).read_bytes()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
