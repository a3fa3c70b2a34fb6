"""Synthetic inputs of the four figures of the paper, and the words that a drawn figure shows."""

import numpy as np
import pandas as pd

STRATEGIES = {"base": "base", "adv": "adv", "FLAT": "FLAT"}
CLASSES = ["negative", "positive"]


# --- Figure 3


def pair(example_id, label, original, adversarial, status, scores, perturbed_scores):
    """A ledger row and its attribution rows, the other class having the opposite scores."""
    flipped = 1 - label if status == "succeeded" else label
    ledger = {"example_id": example_id, "label": label, "status": status, "predicted": label}
    ledger |= {"perturbed_predicted": flipped, "logits": [0.0, np.log(3.0)], "perturbed_logits": [0.0, 0.0]}
    rows = [
        {"example_id": example_id, "side": side, "target": target, "words": words.split(" ")}
        | {"scores": [value if target == label else -value for value in values]}
        for side, words, values in (("original", original, scores), ("adversarial", adversarial, perturbed_scores))
        for target in (0, 1)
    ]
    return ledger, rows


def frames(*pairs):
    ledgers, attributions = zip(*pairs, strict=True)
    return pd.DataFrame(list(attributions[0]) + [row for rows in attributions[1:] for row in rows]), pd.DataFrame(
        ledgers
    )


def saliency_inputs():
    """Three strategies; example b is one that the base model resists, example c one that adv got wrong beforehand."""
    attributions, ledgers = {}, {}
    for name in STRATEGIES:
        failed = name == "FLAT"
        attributions[name], ledgers[name] = frames(
            pair("c", 1, "one two three four five six", "one two three four five 6",
                 "skipped" if name == "adv" else "succeeded", [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]),
            pair("b", 1, "one two three four five six", "1 two three four five six",
                 "failed", [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]),
            pair("d", 0, "a <b> $x$ great film indeed", "a <b> $x$ grand film indeed",
                 "failed" if failed else "succeeded", [1, 2, 3, -4, 5, 6], [2, 1, 3, 4, 5, 6]),
        )  # fmt: skip
    return {"attributions": attributions, "ledgers": ledgers, "classes": CLASSES, "strategies": STRATEGIES}


# --- Figures 4 and 5


IMPORTANCE = pd.DataFrame(
    {
        "word": ["the", "film", "dull", "<unk>"],
        "phi": np.float32([0.25, 0.5, 0.75, 0.5]),
        "frequency": [1000, 40, 3, 0],
        "substitution_frequency": [0, 7, 1, 0],
    }
)
CORRELATIONS = [
    {"correlation": "word_importance-word_frequency", "r": -0.0284, "p": 0.00123, "n": 13836},
    {"correlation": "word_importance-substitution_frequency", "r": 0.087, "p": 5.79e-05, "n": 13836},
    {"correlation": "word_frequency-substitution_frequency", "r": float("nan"), "p": float("nan"), "n": 2},
]


def words_of(figure) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


def synonyms(distances):
    count = len(distances)
    words = {"word": [f"w{i // 2}" for i in range(count)], "synonym": [f"s{i}" for i in range(count)]}
    return pd.DataFrame(words | {"phi_word": 0.5, "phi_synonym": 0.5 + np.array(distances), "distance": distances})


# --- Figure 6


def measured(strategy, value, *, train_attack="textfooler", seed=0, round_=1, metric="topk_intersection", k=5, **other):
    row = {"dataset": "sst2", "model": "LSTM", "strategy": strategy, "train_attack": train_attack, "seed": seed}
    row |= {"round": round_, "attack": "textfooler", "method": "ig", "pair_set": "shared", "metric": metric, "k": k}
    return row | {"value": value, "n": 40, "dropped": 0} | other


MEASUREMENTS = pd.DataFrame(
    [
        measured("base", 0.5, train_attack="none", round_=0),
        measured("base", 0.75, train_attack="none", round_=0, seed=1),
        measured("base", 0.25, train_attack="none", round_=0, metric="topk_chance"),
        measured("FLAT", 0.125, round_=1),
        measured("FLAT", 0.875, round_=2),
        # none of these belongs to the figure
        measured("FLAT", 0.0, round_=2, train_attack="pwws"),
        measured("adv", 0.0, attack="pwws"),
        measured("adv", 0.0, method="lime"),
        measured("adv", 0.0, pair_set="saved"),
        measured("adv", 0.0, metric="kendall_tau", k=0),
        measured("group10", 0.0),
    ]
)
GRID = {"models": {"LSTM": "LSTM", "BERT": "BERT"}, "datasets": {"sst2": "SST2", "trec": "TREC"}}
