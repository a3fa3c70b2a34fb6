"""A DeBERTa-v2 that starts as the function of a given BERT: the stand-in where no pretrained DeBERTa is at hand.

Word, position and type embeddings, projections, feed-forward layers, layer norms and pooler are BERT's. The two terms
that DeBERTa adds to the attention (He et al. 2021, Eq. 4: content to position, position to content) multiply relative
position embeddings that start at zero: they add nothing at first and learn from the first step, since their projections
are BERT's own. Arrays and plain files only; the same bytes on every machine.
"""

import json
from pathlib import Path

import numpy as np

# Relative positions are exact up to half of this distance and fall into logarithmic buckets beyond.
BUCKETS = 32
# BERT's name of each part of a layer -> DeBERTa's
LEGACY = {".LayerNorm.beta": ".LayerNorm.bias", ".LayerNorm.gamma": ".LayerNorm.weight"}  # of TensorFlow's time
PROJECTIONS = {"query": "query_proj", "key": "key_proj", "value": "value_proj"}


def build_deberta(folder: Path) -> None:
    """Turn the BERT in ``folder`` (config.json, model.safetensors, tokenizer files) into a DeBERTa-v2."""
    from safetensors.numpy import load_file, save_file  # for cost

    bert = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    weights = convert(load_file(folder / "model.safetensors"), bert["hidden_size"])
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    text = json.dumps(configuration(bert), indent=1, sort_keys=True)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")


def configuration(bert: dict) -> dict:
    """DeBERTa's config.json for weights that ``convert`` made of this BERT's."""
    kept = ("attention_probs_dropout_prob", "hidden_act", "hidden_dropout_prob", "hidden_size", "initializer_range")
    kept += ("intermediate_size", "layer_norm_eps", "max_position_embeddings", "num_attention_heads")
    kept += ("num_hidden_layers", "pad_token_id", "type_vocab_size", "vocab_size")
    return {name: bert[name] for name in kept} | {
        "architectures": ["DebertaV2Model"],
        "max_relative_positions": bert["max_position_embeddings"],
        "model_type": "deberta-v2",
        "norm_rel_ebd": "none",
        "pooler_dropout": 0,
        "pooler_hidden_act": "tanh",  # BERT's
        "pooler_hidden_size": bert["hidden_size"],
        "pos_att_type": ["c2p", "p2c"],
        "position_biased_input": True,  # absolute positions are added to the input, as in BERT
        "position_buckets": BUCKETS,
        "relative_attention": True,
        "share_att_key": False,
    }


def convert(bert: dict[str, np.ndarray], width: int) -> dict[str, np.ndarray]:
    """DeBERTa's weights by name, from BERT's; a head (of a masked language model) is left out."""
    found = {"deberta.encoder.rel_embeddings.weight": np.zeros((2 * BUCKETS, width), np.float32)}
    for given, weight in bert.items():
        if given.endswith("position_ids") or given.startswith("cls."):
            continue
        name = given.removeprefix("bert.")
        for old, new in LEGACY.items():
            name = name.replace(old, new)
        if name.startswith("pooler."):
            found[name] = weight
            continue
        own, part, kind = f"deberta.{name}", name.split(".")[-2], name.split(".")[-1]
        if ".attention.self." in name:
            own = own.replace(f".{part}.", f".{PROJECTIONS[part]}.")
            if part == "query":
                # DeBERTa divides scores by sqrt(3 d), for its three terms, where BERT divides by sqrt(d)
                weight = (weight.astype(np.float64) * np.sqrt(3.0)).astype(np.float32)
            if part in ("query", "key"):  # projections of the relative positions: pos_key_proj, pos_query_proj
                positions = own.replace(f".{PROJECTIONS[part]}.", f".pos_{part}_proj.")
                found[positions] = weight if kind == "weight" else np.zeros_like(weight)
        found[own] = weight
    return {name: np.ascontiguousarray(found[name]) for name in sorted(found)}
