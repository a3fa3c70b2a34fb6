"""From the files of the cells to one tidy frame of measurements, the only input of every table and most figures.

A cell is a trained model: (dataset, model, strategy, train_attack, seed) after its last round. Each number is
recounted from per-example rows (docs/tables.md), with the number of examples behind it; nothing is averaged
over seeds here.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from flat.analysis.guards.columns import check_columns
from flat.attacks.ledger import SKIPPED, SUCCEEDED, count
from flat.errors import ArtefactError
from flat.files.artefacts import read_json, read_table, records
from flat.plugins import registry
from flat.plugins.own.metrics import ALWAYS
from flat.study.cells import AttackedCell, Cell

SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("model", pa.string()),
        ("strategy", pa.string()),
        ("train_attack", pa.string()),  # "none" for base
        ("seed", pa.int64()),
        ("round", pa.int64()),
        ("attack", pa.string()),  # "" where no attack is involved
        ("method", pa.string()),  # "" | ig | lime
        ("pair_set", pa.string()),  # "" | saved | all | successful | shared | floor
        ("metric", pa.string()),  # of METRICS, or a plugin's name
        ("k", pa.int64()),  # 0 where the metric has none
        ("value", pa.float64()),  # NaN = undefined, for example a mean over no example
        ("n", pa.int64()),  # examples or pairs behind the value
        ("dropped", pa.int64()),  # ranks left out because they were constant
    ]
)
KEYS = [name for name in SCHEMA.names if name not in ("value", "n", "dropped")]
CELL = ("dataset", "model", "strategy", "train_attack", "seed")
LEDGER_COLUMNS = [
    "example_id",
    "status",
    "original_words",
    "swaps",
    "queries",
    "similarity_unchecked",
    "attack_hash",
]
# of a model's metrics.json, beside its accuracies; the last two of CNN and LSTM with a variational mask
MODEL_METRICS = ("parameters", "best_epoch", "adversarial_texts", "unknown_word_importance", "mean_word_importance")
DEFECT = "this is a defect of the pipeline: report it"


@dataclass(frozen=True)
class Metric:
    """What a measured number is, with as many ``decimals`` as the paper prints."""

    title: str
    unit: str
    decimals: int


METRICS: dict[str, Metric] = {
    "test_accuracy_percent": Metric("SA", "percent", 2),
    "dev_accuracy_percent": Metric("dev accuracy", "percent", 2),
    "after_attack_accuracy_percent": Metric("AA", "percent", 2),
    "attack_success_percent": Metric("ASR", "percent", 2),
    "attacked_accuracy_percent": Metric("SA on the attacked examples", "percent", 2),
    "mean_queries": Metric("mean queries", "queries", 1),
    "perturbed_words_percent": Metric("perturbed words", "percent", 2),
    "unchecked_similarity_percent": Metric("similarity unchecked", "percent", 2),
    "aa_known_words_percent": Metric("AA, known words", "percent", 2),
    "oov_swap_percent": Metric("substitutes out of vocabulary", "percent", 2),
    "oov_success_percent": Metric("successes using an out-of-vocabulary word", "percent", 2),
    **{name: Metric(metric.shown, metric.unit, 2) for name, metric in ALWAYS.items()},
    "topk_chance": Metric("TI by chance", "share", 2),
    "kendall_tau_absolute": Metric("KT of sizes", "rank correlation", 2),
    "topk_intersection_absolute": Metric("TI of sizes", "share", 2),
    "undefined_short_percent": Metric("undefined KT for want of words", "percent", 1),
    "left_out_skipped_percent": Metric("no pair: the model errs on the original", "percent", 1),
    "left_out_failed_percent": Metric("no pair: the attack failed", "percent", 1),
    "left_out_unchanged_percent": Metric("no pair: the attack changed no word", "percent", 1),
    "incomplete_percent": Metric("attributions that do not add up", "percent", 2),
    "parameters": Metric("parameters", "count", 0),
    "best_epoch": Metric("best epoch", "count", 0),
    "adversarial_texts": Metric("adversarial texts trained on", "count", 0),
    "unknown_word_importance": Metric("φ of the unknown word", "probability", 3),
    "mean_word_importance": Metric("φ, mean over the vocabulary", "probability", 3),
}


def declared(metric: str) -> Metric:
    """What a measured number is: FLAT's own, or of a metric that is a plugin.

    Raises:
        KeyError: there is none of this name.
    """
    if metric in METRICS:
        return METRICS[metric]
    plugin = registry.METRICS[metric]
    return Metric(plugin.shown, plugin.unit, 2)


def percent(part: int, whole: int) -> float:
    """100 * part / whole; NaN of nothing."""
    return 100.0 * part / whole if whole else float("nan")


def mean(values: list) -> float:
    """The arithmetic mean; NaN of nothing."""
    return math.fsum(values) / len(values) if values else float("nan")


def ledger_values(ledger, vocabulary: Collection[str] | None = None, where: str = "ledger") -> dict[str, tuple]:
    """Metrics of one test ledger as {metric: (value, n)}.

    After-attack accuracy divides by *every* attacked example: one that the model already got wrong (``skipped``)
    counts as wrong. Queries and unchecked similarity are means over the examples that were really searched
    (succeeded or failed), perturbed words over the succeeded ones. With ``vocabulary`` (the words a CNN or LSTM knows,
    lower-cased) two shares say how much of the attack's success rests on words that the model cannot see.

    Raises:
        ArtefactError: an unknown status, or an example twice.
    """
    counts = count(ledger["status"], where)
    if ledger["example_id"].duplicated().any():
        twice = ledger["example_id"][ledger["example_id"].duplicated()].tolist()
        raise ArtefactError(where, f"examples appear twice: {twice[:3]}", DEFECT)
    searched, won = ledger[ledger["status"] != SKIPPED], ledger[ledger["status"] == SUCCEEDED]
    shares = [len(swaps) / len(words) for swaps, words in zip(won["swaps"], won["original_words"], strict=True)]
    values = {
        "after_attack_accuracy_percent": (counts.after_attack_accuracy(), counts.attacked),
        "attacked_accuracy_percent": (percent(counts.tried, counts.attacked), counts.attacked),
        "attack_success_percent": (counts.success_percent, counts.tried),
        "mean_queries": (mean(searched["queries"].tolist()), len(searched)),
        "perturbed_words_percent": (100 * mean(shares), len(shares)),
        "unchecked_similarity_percent": (100 * mean(searched["similarity_unchecked"].tolist()), len(searched)),
    }
    if vocabulary is not None:
        unseen = [unknown_words(swaps, vocabulary) for swaps in won["swaps"]]
        total, spared = sum(map(len, unseen)), sum(map(any, unseen))
        values["aa_known_words_percent"] = (counts.after_attack_accuracy(spared=spared), counts.attacked)
        values["oov_swap_percent"] = (percent(sum(map(sum, unseen)), total), total)
        values["oov_success_percent"] = (percent(spared, len(unseen)), len(unseen))
    return values


def unknown_words(swaps: Iterable[Mapping], vocabulary: Collection[str]) -> list[bool]:
    """Whether each substitute of a text is outside the vocabulary, whose words are lower-cased."""
    return [swap["to"].lower() not in vocabulary for swap in swaps if swap["to"]]


def model_values(metrics: Mapping, where: str = "metrics.json") -> dict[str, tuple]:
    """Metrics of one model folder as {metric: (value, n)}; accuracies are fractions in the file, percent here."""
    try:
        values = {
            f"{split}_accuracy_percent": (100.0 * metrics[f"{split}_accuracy"], int(metrics[f"{split}_n"]))
            for split in ("test", "dev")
        }
    except (KeyError, TypeError) as error:
        raise ArtefactError(where, f"no usable {error}", "delete the file and run snakemake again") from None
    for name in MODEL_METRICS:
        if metrics.get(name) is not None:
            values[name] = (float(metrics[name]), 1)
    return values


def cell_measurements(
    cell,
    round_: int,
    metrics: Mapping | None = None,
    ledgers: Mapping[str, object] | None = None,
    vocabulary: Collection[str] | None = None,
) -> list[dict]:
    """Tidy rows (dicts with the columns of SCHEMA) of one ``flat.study.cells.Cell`` after its round ``round_``.

    Args:
        metrics: content of the model folder's metrics.json.
        ledgers: {attack: ledger frame} of the cell's test attacks.
        vocabulary: words known to the model; leave out for sub-word models.
    """
    rows = [] if metrics is None else rows_of(cell, round_, "", model_values(metrics, _name(cell)))
    for attack, ledger in (ledgers or {}).items():
        values = ledger_values(ledger, vocabulary, where=f"{_name(cell)} under {attack}")
        rows += rows_of(cell, round_, attack, values)
    return rows


def rows_of(cell: Cell, round_: int, attack: str, values: Mapping[str, tuple[float, int]]) -> list[dict]:
    """Tidy rows (the columns of SCHEMA) of what was measured of a cell, {metric: (value, n)}, without explanations."""
    common = {name: getattr(cell, name) for name in CELL} | {"round": round_, "attack": attack}
    common |= {"method": "", "pair_set": "", "k": 0, "dropped": 0}
    return [{**common, "metric": metric, "value": value, "n": n} for metric, (value, n) in values.items()]


def consistency_rows(summary, dataset: str, model: str, method: str, round_of: Callable[[Cell], int]) -> list[dict]:
    """Tidy rows from a summary of ``flat.interpretation.consistency`` for one (method, dataset, model).

    Args:
        summary: frame with strategy, train_attack, attack, seed, pair_set, metric, k, value, n, dropped.
        round_of: the last round of a cell, which is the one explained.
    """
    rows = []
    for record in records(summary):
        cell = Cell(dataset, model, record["strategy"], record["train_attack"], int(record["seed"]))
        rows.append({**record, "dataset": dataset, "model": model, "method": method, "round": round_of(cell)})
    return rows


def faithfulness_rows(found: Mapping[str, tuple], cell: Cell, round_: int, attack: str, method: str) -> list[dict]:
    """Tidy rows of what metrics of single explanations say of a cell, {metric: (value, n, dropped)}: the originals of
    the examples that are explained under an attack."""
    rows = rows_of(cell, round_, attack, {metric: values[:2] for metric, values in found.items()})
    return [row | {"method": method, "dropped": found[row["metric"]][2]} for row in rows]


def completeness(attributions, tolerance: float) -> dict[str, tuple[float, int]]:
    """The share of a cell's integrated gradients that miss completeness by more than ``tolerance``.

    See docs/interpretation.md. ``attributions``: their column completeness.
    """
    missed = int((attributions["completeness"] > tolerance).sum())
    return {"incomplete_percent": (percent(missed, len(attributions)), len(attributions))}


@dataclass(frozen=True)
class CellFiles:
    """Where the files of one cell lie. ``vocabulary`` only for models that look words up."""

    round: int
    metrics: str | Path | None = None
    ledgers: Mapping[str, str | Path] = field(default_factory=dict)
    vocabulary: str | Path | None = None


def collect(cells: Iterable[tuple[Cell, CellFiles]], more: Iterable[dict] = ()):
    """The measurements frame (SCHEMA) of a study, sorted by its keys.

    Args:
        cells: (cell, files) of every cell that was run.
        more: rows of SCHEMA of what was measured of their explanations.

    Raises:
        ArtefactError: ledgers of one (dataset, attack) column differ in their attack, or two of them in their examples
            that should not; a metric is not declared, or a measurement appears twice.
    """
    rows, columns, vocabularies = [*more], [], {}
    for cell, files in cells:
        metrics = None if files.metrics is None else read_json(files.metrics)
        if files.vocabulary is not None and files.vocabulary not in vocabularies:
            vocabularies[files.vocabulary] = frozenset(read_json(files.vocabulary)["words"])
        ledgers = {attack: read_table(path, LEDGER_COLUMNS) for attack, path in files.ledgers.items()}
        for attack, ledger in ledgers.items():
            columns.append((AttackedCell(cell, attack), ledger[["example_id", "attack_hash"]], files.ledgers[attack]))
        rows += cell_measurements(cell, files.round, metrics, ledgers, vocabularies.get(files.vocabulary))
    check_columns(columns)
    return frame_of(rows)


def frame_of(rows: Iterable[Mapping]):
    """Rows as a frame of SCHEMA, sorted by the keys, checked: declared metrics, no measurement twice."""
    rows = [dict(row) for row in rows]
    lacking = sorted({name for row in rows for name in SCHEMA.names if row.get(name) is None})
    if lacking:
        raise ArtefactError("measurements", f"rows without {lacking}", DEFECT)
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    frame = table.to_pandas().sort_values(KEYS, kind="stable", ignore_index=True)
    unknown = sorted({name for name in set(frame["metric"]) - set(METRICS) if name not in registry.METRICS})
    if unknown:
        raise ArtefactError("measurements", f"metrics {unknown} are not declared", f"declare them in {__name__}")
    twice = frame[frame.duplicated(KEYS)]
    if len(twice):
        raise ArtefactError("measurements", f"twice: {twice.iloc[0][KEYS].to_dict()}", "give each cell once")
    return frame


def _name(cell: Cell) -> str:
    return "/".join(str(getattr(cell, name)) for name in CELL)
