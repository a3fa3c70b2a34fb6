"""Pretrained encoders and their tokenizers from a folder in the layout of transformers. Nothing is ever downloaded.

Importing transformers costs some 2.5 CPU-seconds, so it happens only where an encoder is really read.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn

from flat.errors import ArtefactError, ResourceError, StudyError
from flat.files.failures import of_folder
from flat.resources.weights import refuse_unsafe

HEAD = {"classifier", "head", "pooler", "pre_classifier", "score"}  # what a checkpoint without a classifier lacks
log = logging.getLogger("flat")


def read_network(
    folder: str | Path,
    classes: int,
    *,
    labels: Sequence[str] | None = None,
    layers: int | None = None,
    attention: str | None = None,
):
    """The encoder of ``folder`` with a sequence-classification head for ``classes`` classes, fp32, on the CPU.

    Weights are only ever read as safetensors, and no code that lies in the folder is run.

    A head that the folder lacks, or has for another number of classes, is fresh (seed torch before); the log says
    which head it is. The network's config names the study's classes.

    Args:
        labels: the names of the classes; None: LABEL_0 and so on.
        layers: keep so many layers of the encoder, evenly spread; None: all.
        attention: sdpa | eager; None: sdpa where the encoder has it.

    Raises:
        ResourceError: the folder holds no such encoder, or lacks more of its weights than the head.
        ArtefactError: its weights are no safetensors in the folder, are truncated, or do not fit its config.json.
        StudyError: more layers asked for than there are, or the encoder has no list of layers to choose from.
    """
    refuse_unsafe(folder)
    with quiet():
        from transformers import AutoModelForSequenceClassification  # for cost

        config = _config(folder, classes)
        theirs = dict(config.id2label or {})
        _name_classes(config, classes, labels)
        try:
            network, report = AutoModelForSequenceClassification.from_pretrained(
                folder,
                config=config,
                dtype=torch.float32,
                attn_implementation=attention,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                ignore_mismatched_sizes=True,  # told below
                output_loading_info=True,
            )
        except MemoryError:
            raise
        except (SafetensorError, OSError) as error:
            raise of_folder(error, folder) or ArtefactError(
                str(folder),
                f"its weights cannot be read ({_said(error)})",
                "fetch or train it again; only safetensors are read, since a pickle can run code: "
                f"convert one with python -m flat.resources convert {folder}",
            ) from None
        except Exception as error:  # config.json may ask for anything, and transformers raises what comes of it
            raise of_folder(error, folder) or ArtefactError(
                str(folder),
                f"transformers cannot build its {config.model_type} ({_said(error)})",
                "compare config.json, and the model's options in the study, with the weights; or name another encoder",
            ) from None
    _check_weights(network, report, folder)
    _tell_head(network, report, folder, theirs)
    if layers is not None:
        _keep_layers(network, layers)
    return network


def _config(folder: str | Path, classes: int):
    """The config of a text classifier that can be asked through its embeddings, for ``classes`` classes."""
    from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING, AutoConfig  # for cost

    try:
        config = AutoConfig.from_pretrained(folder, num_labels=classes, local_files_only=True, trust_remote_code=False)
        kind, classifies = config.model_type, type(config) in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING
    except MemoryError:
        raise
    except Exception as error:  # the file may hold anything, and transformers raises what comes of it
        raise of_folder(error, folder, ResourceError) or ResourceError(
            str(folder), f"holds no encoder ({_said(error)})", "name a folder with config.json and weights"
        ) from None
    problem = remedy = None
    if not classifies:
        problem, remedy = f"{kind} has no classifier of texts in transformers", "name an encoder such as BERT"
    elif getattr(config, "is_encoder_decoder", False):
        problem = f"{kind} is an encoder with a decoder, which takes no embeddings in place of tokens"
        remedy = "name an encoder such as BERT, or a decoder such as GPT-2"
    elif getattr(config, "quantization_config", None) is not None:
        problem, remedy = (
            "its weights are quantised, and are not trained here",
            "name the checkpoint before quantisation",
        )
    elif getattr(config, "attention_type", None) == "block_sparse":
        problem = "its attention is sparse, and that depends on the longest text of a batch"
        remedy = 'set "attention_type" to "original_full" in its config.json'
    if problem:
        raise ResourceError(f"{folder}/config.json", problem, remedy)
    return config


def _name_classes(config, classes: int, labels: Sequence[str] | None) -> None:
    """Have a config say what a saved network answers, in place of what another task was about."""
    names = [str(name) for name in labels] if labels else [f"LABEL_{number}" for number in range(classes)]
    if len(names) != classes:
        raise StudyError("labels", f"{len(names)} names for {classes} classes", "give one a class")
    config.id2label = dict(enumerate(names))
    config.label2id = {name: number for number, name in enumerate(names)}
    config.problem_type = "single_label_classification"  # by which a pipeline gives probabilities


def _check_weights(network, report: dict, folder: str | Path) -> None:
    """Every weight beside the head's is there, in its size."""
    wrong = sorted(name for name, *_ in report["mismatched_keys"] if not _of_head(name, network))
    if wrong:
        sizes = {
            name: f"{tuple(there)} where its config.json says {tuple(said)}"
            for name, there, said in report["mismatched_keys"]
        }
        raise ArtefactError(
            str(folder), f"its weights cannot be read ({wrong[0]} is {sizes[wrong[0]]})", "fetch or train it again"
        )
    missing = sorted(name for name in report["missing_keys"] if not _of_head(name, network))
    if missing:
        raise ResourceError(
            str(folder), f"lacks weights of its encoder ({', '.join(missing[:3])})", "name another checkpoint"
        )


def _of_head(name: str, network) -> bool:
    """Whether a weight is part of what classifies, or of what pools for it."""
    base = network.base_model_prefix
    return bool(HEAD & set(name.split("."))) or (not name.startswith(f"{base}.") and hasattr(network, base))


def _tell_head(network, report: dict, folder: str | Path, theirs: dict) -> None:
    """Say in the log what the head starts from."""
    names = ", ".join(map(str, network.config.id2label.values()))
    resized = sorted((name, there[0]) for name, there, _ in report["mismatched_keys"])
    fresh = {name for name in report["missing_keys"] if _of_head(name, network)}
    if resized:
        log.warning(
            "%s: its head is for %d classes, the study has %d (%s): fresh are %s",
            folder, resized[0][1], network.config.num_labels, names, ", ".join(name for name, _ in resized),
        )  # fmt: skip
    elif fresh:
        log.info("%s: it has no head for %s: fresh are %s", folder, names, ", ".join(sorted(fresh)))
    elif not hasattr(network.config, "flat"):  # no checkpoint of ours
        log.info(
            "%s: its head (%s) is kept and starts as that for %s", folder, ", ".join(map(str, theirs.values())), names
        )


def _keep_layers(network, wanted: int) -> None:
    """Keep ``wanted`` layers, evenly spread and the first among them: they fine-tune better than the lowest ones."""
    config = network.config
    there = config.num_hidden_layers
    stacks = [m for m in network.base_model.modules() if isinstance(m, nn.ModuleList) and len(m) == there]
    if len(stacks) != 1 or not 1 <= wanted <= there:
        raise StudyError(
            "models.*.options.layers",
            f"{wanted} of the {there} layers of {type(network).__name__}",
            "give a number of layers that it has, or leave the option out",
        )
    numbers = sorted({i * there // wanted for i in range(wanted)})
    kept = [stacks[0][number] for number in numbers]
    del stacks[0][:]
    stacks[0].extend(kept)
    for number, layer in enumerate(kept):
        for module in layer.modules():
            if hasattr(module, "layer_idx"):  # as it will be numbered when it is read again
                module.layer_idx = number
    config.num_hidden_layers = wanted
    if len(getattr(config, "layer_types", None) or ()) == there:  # which attention each has
        config.layer_types = [config.layer_types[number] for number in numbers]


def read_tokenizer(folder: str | Path):
    """The fast tokenizer of ``folder``.

    Raises:
        ResourceError: the folder holds none, or one without words.
    """
    with quiet():
        from transformers import AutoTokenizer  # for cost

        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            words = len(set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids))
        except MemoryError:
            raise
        except Exception as error:  # as above
            raise of_folder(error, folder, ResourceError) or ResourceError(
                str(folder), f"holds no tokenizer ({_said(error)})", "put its tokenizer.json into the folder"
            ) from None
    if not words:  # what transformers makes of a folder that lacks the file with its words
        raise ResourceError(str(folder), "holds no tokenizer with words", "put its tokenizer.json into the folder")
    return tokenizer


def longest_text(network, tokenizer) -> int:
    """Tokens that an encoder can read of one text."""
    positions = int(getattr(network.config.get_text_config(), "max_position_embeddings", None) or 0)
    positions = positions if positions > 0 else 1 << 30  # XLNet gives -1
    padding = counts_from_padding(network)
    if padding is not None:
        positions -= padding + 1
    return min(int(tokenizer.model_max_length), positions)


def counts_from_padding(network) -> int | None:
    """The position of padding where a network counts positions from behind it, as RoBERTa and its kin do; else None."""
    block = getattr(network.base_model, "embeddings", None)
    return getattr(getattr(block, "position_embeddings", None), "padding_idx", None)


def preload() -> None:
    """What transformers works out at the first network that it reads: a quarter of a second in each process."""
    with suppress(ImportError, AttributeError):
        from transformers.conversion_mapping import get_checkpoint_conversion_mapping  # for cost

        get_checkpoint_conversion_mapping("bert")


def _said(error: Exception) -> str:
    """What an error says, in a line of at most 200 characters."""
    said = " ".join(str(error).split())[:200]
    return said if isinstance(error, OSError | ValueError) and said else f"{type(error).__name__}: {said}"


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no reports about a fresh classifier: they would stand in every job's output."""
    from transformers.utils import logging  # for cost

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
