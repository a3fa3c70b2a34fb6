"""Pretrained encoders and their tokenizers from a folder in the layout of transformers. Nothing is ever downloaded.

Importing transformers costs some 2.5 CPU-seconds, so it happens only where an encoder is really read.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn

from flat.errors import ArtefactError, ResourceError, StudyError
from flat.resources.weights import refuse_pickles

HEAD = {"classifier", "head", "pooler", "pre_classifier", "score"}  # what a checkpoint without a classifier lacks


def read_network(folder: str | Path, classes: int, *, layers: int | None = None, attention: str | None = None):
    """The encoder of ``folder`` with a sequence-classification head for ``classes`` classes, fp32, on the CPU.

    Weights are only ever read as safetensors, and no code that lies in the folder is run.

    A head that the folder lacks is fresh (seed torch before).

    Args:
        layers: keep so many layers of the encoder, evenly spread; None: all.
        attention: sdpa | eager; None: sdpa where the encoder has it.

    Raises:
        ResourceError: the folder holds no such encoder, or lacks more of its weights than the head.
        ArtefactError: its weights are a pickle, are truncated, or do not fit its config.json.
        StudyError: more layers asked for than there are, or the encoder has no list of layers to choose from.
    """
    refuse_pickles(folder)
    with quiet():
        from transformers import AutoConfig, AutoModelForSequenceClassification

        try:
            config = AutoConfig.from_pretrained(
                folder, num_labels=classes, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError) as error:
            raise ResourceError(
                str(folder), f"holds no encoder ({_first_line(error)})", "name a folder with config.json and weights"
            ) from None
        try:
            network, report = AutoModelForSequenceClassification.from_pretrained(
                folder,
                config=config,
                dtype=torch.float32,
                attn_implementation=attention,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        except (SafetensorError, OSError, RuntimeError, ValueError) as error:
            raise ArtefactError(
                str(folder),
                f"its weights cannot be read ({_first_line(error)})",
                "fetch or train it again; only safetensors are read, since a pickle can run code: "
                f"convert one with python -m flat.resources convert {folder}",
            ) from None
    missing = sorted(name for name in report["missing_keys"] if not HEAD & set(name.split(".")))
    if missing:
        raise ResourceError(
            str(folder), f"lacks weights of its encoder ({', '.join(missing[:3])})", "name another checkpoint"
        )
    if layers is not None:
        _keep_layers(network, layers)
    return network


def _keep_layers(network, wanted: int) -> None:
    """Keep ``wanted`` layers, evenly spread and the first among them: they fine-tune better than the lowest ones."""
    there = network.config.num_hidden_layers
    stacks = [m for m in network.base_model.modules() if isinstance(m, nn.ModuleList) and len(m) == there]
    if len(stacks) != 1 or not 1 <= wanted <= there:
        raise StudyError(
            "models.*.options.layers",
            f"{wanted} of the {there} layers of {type(network).__name__}",
            "give a number of layers that it has, or leave the option out",
        )
    kept = [layer for number, layer in enumerate(stacks[0]) if number in {i * there // wanted for i in range(wanted)}]
    del stacks[0][:]
    stacks[0].extend(kept)
    network.config.num_hidden_layers = wanted


def read_tokenizer(folder: str | Path):
    """The fast tokenizer of ``folder``.

    Raises:
        ResourceError: the folder holds none.
    """
    with quiet():
        from transformers import AutoTokenizer

        try:
            return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, ImportError) as error:
            raise ResourceError(
                str(folder), f"holds no tokenizer ({_first_line(error)})", "put its tokenizer.json into the folder"
            ) from None


def longest_text(network, tokenizer) -> int:
    """Tokens that an encoder can read of one text."""
    positions = int(getattr(network.config, "max_position_embeddings", 1 << 30))
    block = getattr(network.base_model, "embeddings", None)
    padding = getattr(getattr(block, "position_embeddings", None), "padding_idx", None)
    if padding is not None:
        positions -= padding + 1  # RoBERTa and its kin count positions from behind the padding's
    return min(int(tokenizer.model_max_length), positions)


def preload() -> None:
    """What transformers works out at the first network that it reads: a quarter of a second in each process."""
    with suppress(ImportError, AttributeError):
        from transformers.conversion_mapping import get_checkpoint_conversion_mapping

        get_checkpoint_conversion_mapping("bert")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no reports about a fresh classifier: they would stand in every job's output."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
