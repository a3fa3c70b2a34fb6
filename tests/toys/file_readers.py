"""Every kind of file that jobs read: each function writes a small one and gives it with what reads it."""

import gzip
import pickle

import encoder_toys
import numpy as np
import pandas as pd
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
from flat.files.artefacts import (
    read_arrays,
    read_json,
    read_table,
    read_tensors,
    write_json,
    write_table,
    write_tensors,
)
from flat.models import checkpoint
from flat.models.encoders.pretrained import read_network, read_tokenizer
from flat.provenance import records as lineage
from flat.published import archive
from flat.report.figures import files as figure_files
from flat.resources import own_files
from flat.resume.checkpoints import Checkpoints, Progress
from flat.resume.journal import Journal
from flat.study.known import resources as catalogue

WORDS = ["<pad>", "<unk>", "good"]


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
