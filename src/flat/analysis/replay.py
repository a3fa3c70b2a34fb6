"""The transfer matrix: adversarial texts stored from each model, asked of every other model of the data set.

A cheap view of transfer (docs/tables.md): no attack runs, each model only answers the texts that attacks on the
others left behind. On a model's own texts its answers must be those that its attack noted.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from flat.analysis.measurements import Metric, percent
from flat.errors import ArtefactError
from flat.study.cells import Cell

ASKED = ("model", "strategy", "train_attack", "seed")
SOURCE = ("source_model", "source_strategy", "source_train_attack", "source_seed")
SCHEMA = pa.schema(
    [
        ("model", pa.string()),  # the model asked
        ("strategy", pa.string()),
        ("train_attack", pa.string()),
        ("seed", pa.int64()),
        ("source_model", pa.string()),  # the model that the texts were made against
        ("source_strategy", pa.string()),
        ("source_train_attack", pa.string()),
        ("source_seed", pa.int64()),
        ("example_id", pa.string()),
        ("label", pa.int64()),
        ("source_status", pa.string()),  # succeeded | failed | skipped, of the attack on the source
        ("predicted", pa.int64()),  # what the model asked says of the source's adversarial text
        ("original_correct", pa.bool_()),  # whether it has the original right
        ("correct", pa.bool_()),  # whether it has the adversarial text right
    ]
)
LEDGER_COLUMNS = [
    "example_id",
    "label",
    "status",
    "original_words",
    "perturbed_words",
    "predicted",
    "perturbed_predicted",
    "logits",
    "perturbed_logits",
]
TIE = 1e-2  # logits closer than this may change places with the batch that a text is asked in
REMEDY = "the ledgers and the model are of different runs: delete them and run snakemake again"

Answers = dict[tuple[str, ...], int]


def replay(model, cell: Cell, ledgers: Mapping[Cell, object]):
    """What a model says of the adversarial texts of every source, as a frame (SCHEMA) sorted by source and example.

    Where the study attacks some models on fewer examples, those that all were attacked on are asked about.

    Args:
        model: a ``flat.models`` classifier in evaluation mode, the checkpoint of ``cell``.
        ledgers: test ledgers (LEDGER_COLUMNS) of one attack by the cell attacked; ``cell`` is one of them.

    Raises:
        ArtefactError: the ledgers differ in their examples, or the model contradicts its own ledger.
    """
    import pandas as pd  # for cost

    rows_of = _on_one_sample({source: _sorted_rows(ledgers[source]) for source in sorted(ledgers)})
    texts = {words for rows in rows_of.values() for row in rows for words in _texts(row)}
    distinct = sorted(texts, key=lambda words: (len(words), words))
    logits = model.logits([list(words) for words in distinct])  # (texts, classes)
    answers = dict(zip(distinct, map(int, np.argmax(logits, axis=1)), strict=True))
    answers |= own_answers(rows_of[cell], answers, _name(cell))
    found = []
    for source, rows in rows_of.items():
        about = [getattr(c, name) for c in (cell, source) for name in ASKED]
        for row in rows:
            original, perturbed = (answers[words] for words in _texts(row))
            said = (perturbed, original == row.label, perturbed == row.label)
            found.append((*about, row.example_id, row.label, row.status, *said))
    return pd.DataFrame(found, columns=SCHEMA.names)


def own_answers(rows: Sequence, answers: Answers, where: str) -> Answers:
    """A model's answers to the texts of its own attack, as its ledger notes them.

    The model is asked in other batches than during the attack, so that the last bits of its logits differ: where the
    noted logits are a tie (TIE) the note stands. Otherwise both must agree, and a text must be right exactly where
    the attack failed: accuracy on a model's own texts is its after-attack accuracy.

    Raises:
        ArtefactError: the model answers otherwise than its ledger says, or the ledger contradicts itself.
    """
    noted: Answers = {}
    for row in rows:
        predictions = (row.predicted, row.perturbed_predicted)
        for words, prediction, stored in zip(_texts(row), predictions, (row.logits, row.perturbed_logits), strict=True):
            second, first = np.sort(np.asarray(stored, dtype=float))[-2:]
            if answers[words] != prediction and first - second > TIE:
                problem = f"the model answers {answers[words]}, its attack noted {prediction} (logits {list(stored)})"
                raise ArtefactError(f"{where}, example {row.example_id}", problem, REMEDY)
            noted[words] = int(prediction)
        if (row.perturbed_predicted == row.label) != (row.status == "failed"):
            problem = f"the attack {row.status}, but its text is read as {row.perturbed_predicted} of {row.label}"
            raise ArtefactError(f"{where}, example {row.example_id}", problem, REMEDY)
    return noted


def _texts(row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(row.original_words), tuple(row.perturbed_words)


def _sorted_rows(ledger) -> list:
    return list(ledger.sort_values("example_id").itertuples(index=False))


def _on_one_sample(rows_of: Mapping[Cell, Sequence]) -> dict[Cell, list]:
    """The rows of the examples that all ledgers hold.

    Raises:
        ArtefactError: ledgers of equal size hold other examples, or two ledgers another text of the same one.
    """
    ids = {source: frozenset(row.example_id for row in rows) for source, rows in rows_of.items()}
    shared = frozenset.intersection(*ids.values())
    chosen = {source: [row for row in rows if row.example_id in shared] for source, rows in rows_of.items()}
    content = {source: [(row.label, tuple(row.original_words)) for row in rows] for source, rows in chosen.items()}
    first = next(iter(rows_of))
    of_size: dict[int, Cell] = {}
    for source in rows_of:
        alike = of_size.setdefault(len(ids[source]), source)
        for other, same in ((alike, ids[source] == ids[alike]), (first, content[source] == content[first] != [])):
            if not same:
                raise ArtefactError(
                    f"the ledger of {_name(source)}",
                    f"it holds other examples than that of {_name(other)}",
                    "delete both and run snakemake again: the matrix compares models on one sample",
                )
    return chosen


def _name(cell: Cell) -> str:
    return "/".join(str(getattr(cell, name)) for name in ("dataset", *ASKED))


METRICS = {
    "replayed_accuracy_percent": Metric("accuracy on replayed texts", "percent", 1),
    "transfer_percent": Metric("transfer rate", "percent", 1),
    "original_accuracy_percent": Metric("accuracy on the originals", "percent", 1),
}


def summarise(frame):
    """The matrix as tidy rows, one per model asked, source, metric and seed: ASKED, source, metric, value, n.

    replayed_accuracy_percent: right answers / all attacked examples, a skipped example's unchanged text included.
    transfer_percent: of the texts that fooled the source and whose originals the model asked has right, the share that
    it gets wrong. original_accuracy_percent (no source): right answers / all originals.
    """
    import pandas as pd  # for cost

    rows = []
    for asked, group in frame.groupby(list(ASKED), sort=True):
        originals = group.drop_duplicates("example_id")["original_correct"]
        rows.append((*asked, "", "", "", "original_accuracy_percent", *_share(originals)))
        for source, texts in group.groupby(list(SOURCE), sort=True):
            fooling = texts[(texts["source_status"] == "succeeded") & texts["original_correct"]]
            rows.append((*asked, *source[:3], "replayed_accuracy_percent", *_share(texts["correct"])))
            rows.append((*asked, *source[:3], "transfer_percent", *_share(~fooling["correct"])))
    return pd.DataFrame(rows, columns=[*ASKED, *SOURCE[:3], "metric", "value", "n"])


def _share(answers) -> tuple[float, int]:
    """Percent of true values, and of how many."""
    return percent(int(answers.sum()), len(answers)), len(answers)
