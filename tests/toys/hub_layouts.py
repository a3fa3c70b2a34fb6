"""Look-alikes of the catalogue's hub repositories: the same files, names of weights and special tokens, but tiny.

Each writes into a mirror what its repository holds, as far as it can matter to loading: what the repositories have
beside (weights of other frameworks, cards) is left out. Weights are random.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

TEXTS = ["the film is a gripping story of a good man", "the plot is dull and the film is bad", "a warm and good film"]
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
DEBERTA_TOKENS = ("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]")
ROBERTA_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def byte_pairs(folder: Path, special: tuple[str, ...]):
    """vocab.json and merges.txt of a byte-level BPE as GPT-2 cuts text; the trained tokenizer.

    The first special tokens have the lowest ids, the mask the highest, as in both families' vocabularies.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=list(special[:4]), initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    backend.train_from_iterator(TEXTS * 20, trainer)
    backend.model.save(str(folder))
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    vocabulary[special[4]] = len(vocabulary)
    write_json(folder / "vocab.json", vocabulary)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([special[4]])
    backend.post_processor = processors.RobertaProcessing((special[2], 2), (special[0], 0), add_prefix_space=False)
    return backend, vocabulary


def write_json(path: Path, values: dict) -> None:
    path.write_text(json.dumps(values), encoding="utf-8")


def random_weights(auto: str, config, seed: int = 0) -> dict[str, torch.Tensor]:
    import transformers

    torch.manual_seed(seed)
    return getattr(transformers, auto).from_config(config).state_dict()


def deberta_base(folder: Path) -> None:
    """microsoft/deberta-base of 2021: weights as a pickle in PyTorch's old format, BPE files, a config of its time."""
    _, vocabulary = byte_pairs(folder, DEBERTA_TOKENS)
    values = {
        "model_type": "deberta",
        "attention_probs_dropout_prob": 0.1,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "max_position_embeddings": 512,
        "relative_attention": True,
        "pos_att_type": "c2p|p2c",
        "layer_norm_eps": 1e-7,
        "padding_idx": vocabulary["[PAD]"],
        "max_relative_positions": -1,
        "position_biased_input": False,
        "pooler_dropout": 0,
        "pooler_hidden_act": "gelu",
        "pooler_hidden_size": SIZES["hidden_size"],
        "type_vocab_size": 0,
        "vocab_size": len(vocabulary),
        **SIZES,
    }
    write_json(folder / "config.json", values)
    write_json(folder / "tokenizer_config.json", {"do_lower_case": False, "vocab_type": "gpt2"})
    (folder / "bpe_encoder.bin").write_bytes(b"\x80\x02}q\x00.")  # a pickle that nothing here reads
    torch.save(deberta_weights(folder), folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)


def deberta_weights(folder: Path) -> dict[str, torch.Tensor]:
    """By the repository's names: the body under ``deberta.``, a head for masked words, tied to the embeddings."""
    from transformers import AutoConfig

    body = random_weights("AutoModel", AutoConfig.from_pretrained(folder))
    weights = {f"deberta.{name}": weight for name, weight in body.items()}
    width = SIZES["hidden_size"]
    weights["lm_predictions.lm_head.dense.weight"] = torch.zeros(width, width)
    weights["lm_predictions.lm_head.bias"] = torch.zeros(len(body["embeddings.word_embeddings.weight"]))
    weights["lm_predictions.lm_head.decoder.weight"] = weights["deberta.embeddings.word_embeddings.weight"]
    return weights


def bert_base_uncased(folder: Path) -> None:
    """google-bert/bert-base-uncased: LayerNorm.gamma and .beta, both pretraining heads, the decoder left to tying."""
    from encoder_toys import configuration, tokenizer
    from transformers import AutoConfig

    toy = tokenizer()
    toy.backend_tokenizer.save(str(folder / "tokenizer.json"))
    words = sorted(toy.get_vocab(), key=toy.get_vocab().get)
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    write_json(folder / "tokenizer_config.json", {"do_lower_case": True, "model_max_length": 512})
    values = configuration("bert").to_dict() | {"model_type": "bert", "architectures": ["BertForMaskedLM"]}
    write_json(folder / "config.json", values)
    weights = random_weights("AutoModelForPreTraining", AutoConfig.from_pretrained(folder))
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    named = {}
    for name, weight in weights.items():
        for new, before in old.items():
            name = name.replace(new, before)
        if "decoder" not in name and "position_ids" not in name:
            named[name] = weight.contiguous().clone()
    save_file(named, folder / "model.safetensors", {"format": "pt"})


def distilroberta_base(folder: Path) -> None:
    """distilbert/distilroberta-base: tokenizer.json beside the BPE files, RoBERTa's head with its decoder tied."""
    from transformers import AutoConfig

    backend, vocabulary = byte_pairs(folder, ROBERTA_TOKENS)
    backend.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {"model_max_length": 512})
    values = {
        "architectures": ["RobertaForMaskedLM"],
        "model_type": "roberta",
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
        "max_position_embeddings": 514,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-5,
        "vocab_size": len(vocabulary),
        **SIZES,
    }
    write_json(folder / "config.json", values)
    weights = random_weights("AutoModelForMaskedLM", AutoConfig.from_pretrained(folder))
    kept = {n: w.contiguous().clone() for n, w in weights.items() if "decoder" not in n and "position_ids" not in n}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})


# what each repository holds of those that are of use here: the look-alikes write exactly these
REPOSITORIES = {
    "bert-base-uncased": (
        bert_base_uncased,
        {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"},
    ),
    "deberta-base": (
        deberta_base,
        {"bpe_encoder.bin", "config.json", "merges.txt", "pytorch_model.bin", "tokenizer_config.json", "vocab.json"},
    ),
    "distilroberta-base": (
        distilroberta_base,
        {"config.json", "merges.txt", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.json"},
    ),
}


def write(name: str, mirror: Path) -> Path:
    """The look-alike of an entry's repository below a mirror."""
    folder = mirror / name
    folder.mkdir(parents=True)
    REPOSITORIES[name][0](folder)
    return folder
