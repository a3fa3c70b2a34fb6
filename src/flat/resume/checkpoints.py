"""Checkpoints of a training that is under way: killed at any moment, it goes on to the same weights, bit by bit.

Written after every epoch, every five minutes within one, and when SIGTERM comes; always between two steps. One
safetensors file, replaced atomically: the weights, those of the best epoch, the optimiser's moments and the states of
the generators as tensors, everything else as JSON in its header, with a hash of it all. Nothing in it can execute code.
"""

import json
import logging
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from flat.files.artefacts import write_json, write_tensors
from flat.files.digests import digest_of
from flat.files.failures import of_machine, of_reading, open_once
from flat.resume.journal import hold, set_aside
from flat.resume.stopping import Stop

FORMAT = "2"
EVERY_S = 300.0  # the most time between two checkpoints
MOMENT_S = 10.0  # work worth less than the writing of the last epoch's checkpoint, which the outputs follow
log = logging.getLogger("flat")


@dataclass
class Progress:
    """Where a training stands.

    Attributes:
        epoch: the epoch in hand, from 1. steps: optimiser steps taken in it. batches: batches behind ``sums``.
        sums: each term of the loss, summed over the batches of the epoch so far.
        history: one dict a finished epoch. best, best_epoch: dev accuracy and number of the epoch to keep.
        order: state of the generator that orders texts, at the beginning of the epoch.
        best_state: the weights of the best epoch.
        made: the epoch's texts of the objective's own, ``rows`` and ``texts`` (``flat.training.strategy``), or None.
    """

    sums: dict[str, float]
    epoch: int = 1
    steps: int = 0
    batches: int = 0
    history: list[dict] = field(default_factory=list)
    best: float = -1.0
    best_epoch: int = 0
    order: dict = field(default_factory=dict)
    best_state: dict[str, Tensor] | None = field(default=None, repr=False)
    made: dict | None = field(default=None, repr=False)


class Checkpoints:
    """The file of one training.

    Args:
        path: ``<journal>.safetensors``; one of another training there is renamed to ``<name>.stale``. None: no file,
            the training cannot be resumed.
        digest: identifies the training: its inputs, options, seed and code.
    """

    def __init__(self, path: str | Path | None, digest: str = ""):
        self.path = None if path is None else Path(path)
        self.digest = digest
        self._hold = None if self.path is None else hold(self.path)
        self._saved = time.monotonic()

    def follow(self, model, optimizer, schedule, generator: torch.Generator) -> None:
        """What is saved and restored; ``schedule`` may be None."""
        self.model, self.optimizer, self.schedule, self.generator = model, optimizer, schedule, generator

    def restore(self, progress: Progress) -> None:
        """Put everything where the checkpoint left it, if there is one of this training."""
        if self.path is None or not self.path.exists():
            return
        header, tensors = self._read()
        if header.get("job") != self.digest:
            set_aside(self.path, "is of another job" if header else "is damaged, or of another version")
            return
        facts = json.loads(header["facts"])
        for name, value in facts["progress"].items():
            setattr(progress, name, value)
        own = _part(tensors, "model")
        progress.best_state = own if facts["best_is_last"] else _part(tensors, "best") or None
        if progress.best_state is not None:
            progress.best_state = {name: t.to(self.model.device).clone() for name, t in progress.best_state.items()}
        self.model.load_state_dict(own)
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _part(tensors, "optimizer").items():
            number, _, moment = name.partition(".")
            state.setdefault(int(number), {})[moment] = tensor
        self.optimizer.load_state_dict({"state": state, "param_groups": facts["param_groups"]})
        if self.schedule:
            self.schedule.load_state_dict(facts["schedule"])
        torch.set_rng_state(tensors["rng.torch"])
        self.generator.set_state(tensors["rng.gumbel"])
        if "rng.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["rng.cuda"], self.model.device)
        log.info("resuming: %d epochs and %d steps are in the checkpoint", progress.epoch - 1, progress.steps)

    def _read(self) -> tuple[dict[str, str], dict[str, Tensor]]:
        """Header and tensors of the file as they were written; empty ones if it is damaged or of another version.

        Raises:
            ArtefactError: the system does not let it be read.
        """
        try:
            open_once(self.path)
            with safe_open(self.path, "pt") as file:
                header = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            if (header["format"], header["hash"]) == (FORMAT, _hash(header, tensors)):
                return header, tensors
        except Exception as error:  # a damaged header may ask for anything, and safetensors raises what comes of it
            if known := of_reading(error, self.path) or of_machine(error):
                raise known from error
        return {}, {}

    def due(self, after_s: float | None = None) -> bool:
        return self.path is not None and time.monotonic() - self._saved > (EVERY_S if after_s is None else after_s)

    def save(self, progress: Progress) -> None:
        """Between two steps: no gradient is saved."""
        if self.path is None:
            return
        weights, moments = self.model.state_dict(), self.optimizer.state_dict()
        last = progress.steps == 0 and progress.best_epoch == progress.epoch - 1 and progress.best_state is not None
        tensors = {f"model.{name}": t for name, t in weights.items()}
        tensors |= {} if last else {f"best.{name}": t for name, t in (progress.best_state or {}).items()}
        for number, state in moments["state"].items():
            tensors |= {f"optimizer.{number}.{name}": t for name, t in state.items()}
        tensors |= {"rng.torch": torch.get_rng_state(), "rng.gumbel": self.generator.get_state()}
        if self.model.device.type == "cuda":
            tensors["rng.cuda"] = torch.cuda.get_rng_state(self.model.device)
        facts = {
            "progress": {k: v for k, v in vars(progress).items() if k != "best_state"},
            "best_is_last": last,
            "param_groups": moments["param_groups"],
            "schedule": self.schedule.state_dict() if self.schedule else None,
        }
        header = {"format": FORMAT, "job": self.digest, "facts": json.dumps(facts)}
        copies = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        write_tensors(self.path, copies, header | {"hash": _hash(header, copies)})
        self._saved = time.monotonic()

    def after_step(self, progress: Progress, stop: Stop) -> None:
        """Count a step; then end the process if a signal asks for it, or save if that is due."""
        progress.steps += 1
        if stop:
            self.stop(progress, stop.signal)
        if self.due():
            self.save(progress)

    def stop(self, progress: Progress, number: int) -> None:
        """Save and end the process, as a signal asks."""
        self.save(progress)
        log.info("stopped after %d steps of epoch %d%s", progress.steps, progress.epoch, "; saved" * bool(self.path))
        raise SystemExit(128 + number)

    def note_batch(self, values: Mapping[str, object]) -> str:
        """Write a batch that broke the training beside the checkpoint; where it lies, or "" without a file."""
        if self.path is None:
            return ""
        place = self.path.with_suffix(".failed-batch.json")
        write_json(place, dict(values))
        return str(place)

    def close(self) -> None:
        if self._hold is not None:
            self._hold.release()
            self._hold = None


def _part(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{name}."): t for key, t in tensors.items() if key.startswith(f"{name}.")}


def _hash(header: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """Of everything in a checkpoint. The CRC-32 of a tensor finds each damage of at most 32 bits in a row, and others
    but for one in 4e9, at a third of the time of a SHA-256."""
    sums = {
        name: [str(tensor.dtype), list(tensor.shape), zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy())]
        for name, tensor in tensors.items()
    }
    return digest_of([header["format"], header["job"], header["facts"], sums])
