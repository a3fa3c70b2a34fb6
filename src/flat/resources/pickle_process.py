"""Pickled weights to safetensors, in a process of their own: ``python -I pickle_process.py SOURCE TARGET PARENT``.

``flat.resources.weights`` starts it. It imports nothing of this package, and reads with PyTorch's own unpickler for
weights. That builds tensors and plain containers and refuses every other class and function. It may have a hole. So the
process gives up some things before the file is opened: the network (where the system allows it), processes of its own,
and memory and disk beyond what such weights can need.

It ends with the process that has started it, whose number is PARENT. It prints one JSON object: ``{"tensors": n,
"left_out": [names]}``, ``{"refused": name}``, ``{"damaged": why}``, or ``{"errno": number}`` where the system refused a
file.
"""

import contextlib
import ctypes
import errno
import json
import os
import pickle
import re
import resource
import signal
import sys

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
# what a file is not to blame for; not EFBIG: the limit is ours, and what exceeds it are no such weights
REFUSED = {getattr(errno, name) for name in ("EACCES", "EPERM", "EMFILE", "ENFILE", "EIO", "ENOSPC", "EDQUOT", "EROFS")}
SECONDS = 3600  # of CPU time
# how PyTorch's unpickler for weights names what it does not build
FOREIGN = re.compile(
    r"(?:Unsupported global: GLOBAL|unsupported GLOBAL|unrecognized function|but got) ([^\n]+?)(?: w(?:as|hose) |$)",
    re.M,
)


def leave_network() -> None:
    """A network of its own that has no address. Before any library starts a thread: the system then says no."""
    libc = ctypes.CDLL(None, use_errno=True)
    with contextlib.suppress(AttributeError):  # systems other than Linux
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if os.geteuid() != 0 or libc.unshare(CLONE_NEWNET) != 0:
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def end_with(parent: int) -> None:
    """Have the kernel kill this process when the given one ends. After ``leave_network``: it takes back such a wish."""
    with contextlib.suppress(AttributeError):  # systems other than Linux
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel was asked
        sys.exit("the process that wanted the weights has ended")


def limit(size: int) -> None:
    """Set limits for weights of ``size`` bytes: memory, disk, time, processes. Tied weights are written twice."""
    limits = {resource.RLIMIT_CPU: SECONDS, resource.RLIMIT_FSIZE: 4 * size + (64 << 20), resource.RLIMIT_CORE: 0}
    with contextlib.suppress(OSError):
        with open("/proc/self/statm", encoding="ascii") as file:
            here = int(file.read().split()[0]) * resource.getpagesize()
        limits[resource.RLIMIT_AS] = here + 8 * size + (1 << 30)
    limits[resource.RLIMIT_NPROC] = 0
    for kind, value in limits.items():
        with contextlib.suppress(ValueError, OSError):  # a lower limit is set already
            resource.setrlimit(kind, (value, value))


def weights(found: object) -> tuple[dict, list[str]]:
    """Tensors by name, each with memory of its own, and the names of what is none.

    Raises:
        ValueError: no tensors, or tensors that safetensors has no form for.
    """
    import torch  # for cost

    if not isinstance(found, dict):
        raise ValueError(f"it holds a {type(found).__name__}, not weights by name")
    tensors, left_out, seen = {}, [], set()
    for name in sorted(found, key=str):
        value = found[name]
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            left_out.append(str(name))
            continue
        if value.layout != torch.strided or value.is_quantized or value.device.type != "cpu":
            raise ValueError(f"{name} is a sparse, quantised or empty-bodied tensor")
        value = value.detach().contiguous()
        memory = value.untyped_storage()
        if memory.data_ptr() in seen or memory.nbytes() != value.nbytes:  # tied to another, or a part of a larger one
            value = value.clone()
        seen.add(value.untyped_storage().data_ptr())
        tensors[name] = value
    if not tensors:
        raise ValueError(f"no weights by name, but {', '.join(left_out[:5]) or 'nothing'}")
    return tensors, left_out


def main(source: str, target: str, parent: str) -> dict:
    leave_network()
    end_with(int(parent))
    import torch  # for cost
    from safetensors.torch import save_file  # for cost

    torch.set_num_threads(1)
    limit(os.path.getsize(source))
    try:
        tensors, left_out = weights(torch.load(source, map_location="cpu", weights_only=True))
        save_file(tensors, target, metadata={"format": "pt"})
    except MemoryError:
        return {"damaged": "it asks for more memory than weights of its size need"}
    except Exception as error:  # a damaged file raises whatever its bytes lead to, and all of it means "not read"
        said = str(error)
        system = re.search(r"\(os error (\d+)\)", said)  # as safetensors puts it
        number = getattr(error, "errno", None) or (int(system[1]) if system else None)
        if number in REFUSED:
            return {"errno": number}
        if isinstance(error, pickle.UnpicklingError) and (named := FOREIGN.search(said)):
            return {"refused": named[1]}
        said = said.partition("WeightsUnpickler error: ")[2] or said
        return {"damaged": (said.strip() or type(error).__name__).splitlines()[0][:200]}
    return {"tensors": len(tensors), "left_out": left_out}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
