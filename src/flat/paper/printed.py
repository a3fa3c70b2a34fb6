"""The paper's printed numbers (config/paper/table<N>_*.csv), found by the identifiers the pipeline uses itself.

Values stay the strings that were printed ("84.40"), because the number of printed digits is information too.
Some printed tables leave their setting to the caption (Table 5 is LSTM on SST2, say). It is filled in here, so that a
study of another model or data set never sits beside a number that is not its own.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from flat.errors import ArtefactError
from flat.paper.catalogue import TABLES
from flat.paper.scope import DATASETS as DATASETS

MODELS = ("LSTM", "CNN", "BERT", "DeBERTa")
STRATEGIES = ("base", "adv", "FLAT")
TRAIN_ATTACKS = ("textfooler", "pwws")
TRANSFER_ATTACKS = ("pwws", "gene", "iga", "pso", "clare", "bae")
GROUPS = (10, 20, 30, 40, 50)

DATA_TITLES = {"sst2": "SST2", "imdb": "IMDB", "ag": "AG", "trec": "TREC"}
ATTACK_TITLES = {
    "textfooler": "TextFooler",
    "pwws": "PWWS",
    "gene": "Gene",
    "iga": "IGA",
    "pso": "PSO",
    "clare": "Clare",
    "bae": "BAE",
}

# value column of a file -> (metric, k, method) of measurements.parquet
_METRICS = {
    "after_attack_accuracy_pct": ("after_attack_accuracy_percent", 0, ""),
    "standard_accuracy_pct": ("test_accuracy_percent", 0, ""),
    "kendall_tau_ig": ("kendall_tau", 0, "ig"),
    "topk5_intersection_ig": ("topk_intersection", 5, "ig"),
    "kendall_tau_lime": ("kendall_tau", 0, "lime"),
    "topk5_intersection_lime": ("topk_intersection", 5, "lime"),
    "classes": ("classes", 0, ""),
    "mean_length": ("mean_words", 0, ""),
    "train": ("train_size", 0, ""),
    "dev": ("dev_size", 0, ""),
    "test": ("test_size", 0, ""),
    "vocab_size": ("vocabulary_size", 0, ""),
    "low_frequency_threshold": ("min_count", 0, ""),
    "max_length": ("max_length", 0, ""),
    "pearson_r": ("pearson_r", 0, ""),
    "p_value": ("p_value", 0, ""),
}
# Two tables print an accuracy of another split under one column name.
_ACCURACY = {"2": "test_accuracy_percent", "7": "dev_accuracy_percent"}

PRINTED = {key: table.printed for key, table in TABLES.items() if table.printed}


@dataclass(frozen=True)
class Printed:
    """All printed values; ``values[table][frozenset of (key, value)]`` is the printed string, ``table`` "1" to "10"."""

    values: Mapping[str, Mapping[frozenset, str]]

    def value(self, table: str, **keys: object) -> str | None:
        """The string printed in ``table`` under exactly these keys (empty ones do not count), None if there is none.

        Keys are those of measurements.parquet: dataset, model, strategy, train_attack, attack, method, metric, k, and
        for single tables beta and gamma (as "on" or "off"), groups (int) or correlation.
        """
        return self.values.get(table, {}).get(_key(keys))

    def rows(self, table: str) -> Iterator[dict[str, object]]:
        """Each printed value of ``table`` as a flat dict of its keys and ``printed``, in the file's order."""
        for key, printed in self.values[table].items():
            yield {**dict(sorted(key)), "printed": printed}


def load(folder: str | Path, tables: Iterable[str] = tuple(PRINTED)) -> Printed:
    """Read config/paper, or only some of its tables; those that the paper does not have hold nothing.

    Raises:
        ArtefactError: a file or column is absent, a value is not a number, or two rows have the same keys.
    """
    folder = Path(folder)
    return Printed({key: _read(key, folder / TABLES[key].printed_file) for key in tables if key in PRINTED})


def _read(table: str, path: Path) -> dict[frozenset, str]:
    key_columns, fixed = PRINTED[table].keys, PRINTED[table].caption
    remedy = "restore the file: config/paper holds the paper's printed tables and is not edited"
    if not path.is_file():
        raise ArtefactError(str(path), "no such file", remedy)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or []
        value_columns = [name for name in columns if name not in key_columns]
        unknown = [name for name in value_columns if name not in _METRICS and name != "accuracy_pct"]
        missing = [name for name in key_columns if name not in columns]
        if missing or unknown or not value_columns:
            raise ArtefactError(str(path), f"columns missing {missing}, unknown {unknown}", remedy)
        values: dict[frozenset, str] = {}
        for line, record in enumerate(reader, start=2):
            keys = {**fixed, **_identifiers(table, {name: record[name] for name in key_columns})}
            for column in value_columns:
                metric, k, method = (_ACCURACY[table], 0, "") if column == "accuracy_pct" else _METRICS[column]
                key = _key({**keys, "metric": metric, "k": k, "method": method})
                printed = record[column]
                if not _is_number(printed) or key in values:
                    problem = f"column {column} is {printed!r}" if key not in values else "the same keys twice"
                    raise ArtefactError(f"{path} line {line}", problem, remedy)
                values[key] = printed
    return values


def _identifiers(table: str, keys: dict[str, str]) -> dict[str, object]:
    """The printed keys of a row in the pipeline's own words."""
    named: dict[str, object] = dict(keys)
    if table in ("2", "4", "7"):
        named["train_attack"] = keys["train_attack"] or "none"
    if table in ("3", "8"):  # trained and tested under one attack
        named["train_attack"] = "none" if keys["strategy"] == "base" else keys["attack"]
    if table == "4":
        named["attack"] = named.pop("test_attack")
    if table == "5":  # which terms are on is what the row says; their sizes are the paper's own choice
        named = {name: "on" if float(keys[name]) > 0 else "off" for name in ("beta", "gamma")}
    if table == "10":
        named["groups"] = int(keys["groups"])
    return named


def _key(keys: Mapping[str, object]) -> frozenset:
    return frozenset((name, value) for name, value in keys.items() if value not in ("", 0, None))


def _is_number(text: str | None) -> bool:
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return True
