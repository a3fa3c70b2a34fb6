"""Sizes that costs depend on: of a study's data sets, and of its networks."""

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flat.data.prepare import prepare
from flat.data.vectors import load_vectors
from flat.errors import FlatError, StudyError
from flat.files.artefacts import read_json
from flat.files.failures import of_reading
from flat.files.installed import ROOT
from flat.resources import locate
from flat.study.datasets import SPLITS
from flat.study.known.resources import is_own
from flat.study.paths import of as paths_of
from flat.study.schema import Study

DIMENSIONS = {"glove-6b-50d": 50, "word2vec-googlenews": 300, "meta-300": 300}
# layers, width, inner width, vocabulary of checkpoints, from their published config.json, where they are not fetched
ENCODERS = {
    "bert-base-uncased": (12, 768, 3072, 30522),
    "deberta-base": (12, 768, 3072, 50265),
    "distilroberta-base": (6, 768, 3072, 50265),
}
# how BERT's, DistilBERT's and GPT-2's config.json call a network's sizes; GPT-2's inner width is 4 times the outer
LAYERS, WIDTH = ("num_hidden_layers", "n_layers", "n_layer"), ("hidden_size", "dim", "n_embd")
INNER = ("intermediate_size", "hidden_dim", "n_inner")
GUESSED_TEXTS, GUESSED_VOCABULARY = 1000, 5000  # of a split and a data set that nobody has read yet
WIDTHS = (3, 4, 5)  # of flat.models.word_models.CNN


@dataclass(frozen=True)
class DataFacts:
    """Texts of each split, mean words of a text, words of the vocabulary, and where these numbers come from."""

    train: int
    dev: int
    test: int
    words: float
    vocabulary: int
    origin: str


def data_facts(study: Study, results: str | Path | None = None) -> dict[str, DataFacts]:
    """By data set: from the study's results where they are, from its own texts, else from the paper's Tables 1 and 6.

    Args:
        results: the folder of the study's run, if it is not where the study says.

    Raises:
        FlatError: a data set is in none of them.
    """
    root = Path(results or paths_of(study).root)
    return {name: _of_run(root, name) or _of_source(study, name) for name in study.datasets}


def known_facts(study: Study, name: str, root: str | Path) -> DataFacts:
    """Of one data set without reading it: from the study's results, else what the study says and usual numbers."""
    if found := _of_run(Path(root), name):
        return found
    dataset = study.datasets[name]
    sizes = [size if isinstance(size, int) else GUESSED_TEXTS for size in (getattr(dataset.splits, s) for s in SPLITS)]
    words = min(dataset.max_length, dataset.cleaning.max_words or dataset.max_length) / 2
    return DataFacts(*sizes, max(1.0, words), GUESSED_VOCABULARY, "guessed")


def _of_run(root: Path, name: str) -> DataFacts | None:
    path = root / "data" / name / "summary.json"
    return _facts(read_json(path), str(root)) if path.is_file() else None


def _facts(summary: dict, origin: str) -> DataFacts:
    sizes = [summary["sizes"][split] for split in SPLITS]
    return DataFacts(*sizes, summary["mean_words"], summary["vocabulary_size"], origin)


def _of_source(study: Study, name: str) -> DataFacts:
    dataset = study.datasets[name]
    if dataset.source.kind != "hub":
        summary = prepare(dataset.model_dump(), name, study.seed, study.mirror).summary
        return _facts(summary, "its texts, prepared now")
    printed = [d for d, other in study.datasets.items() if other.source == dataset.source]
    tables = [_printed(table, printed) for table in ("table1_datasets", "table6_preprocessing")]
    if None in tables:
        raise StudyError(
            f"datasets.{name}",
            "nothing is known of its size: no results, and the paper prints none",
            f"make its data first: snakemake --cores 1 -- {paths_of(study).data(name, 'summary.json')}",
        )
    size, words = tables
    sizes = [int(size[split]) for split in SPLITS]
    return DataFacts(*sizes, float(size["mean_length"]), int(words["vocab_size"]), "the paper's Tables 1 and 6")


def _printed(table: str, names: list[str]) -> dict | None:
    with (ROOT / "config/paper" / f"{table}.csv").open(encoding="utf-8") as stream:
        return next((row for row in csv.DictReader(stream) if row["dataset"] in names), None)


@dataclass(frozen=True)
class NetworkFacts:
    """MFLOPs of a forward pass a word (attention's share that grows with the text left out), and weights on disk."""

    mflops: float
    stored: int


def network_facts(study: Study, model: str, vocabulary: int) -> NetworkFacts:
    """Of a model of the study; ``vocabulary`` counts for CNN and LSTM.

    Raises:
        StudyError: the size of its vectors or encoder is not known.
    """
    chosen = study.models[model]
    if chosen.is_black_box:
        return NetworkFacts(0.0, 0)  # what it computes is not known
    return network_of(chosen.kind, chosen.checkpoint or chosen.vectors, dict(chosen.options), vocabulary)


def network_of(kind: str, source: str, options: dict, vocabulary: int = 0) -> NetworkFacts:
    """Of a network built from ``source``: the checkpoint of an encoder, the vectors of a CNN or LSTM."""
    if kind == "encoder":
        layers, width, inner, words = _encoder(source)
        layers = options.get("layers", layers)
        weights = layers * (4 * width**2 + 2 * width * inner)
        return NetworkFacts(2 * weights / 1e6, 4 * (weights + (words + 512) * width))
    if source not in DIMENSIONS and not is_own(source):
        raise StudyError(
            f"models.*.vectors: {source}",
            "their dimension is not known to the cost model",
            "add it to DIMENSIONS in src/flat/cost/facts.py",
        )
    dimension = _own_dimension(source) if is_own(source) else DIMENSIONS[source]
    if kind == "cnn":
        weights = sum(options.get("widths", WIDTHS)) * dimension * options.get("filters", 200)
    else:
        hidden = options.get("hidden", 300)
        weights = 4 * hidden * (dimension + hidden)
    return NetworkFacts(2 * weights / 1e6, 4 * (weights + vocabulary * dimension))


@cache
def _own_dimension(vectors: str) -> int:
    """Numbers of a vector in a user's folder."""
    return load_vectors(vectors, ["", ""])[0].shape[1]


def _encoder(checkpoint: str) -> tuple[int, int, int, int]:
    if checkpoint in ENCODERS:
        return ENCODERS[checkpoint]
    try:
        config = json.loads((locate(checkpoint) / "config.json").read_text(encoding="utf-8"))
        layers, width, words = (_first(config, names) for names in (LAYERS, WIDTH, ("vocab_size",)))
        return layers, width, _first(config, INNER, 4 * width), words
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise of_reading(error, checkpoint, FlatError) or FlatError(
            checkpoint, f"its config.json tells no size ({error!r})", "fetch the checkpoint"
        ) from None


def _first(config: dict, names: tuple[str, ...], otherwise: int | None = None) -> int:
    """The first of these numbers that a config gives."""
    found = next((config[name] for name in names if config.get(name) is not None), otherwise)
    if found is None:
        raise KeyError(names[0])
    return int(found)
