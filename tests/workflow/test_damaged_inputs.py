"""A bit that flips in any file that a rule reads: the rule refuses and names it, and the remedy gives the old bytes."""

import json
import os
import random
import re
import subprocess
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from named_files import Named

from flat.errors import ArtefactError
from flat.files.seen import FOLDER
from flat.provenance import inputs
from flat.provenance.records import record_of, records
from tests.workflow.killing import ROOT

pytestmark = [pytest.mark.workflow, pytest.mark.fault]
WEIGHTS = f"{ROOT}/models/sst2/CNN/base/none/seed0/round0/model.safetensors"
REPLAY = f"{ROOT}/replay/sst2/CNN/base/none/seed0/textfooler/replay.parquet"


def flip(path: Path, place: int, bit: int) -> None:
    """A bit of a file, whose time of change stays, as a disk would have it."""
    times, content = path.stat(), bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def job_of(record: dict) -> SimpleNamespace:
    """The job that left a record, as Snakemake hands it to its script."""
    return SimpleNamespace(
        rule=record["rule"],
        log=[f"{ROOT}/logs/rule/job.log"],
        input=Named(**{f"i{n}": path for n, path in enumerate(record["inputs"])}),
        output=Named(first=min(record["outputs"])),
        params=Named(),
    )


def test_every_job_s_outputs_lie_in_one_folder_where_its_record_is_looked_for(copy):
    for place, record in records(copy.folder / ROOT).items():
        folder = Path(place).parent.relative_to(copy.folder / ROOT / "provenance")
        assert {str(Path(path).parent) for path in record["outputs"]} == {str(ROOT / folder)}, record["rule"]


def test_every_file_that_any_job_read_is_refused_with_any_bit_flipped(copy, monkeypatch):
    monkeypatch.chdir(copy.folder)
    draw, refused = random.Random(2026), Counter()
    jobs = list(records(ROOT).values())
    read = {}
    for record in jobs:
        for path in inputs.compared(job_of(record)):
            if Path(path).is_relative_to(ROOT):
                read.setdefault(path, record)
    for path, record in sorted(read.items()):
        for _ in range(5):
            place, bit = draw.randrange(os.path.getsize(path)), draw.randrange(8)
            flip(Path(path), place, bit)
            with pytest.raises(ArtefactError, match=r": is not as \w+ made it") as told:
                inputs.compared(job_of(record))
            assert told.value.where == path
            flip(Path(path), place, bit)
        refused[Path(path).suffix] += 1
    assert {".parquet", ".json", ".safetensors", ".csv", ".md"} <= set(refused) and refused.total() > 100
    for record in jobs:
        inputs.compared(job_of(record))


def test_snakemake_names_it_and_its_remedy_gives_the_old_bytes(copy, finished):
    """In a preloaded process, which has read other files before; the other tests here have a process each."""
    target, damaged = copy.folder / REPLAY, copy.folder / WEIGHTS
    target.unlink()
    flip(damaged, damaged.stat().st_size // 2, 4)
    call = ("--cores", "1", "--retries", "0", "--", REPLAY)
    out = copy.tiny(*call, ok=False, warm=True)
    assert f"error in replay: {WEIGHTS}: is not as train_base made it" in out and "Traceback" not in out
    assert not target.exists()
    [remedy] = set(re.findall(r"remedy: .*makes it anew: (rm .*)", out))
    subprocess.run(remedy, shell=True, check=True, cwd=copy.folder)
    copy.tiny(*call, warm=True)
    for path in (WEIGHTS, REPLAY):
        assert (copy.folder / path).read_bytes() == (finished.folder / path).read_bytes()
    record = json.loads((copy.folder / record_of(REPLAY, ROOT)).read_text())
    assert WEIGHTS in record["inputs"]


def test_a_run_keeps_digests_and_the_next_one_forgets_them(copy):
    kept = copy.folder / FOLDER
    assert list(kept.iterdir())
    (kept / "of-a-run-before").write_text("x")
    (copy.folder / REPLAY).unlink()
    copy.tiny("--cores", "1", "--", REPLAY)
    assert not (kept / "of-a-run-before").exists()
