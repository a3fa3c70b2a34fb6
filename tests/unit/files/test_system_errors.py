"""What the system says of a whole file (no descriptor, no permission, a failing disk) is told; it is not damage."""

import builtins
import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from file_readers import READERS
from small_network import NETWORK, model

from flat.errors import FlatError
from flat.files import failures
from flat.files.artefacts import (
    write_json,
    write_table,
)
from flat.files.failures import of_machine, of_reading
from flat.models import checkpoint
from flat.provenance import records as lineage
from flat.provenance import verify

pytestmark = pytest.mark.fault
NUMBERS = [errno.EMFILE, errno.EACCES, errno.EIO, errno.ENOSPC, errno.ESTALE]
MISLEADING = ("delete", "fetch", "train again", "git ", "make setup", "again: it makes", "write or", "pack ")


class FailingDisk(io.FileIO):
    """A file that opens and cannot be read."""

    def readinto(self, buffer):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def readall(self):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def refuse(monkeypatch, path: Path, number: int) -> None:
    """Have the system refuse one file: to open it, or, for an I/O error, to read of it. Arrow opens files itself."""
    real = builtins.open

    def opened(file, mode="r", *args, **keywords):
        if isinstance(file, int) or os.fspath(file) != str(path) or not set(mode).isdisjoint("wax"):
            return real(file, mode, *args, **keywords)
        if number != errno.EIO:
            raise OSError(number, os.strerror(number), str(path))
        raw = io.BufferedReader(FailingDisk(str(path)))
        return raw if "b" in mode else io.TextIOWrapper(raw, encoding="utf-8")

    class Arrow:
        def __init__(self, file, *_, **__):
            raise OSError(number, f"Failed to open local file '{file}'. Detail: [errno {number}]")

    def as_safetensors(file, *_, **__):
        raise FileNotFoundError(f"No such file or directory: {file}")  # whatever the system said

    monkeypatch.setattr(builtins, "open", opened)
    monkeypatch.setattr(io, "open", opened)
    if path.suffix == ".parquet":
        monkeypatch.setattr("pyarrow.parquet.ParquetFile", Arrow)
    if path.name == "model.safetensors":
        monkeypatch.setattr("transformers.modeling_utils.safe_open", as_safetensors)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_what_the_system_says_is_told_and_nothing_is_thrown_away(tmp_path, monkeypatch, reader, number):
    path, read = reader(tmp_path)
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        refuse(patch, path, number)
        with pytest.raises(FlatError) as told:
            read()
    assert f"cannot be read ({os.strerror(number)})" in told.value.problem
    assert "need not be damaged" in told.value.remedy
    assert not [word for word in MISLEADING if word in told.value.remedy]
    assert path.read_bytes() == before and not path.with_name(f"{path.name}.stale").exists()


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: errno.errorcode[number])
def test_verify_says_what_it_could_not_read_and_goes_on(tmp_path, monkeypatch, number):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        write_json(f"results/toy/{name}.json", {})
    record = lineage.record_of("results/toy/a.json", Path("results/toy"))
    lineage.write(record, "make", {}, ["results/toy/a.json", "results/toy/b.json"], 0.0)
    assert verify.verify("results/toy")[0] == []
    refuse(monkeypatch, Path("results/toy/a.json"), number)
    (finding,) = verify.verify("results/toy")[0]
    assert (finding.path, finding.kind) == ("results/toy/a.json", "unread")
    assert os.strerror(number) in finding.problem and "delete" not in finding.remedy


EMPTY_HANDED = """
import os, resource, sys
from flat.files.artefacts import read_arrays, read_json, read_table
from flat.models import checkpoint
from flat.resume.checkpoints import Checkpoints
folder = sys.argv[1]
reads = [lambda: read_table(f"{folder}/t.parquet"), lambda: read_arrays(f"{folder}/model.safetensors"),
         lambda: checkpoint.load(folder), lambda: read_json(f"{folder}/config.json"),
         lambda: checkpoint.read_weights(folder)]
for read in reads:
    read()
if sys.argv[2] == "EMFILE":
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
    try:
        while True:
            os.open("/dev/null", os.O_RDONLY)
    except OSError:
        pass
else:
    for name in os.listdir(folder):
        os.chmod(f"{folder}/{name}", 0)
    if os.geteuid() == 0:
        os.setresuid(65534, 65534, 65534)
for read in reads:
    try:
        read()
    except Exception as error:
        print(" ".join(str(error).split()))
"""


@pytest.mark.parametrize(("name", "said"), [("EMFILE", "Too many open files"), ("EACCES", "Permission denied")])
def test_a_process_without_descriptors_or_permission_blames_no_file(tmp_path, name, said):
    checkpoint.save(model(), tmp_path, NETWORK)
    write_table(tmp_path / "t.parquet", pd.DataFrame({"a": [1]}))
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)  # another user gets as far as the files
    done = subprocess.run(
        [sys.executable, "-c", EMPTY_HANDED, tmp_path, name], capture_output=True, text=True, env=os.environ
    )
    told = done.stdout.splitlines()
    assert len(told) == 5, done.stderr
    assert all(f"cannot be read ({said})" in line and "need not be damaged" in line for line in told), told


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EISDIR, errno.EINVAL])
def test_what_a_damaged_file_leads_to_as_well_is_left_to_its_reader(number):
    assert of_reading(OSError(number, os.strerror(number)), "x") is None
    assert of_reading(json.JSONDecodeError("x", "y", 0), "x") is None


def test_an_error_that_no_reader_told_says_whether_a_file_was_read_or_written(tmp_path):
    closed = tmp_path / "train.csv"
    closed.write_text("text\n")
    assert "cannot be read (Too many open files)" in str(of_reading(OSError(errno.EMFILE, "", str(closed)), closed))
    told = of_machine(OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(closed)))
    assert "Too many open files" in told.problem and "ulimit -n" in told.remedy
    told = of_machine(OSError(errno.EIO, os.strerror(errno.EIO), str(closed)))
    assert told.problem == "cannot be read or written (Input/output error)"
    assert of_machine(OSError(errno.EPIPE, os.strerror(errno.EPIPE))) is None


@pytest.mark.parametrize("number", sorted(failures.STORAGE))
def test_each_refusal_to_write_is_told_as_what_it_is(number):
    """By its number, and in the words of a library that tells no number: one begins as another one does."""
    words, remedy = failures.STORAGE[number]
    for error in (OSError(number, os.strerror(number)), RuntimeError(f"could not write: {words} (3)")):
        told = failures.of_storage(error, "a.csv")
        assert f"({words})" in told.problem and told.remedy.startswith(remedy)
    assert failures.of_storage(RuntimeError("no such thing"), "a.csv") is None
