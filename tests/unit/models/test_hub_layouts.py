"""The catalogue's hub entries, as their repositories have them: fetched, trained, attacked, explained."""

import json

import hub_layouts
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hub_layouts import DEBERTA_TOKENS, REPOSITORIES, ROBERTA_TOKENS

from flat.attacks.job import AttackJob, attack_split
from flat.attacks.lexicon import masked_language_model
from flat.errors import ArtefactError, ResourceError
from flat.files.artefacts import read_json, read_table, write_json, write_table
from flat.files.digests import sha256_of
from flat.interpretation.attributions import explain_cell
from flat.models import checkpoint
from flat.models.encoders.pretrained import read_network, read_tokenizer
from flat.resources import locate
from flat.resources.catalogue import Hub, load_catalogue
from flat.resources.fetch import fetch, in_place
from flat.resources.places import PROVENANCE
from flat.training.rounds import run

SPLIT = pa.schema(
    [("example_id", pa.string()), ("text", pa.string()), ("label", pa.int64()), ("words", pa.list_(pa.string()))]
)
NETWORK = {"kind": "encoder", "options": {}, "classes": 2, "max_length": 16, "mask": "none", "mask_hidden": 7}
NETWORK |= {"switches": {}}
HUB = sorted(name for name, entry in load_catalogue().items() if isinstance(entry, Hub))


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    """A mirror with every hub repository's look-alike."""
    folder = tmp_path_factory.mktemp("mirror")
    for name in REPOSITORIES:
        hub_layouts.write(name, folder)
    return folder


@pytest.fixture(scope="module")
def fetched(mirror, tmp_path_factory):
    root = tmp_path_factory.mktemp("resources")
    assert fetch(HUB, root=root, mirror=str(mirror)) == HUB
    return root


def test_every_hub_entry_has_its_look_alike(mirror):
    assert set(REPOSITORIES) == set(HUB)
    for name, (_, files) in REPOSITORIES.items():
        assert {path.name for path in (mirror / name).iterdir()} == files
        assert set(load_catalogue()[name].files) <= files


def split(path, n=12):
    texts = [" ".join(["the", ("film", "plot")[i % 2], "is", ("good", "bad")[i // 2 % 2]]) for i in range(n)]
    frame = pd.DataFrame({"text": texts, "example_id": [f"e{i}" for i in range(n)]})
    frame["words"] = [text.split(" ") for text in texts]
    frame["label"] = [i // 2 % 2 for i in range(n)]
    write_table(path, frame, SPLIT)
    return str(path)


@pytest.mark.parametrize("name", HUB)
def test_a_hub_entry_is_trained_attacked_and_explained(name, fetched, tmp_path, resources):
    splits = {part: split(tmp_path / f"{part}.parquet") for part in ("train", "dev", "test")}
    files = {"weights": "model.safetensors", "history": "history.csv", "metrics": "metrics.json"}
    outputs = {kind: str(tmp_path / "model" / file) for kind, file in files.items()}
    run(
        splits=splits,
        network=NETWORK,
        inputs={"encoder": str(fetched / name / PROVENANCE)},
        ledgers=[],
        keep="successful",
        training={"epochs": 1, "batch_size": 4, "learning_rate": 1e-3, "optimizer": "adamw"},
        objective={},
        seed=3,
        device="cpu",
        outputs=outputs,
    )
    assert read_json(outputs["metrics"])["test_n"] == 12
    write_json(tmp_path / "wordnet.json", {word: ["good", "bad", "warm"] for word in ("film", "plot", "good", "bad")})
    write_json(tmp_path / "examples.json", {"attacked": {"test": ["e0", "e1", "e2", "e3"]}, "explained": ["e0", "e2"]})
    made = {kind: str(tmp_path / kind) for kind in ("ledger", "seconds", "lock")}
    job = AttackJob(
        model_folder=tmp_path / "model",
        spec={"recipe": "pwws", "resources": {}, "parameters": {}, "query_budget": None, "time_limit": None},
        tables={"wordnet": str(tmp_path / "wordnet.json")},
        seed=5,
        workers=1,
        journal=tmp_path / "journal",
        device="cpu",
    )
    counts = attack_split(job, made, split=splits["test"], ids_file=str(tmp_path / "examples.json"))
    assert counts.attacked == 4
    model, ledger = checkpoint.load(tmp_path / "model"), read_table(made["ledger"])
    explained = explain_cell("ig", model, ledger, explained=["e0", "e2"], options={"steps": 4}, seed=1)
    assert set(explained["example_id"]) == {"e0", "e2"}


SPECIAL = {
    "bert-base-uncased": ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"],
    "deberta-base": list(DEBERTA_TOKENS),
    "distilroberta-base": list(ROBERTA_TOKENS),
}


@pytest.mark.parametrize("name", HUB)
def test_special_tokens_are_the_repositorys_with_the_ids_of_its_vocabulary(name, fetched):
    tokenizer = read_tokenizer(fetched / name)
    names = ("cls", "pad", "sep", "unk", "mask")
    assert tokenizer.is_fast
    assert [getattr(tokenizer, f"{kind}_token") for kind in names] == SPECIAL[name]
    if (fetched / name / "vocab.json").is_file():
        vocabulary = json.loads((fetched / name / "vocab.json").read_text(encoding="utf-8"))
        ids = [vocabulary[token] for token in SPECIAL[name]]
        assert ids == [0, 1, 2, 3, len(vocabulary) - 1] and tokenizer.get_vocab() == vocabulary
        assert [getattr(tokenizer, f"{kind}_token_id") for kind in names] == ids
    pieces = tokenizer.convert_ids_to_tokens(tokenizer("the good film")["input_ids"])
    assert [pieces[0], pieces[-1]] == [SPECIAL[name][0], SPECIAL[name][2]] and len(pieces) == 5


@pytest.mark.parametrize("name", ["bert-base-uncased", "distilroberta-base"])
def test_the_masked_language_models_of_bae_and_clare_load(name, fetched):
    model = masked_language_model.load(fetched / name)
    assert model.tokenizer.mask_token == SPECIAL[name][4]


def test_weights_are_those_of_the_pickle_and_no_pickle_is_kept(mirror, fetched):
    pickled = torch.load(mirror / "deberta-base/pytorch_model.bin", weights_only=True)
    network = read_network(fetched / "deberta-base", 2)
    read = {f"deberta.{name}": weight for name, weight in network.deberta.state_dict().items()}
    assert read and all(torch.equal(weight, pickled[name]) for name, weight in read.items())
    assert not [path for path in (fetched / "deberta-base").iterdir() if path.suffix == ".bin"]
    record = read_json(fetched / "deberta-base" / PROVENANCE)
    assert record["archives"] == {"pytorch_model.bin": sha256_of(mirror / "deberta-base/pytorch_model.bin")}
    assert record["converted"] == {"pytorch_model.bin": []}
    assert "converted" not in read_json(fetched / "bert-base-uncased" / PROVENANCE)


def test_another_fetch_gives_the_same_bytes_and_other_weights_are_refused(mirror, fetched, tmp_path):
    again = tmp_path / "again"
    fetch(["deberta-base"], root=again, mirror=str(mirror))
    digests = [read_json(root / "deberta-base" / PROVENANCE)["content_sha256"] for root in (fetched, again)]
    assert digests[0] == digests[1]
    other = tmp_path / "mirror"
    folder = hub_layouts.write("deberta-base", other)
    weights = torch.load(folder / "pytorch_model.bin", weights_only=True)
    weights["deberta.embeddings.word_embeddings.weight"] += 1
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(ResourceError, match="at first use it was"):
        fetch(["deberta-base"], root=again, mirror=str(other), again=True)
    assert read_json(locate("deberta-base", root=again) / PROVENANCE)["content_sha256"] == digests[0]


def test_a_known_checksum_is_compared_before_the_pickle_is_read(mirror, tmp_path):
    entry = load_catalogue()["deberta-base"].model_copy(update={"sha256": {"pytorch_model.bin": "0" * 64}})
    with pytest.raises(ResourceError, match=r"pytorch_model\.bin: its SHA-256 is .*, the catalogue says 0000"):
        fetch([entry.name], root=tmp_path, mirror=str(mirror), catalogue={entry.name: entry})
    assert list(tmp_path.iterdir()) == []


def test_a_copy_fetched_before_weights_were_converted_is_fetched_again(mirror, tmp_path):
    entry = load_catalogue()["deberta-base"]
    fetch([entry.name], root=tmp_path, mirror=str(mirror))
    record = read_json(tmp_path / entry.name / PROVENANCE)
    write_json(tmp_path / entry.name / PROVENANCE, record | {"recipe": "of an earlier version"})
    (tmp_path / entry.name / "model.safetensors").unlink()
    torch.save({"x": torch.zeros(1)}, tmp_path / entry.name / "pytorch_model.bin")
    with pytest.raises(ArtefactError, match=r"flat\.resources fetch --again deberta-base"):
        read_network(tmp_path / entry.name, 2)
    assert fetch([entry.name], root=tmp_path, mirror=str(mirror)) == [entry.name]
    assert in_place(entry, tmp_path) and read_network(tmp_path / entry.name, 2)
