"""A small study and synthetic measurements for the tests of the tables."""

from pathlib import Path

from flat.analysis import measurements as robustness
from flat.paper import printed as paper
from flat.report import build as tables
from flat.report.tables.grid import Extras
from flat.report.tables.layout import wide
from flat.study.schema import Study

ROOT = Path(__file__).parents[2]
DATASET = {"source": {"kind": "package", "corpus": "bbc-news"}, "classes": ["x", "y"], "max_length": 50}
CNN = {"title": "CNN", "kind": "cnn", "vectors": "v"}
LSTM_SST2 = {"dataset": "sst2", "model": "LSTM", "attack": "textfooler"}


def study(**changes) -> Study:
    """Two data sets, two models; changes replace top-level keys."""
    main = {
        "datasets": ["sst2", "ag"],
        "models": ["LSTM", "CNN"],
        "strategies": ["base", "adv", "FLAT"],
        "train_attacks": ["textfooler", "pwws"],
    }
    transfer = {"dataset": "sst2", "models": ["LSTM"], "strategies": ["base", "FLAT"], "train_attack": "textfooler"}
    values = {
        "name": "tiny",
        "title": "tiny",
        "seeds": [0],
        "datasets": {
            "sst2": {"title": "SST2", "stand_in": "film snippets", **DATASET},
            "ag": {"title": "AG", **DATASET},
        },
        "models": {"LSTM": {**CNN, "title": "LSTM", "kind": "lstm"}, "CNN": CNN},
        "strategies": {
            "base": {"title": "base", "adversarial": False},
            "adv": {"title": "adv"},
            "FLAT": {"title": "FLAT", "mask": "variational", "beta": 0.5, "gamma": 0.001},
            "FLAT-nogamma": {"title": "FLAT-nogamma", "mask": "variational", "beta": 0.1},
            "FLAT-softmax": {
                "title": "FLAT, softmax",
                "mask": "variational",
                "beta": 0.5,
                "gamma": 0.001,
                "switches": {"double_softmax": True, "keep": "all"},
            },
            "group10": {"title": "group10", "mask": "group", "groups": 10},
            "group12": {"title": "group12", "mask": "group", "groups": 12},
        },
        "attacks": {
            "textfooler": {"title": "TextFooler", "recipe": "textfooler", "stand_ins": ["small encoder"]},
            "pwws": {"title": "PWWS", "recipe": "pwws"},
        },
        "artefacts": {
            "main": main,
            "transfer": {**transfer, "attacks": ["pwws"]},
            "ablation": {**LSTM_SST2, "strategies": ["FLAT", "FLAT-nogamma"]},
            "importance": {**LSTM_SST2, "strategy": "FLAT", "without_gamma": "FLAT-nogamma"},
            "groups": {"dataset": "ag", "model": "CNN", "attack": "textfooler", "strategies": ["group12", "group10"]},
            "saliency": LSTM_SST2,
            "replay": {
                "dataset": "sst2",
                "attack": "textfooler",
                "train_attack": "textfooler",
                "models": ["LSTM", "CNN"],
                "strategies": ["base", "FLAT"],
            },
            "readings": {
                "attack": "textfooler",
                "rows": [
                    {"dataset": "sst2", "model": "LSTM", "strategy": "FLAT"},
                    {"dataset": "ag", "model": "CNN", "strategy": "FLAT"},
                    {"dataset": "sst2", "model": "LSTM", "strategy": "FLAT-softmax"},
                ],
            },
        },
    }
    return Study.model_validate({**values, **changes})


def row(metric, value, *, dataset="sst2", model="LSTM", strategy="base", train_attack="none", seed=0, **more):
    cell = {"dataset": dataset, "model": model, "strategy": strategy, "train_attack": train_attack, "seed": seed}
    keys = {"round": 0, "attack": "", "method": "", "pair_set": "", "k": 0, "n": 100, "dropped": 0}
    return {**keys, **cell, "metric": metric, "value": value, **more}


def tau(value, pair_set, **more):
    return row("kendall_tau", value, method="ig", attack="textfooler", pair_set=pair_set, **more)


def make_extras():
    """Printed values, one data set's summary, two of three correlations."""
    summary = {
        "classes": ["neg", "pos"],
        "sizes": {"train": 4000, "dev": 400, "test": 800},
        "mean_words": 18.96,
        "vocabulary_size": 9000,
        "min_count": 0,
        "max_length": 50,
    }
    pairs = [
        {"correlation": "word_importance-word_frequency", "r": -0.0002, "p": 0.5, "n": 70},
        {"correlation": "word_importance-substitution_frequency", "r": 0.25, "p": 1.234e-9, "n": 60},
    ]
    printed = paper.load(ROOT / "config" / "paper")
    return Extras(printed, {"sst2": summary}, tuple(pairs))


def build(key, rows, extras, **changes):
    return tables.build(key, study(**changes), robustness.frame_of(rows), extras)


def entry(table, labels, title, pair_set=None):
    """The entry of the row with these labels and the column with this title (``AG KT`` where columns are grouped)."""
    laid_out = wide(table, pair_set)
    titles = [text for text, _ in laid_out.header[-1]]
    if len(laid_out.header) > 1:
        groups = [text for text, span in laid_out.header[0] for _ in range(span)]
        titles = [f"{group} {text}".strip() for group, text in zip(groups, titles, strict=True)]
    (found,) = [line for line in laid_out.body if line.labels == labels]
    return found.entries[titles.index(title) - len(labels)]
