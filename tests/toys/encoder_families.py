"""Tiny look-alikes of the encoders that studies name: random weights, the tokenizer class and pipeline of each family.

Vocabularies are trained here on a few sentences, with the special tokens in the places of the family's own.
"""

import json
from functools import cache
from pathlib import Path

import torch

CORPUS = [
    "the film is a gripping story of a good man , and it 's warm and funny",
    "the plot is dull and the film is bad ; isn't it ? no 1984 , no 2001",
    "A Good Film from New York ( or L.A. ) cost $ 3.50 !",
    "na\u00efve caf\u00e9 d\u00e9j\u00e0-vu stra\u00dfe \u039f\u0394\u039f\u03a3 \u65e5\u672c \u306e \u6620\u753b",
] * 30
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SPECIAL = {
    "roberta": ROBERTA,
    "deberta": ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"],
    "modernbert": ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"],
    "gpt2": ["<|endoftext|>"],
    "qwen2": ["<|endoftext|>"],
    "deberta-v2": ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"],
    "albert": ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"],
    "xlm-roberta": ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
    "llama": ["<unk>", "<s>", "</s>"],
    "bert": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
}
SPECIAL |= {"distilbert": SPECIAL["bert"], "electra": SPECIAL["bert"]}
ENCODERS = ("roberta", "deberta", "deberta-v2", "modernbert", "albert", "xlm-roberta", "bert", "distilbert", "electra")
DECODERS = ("gpt2", "llama", "qwen2")
FAMILIES = ENCODERS + DECODERS


@cache
def tokenizer_json(family: str) -> str:
    """A trained ``tokenizer.json`` of the model alone: its vocabulary, merges or scores."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    special = SPECIAL[family]
    unknown = next((token for token in special if "unk" in token.lower()), None)
    if family in ("bert", "distilbert", "electra"):
        backend = Tokenizer(models.WordPiece(unk_token=unknown))
        backend.normalizer, backend.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=150, special_tokens=special, show_progress=False)
    elif family in ("deberta-v2", "albert", "xlm-roberta"):
        backend = Tokenizer(models.Unigram())
        backend.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(
            vocab_size=200, special_tokens=special, unk_token=unknown, max_piece_length=8, show_progress=False
        )
    elif family == "llama":
        backend = Tokenizer(models.BPE(byte_fallback=True, unk_token=unknown, fuse_unk=True))
        backend.pre_tokenizer = pre_tokenizers.Metaspace()
        special = [*special, *(f"<0x{byte:02X}>" for byte in range(256))]
        trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    else:
        backend = Tokenizer(models.BPE())
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        )
    backend.train_from_iterator(CORPUS, trainer)
    return backend.to_str()


def tokenizer(family: str, **options):
    """The family's own class, or what its repository names, over a tiny vocabulary."""
    import transformers

    model = json.loads(tokenizer_json(family))["model"]
    vocabulary = model["vocab"]
    options = {"model_max_length": 64} | options
    if family == "modernbert":
        return _modernbert(vocabulary, model["merges"], options)
    if isinstance(vocabulary, list):
        vocabulary = [tuple(item) for item in vocabulary]
        options |= {"unk_id": SPECIAL[family].index("[UNK]")} if family == "deberta-v2" else {}
    if "merges" in model:
        options["merges"] = [tuple(merge) for merge in model["merges"]]
    if family == "llama":
        options = {"add_bos_token": True} | options
    names = {"xlm-roberta": "XLMRoberta", "gpt2": "GPT2", "deberta-v2": "DebertaV2", "distilbert": "DistilBert"}
    names |= {"electra": "Electra", "bert": "Bert"}
    return getattr(transformers, f"{names.get(family, family.capitalize())}Tokenizer")(vocab=vocabulary, **options)


def _modernbert(vocabulary, merges, options):
    """ModernBERT's repository has a plain tokenizer.json: NFC, byte-level BPE, runs of spaces as tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE(vocabulary, [tuple(merge) for merge in merges]))
    backend.normalizer, backend.decoder = normalizers.NFC(), decoders.ByteLevel()
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.add_tokens([AddedToken(" " * spaces, normalized=True) for spaces in range(24, 1, -1)])
    cls, sep = (vocabulary[token] for token in ("[CLS]", "[SEP]"))
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", cls), ("[SEP]", sep)]
    )
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")}
    mask = AddedToken("[MASK]", lstrip=True, normalized=False, special=True)
    inputs = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, mask_token=mask, model_input_names=inputs, **names, **options
    )


def configuration(family: str, made, **changes):
    """A config of two small layers for the tokenizer ``made``."""
    from transformers import AutoConfig

    sizes = {
        "vocab_size": len(made),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 70,
        "initializer_range": 0.3,  # far from a linear model, so that a difference shows
        "bos_token_id": None,
        "eos_token_id": None,
    }
    sizes["pad_token_id"] = made.pad_token_id
    if family.startswith("deberta"):
        sizes |= {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "pooler_hidden_size": 16}
        sizes["position_biased_input"] = family == "deberta-v2"
    if family == "albert":
        sizes |= {"embedding_size": 12}
    if family == "distilbert":
        names = {"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads"}
        names |= {"intermediate_size": "hidden_dim"}
        sizes = {names.get(name, name): value for name, value in sizes.items()}
    if family == "gpt2":
        names = {"hidden_size": "n_embd", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head"}
        names |= {"intermediate_size": "n_inner", "max_position_embeddings": "n_positions"}
        sizes = {names.get(name, name): value for name, value in sizes.items()}
    if family in ("llama", "qwen2"):
        sizes["num_key_value_heads"] = 1
    if family == "modernbert":
        sizes |= {
            "cls_token_id": made.cls_token_id,
            "sep_token_id": made.sep_token_id,
            "initializer_cutoff_factor": 3.0,
        }
        sizes |= {"global_attn_every_n_layers": 2, "local_attention": 8}
    return AutoConfig.for_model(family, **sizes | changes)


def write(folder: Path, family: str, seed: int = 0, made=None, **changes) -> Path:
    """A pretrained network without a classifier, and its tokenizer, in the layout of the hub; returns the folder."""
    from transformers import AutoModel

    torch.manual_seed(seed)
    made = made or tokenizer(family)
    AutoModel.from_config(configuration(family, made, **changes)).save_pretrained(folder)
    made.save_pretrained(folder)
    return Path(folder)


def make(folder: Path, mask: str = "none", seed: int = 1, **options):
    """An encoder for three classes in evaluation mode, its mask away from phi = 1/2."""
    import encoder_toys

    return encoder_toys.make(folder, mask, seed, **{"max_length": 40} | options)
