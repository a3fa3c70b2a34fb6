"""Further training of a masked language model on a data set's texts, for attacks whose candidates should fit them.

The objective of Devlin et al. (2019), 15 % of a text's pieces asked for, with each of them masked (they replace or keep
a fifth of them): an attack asks at masks only. A fixed number of steps, seeded, on one thread: the same folder on every
run, also on one that was killed and went on from its last checkpoint.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from flat.attacks.lexicon.masked_language_model import logits_at, read_network, read_tokenizer
from flat.errors import DataError
from flat.files.artefacts import write_json
from flat.models.encoders.pretrained import quiet
from flat.resume.checkpoints import Checkpoints, Progress
from flat.resume.stopping import orderly_stop
from flat.study.seeds import seed_of

ASKED = 0.15
TOKENIZER = ("tokenizer", "vocab", "merges", "special_tokens", "added_tokens")  # what its files' names begin with
POOL = 20  # batches that are sorted by length together, so that they hold little padding


@dataclass(frozen=True)
class Options:
    """How long, and how fast, to train.

    Attributes:
        steps: optimiser steps.
        batch_size: texts a step.
        learning_rate: the highest; it rises over the first tenth of the steps and then falls to zero.
        max_pieces: pieces read of a text.
    """

    steps: int = 400
    batch_size: int = 32
    learning_rate: float = 1e-3
    max_pieces: int = 64


def train(
    source: str | Path,
    texts: Sequence[str],
    held_out: Sequence[str],
    seed: int,
    folder: str | Path,
    options: Options,
    checkpoints: Checkpoints | None = None,
) -> dict:
    """Train the model of folder ``source`` on ``texts`` and save it, with its tokenizer, to ``folder``.

    Args:
        held_out: texts on which masked accuracy and loss are measured, before and after.
        checkpoints: where a killed training goes on from; the caller deletes them at the end.

    Returns:
        What metrics.json records: options, and ``before`` and ``after``, each with masked_accuracy (a share), loss
        (mean negative log-likelihood, nats) and pieces (how many were asked for).

    Raises:
        DataError: no texts.
        ResourceError: ``source`` holds no masked language model.
        SystemExit: SIGTERM or SIGINT came; the step in hand is done and saved.
    """
    if not len(texts) or not len(held_out):
        raise DataError("masked language model", "no texts to train on or to measure with", "look at the splits")
    tokenizer, network = read_tokenizer(source), read_network(source)
    pieces, held_pieces = (
        [torch.tensor(ids) for ids in tokenizer(list(t), truncation=True, max_length=options.max_pieces)["input_ids"]]
        for t in (texts, held_out)
    )
    before = measure(network, tokenizer, held_pieces, seed)
    generator = torch.Generator().manual_seed(seed_of(seed, "masks"))
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=0.0, fused=True)
    rise = max(options.steps // 10, 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min((i + 1) / rise, (options.steps - i) / max(options.steps - rise, 1))
    )
    network.eval()  # without dropout: too few steps to over-fit (measured: 24 against 23 % of masks right)
    checkpoints, progress = checkpoints or Checkpoints(None), Progress(sums={})
    checkpoints.follow(network, optimizer, schedule, generator)
    checkpoints.restore(progress)
    generator.manual_seed(seed_of(seed, "masks"))  # the draws of the steps that are done cost little: they are repeated
    with orderly_stop() as stop:
        for ids, given, asked in islice(_masked(pieces, tokenizer, options, generator), progress.steps, options.steps):
            logits = _logits(network, tokenizer, given, asked)
            loss = torch.nn.functional.cross_entropy(logits, ids[asked], reduction="sum") / max(len(logits), 1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            checkpoints.after_step(progress, stop)
    _save(network, tokenizer, Path(source), Path(folder))
    metrics = {**asdict(options), "texts": len(texts), "before": before}
    metrics["after"] = measure(network, tokenizer, held_pieces, seed)
    write_json(Path(folder) / "metrics.json", metrics)
    return metrics


def mask(ids: Tensor, tokenizer, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pieces as the model is given them, and where it is asked. Both (texts, pieces); special pieces are left alone."""
    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    asked = (torch.rand(ids.shape, generator=generator) < ASKED) & ~special
    return ids.masked_fill(asked, tokenizer.mask_token_id), asked


@torch.inference_mode()
def measure(network, tokenizer, pieces: Sequence[Tensor], seed: int) -> dict[str, float]:
    """Accuracy and mean loss of a model in evaluation mode at masked pieces of texts; the same masks every time."""
    network.eval()
    generator = torch.Generator().manual_seed(seed_of(seed, "held-out masks"))
    right = total = 0
    loss = 0.0
    for start in range(0, len(pieces), 64):
        ids = _pad(pieces[start : start + 64], tokenizer)
        given, asked = mask(ids, tokenizer, generator)
        logits, gold = _logits(network, tokenizer, given, asked), ids[asked]
        right += int((logits.argmax(-1) == gold).sum())
        loss += float(torch.nn.functional.cross_entropy(logits, gold, reduction="sum"))
        total += len(gold)
    return {"masked_accuracy": right / max(total, 1), "loss": loss / max(total, 1), "pieces": total}


def _logits(network, tokenizer, given: Tensor, asked: Tensor) -> Tensor:
    """(pieces asked for, vocabulary)."""
    return logits_at(network, asked, input_ids=given, attention_mask=(given != tokenizer.pad_token_id).long())


def _pad(rows: Sequence[Tensor], tokenizer) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=tokenizer.pad_token_id)


def _masked(
    pieces: Sequence[Tensor], tokenizer, options: Options, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Batches for ever: pieces, as the model is given them, and where it is asked."""
    for batch in _batches(pieces, options, generator):
        ids = _pad(batch, tokenizer)
        yield ids, *mask(ids, tokenizer, generator)


def _batches(pieces: Sequence[Tensor], options: Options, generator: torch.Generator) -> Iterator[list[Tensor]]:
    """Batches of texts of similar length, for ever; each text once before any comes again."""
    size = options.batch_size
    while True:
        order = torch.randperm(len(pieces), generator=generator).tolist()
        for start in range(0, len(order), size * POOL):
            pool = sorted(order[start : start + size * POOL], key=lambda i: (len(pieces[i]), i))
            for first in torch.randperm(-(-len(pool) // size), generator=generator).tolist():
                yield [pieces[i] for i in pool[first * size : (first + 1) * size]]


def _save(network, tokenizer, source: Path, folder: Path) -> None:
    """Weights and configuration as transformers writes them, the tokenizer's files as they were."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".saving-*"):  # by a killed job
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=folder) as name:
        part = Path(name)
        with quiet():
            network.save_pretrained(part)
        for file in sorted(source.glob("*")):
            if file.name.startswith(TOKENIZER) and file.is_file():
                shutil.copyfile(file, part / file.name)
        if not (part / "tokenizer.json").is_file():
            tokenizer.backend_tokenizer.save(str(part / "tokenizer.json"))
        for file in sorted(part.iterdir()):
            file.chmod(folder.stat().st_mode & 0o666)  # safetensors writes for the owner alone
            file.rename(folder / file.name)
