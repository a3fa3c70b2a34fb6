"""One round of training from files to files: a base model, or round k of adv or FLAT (docs/method.md).

Which strategy it is shows only in the data: the mask of the network, the weights of the objective, the ledgers.
"""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import torch

from flat.errors import ArtefactError
from flat.files.artefacts import (
    read_arrays,
    read_json,
    read_table,
    read_tensors,
    write_csv,
    write_json,
    write_tensors,
)
from flat.files.digests import checksums, digest_of
from flat.models import checkpoint, registry
from flat.models.black_box import BlackBox
from flat.models.encoders.encoder import Encoder
from flat.models.encoders.used_rows import only_used_rows
from flat.models.fingerprint import weights_digest
from flat.models.interface import Classifier
from flat.models.word_models import importance_of_unknown
from flat.resources import locate
from flat.resources.own_files import config_of
from flat.resources.places import PROVENANCE
from flat.resume.checkpoints import Checkpoints
from flat.study.seeds import seed_of
from flat.training.objective import Weights
from flat.training.precision import arithmetic
from flat.training.strategy import chosen
from flat.training.trainer import Options, Outcome, Pairs, accuracy, describe, train

PLUGIN = "plugin"
FEW_STEPS = 20  # of a training: fewer cost less than to look up the pieces of all its texts
LEARNT = 0.05  # of the dev texts that the most frequent label gets wrong, a model that has learnt gets more right
log = logging.getLogger("flat")


def run(
    *,
    splits: dict[str, str],
    network: dict,
    inputs: dict[str, str | Sequence[str] | None],
    ledgers: list[str],
    keep: str,
    training: dict,
    objective: dict,
    seed: int,
    device: str,
    outputs: dict[str, str],
    freeze_embeddings: bool = False,
    journal: str | Path | None = None,
    code: str = "",
) -> Outcome:
    """Train one round and write its checkpoint, history.csv and metrics.json. A black box is judged alone.

    Args:
        splits: parquet files of train, dev and test.
        network: how the network is built (kind, options, classes, max_length, mask, mask_hidden, switches).
        inputs: files it is built from: vocabulary and vectors, or encoder (the record of a fetched network, or every
            file of a network's folder); groups, previous (the checkpoint to start from), moments (of the optimiser of
            the round before, to go on from).
        ledgers: attacks on the train split whose adversarial texts are D'; none for clean training.
        objective: its weights (fields of ``Weights``); ``plugin`` beside them, the ``name``, ``options`` and
            ``resources`` of an objective that is not FLAT's own.
        keep: "successful" texts only, "all" with a changed word, or "everything", skipped examples too.
        outputs: where weights, config, words, history and metrics go, all in one folder; moments, where the next
            round's optimiser is to go on from this one's.
        freeze_embeddings: keep an encoder's embedding block as it starts (a reading of the published code).
        journal: checkpoints are kept here while it trains, and deleted by the caller at the end; None: it cannot be
            resumed.
        code: digest of the code that trains; a checkpoint of other code is not gone on from.
    """
    train_split, dev, test = (read_table(splits[name], ["example_id", "words", "label"]) for name in splits)
    torch.manual_seed(seed_of(seed, "weights"))
    model = build(network, inputs).to(device)
    if isinstance(model, BlackBox):
        return _judge(model, network, dev, test, outputs)
    if inputs.get("previous"):
        checkpoint.warm_start(model, Path(inputs["previous"]).parent)
    if freeze_embeddings:
        model.freeze_embeddings()
    pairs = adversarial_pairs(ledgers, train_split["example_id"], keep)
    files = [*splits.values(), *ledgers]
    for given in filter(None, inputs.values()):
        files += [given] if isinstance(given, str) else given
    how = arithmetic(Options(**training).precision, device)
    about = [network, training, objective, keep, freeze_embeddings, seed, device, code, torch.__version__, how]
    about += [checksums(files), weights_digest(model.state_dict())]
    checkpoints = Checkpoints(journal, digest_of(about))
    options, texts = Options(**training), _texts(train_split)
    weights = Weights(**{name: value for name, value in objective.items() if name != PLUGIN})
    strategy = chosen(**objective.get(PLUGIN, {}))
    try:
        moments = read_tensors(inputs["moments"]) if inputs.get("moments") else None
        whole = moments is not None or "moments" in outputs or strategy.objective.makes_texts
        with nullcontext() if whole else _embeddings_of(model, texts, pairs, options):
            outcome = train(
                model,
                texts,
                train_split["label"].to_numpy(),
                (_texts(dev), dev["label"].to_numpy()),
                options,
                weights,
                seed,
                pairs,
                checkpoints,
                moments,
                strategy,
            )
    finally:
        checkpoints.close()
    if said := hardly_learnt(outcome.dev_accuracy, dev["label"]):
        log.warning(said)
    folder = Path(outputs["weights"]).parent
    checkpoint.save(model, folder, network)
    if "moments" in outputs:
        write_tensors(outputs["moments"], {name: t.cpu().contiguous() for name, t in outcome.moments.items()}, {})
    rounded = [{k: f"{v:.6f}" if isinstance(v, float) else v for k, v in row.items()} for row in outcome.history]
    write_csv(outputs["history"], rounded)
    write_json(
        outputs["metrics"],
        {
            "test_accuracy": accuracy(model, _texts(test), test["label"].to_numpy()),
            "test_n": len(test),
            "dev_accuracy": outcome.dev_accuracy,
            "dev_n": len(dev),
            "best_epoch": outcome.best_epoch,
            "epochs": len(outcome.history),
            "adversarial_texts": len(pairs.rows),
            "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "keep": keep if ledgers else None,
            "optimizer_moments": "fresh" if moments is None else "kept",
            **importance_of_unknown(model),
            "arithmetic": how,
            **describe(options, weights, strategy),
        },
    )
    return outcome


def _judge(model: BlackBox, network: dict, dev, test, outputs: dict[str, str]) -> Outcome:
    """Write the files of a black box: of what a training is told by, there are its accuracies alone."""
    dev_accuracy = accuracy(model, _texts(dev), dev["label"].to_numpy())
    history = [{"epoch": 0, "dev_accuracy": dev_accuracy}]
    checkpoint.save(model, Path(outputs["weights"]).parent, network)
    if "moments" in outputs:  # another model of the study hands its optimiser's on
        write_tensors(outputs["moments"], {}, {})
    write_csv(outputs["history"], [row | {"dev_accuracy": f"{dev_accuracy:.6f}"} for row in history])
    write_json(
        outputs["metrics"],
        {
            "test_accuracy": accuracy(model, _texts(test), test["label"].to_numpy()),
            "test_n": len(test),
            "dev_accuracy": dev_accuracy,
            "dev_n": len(dev),
        },
    )
    return Outcome(history, 0, dev_accuracy, {})


def _embeddings_of(model: Classifier, texts: list, pairs: Pairs, options: Options) -> AbstractContextManager:
    """The rows of an encoder's embedding matrix that a training may change, where that saves more than it costs."""
    steps = options.epochs * min(len(texts), options.texts_per_epoch or len(texts)) / options.batch_size
    if not isinstance(model, Encoder) or options.weight_decay or steps < FEW_STEPS:
        return nullcontext()
    return only_used_rows(model, [model.encode(part).ids for part in (texts, pairs.texts) if len(part)])


def hardly_learnt(dev_accuracy: float, labels: Sequence[int]) -> str:
    """A warning if a model is hardly better than one that gives every dev text the most frequent label; else ""."""
    always = float(np.bincount(np.asarray(labels)).max() / len(labels))
    if dev_accuracy > always + LEARNT * (1 - always):
        return ""
    return (
        f"dev accuracy {100 * dev_accuracy:.2f} % is hardly above {100 * always:.2f} %, that of always giving the most "
        "frequent label: training may have collapsed. Look at the losses above; try a smaller learning rate"
    )


def build(network: dict, inputs: dict[str, str | Sequence[str] | None]) -> Classifier:
    """A fresh network of a study's model, or its black box; torch must be seeded before."""
    if inputs.get("encoder"):
        return registry.build(**network, encoder=pretrained_folder(inputs["encoder"]))
    if not inputs.get("vocabulary"):
        return registry.build(**network)
    words = read_json(inputs["vocabulary"])["words"]
    vectors = torch.from_numpy(read_arrays(inputs["vectors"])["vectors"])
    if len(vectors) != len(words):
        raise ArtefactError(
            str(inputs["vectors"]), f"{len(vectors)} vectors for {len(words)} words", "delete it and run again"
        )
    groups = torch.tensor(read_json(inputs["groups"])["groups"]) if inputs.get("groups") else None
    return registry.build(**network, words=words, vectors=vectors, groups=groups)


def pretrained_folder(files: str | Sequence[str]) -> Path:
    """The folder of a pretrained network, from the record of a fetched one (it is checked) or the files of another.

    Raises:
        ResourceError: the files are not the recorded ones, or there is no config.json among them.
    """
    files = [files] if isinstance(files, str) else list(files)
    record = Path(files[0])
    if len(files) == 1 and record.name == PROVENANCE:
        return locate(record.parent.name, root=record.parent.parent)
    return config_of(files).parent


def adversarial_pairs(ledgers: list[str], example_ids, keep: str) -> Pairs:
    """D' of a round: the ledgers' perturbed texts with a changed word, each with the training row it came from.

    Raises:
        ArtefactError: a ledger holds an example that the train split lacks.
    """
    row_of = {example_id: row for row, example_id in enumerate(example_ids)}
    rows, texts, aligned = [], [], []
    for path in ledgers:
        ledger = read_table(path, ["example_id", "status", "original_words", "perturbed_words", "aligned"])
        unknown = [i for i in ledger["example_id"] if i not in row_of]
        if unknown:
            raise ArtefactError(
                path, f"its example {unknown[0]} is not in the train split", "delete the ledger and run snakemake again"
            )
        wanted = ("succeeded",) if keep == "successful" else ("succeeded", "failed", "skipped")
        for item in ledger.itertuples():
            original, perturbed = list(item.original_words), list(item.perturbed_words)
            if item.status in wanted and (perturbed != original or keep == "everything"):
                rows.append(row_of[item.example_id])
                texts.append(perturbed)
                aligned.append([int(j) for j in item.aligned])
    return Pairs(rows, texts, aligned)


def _texts(frame) -> list[list[str]]:
    return [list(map(str, words)) for words in frame["words"]]
