"""Weights that come as a pickle (``pytorch_model.bin``) become safetensors once; networks are read from these alone.

Repositories of the hub from before 2023 hold pickled weights alone. A pickle can run code, so that a process of its own
reads it (``flat.resources.pickle_process``). The same pickle gives the same bytes on every machine.
"""

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from flat.errors import ArtefactError, ResourceError
from flat.files.failures import of_reading, of_storage
from flat.files.parts import part_of, remove_parts
from flat.resources.places import PROVENANCE

PROCESS = Path(__file__).with_name("pickle_process.py")
SHARD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.safetensors")  # a plain name: transformers unpickles any other
PATIENCE_S = 2 * 3600
PICKLED, INDEX, SAFE = "pytorch_model", "pytorch_model.bin.index.json", "model.safetensors"
# a list of files in a message ends here
SHOWN = 5


def pickles(names: Iterable[str]) -> list[str]:
    """Those of these file names (relative to one folder) that transformers takes for pickled weights."""
    found = (name for name in names if "/" not in name)
    return sorted(name for name in found if name.startswith(PICKLED) and name.endswith(".bin"))


def pickled_only(names: Iterable[str]) -> bool:
    """Whether a folder of these files has pickled weights and no others."""
    names = list(names)
    return bool(pickles(names)) and not any(name.endswith(".safetensors") for name in names if "/" not in name)


def refuse_unsafe(folder: str | Path) -> None:
    """Refuse a folder from which transformers would read weights that are no safetensors within it.

    ``use_safetensors`` does not keep it from that: it unpickles what an index of safetensors, or config.json, names.

    Raises:
        ArtefactError: its weights are a pickle alone (the remedy is the command that converts it); its index names
            other files than safetensors in the folder; or its config.json names files of weights.
    """
    folder = Path(folder)
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if pickled_only(names):
        _refuse_pickles(folder, names)
    if "config.json" in names:
        _refuse_named_weights(folder / "config.json")
    if not (folder / SAFE).is_file() and f"{SAFE}.index.json" in names:
        _check_index(folder / f"{SAFE}.index.json", pickles(names))


def _refuse_named_weights(config: Path) -> None:
    """No config.json may choose the file of weights; what is wrong with it otherwise, its reader tells."""
    try:
        said = json.dumps(json.loads(config.read_text(encoding="utf-8")))  # without escapes that could hide a name
    except (OSError, ValueError, RecursionError):
        return
    if "transformers_weights" in said:
        raise ArtefactError(
            str(config),
            "it names the file of its weights (transformers_weights), which may be a pickle, and a pickle can run code",
            f"take that line out, and name the weights {SAFE}",
        )


def _check_index(index: Path, pickled: list[str]) -> None:
    """Every file that an index names is a whole name of safetensors, and lies in its folder."""
    folder = index.parent.resolve()
    # the hub's own cache keeps files in blobs/ and links to them from snapshots/<commit>/
    places = [folder, *([folder.parents[1] / "blobs"] if folder.parent.name == "snapshots" else [])]
    again = "fetch or copy the encoder again"
    try:
        shards = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        if not all(isinstance(shard, str) for shard in shards):
            raise TypeError("a file that is no text")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = f"no index of weights ({type(error).__name__}: {error})"
        raise ArtefactError(str(index), problem[:200], again) from None
    for shard in shards:
        problem, remedy = None, again
        if not SHARD.fullmatch(shard):
            problem = f"it names {shard[:100]!r}; only safetensors in this folder are read, since a pickle can run code"
            remedy = (
                f"convert it: python -m flat.resources convert {folder}"
                if pickled
                else "write the encoder anew with transformers' save_pretrained, or name another one"
            )
        elif not (folder / shard).is_file():
            problem = f"it names {shard}, which is not there"
        elif (folder / shard).resolve().parent not in places:
            problem = f"it names {shard}, a link that leaves the folder"
            remedy = "put the file itself into the folder (cp -L)"
        if problem:
            raise ArtefactError(str(index), problem, remedy)


def _refuse_pickles(folder: Path, names: list[str]) -> None:
    try:  # fetching converts what comes from the hub
        hub = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))["kind"] == "hub"
    except (OSError, ValueError, KeyError, TypeError):
        hub = False
    raise ArtefactError(
        str(folder),
        f"its weights cannot be read: they are a pickle alone ({', '.join(pickles(names)[:SHOWN])}), which can run "
        "code; only safetensors are read",
        f"convert it: python -m flat.resources {f'fetch --again {folder.name}' if hub else f'convert {folder}'}",
    )


def convert(folder: Path) -> dict[str, list[str]]:
    """Write ``model.safetensors`` beside each ``pytorch_model.bin`` of ``folder``; several files get their index.

    What was written is whole or not there at all. The pickles stay.

    Returns:
        By pickle, the names in it that are no tensors and were left out.

    Raises:
        ResourceError: no pickled weights, a pickle that wants to load a class or function, or a damaged one.
    """
    names = pickles(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if not names:
        raise ResourceError(
            str(folder), f"no folder with {PICKLED}.bin", "name the folder of an encoder that holds one"
        )
    left_out, place_of, parts = {}, {}, {}
    try:
        for name in names:
            target = PurePosixPath(name.replace(PICKLED, "model", 1)).with_suffix(".safetensors").name
            remove_parts(folder / target)
            parts[target] = part_of(folder / target)
            left_out[name] = _convert_file(folder / name, parts[target])
            place_of |= dict.fromkeys(_tensor_names(parts[target]), target)
        if list(parts) != [SAFE]:
            size = sum(part.stat().st_size for part in parts.values())
            index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(place_of.items()))}
            parts[f"{SAFE}.index.json"] = part_of(folder / f"{SAFE}.index.json")
            text = json.dumps(index, indent=1, sort_keys=True) + "\n"
            parts[f"{SAFE}.index.json"].write_text(text, encoding="utf-8")
        for target, part in parts.items():
            os.replace(part, folder / target)
    except OSError as error:
        raise ResourceError(str(folder), f"cannot be written ({error})", "make it writable, or copy it") from None
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
    return left_out


def _convert_file(source: Path, target: Path) -> list[str]:
    """Have one pickle read by the process that can do nothing else; what it left out."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    command = [sys.executable, "-I", str(PROCESS), str(source.resolve()), str(target.resolve()), str(os.getpid())]
    try:
        ran = subprocess.run(
            command,
            env=kept | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        said = json.loads(ran.stdout.splitlines()[-1]) if ran.returncode == 0 else {}
    except subprocess.TimeoutExpired:
        said, ran = {"damaged": f"reading it took more than {PATIENCE_S // 3600} hours"}, None
    except (IndexError, ValueError):
        said = {}
    again = "the file is cut, or no weights as PyTorch saves them: fetch or copy it again"
    if "refused" in said:
        raise ResourceError(
            str(source),
            f"this pickle wants to load {said['refused']}, which weights have no need of; nothing of it was run",
            "do not use this file; take safetensors of the same model, or report it to its publisher",
        )
    if "errno" in said:
        error = OSError(said["errno"], os.strerror(said["errno"]))
        full = said["errno"] in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # only a writer meets these
        raise of_storage(error, target.parent) if full else of_reading(error, source, ResourceError)
    if "damaged" in said:
        raise ResourceError(str(source), f"its weights cannot be read ({said['damaged']})", again)
    if "tensors" not in said:
        lines = ran.stderr.strip().splitlines()
        why = lines[-1] if lines else f"status {ran.returncode}"
        raise ResourceError(str(source), f"the process that reads it ended early ({why[:200]})", again)
    return said["left_out"]


def _tensor_names(file: Path) -> list[str]:
    """Names of the tensors of a safetensors file, from its header: its length in 8 bytes, then JSON."""
    with file.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    return sorted(name for name in header if name != "__metadata__")
