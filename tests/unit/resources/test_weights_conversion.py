"""Pickled weights become safetensors with the same numbers, or are refused with file and remedy and never run."""

import errno
import json
import os
import pickle

import encoder_toys as toys
import pytest
import torch
from safetensors.torch import load_file

from flat.errors import ArtefactError, FlatError, ResourceError
from flat.models.encoders.pretrained import read_network
from flat.resources import weights
from flat.resources.__main__ import main
from flat.resources.weights import convert, pickled_only


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


def saved(folder, content, **options):
    torch.save(content, folder / "pytorch_model.bin", **options)
    return folder


@pytest.mark.parametrize("zipped", [True, False], ids=["PyTorch's format", "its format before 1.6"])
def test_numbers_types_and_names_are_kept(tmp_path, zipped):
    body = torch.randn(6, 4)
    content = {
        "bert.a.LayerNorm.gamma": body,
        "tied": body,
        "turned": body.t(),
        "part": body[2:4],
        "half": body.half(),
        "brain": body.to(torch.bfloat16),
        "numbers": torch.arange(5),
        "one": torch.tensor(2.5),
        "none": torch.empty(0, 3),
        "parameter": torch.nn.Parameter(body + 1),
        "epoch": 3,
        "optimizer": {"state": {0: body}},
    }
    saved(tmp_path, content, _use_new_zipfile_serialization=zipped)
    assert convert(tmp_path) == {"pytorch_model.bin": ["epoch", "optimizer"]}
    found = load_file(tmp_path / "model.safetensors")
    assert set(found) == set(content) - {"epoch", "optimizer"}
    for name, weight in found.items():
        assert weight.dtype == content[name].dtype and torch.equal(weight, content[name].detach()), name
    assert (tmp_path / "pytorch_model.bin").is_file()


def test_the_same_weights_give_the_same_bytes_in_whatever_order_and_format(tmp_path):
    content = {"b": torch.ones(3), "a": torch.zeros(2, 2), "c": torch.arange(4)}
    files = []
    for number, zipped in enumerate((True, False)):
        folder = tmp_path / str(number)
        folder.mkdir()
        saved(folder, dict(sorted(content.items(), reverse=bool(number))), _use_new_zipfile_serialization=zipped)
        convert(folder)
        files.append((folder / "model.safetensors").read_bytes())
    assert files[0] == files[1]


def test_a_pickle_that_wants_a_class_or_function_is_refused_and_not_run(tmp_path):
    for content, named in (
        ({"w": torch.ones(2), "x": Trap(tmp_path / "run")}, r"posix\.mkdir"),
        (torch.nn.Linear(2, 2), r"torch\.nn\.modules\.linear\.Linear"),
    ):
        saved(tmp_path, content)
        with pytest.raises(
            ResourceError, match=rf"pytorch_model\.bin: .*wants to load {named}(?s:.)*remedy: do not use"
        ):
            convert(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["pytorch_model.bin"]


def damaged():
    yield "cut", lambda file: file.write_bytes(file.read_bytes()[:400])
    yield "empty", lambda file: file.write_bytes(b"")
    yield "a pointer of git-lfs", lambda file: file.write_text("version https://git-lfs.github.com/spec/v1\n")
    yield "another pickle", lambda file: file.write_bytes(pickle.dumps(["a"], protocol=4))
    yield "no names", lambda file: torch.save([torch.ones(2)], file)
    yield "no tensors", lambda file: torch.save({"epoch": 1}, file)
    yield "sparse", lambda file: torch.save({"w": torch.eye(3).to_sparse()}, file)
    yield "swelling", lambda file: torch.save({"w": torch.zeros(1).expand(1 << 40)}, file)


@pytest.mark.parametrize("damage", [pytest.param(change, id=name) for name, change in damaged()])
def test_what_is_no_weights_is_refused_and_leaves_nothing(tmp_path, damage):
    damage(saved(tmp_path, {"w": torch.ones(100)}) / "pytorch_model.bin")
    with pytest.raises(
        ResourceError, match=r"pytorch_model\.bin: its weights cannot be read \(.+\)\n  remedy: .*again"
    ):
        convert(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["pytorch_model.bin"]


def test_a_process_that_is_killed_is_told(tmp_path, monkeypatch):
    script = tmp_path / "ends.py"
    script.write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(weights, "PROCESS", script)
    with pytest.raises(ResourceError, match=r"pytorch_model\.bin: the process that reads it ended early \(status -9\)"):
        convert(saved(tmp_path, {"w": torch.ones(2)}))


def test_the_environment_and_the_folder_decide_nothing_that_the_process_imports(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise SystemExit('another torch')")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('code of the environment')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    monkeypatch.chdir(tmp_path)
    assert convert(saved(tmp_path, {"w": torch.ones(2)})) == {"pytorch_model.bin": []}
    saved(tmp_path, {"w": torch.ones(2), "x": Trap(tmp_path / "run")})
    with pytest.raises(ResourceError, match="wants to load"):
        convert(tmp_path)
    assert not (tmp_path / "run").exists()


def as_pickle(folder, shards=1):
    """A toy encoder of transformers' layout whose weights are pickled, in one file or several."""
    toys.write(folder)
    content = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(content)
    if shards == 1:
        torch.save(content, folder / "pytorch_model.bin")
        return content
    files = [f"pytorch_model-{i + 1:05d}-of-{shards:05d}.bin" for i in range(shards)]
    for number, file in enumerate(files):
        torch.save({name: content[name] for name in names[number::shards]}, folder / file)
    index = {"metadata": {}, "weight_map": {name: files[i % shards] for i, name in enumerate(names)}}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    return content


@pytest.mark.parametrize("shards", [1, 3])
def test_a_folder_of_ones_own_is_refused_with_the_command_that_converts_it(tmp_path, shards, capsys):
    content = as_pickle(tmp_path, shards)
    with pytest.raises(ArtefactError, match="only safetensors are read") as refused:
        read_network(tmp_path, 2)
    command = str(refused.value).partition("remedy: convert it: ")[2].split()
    assert command == ["python", "-m", "flat.resources", "convert", str(tmp_path)]
    assert main(command[3:]) == 0 and "converted to safetensors" in capsys.readouterr().out
    read = read_network(tmp_path, 2).bert.state_dict()
    assert all(torch.equal(read[name], weight) for name, weight in content.items())
    assert (tmp_path / "model.safetensors.index.json").is_file() == (shards > 1)


def test_a_folder_without_pickles_is_refused_by_the_command(tmp_path, capsys):
    assert main(["convert", str(tmp_path)]) == 1
    assert "no folder with pytorch_model.bin" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / "none")]) == 1


def test_safetensors_in_shards_are_read(tmp_path):
    from transformers import AutoModel

    folder = toys.write(tmp_path)
    whole = load_file(folder / "model.safetensors")
    AutoModel.from_pretrained(folder).save_pretrained(folder, max_shard_size="4KB")
    (folder / "model.safetensors").unlink(missing_ok=True)
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    read = read_network(folder, 2).bert.state_dict()
    assert all(torch.equal(read[name], weight) for name, weight in whole.items())


def test_which_files_are_pickled_weights():
    assert pickled_only(["config.json", "pytorch_model.bin"])
    assert pickled_only(["pytorch_model-00001-of-00002.bin", "onnx/model.safetensors"])
    assert not pickled_only(["pytorch_model.bin", "model.safetensors"])
    assert not pickled_only(["vectors.bin", "onnx/pytorch_model.bin", "training_args.bin"])


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        (errno.EMFILE, r"pytorch_model\.bin: cannot be read \(Too many open files\)(?s:.)*need not be damaged"),
        (errno.EIO, r"pytorch_model\.bin: cannot be read \(Input/output error\)(?s:.)*need not be damaged"),
        (errno.ENOSPC, r"cannot be written \(No space left on device\)(?s:.)*free space"),
    ],
)
def test_what_the_system_says_is_not_called_damage(tmp_path, monkeypatch, number, problem):
    folder = saved(tmp_path, {"w": torch.ones(2)})
    real = weights.PROCESS.read_text(encoding="utf-8")
    refusing = real.replace(
        "torch.load(source,", f"(_ for _ in ()).throw(OSError({number}, 'x')) or torch.load(source,"
    )
    (tmp_path / "process.py").write_text(refusing, encoding="utf-8")
    monkeypatch.setattr(weights, "PROCESS", tmp_path / "process.py")
    with pytest.raises(FlatError, match=problem):
        convert(folder)
    assert sorted(path.name for path in folder.glob("*.safetensors*")) == []
