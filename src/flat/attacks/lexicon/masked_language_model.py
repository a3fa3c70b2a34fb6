"""A pretrained masked language model from a folder: what CLARE and BAE take their candidates from.

Any folder in the layout of transformers with ``config.json``, weights as safetensors and a fast tokenizer will do:
``distilroberta-base``, ``bert-base-uncased``, or a model that ``masked_training`` has trained further.
Its pieces are read as words by ``flat.attacks.lexicon.masked_pieces``.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from flat.attacks.lexicon.masked_pieces import READ_AS, BertLikePieces
from flat.errors import ResourceError
from flat.files.failures import of_folder
from flat.models.encoders import pretrained
from flat.models.encoders.pretrained import longest_text, quiet
from flat.resources.weights import refuse_unsafe

FIRST = 256  # of a ranking; more are seldom walked down
HEADS = {"bert": "cls", "roberta": "lm_head"}  # from hidden states to logits, by kind of model; others answer in full


class MaskedLanguageModel:
    """What TextAttack's components call: token ids in, logits at each text's first mask out.

    A text has one mask, so the logits of all other tokens (the greater part of a small model's work) are left out.

    Args:
        network: a masked language model of transformers, on the device where it is to compute.
        tokenizer: its fast tokenizer.

    Attributes:
        pieces: stands for the tokenizer where TextAttack turns ids into words; ``config`` says how it reads them.
    """

    def __init__(self, network, tokenizer):
        self.network, self.tokenizer = network.eval(), tokenizer
        self.pieces, self.config = BertLikePieces(tokenizer), READ_AS
        self.name = type(network).__name__
        self.longest = longest_text(network, tokenizer)

    @property
    def device(self) -> torch.device:
        return self.network.device

    def to(self, device) -> "MaskedLanguageModel":
        """Left where it is: the study says where, not TextAttack."""
        return self

    def eval(self) -> "MaskedLanguageModel":
        return self

    def encode(self, texts: list[str], max_length: int) -> dict[str, torch.Tensor]:
        """Token ids and attention, padded to the longest of ``texts``; (texts, tokens) each."""
        found = self.tokenizer(
            texts, max_length=min(max_length, self.longest), truncation=True, padding=True, return_tensors="pt"
        )
        return dict(found.to(self.device))

    @torch.inference_mode()
    def __call__(self, input_ids: torch.Tensor, **inputs) -> tuple["_AtMasks"]:
        masks = input_ids == self.tokenizer.mask_token_id  # (texts, tokens)
        places = masks.int().argmax(1)  # of the first mask; 0 where there is none
        rows = torch.arange(len(places), device=places.device)
        logits = logits_at(self.network, (rows, places), input_ids=input_ids, **inputs)
        return (_AtMasks(places.tolist(), logits.float().cpu()),)


def logits_at(network, places, **inputs: torch.Tensor) -> torch.Tensor:
    """Logits (places, vocabulary) at some tokens of a batch; where the head is known, it sees no others.

    Args:
        places: what indexes (texts, tokens).
        inputs: of the network, (texts, tokens) each.
    """
    head = HEADS.get(network.config.model_type)
    if head is None:
        return network(**inputs)[0][places]
    return getattr(network, head)(network.base_model(**inputs)[0][places])


class _AtMasks:
    """Logits (texts, vocabulary) that are indexed as (texts, tokens, vocabulary) are, at the masks only."""

    def __init__(self, places: list[int], logits: torch.Tensor):
        self.places, self.logits = places, logits

    def __getitem__(self, key: tuple[int, int]) -> torch.Tensor:
        row, place = key
        if place != self.places[row]:
            raise IndexError(f"text {row} has its mask at token {self.places[row]}, not {place}")
        return self.logits[row].as_subclass(_Row)


class _Row(torch.Tensor):
    """The logits (vocabulary,) of one mask, for TextAttack's walk down the ranking of their probabilities."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        found = super().__torch_function__(function, types, args, kwargs or {})
        return _Probabilities(found.as_subclass(torch.Tensor)) if function is torch.softmax else found


class _Probabilities:
    """float32 probabilities (vocabulary,), of which TextAttack looks at some dozens: the likeliest words.

    Measured on one core at work: sorting 30,522 of them 3.8 ms, finding the first 257 of them 0.2 ms; reading one from
    a tensor 21 us, from an array 0.2 us.
    """

    def __init__(self, values: torch.Tensor):
        self.values, self._array = values, values.numpy()

    def __getitem__(self, index: int) -> np.float32:
        return self._array[index]

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function is not torch.argsort or kwargs != {"descending": True} or len(args) != 1:
            return NotImplemented
        return _descending(args[0].values)


def _descending(values: torch.Tensor) -> Iterator[np.int64]:
    """Places of the values (n,) from the highest down, as torch.argsort gives them."""
    reached = min(FIRST, len(values) - 1)
    highest, places = torch.topk(values, reached + 1)
    if (highest[1:] == highest[:-1]).any():  # of equals, the next one too, the sort decides
        reached = 0
    yield from places[:reached].numpy()
    yield from torch.argsort(values, descending=True)[reached:].numpy()


def load(folder: str | Path, device: str = "cpu") -> MaskedLanguageModel:
    """The model of a folder.

    Raises:
        ResourceError: the folder holds no masked language model with its tokenizer, or lacks weights.
    """
    network, tokenizer = read_network(folder), read_tokenizer(folder)
    rows = len(network.get_input_embeddings().weight)
    if max(tokenizer.get_vocab().values()) >= rows:
        raise ResourceError(
            str(folder),
            f"its tokenizer gives more tokens than the {rows} that its network knows",
            "name a masked language model with the tokenizer that it came with",
        )
    return MaskedLanguageModel(network.to(device), tokenizer)


def read_network(folder: str | Path):
    """The network alone, fp32, on the CPU. Weights are only ever read as safetensors. Errors as in ``load``."""
    refuse_unsafe(folder)
    with quiet():
        from transformers import AutoModelForMaskedLM  # for cost

        try:
            network, report = AutoModelForMaskedLM.from_pretrained(
                folder,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        except MemoryError:
            raise
        except Exception as error:  # the files may hold anything, and transformers raises what comes of it
            problem = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise of_folder(error, folder, ResourceError) or ResourceError(
                str(folder), f"holds no masked language model ({problem})", "fetch it again, or name another folder"
            ) from None
    if report["missing_keys"]:
        missing = ", ".join(sorted(report["missing_keys"])[:3])
        raise ResourceError(str(folder), f"lacks weights ({missing})", "name a model trained to fill masks")
    return network


def read_tokenizer(folder: str | Path):
    """The fast tokenizer of a folder.

    Raises:
        ResourceError: it holds none, or one without a mask, or whose pieces cannot be read as text.
    """
    from tokenizers import models  # for cost

    tokenizer = pretrained.read_tokenizer(folder)
    empty = len(tokenizer) <= len(tokenizer.all_special_ids)  # what transformers makes of a folder without one
    if empty or not tokenizer.is_fast or tokenizer.mask_token_id is None or tokenizer.pad_token_id is None:
        raise ResourceError(
            str(folder),
            "holds no fast tokenizer with words, a mask and a padding token",
            "put the masked language model's tokenizer.json there",
        )
    backend = tokenizer.backend_tokenizer
    if isinstance(backend.model, models.BPE | models.Unigram) and backend.decoder is None:
        raise ResourceError(
            f"{folder}/tokenizer.json",
            "does not say how pieces become text (decoder)",
            "take it from the model's source",
        )
    return tokenizer
