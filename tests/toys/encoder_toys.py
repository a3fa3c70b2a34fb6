"""Tiny pretrained encoders with random weights in folders as transformers writes them: BERT and both DeBERTas."""

from pathlib import Path

import torch

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefgh")]
WHOLE = ["good", "bad", "film", "plot", "very", "dull", "warm", "the", "is", "##ly", "##ing"]
FAMILIES = ("bert", "deberta-v2", "deberta")
TEXTS = [
    ["good"],
    ["the", "plot", "is", "very", "dull"],
    ["warmly", "good", "film"],
    [],
    ["a", "baddeed", "film", "isolated", "Zq", "the", "end", "of", "the", "plot", "is", "very", "very", "very", "dull"],
    ["dull", "plot"],
]


def tokenizer():
    """A WordPiece tokenizer of transformers over PIECES and WHOLE; words it cannot spell are [UNK]."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {piece: number for number, piece in enumerate([*PIECES, *WHOLE])}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    return PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=64, **names)


def configuration(family: str, **changes):
    from transformers import AutoConfig

    sizes = {
        "vocab_size": len(PIECES) + len(WHOLE),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 64,
        "type_vocab_size": 2,
        "pad_token_id": 0,
        "initializer_range": 0.4,  # far from a linear model, so that a difference shows
    }
    if family.startswith("deberta"):
        sizes |= {
            "relative_attention": True,
            "pos_att_type": ["c2p", "p2c"],
            "max_relative_positions": 32,
            "pooler_hidden_size": 16,
        }
    return AutoConfig.for_model(family, **sizes | changes)


def write(folder: Path, family: str = "bert", seed: int = 0, **changes) -> Path:
    """A pretrained network without a classifier, and its tokenizer; returns the folder."""
    from transformers import AutoModel

    torch.manual_seed(seed)
    AutoModel.from_config(configuration(family, **changes)).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def make(folder: Path, mask: str = "none", seed: int = 1, **options):
    """An encoder for three classes in evaluation mode, its mask away from phi = 1/2."""
    from flat.models.encoders.encoder import from_folder

    torch.manual_seed(seed)
    options = {"classes": 3, "max_length": 16, "mask_hidden": 7} | options
    model = from_folder(folder, mask=mask, **options)
    if mask == "variational":
        torch.nn.init.normal_(model.mask.network[2].weight, std=2.0)
    return model.eval()
