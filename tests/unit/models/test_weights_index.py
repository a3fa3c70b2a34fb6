"""An index of weights is read by us first: transformers unpickles what it names, except safetensors."""

import json
import shutil

import encoder_toys as toys
import pytest
import torch
from safetensors.torch import load_file, save_file

from flat.attacks.lexicon import masked_language_model
from flat.errors import ArtefactError
from flat.models.encoders.pretrained import read_network
from flat.resources import own_files
from flat.resources.weights import refuse_unsafe

pytestmark = pytest.mark.fault
INDEX = "model.safetensors.index.json"
NO_NAMES = [
    "weights.bin",
    "weights.SAFETENSORS",
    "weights.safetensors.bin",
    "../x.safetensors",
    "sub/x.safetensors",
    "sub\\x.safetensors",
    ".x.safetensors",
    "x.safetensors\n",
    "",
    7,
    None,
    ["x.safetensors"],
]


@pytest.fixture
def never_unpickled(monkeypatch):
    """Every call of torch.load fails the test."""
    called = []
    monkeypatch.setattr(torch, "load", lambda *words, **_: called.append(words))
    yield
    assert called == []


@pytest.fixture
def sharded(tmp_path, never_unpickled):
    """A toy encoder in two files with their index: (folder, weight_map)."""
    folder = toys.write(tmp_path / "bert")
    weights = load_file(folder / "model.safetensors")
    place = {name: f"model-0000{1 + number % 2}-of-00002.safetensors" for number, name in enumerate(weights)}
    for file in set(place.values()):
        part = {name: weight for name, weight in weights.items() if place[name] == file}
        save_file(part, folder / file, {"format": "pt"})
    (folder / "model.safetensors").unlink()
    return indexed(folder, place), place


def indexed(folder, place):
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": place}))
    return folder


def refused(folder, match):
    """By every reader of networks, and when the study is planned."""
    for read in (lambda: read_network(folder, 2), lambda: masked_language_model.read_network(folder)):
        with pytest.raises(ArtefactError, match=match) as error:
            read()
        assert error.value.where.startswith(str(folder)) and error.value.remedy
    with pytest.raises(ArtefactError, match=match):
        own_files.check(str(folder), network=True)
    return error.value


def test_several_files_of_safetensors_are_read(sharded):
    folder, place = sharded
    network = read_network(folder, 2)
    found = network.state_dict()
    for file in set(place.values()):
        for name, weight in load_file(folder / file).items():
            assert torch.equal(found[name if name in found else f"bert.{name}"], weight), name


@pytest.mark.parametrize("name", NO_NAMES, ids=repr)
def test_what_is_no_plain_name_of_safetensors_is_refused(sharded, name):
    folder, place = sharded
    weights = load_file(folder / next(iter(place.values())))
    for file in (folder / "weights.bin", folder / "weights.safetensors.bin", folder.parent / "x.safetensors"):
        torch.save(weights, file)
    refused(indexed(folder, place | {next(iter(place)): name}), "it names|no index of weights")


def test_an_absolute_path_is_refused(sharded):
    folder, place = sharded
    named = {weight: str(folder / file) for weight, file in place.items()}
    refused(indexed(folder, named), "it names '/.*only safetensors in this folder are read")


def test_an_index_of_pickles_names_the_command_that_converts_them(sharded):
    folder, place = sharded
    torch.save(load_file(folder / next(iter(place.values()))), folder / "pytorch_model.bin")
    error = refused(indexed(folder, dict.fromkeys(place, "pytorch_model.bin")), "pytorch_model.bin'")
    assert error.remedy == f"convert it: python -m flat.resources convert {folder}"


def test_a_link_that_leaves_the_folder_is_refused(sharded):
    folder, place = sharded
    file = next(iter(place.values()))
    shutil.move(folder / file, folder.parent / "elsewhere.bin")
    (folder / file).symlink_to(folder.parent / "elsewhere.bin")
    error = refused(folder, f"{file}, a link that leaves the folder")
    assert "cp -L" in error.remedy


def test_links_of_the_hubs_own_cache_are_read(sharded, tmp_path):
    folder, place = sharded
    snapshot, blobs = tmp_path / "models--bert/snapshots/0123", tmp_path / "models--bert/blobs"
    shutil.copytree(folder, snapshot)
    blobs.mkdir()
    for number, file in enumerate(sorted(set(place.values()))):
        shutil.move(snapshot / file, blobs / str(number))
        (snapshot / file).symlink_to(f"../../blobs/{number}")
    assert read_network(snapshot, 2).config.num_labels == 2


def test_a_missing_file_is_named(sharded):
    folder, place = sharded
    file = next(iter(place.values()))
    (folder / file).unlink()
    refused(folder, f"it names {file}, which is not there")
    (folder / file).symlink_to("nowhere")
    refused(folder, f"it names {file}, which is not there")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        '{"weight_map": []}',
        '{"weight_map": 3}',
        '{"weight_map": null}',
        b"\xff\xfe",
        "[" * 9999,
    ],
    ids=["empty", "words", "list", "no-map", "map-list", "map-number", "null", "bytes", "deep"],
)
def test_what_is_no_index_is_refused(sharded, text):
    folder, _ = sharded
    (folder / INDEX).write_bytes(text if isinstance(text, bytes) else text.encode())
    refused(folder, f"{INDEX}: no index of weights")


def test_an_index_beside_whole_weights_is_not_read_by_anyone(tmp_path, never_unpickled):
    folder = toys.write(tmp_path / "bert")
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": {"a": "weights.bin"}}))
    assert read_network(folder, 2).config.num_labels == 2


@pytest.mark.parametrize("name", ["adapter_model.bin", "other.safetensors.index.json", "model.safetensors"])
def test_config_json_may_not_name_the_weights(tmp_path, never_unpickled, name):
    """transformers_weights chooses another index, or the one pickle that transformers excepts."""
    folder = toys.write(tmp_path / "bert")
    torch.save(load_file(folder / "model.safetensors"), folder / "adapter_model.bin")
    (folder / "other.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": {"a": "adapter_model.bin"}})
    )
    text = json.dumps(json.loads((folder / "config.json").read_text()) | {"transformers_weights": name})
    for written in (text, text.replace("transformers_weights", "transformers\\u005fweights")):
        (folder / "config.json").write_text(written)
        refused(folder, "names the file of its weights")


def test_whole_folders_of_all_kinds_pass(tmp_path):
    refuse_unsafe(toys.write(tmp_path / "bert"))
    refuse_unsafe(tmp_path / "absent")
