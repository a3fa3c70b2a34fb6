"""What plugins are tried on: small texts, random networks of every kind, nothing that must be fetched."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import torch

from flat.models import registry
from flat.models.interface import Classifier
from flat.plugins.kinds import Model
from flat.plugins.registry import MODELS

CLASSES, MAX_LENGTH, DIM = 3, 24, 12
WORDS = ["a", "very", "dull", "plot", "good", "film", "warm", "and", "long", "cast", "slow", "fine", "story", "bad"]
TEXTS = [
    ["good"],
    ["bad", "film"],
    ["a", "very", "dull", "plot"],
    ["a", "warm", "film", "unheard", "of"],
    ["good", "good", "good"],
    ["a", "fine", "cast", "and", "a", "very", "long", "and", "slow", "story"],
    [WORDS[i % len(WORDS)] for i in range(MAX_LENGTH + 9)],
]
LABELS = [1, 0, 0, 1, 1, 2, 2]


def options_of(plugin):
    """The options as they are declared, for a plugin that needs none.

    Raises:
        pydantic.ValidationError: one has no default.
    """
    return plugin.options()


def build(plugin: Model, folder: Path, mask: str = "none", seed: int = 0) -> Classifier:
    """A model of a kind with random weights, in evaluation mode; its mask is away from phi = 1/2."""
    torch.manual_seed(seed)
    options = plugin.options().model_dump(exclude_unset=True)
    given = {"classes": CLASSES, "max_length": MAX_LENGTH, "mask": mask, "mask_hidden": 7}
    if plugin.built_from == "vectors":
        words = ["<pad>", "<unk>", *WORDS]
        vectors = torch.randn(len(words), DIM, generator=torch.Generator().manual_seed(1))
        vectors[0] = 0
        given |= {"words": words, "vectors": vectors}
    elif plugin.built_from == "encoder":
        given |= {"encoder": _network(folder)}
    model = registry.build(plugin.name, options, **given)
    with torch.no_grad():
        if getattr(model.mask, "variational", False):
            torch.nn.init.normal_(model.mask.network[2].weight, std=2.0)
    return model.eval()


def _network(folder: Path) -> Path:
    """The folder of a small BERT with random weights, whose tokenizer knows the letters and some whole words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors  # for cost
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast  # for cost
    from transformers.utils import logging  # for cost

    if (folder / "config.json").exists():
        return folder
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    pieces += [word for word in WORDS[::2] if word not in pieces]
    number = {piece: i for i, piece in enumerate(pieces)}
    inner = Tokenizer(models.WordPiece(number, unk_token="[UNK]"))
    inner.normalizer, inner.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", number["[CLS]"]), ("[SEP]", number["[SEP]"])]
    inner.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    named = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    tokens = {f"{name}_token": piece for name, piece in named.items()}
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    config = BertConfig(vocab_size=len(pieces), max_position_embeddings=64, initializer_range=0.4, **sizes)
    folder.mkdir(parents=True, exist_ok=True)
    logging.disable_progress_bar()  # of a file of a few kilobytes
    BertModel(config).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=inner, **tokens).save_pretrained(folder)
    return folder


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="flat-conformance-") as folder:
        yield Path(folder)


@cache
def own_model(name: str, folder: Path, mask: str = "variational") -> Classifier:
    """One of FLAT's own kinds with random weights: what others' explainers are tried on."""
    return build(MODELS[name], folder / name, mask)


def vectors(count: int = 60, seed: int = 0) -> list[tuple[list[float], list[float]]]:
    """Pairs of score vectors of 1 to 12 words: plain, equal, tied, constant, opposite, tiny and huge."""
    random = np.random.default_rng(seed)
    found = [([1.0], [2.0]), ([1.0, 2.0], [1.0, 2.0]), ([1.0, 2.0], [2.0, 1.0]), ([0.0, 0.0], [1.0, 0.0])]
    found += [([3.0, 3.0, 3.0], [3.0, 3.0, 3.0]), ([1e-30, -1e-30, 0.0], [1e30, 0.0, -1e30])]
    for _ in range(count):
        words = int(random.integers(1, 13))
        one = random.normal(size=words)
        other = [random.normal(size=words), -one, one + random.normal(size=words) / 4][int(random.integers(3))]
        if random.random() < 0.3:
            one, other = np.round(one), np.round(other)
        found.append((one.tolist(), other.tolist()))
    return sorted(found, key=lambda pair: len(pair[0]))
