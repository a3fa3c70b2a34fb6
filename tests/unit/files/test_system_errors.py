"""What the system says of a whole file (no descriptor, no permission, a failing disk) is told; it is not damage."""

import builtins
import errno
import gzip
import io
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import encoder_toys
import numpy as np
import pandas as pd
import pytest
import torch
from small_network import NETWORK, model

from flat.attacks.journal import Journal as AttackJournal
from flat.attacks.lexicon import bigrams, masked_language_model, sememes, tagger
from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.lexicon.synonym_space import wordnet
from flat.attacks.lexicon.synonyms import SynonymTable
from flat.attacks.textattack_adapter.word_embedding import load_vectors as load_counterfitted
from flat.data.reading.readers import read_columns
from flat.data.vectors import load_vectors
from flat.errors import FlatError
from flat.files.artefacts import (
    read_arrays,
    read_json,
    read_table,
    read_tensors,
    write_json,
    write_table,
    write_tensors,
)
from flat.files.failures import of_machine, of_reading
from flat.models import checkpoint
from flat.models.encoders.pretrained import read_network, read_tokenizer
from flat.provenance import records as lineage
from flat.provenance import verify
from flat.published import archive
from flat.report.figures import files as figure_files
from flat.resources import own_files
from flat.resume.checkpoints import Checkpoints, Progress
from flat.resume.journal import Journal
from flat.study.known import resources as catalogue

pytestmark = pytest.mark.fault
WORDS = ["<pad>", "<unk>", "good"]
NUMBERS = [errno.EMFILE, errno.EACCES, errno.EIO, errno.ENOSPC]
MISLEADING = ("delete", "fetch", "train again", "git ", "make setup", "again: it makes", "write or", "pack ")


def lines(folder):
    (folder / "mine.jsonl").write_text('{"text": "a", "label": "b"}\n')
    return folder / "mine.jsonl", lambda: read_columns(folder / "mine.jsonl", ["text"])


def packed_lines(folder):
    (folder / "mine.csv.gz").write_bytes(gzip.compress(b"text,label\na,b\n"))
    return folder / "mine.csv.gz", lambda: read_columns(folder / "mine.csv.gz", ["text"])


def own_parquet(folder):
    write_table(folder / "mine.parquet", pd.DataFrame({"text": ["a"], "label": ["b"]}))
    return folder / "mine.parquet", lambda: read_columns(folder / "mine.parquet", ["text"])


def table(folder):
    write_table(folder / "ledger.parquet", pd.DataFrame({"label": [1]}))
    return folder / "ledger.parquet", lambda: read_table(folder / "ledger.parquet")


def plain_json(folder):
    write_json(folder / "lock.json", {"a": 1})
    return folder / "lock.json", lambda: read_json(folder / "lock.json")


def arrays(folder):
    write_tensors(folder / "v.safetensors", {"v": torch.ones(3)}, {})
    return folder / "v.safetensors", lambda: read_arrays(folder / "v.safetensors")


def tensors(folder):
    write_tensors(folder / "moments.safetensors", {"v": torch.ones(3)}, {})
    return folder / "moments.safetensors", lambda: read_tensors(folder / "moments.safetensors")


def weights(folder):
    checkpoint.save(model(), folder, NETWORK)
    return folder / "model.safetensors", lambda: checkpoint.load(folder)


def vectors(folder):
    (folder / "vectors.txt").write_text("good 0.1 0.2\nbad 0.3 0.4\n")
    return folder / "vectors.txt", lambda: load_vectors(str(folder / "vectors.txt"), WORDS)


def packed_vectors(folder):
    (folder / "vectors.txt.gz").write_bytes(gzip.compress(b"good 0.1 0.2\nbad 0.3 0.4\n"))
    return folder / "vectors.txt.gz", lambda: load_vectors(str(folder / "vectors.txt.gz"), WORDS)


def numpy_vectors(folder):
    np.save(folder / "x_emb.npy", np.ones((1, 2), np.float32))
    write_table(folder / "x_index.parquet", pd.DataFrame({"word": ["good"]}))
    return folder / "x_emb.npy", lambda: load_vectors(str(folder), WORDS)


def counterfitted(folder):
    np.save(folder / "paragram.npy", np.ones((1, 2), np.float32))
    (folder / "wordlist.pickle").write_bytes(pickle.dumps({"good": 0}))
    return folder / "wordlist.pickle", lambda: load_counterfitted(folder)


def bigram_table(folder):
    bigrams.save(folder / "bigrams.npz", bigrams.count(["a good film"]))
    return folder / "bigrams.npz", lambda: bigrams.load(folder / "bigrams.npz")


def hownet(folder):
    path = folder / sememes.PICKLE
    path.write_bytes(pickle.dumps({"good": {"adj": ["fine"]}}))
    return path, lambda: sememes.load_hownet(folder)


def wordnet_files(folder):
    (folder / "data.noun").write_text("")
    (folder / "data.verb").write_text("")
    return folder / "data.noun", lambda: wordnet.read(folder)


def tagger_files(folder):
    path = folder / f"taggers/{tagger.NAME}/{tagger.NAME}.weights.json"
    write_json(path, {})
    return path, lambda: tagger.PerceptronTagger(folder)


def synonyms(folder):
    (folder / "synonyms.npz").write_bytes(b"")
    write_json(folder / "synonyms.json", {})
    return folder / "synonyms.npz", lambda: SynonymTable(folder)


def stopwords(folder):
    path = folder / "corpora/stopwords/english"
    path.parent.mkdir(parents=True)
    path.write_text("the\n")

    class Here(AttackResources):
        def folder(self, role):
            return folder

    return path, lambda: Here({}).stopwords


def resource_catalogue(folder):
    (folder / "resources.yaml").write_text("resources: {}\n")
    return folder / "resources.yaml", lambda: catalogue.catalogued.__wrapped__(folder / "resources.yaml")


def file_of_users(folder):
    (folder / "mine.csv").write_text("text\n")
    return folder / "mine.csv", lambda: own_files.digest_of.__wrapped__(str(folder / "mine.csv"))


def sums_of_archives(folder):
    (folder / archive.SUMS).write_text("")
    return folder / archive.SUMS, lambda: archive.checksums(folder)


def archive_of_seed(folder):
    (folder / "seed0.tar.xz").write_bytes(archive.packed({"files": {}}, {}))
    return folder / "seed0.tar.xz", lambda: archive.read(folder / "seed0.tar.xz")


def figure(folder):
    from PIL import Image

    path = folder / f"{figure_files.figure_stem(1)}.png"
    Image.new("RGB", (2, 2)).save(path)
    return path, lambda: figure_files.read(folder, 1)


def record(folder):
    path = folder / lineage.FOLDER / "x.json"
    write_json(path, {})
    return path, lambda: lineage.records(folder)


def journal(folder):
    Journal(folder / "cell.jsonl", "digest").close()
    return folder / "cell.jsonl", lambda: Journal(folder / "cell.jsonl", "digest")


def attack_journal(folder):
    AttackJournal(folder / "cell.jsonl", "digest").close()
    return folder / "cell.jsonl", lambda: AttackJournal(folder / "cell.jsonl", "digest")


def training(folder):
    network, path = model(), folder / "round0.safetensors"

    def checkpoints():
        found = Checkpoints(path, "digest")
        found.follow(network, torch.optim.Adam(network.parameters()), None, torch.Generator())
        return found

    def restore():
        found = checkpoints()
        try:
            found.restore(Progress(sums={}))
        finally:
            found.close()

    first = checkpoints()
    first.save(Progress(sums={}, epoch=2))
    first.close()
    return path, restore


def encoder_config(folder):
    encoder_toys.write(folder)
    return folder / "config.json", lambda: read_network(folder, 2)


def encoder_weights(folder):
    encoder_toys.write(folder)
    return folder / "model.safetensors", lambda: read_network(folder, 2)


def encoder_tokenizer(folder):
    encoder_toys.write(folder)
    return folder / "tokenizer.json", lambda: read_tokenizer(folder)


def masked_model(folder):
    encoder_toys.write(folder)
    return folder / "model.safetensors", lambda: masked_language_model.read_network(folder)


READERS = [
    lines, packed_lines, own_parquet, table, plain_json, arrays, tensors, weights, vectors, packed_vectors,
    numpy_vectors, counterfitted, bigram_table, hownet, wordnet_files, tagger_files, synonyms, stopwords,
    resource_catalogue, file_of_users, sums_of_archives, archive_of_seed, figure, record, journal, attack_journal,
    training, encoder_config, encoder_weights, encoder_tokenizer, masked_model,
]  # fmt: skip


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
