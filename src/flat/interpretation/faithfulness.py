"""How faithful the explanations of a cell's originals are to its model: what metrics of single explanations say.

An explanation may be consistent and yet say nothing of the model: one that ranks words by their place has a Kendall's
tau of 1. Metrics of explanations ask the model what it answers without the words that the explanation names
(``flat.interpretation.asking``).
"""

import pyarrow as pa

from flat.errors import ArtefactError
from flat.interpretation import metrics

SCHEMA = pa.schema(
    [
        ("strategy", pa.string()),
        ("train_attack", pa.string()),
        ("attack", pa.string()),  # whose explained examples these are
        ("seed", pa.int64()),
        ("example_id", pa.string()),
        ("target", pa.int64()),  # the class explained
        ("metric", pa.string()),
        ("value", pa.float64()),  # NaN: undefined
    ]
)


def values(frame, metric: str) -> dict[str, tuple[float, int]]:
    """By example: (mean over the classes where the metric is defined, number of the others).

    Raises:
        ArtefactError: a class of an example stands twice.
    """
    rows = frame[frame["metric"] == metric]
    if rows.duplicated(["example_id", "target"]).any():
        raise ArtefactError(f"faithfulness, {metric}", "examples appear twice", "delete the file and run again")
    return {example: metrics.mean(found.to_numpy()) for example, found in rows.groupby("example_id")["value"]}


def summarise(frame) -> dict[str, tuple[float, int, int]]:
    """By metric: (mean over the examples that have a value, their number, classes where it is undefined)."""
    found = {}
    for metric in sorted(set(frame["metric"])):
        of_examples = values(frame, metric)
        mean, without = metrics.mean([value for value, _ in of_examples.values()])
        found[metric] = (mean, len(of_examples) - without, sum(dropped for _, dropped in of_examples.values()))
    return found
